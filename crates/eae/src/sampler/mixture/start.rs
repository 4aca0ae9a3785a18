//! Where expectation-maximisation starts.

use ndarray::{Array1, Array2, ArrayView2, Axis};
use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Codes in one matrix product.
const BLOCK: usize = 512;

/// Steps of Lloyd's algorithm. What is left to improve is for expectation-maximisation.
const LLOYD: usize = 5;

/// The number of the nearest of up to `k` centres, for each of the `codes` `[n, d]`: k-means++
/// (Arthur and Vassilvitskii, SODA 2007) and a few steps of Lloyd's algorithm. There are fewer than
/// `k` if that many codes are not distinct.
pub(super) fn nearest_centres(codes: ArrayView2<'_, f64>, k: usize, seed: u64) -> Vec<usize> {
    let mut centres = spread(codes, k, &mut ChaCha8Rng::seed_from_u64(seed));
    let mut nearest = assign(codes, centres.view());
    for _ in 0..LLOYD {
        let mut sums = Array2::<f64>::zeros(centres.dim());
        let mut counts = Array1::<f64>::zeros(centres.nrows());
        for (code, &i) in codes.outer_iter().zip(&nearest) {
            sums.row_mut(i).scaled_add(1.0, &code);
            counts[i] += 1.0;
        }
        for (i, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0.0) {
            centres.row_mut(i).assign(&(&sums.row(i) / count));
        }
        nearest = assign(codes, centres.view());
    }
    nearest
}

/// The first centre is any code; each further one is a code with probability proportional to the
/// square of its distance from the nearest centre before it.
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
        // By rounding something can be left at the end.
        let furthest = || squares.iter().rposition(|&square| square > 0.0).expect("the total is positive");
        chosen.push(passed.unwrap_or_else(furthest));
    }
    codes.select(Axis(0), &chosen)
}

/// The nearest centre by `|x - c|^2 = |x|^2 - 2 x c + |c|^2`, of which the first is the same for
/// all centres.
fn assign(codes: ArrayView2<'_, f64>, centres: ArrayView2<'_, f64>) -> Vec<usize> {
    let squares = centres.map_axis(Axis(1), |centre| centre.dot(&centre));
    let blocks: Vec<_> = codes.axis_chunks_iter(Axis(0), BLOCK).collect();
    let nearest_of = |block: &ArrayView2<'_, f64>| -> Vec<usize> {
        let distances = &squares - &(block.dot(&centres.t()) * 2.0);
        let least = |row: ndarray::ArrayView1<'_, f64>| {
            (0..row.len()).min_by(|&a, &b| row[a].total_cmp(&row[b])).expect("at least one centre")
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
    fn finds_clusters_far_apart() {
        // Four clusters of 30 in turn: a start without a centre in each of them would put two of them
        // together.
        let mut codes = normal::<f64>(120, 2, 1) * 0.1;
        for (i, mut code) in codes.outer_iter_mut().enumerate() {
            code += &array![(i % 4) as f64 * 10.0, (i % 2) as f64 * 10.0];
        }
        for seed in 0..20 {
            let nearest = nearest_centres(codes.view(), 4, seed);
            let clusters: Vec<usize> = (0..4).map(|i| nearest[i]).collect();
            assert!((0..120).all(|i| nearest[i] == clusters[i % 4]), "seed {seed}");
            assert!((0..4).all(|i| clusters.contains(&i)), "seed {seed}: {clusters:?}");
        }
    }

    #[test]
    fn fewer_distinct_codes_than_centres() {
        let codes = array![[1.0], [2.0], [1.0], [2.0], [2.0]];
        let nearest = nearest_centres(codes.view(), 5, 0);
        assert!(nearest.iter().all(|&i| i < 2));
        assert!(nearest[0] == nearest[2] && nearest[0] != nearest[1] && nearest[1] == nearest[3]);
    }
}
