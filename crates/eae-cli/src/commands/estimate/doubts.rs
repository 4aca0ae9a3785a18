//! Reasons to doubt an estimate that its standard error does not show.

use knn_entropy::{Norm, autocorrelation};
use ndarray::{ArrayView1, ArrayView2, Axis, s, stack};
use rayon::prelude::*;

use super::print::percent;
use super::shape::normal_scores;

/// Neighbors are not near if their distance is more than this fraction of the distance of a typical
/// row. This is the fraction for [`MANY`] columns and more. The entropy of uniform rows is then off
/// by more than 1 nat. In fewer columns, where errors are smaller, the ratio may be larger.
const NEAR: f64 = 0.5;
const MANY: f64 = 8.0;
/// Largest number of rows whose neighbors are looked at, and of distances computed for them.
const LOOKED_AT: usize = 64;
const DISTANCES: usize = 50_000_000;
/// Number of rows whose nearest neighbors show the number of directions in which rows spread,
/// number of distances computed for them, and the fewest rows that show it.
const OF_A_SURFACE: usize = 500;
const NEAREST_DISTANCES: usize = 20_000_000;
const ENOUGH: usize = 50;
/// Fraction of the columns below which the number of directions is too small. Skewed rows in five
/// and more columns have half as many directions as columns.
const FEW: f64 = 0.75;
const FEW_OF_MANY: f64 = 0.35;
/// Ratio of the distance of a row from the neighbor in another set to the neighbor's own distance
/// above which the row is outside, and the fraction of rows of the same density that may be
/// outside, in one column and in more.
const OUTSIDE: f64 = 4.0;
const USUALLY_OUTSIDE: [f64; 2] = [0.035, 0.01];
/// Number of rows in which a series is looked for.
const OF_A_SERIES: usize = 20_000;

