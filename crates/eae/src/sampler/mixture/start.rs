//! The starting point of expectation-maximization.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Number of codes in one matrix product.
const BLOCK: usize = 512;

/// Number of steps of Lloyd's algorithm. Expectation-maximization does the rest.
const LLOYD: usize = 5;

/// Returns the index of the nearest of up to `k` centers for each of the `codes` `[n, d]`. The
/// centers come from k-means++ (Arthur and Vassilvitskii, SODA 2007) and a few steps of Lloyd's
/// algorithm. There are fewer than `k` centers if there are fewer distinct codes.
pub(super) fn nearest_centers(codes: ArrayView2<'_, f64>, k: usize, seed: u64) -> Vec<usize> {
    let mut centers = spread(codes, k, &mut ChaCha8Rng::seed_from_u64(seed));
    let mut nearest = assign(codes, centers.view());
    for _ in 0..LLOYD {
        let mut sums = Array2::<f64>::zeros(centers.dim());
        let mut counts = Array1::<f64>::zeros(centers.nrows());
        for (code, &i) in codes.outer_iter().zip(&nearest) {
            sums.row_mut(i).scaled_add(1.0, &code);
            counts[i] += 1.0;
        }
        for (i, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            centers.row_mut(i).assign(&(&sums.row(i) / count));
        }
        nearest = assign(codes, centers.view());
    }
    nearest
}

/// Chooses the first center at random among the codes. Each further center is a code, with
/// probability proportional to the squared distance from the nearest previous center.
fn spread(codes: ArrayView2<'_, f64>, k: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    let n = codes.nrows();
    let mut chosen = vec![rng.random_range(0..n)];
    let mut squares = vec![f64::INFINITY; n];
    while chosen.len() < k {
        let last = codes.row(chosen[chosen.len() - 1]);
        squares.par_iter_mut().enumerate().with_min_len(BLOCK).for_each(|(i, nearest)| {
            let square = codes.row(i).iter().zip(last).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
            *nearest = nearest.min(square);
        });
        let total: f64 = squares.iter().sum();
        if total <= 0.0 {
            break;
        }
        let mut left = rng.random::<f64>() * total;
        let passed = squares.iter().position(|square| {
            left -= square;
            left < 0.0
        });
        // By rounding, the running sum can end slightly below the total.
        let furthest = || squares.iter().rposition(|&square| square > 0.0).expect("the total is positive");
        chosen.push(passed.unwrap_or_else(furthest));
    }
    codes.select(Axis(0), &chosen)
}

/// Returns the nearest center of each code by `|x - c|^2 = |x|^2 - 2 x c + |c|^2`, without the
/// first term, which does not depend on the center.
fn assign(codes: ArrayView2<'_, f64>, centers: ArrayView2<'_, f64>) -> Vec<usize> {
    let squares = centers.map_axis(Axis(1), |center| center.dot(&center));
    let blocks: Vec<_> = codes.axis_chunks_iter(Axis(0), BLOCK).collect();
    let nearest_of = |block: &ArrayView2<'_, f64>| -> Vec<usize> {
        let distances = &squares - &(block.dot(&centers.t()) * 2.0);
        let least = |row: ndarray::ArrayView1<'_, f64>| {
            (0..row.len()).min_by(|&a, &b| row[a].total_cmp(&row[b])).expect("at least one center")
        };
        distances.outer_iter().map(least).collect()
    };
    let nearest: Vec<Vec<usize>> = blocks.par_iter().map(nearest_of).collect();
    nearest.concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::normal;
    use ndarray::array;

    #[test]
    fn finds_distant_clusters() {
        // Four interleaved clusters of 30. A start without a center in each cluster would merge two
        // of them.
        let mut codes = normal::<f64>(120, 2, 1) * 0.1;
        for (i, mut code) in codes.outer_iter_mut().enumerate() {
            code += &array![(i % 4) as f64 * 10.0, (i % 2) as f64 * 10.0];
        }
        for seed in 0..20 {
            let nearest = nearest_centers(codes.view(), 4, seed);
            let clusters: Vec<usize> = (0..4).map(|i| nearest[i]).collect();
            assert!((0..120).all(|i| nearest[i] == clusters[i % 4]), "seed {seed}");
            assert!((0..4).all(|i| clusters.contains(&i)), "seed {seed}: {clusters:?}");
        }
    }

    #[test]
    fn centers_are_limited_by_distinct_codes() {
        let codes = array![[1.0], [2.0], [1.0], [2.0], [2.0]];
        let nearest = nearest_centers(codes.view(), 5, 0);
        assert!(nearest.iter().all(|&i| i < 2));
        assert!(nearest[0] == nearest[2] && nearest[0] != nearest[1] && nearest[1] == nearest[3]);
    }
}