/// Returns a warning if the k-th neighbors are hardly nearer than other rows. An estimate assumes
/// that the density is constant between a row and its neighbors. The distance of two rows is the
/// largest of their distances in the blocks.
pub(super) fn far_neighbors(blocks: &[ArrayView2<'_, f64>], k: usize, norm: Norm) -> Option<String> {
    let n = blocks.first()?.nrows();
    // A k of half the rows has a warning of its own.
    if k == 0 || n <= 2 * k {
        return None;
    }
    let blocks: Vec<_> = blocks.iter().map(|block| block.as_standard_layout()).collect();
    let row = |block: usize, i: usize| blocks[block].row(i).to_slice().expect("the standard layout");
    let distance = |i: usize, j: usize| {
        (0..blocks.len()).map(|block| norm.distance(row(block, i), row(block, j))).fold(0.0, f64::max)
    };
    let rows = (DISTANCES / n).clamp(8, LOOKED_AT).min(n);
    let mut distances = Vec::new();
    let ratio = |place: usize| {
        let i = place * n / rows;
        let to = |j| if j == i { f64::INFINITY } else { distance(i, j) };
        (0..n).into_par_iter().map(to).collect_into_vec(&mut distances);
        let typical = *distances.select_nth_unstable_by((n - 1) / 2, f64::total_cmp).1;
        *distances.select_nth_unstable_by(k - 1, f64::total_cmp).1 / typical
    };
    let mut ratios: Vec<f64> = (0..rows).map(ratio).collect();
    let ratio = *ratios.select_nth_unstable_by(rows / 2, f64::total_cmp).1;
    let columns: usize = blocks.iter().map(|block| block.ncols()).sum();
    (ratio > NEAR * (MANY / columns as f64).sqrt().max(1.0)).then(|| {
        format!(
            "neighbors are not near: in {columns} columns, neighbor number {k} of a row is {ratio:.2} times as far away as a \
             typical row, so the estimate can be off by much more than its standard error; use fewer columns or more rows"
        )
    })
}

/// Returns a warning if rows lie close to a curve or a surface. An estimate assumes that they
/// spread in as many directions as there are columns.
///
/// The number of directions follows from the distances of the three nearest neighbors (Levina and
/// Bickel, NeurIPS 2004), with each column divided by its standard deviation.
pub(super) fn on_a_surface(rows: ArrayView2<'_, f64>) -> Option<String> {
    let (n, columns) = rows.dim();
    if columns < 2 {
        return None;
    }
    let scaled = &rows / &rows.std_axis(Axis(0), 0.0);
    let rows = scaled.as_standard_layout();
    let looked_at = some(n);
    let logarithms = (0..looked_at).into_par_iter().filter_map(|place| {
        let i = place * n / looked_at;
        // A copy of the row says nothing.
        let [first, second, third] = nearest(rows.row(i), rows.view(), Some(i)).map(|(distance, _)| distance);
        (first > 0.0 && third.is_finite()).then(|| ((third / first).ln() + (third / second).ln()) / 2.0)
    });
    let logarithms: Vec<f64> = logarithms.collect();
    let directions = logarithms.len() as f64 / logarithms.iter().sum::<f64>();
    // Each row contributes two exponential variables.
    let error = directions / (2.0 * logarithms.len() as f64).sqrt();
    let few = if columns < 5 { FEW } else { FEW_OF_MANY };
    (logarithms.len() >= ENOUGH && directions + 3.0 * error < few * columns as f64).then(|| {
        format!(
            "rows lie close to a curve or a surface: nearest neighbors spread in about {directions:.1} directions, not in \
             {columns}, and on a surface there is no density; leave out columns that follow from others, or use more rows"
        )
    })
}

/// Returns a warning if many rows of `p` lie outside the rows of `q`: there are no rows of `q` on
/// one side of them, so their density in `q` is too high and the divergence too low.
///
/// Such a row is much farther from its third neighbor in `q` than that neighbor is from its own.
pub(super) fn outside(p: ArrayView2<'_, f64>, q: ArrayView2<'_, f64>) -> Option<String> {
    let (n, m) = (p.nrows(), q.nrows());
    if m <= 3 {
        return None;
    }
    let (p, q) = (p.as_standard_layout(), q.as_standard_layout());
    let looked_at = some(n.max(m)).min(n);
    let is_outside = |place: &usize| {
        let (distance, neighbor) = nearest(p.row(place * n / looked_at), q.view(), None)[2];
        let (own, _) = nearest(q.row(neighbor), q.view(), Some(neighbor))[2];
        own > 0.0 && distance > OUTSIDE * own
    };
    let found = (0..looked_at).into_par_iter().filter(is_outside).count() as f64 / looked_at as f64;
    // Without more rows, the outermost row of the second set can be far from all others.
    let usual = USUALLY_OUTSIDE[usize::from(p.ncols() > 1)];
    (found > usual + 1.0 / (m as f64).sqrt() + 0.25 / (looked_at as f64).sqrt()).then(|| {
        format!(
            "{} of the rows of the first file lie outside the rows of the second, where the density of the second is not known, \
             so the divergence can be much larger; use more rows in the second file",
            percent(found)
        )
    })
}

/// Returns the number of `n` rows whose nearest neighbors are looked at.
fn some(n: usize) -> usize {
    (NEAREST_DISTANCES / n).clamp(ENOUGH, OF_A_SURFACE).min(n)
}

/// Returns the distances and numbers of the three rows that are nearest to a row, nearest first,
/// without the row with the number `own`.
fn nearest(row: ArrayView1<'_, f64>, rows: ArrayView2<'_, f64>, own: Option<usize>) -> [(f64, usize); 3] {
    let row = row.to_slice().expect("the standard layout");
    let mut nearest = [(f64::INFINITY, 0); 3];
    for (number, other) in rows.outer_iter().enumerate().filter(|(number, _)| Some(*number) != own) {
        let distance = Norm::L2.distance(row, other.to_slice().expect("the standard layout"));
        if distance < nearest[2].0 {
            nearest[2] = (distance, number);
            nearest.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        }
    }
    nearest
}

/// Returns a warning if rows depend on earlier rows in all blocks. A sorted column is not taken for
/// a series.
pub(super) fn series(blocks: &[ArrayView2<'_, f64>]) -> Option<String> {
    let depends = |block: &ArrayView2<'_, f64>| {
        let first = block.slice(s![..block.nrows().min(OF_A_SERIES), ..]);
        let is_sorted = |column: ArrayView1<'_, f64>| column.iter().is_sorted() || column.iter().rev().is_sorted();
        // Ranks, because a few large numbers can have a large autocorrelation by chance.
        let scores: Vec<_> = first.columns().into_iter().map(normal_scores).collect();
        let scores = stack(Axis(1), &scores.iter().map(|scores| scores.view()).collect::<Vec<_>>());
        !first.columns().into_iter().any(is_sorted)
            && scores.is_ok_and(|scores| autocorrelation(&scores).is_ok_and(|found| found.is_significant()))
    };
    (!blocks.is_empty() && blocks.iter().all(depends)).then(|| {
        "rows depend on earlier rows, as in a time series or in data sorted by group; for a time series, the interval is too \
         narrow; see --theiler"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::sampler::normal;
    use ndarray::{Array2, stack};

    #[test]
    fn neighbors_are_far_in_many_dimensions() {
        let far = |n: usize, d: usize| far_neighbors(&[normal::<f64>(n, d, 0).view()], 3, Norm::L2);
        assert_eq!([far(100, 1), far(20, 2), far(30, 3), far(3000, 8)], [const { None }; 4]);
        // Normal samples overestimate the entropy by 1.3 and 9 nats, with standard errors of 0.1
        // and 0.3.
        assert!(
            far(500, 20)
                .unwrap()
                .starts_with("neighbors are not near: in 20 columns, neighbor number 3 of a row is 0.")
        );
        assert!(far(100, 50).is_some());
        // Blocks count together, and a factor does not matter.
        let [x, y] = [1, 2].map(|seed| normal::<f64>(300, 10, seed) * 1e-3);
        assert!(far_neighbors(&[x.view(), y.view()], 3, Norm::LInf).is_some());
        assert_eq!(far_neighbors(&[x.view().slice(s![..4, ..])], 3, Norm::LInf), None, "too few to say");
        assert_eq!(far_neighbors(&[Array2::zeros((50, 2)).view()], 3, Norm::L2), None, "no distances");
    }

    #[test]
    fn a_curve_is_a_surface_and_skewed_rows_are_not() {
        let normal = |n: usize, d: usize, seed: u64| normal::<f64>(n, d, seed);
        let with = |n: usize, of: &dyn Fn(f64) -> f64, noise: f64| {
            let (x, rest) = (normal(n, 1, 1), normal(n, 1, 2) * noise);
            let y = x.mapv(of) + rest;
            stack![Axis(1), x.column(0), y.column(0)]
        };
        let found = on_a_surface(with(1000, &|x| x * x, 0.0).view()).unwrap();
        assert!(found.contains("about 1.0 directions, not in 2"), "{found}");
        assert!(on_a_surface(with(200, &|x| 1e6 * x.sin(), 1e2).view()).is_some());
        assert_eq!(on_a_surface(with(5000, &|x| x * x, 0.05).view()), None, "enough rows");
        let turns = normal(300, 1, 3).column(0).mapv(|x| 4.0 * x);
        let helix = stack![Axis(1), turns, turns.mapv(f64::sin), turns.mapv(f64::cos)];
        assert!(on_a_surface(helix.view()).unwrap().contains("not in 3"));
        for (n, d) in [(60, 2), (200, 3), (1000, 3), (200, 6), (1000, 10), (300, 20)] {
            for seed in 0..5 {
                let rows = normal(n, d, seed);
                assert_eq!(on_a_surface(rows.view()), None, "{n} x {d}");
                assert_eq!(on_a_surface(rows.mapv(f64::exp).view()), None, "{n} x {d}");
                if n < 200 {
                    // Some clusters have fewer than three rows.
                    continue;
                }
                let clusters = 0.05 * &rows + rows.column(0).mapv(f64::round).insert_axis(Axis(1));
                assert_eq!(on_a_surface(clusters.view()), None, "{n} x {d}");
            }
        }
    }

    #[test]
    fn rows_beyond_the_other_file_are_outside() {
        let of = |n: usize, d: usize, seed: u64| normal::<f64>(n, d, seed);
        // The estimate is 0.64 in place of 0.81, 1.7 in place of 3.9 and 5.1 in place of 9.
        for (p, q) in [
            (of(5000, 1, 0), of(5000, 1, 1) * 0.5),
            (of(1000, 1, 2), of(1000, 1, 3) * 0.3),
            (of(1000, 2, 4), of(1000, 2, 5) + 3.0),
        ] {
            assert!(outside(p.view(), q.view()).is_some());
        }
        for seed in 0..5 {
            for (n, d) in [(100, 1), (1000, 1), (100, 2), (1000, 3), (300, 10)] {
                let (p, q) = (of(n, d, seed), of(n, d, seed + 100));
                assert_eq!(outside(p.view(), q.view()), None, "{n} x {d}");
                assert_eq!(outside(p.view(), (2.0 * &q + 0.5).view()), None, "{n} x {d}");
                assert_eq!(outside(p.mapv(f64::exp).view(), q.mapv(f64::exp).view()), None, "{n} x {d}");
            }
        }
        assert_eq!(outside(of(3, 1, 0).view(), of(3, 1, 1).view()), None, "too few to say");
    }

    #[test]
    fn walks_are_series_and_sorted_columns_are_not() {
        let steps = normal::<f64>(500, 2, 3);
        let mut walk = steps.clone();
        walk.accumulate_axis_inplace(Axis(0), |before, now| *now += before);
        let [x, y] = [walk.slice(s![.., ..1]), walk.slice(s![.., 1..])];
        assert!(series(&[x, y]).is_some() && series(&[walk.view()]).is_some());
        assert_eq!([series(&[steps.view()]), series(&[x, steps.view()])], [None, None]);
        // Cauchy numbers.
        for seed in 0..100 {
            let [x, y] = [2 * seed, 2 * seed + 1].map(|seed| normal::<f64>(1000, 1, seed));
            assert_eq!(series(&[(x / y).view()]), None, "{seed}");
        }
        let mut sorted = steps.column(0).to_vec();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(series(&[Array2::from_shape_vec((500, 1), sorted).unwrap().view()]), None);
    }
}
