//! Reasons to doubt an estimate that its standard error does not show.

use knn_entropy::{Norm, autocorrelation};
use ndarray::{ArrayView1, ArrayView2, Axis, s};
use rayon::prelude::*;

/// Neighbors are not near if their distance is more than this fraction of the distance of a typical
/// row. This is the fraction for [`MANY`] columns and more. The entropy of uniform rows is then off
/// by more than 1 nat. In fewer columns, where errors are smaller, the ratio may be larger.
const NEAR: f64 = 0.5;
const MANY: f64 = 8.0;
/// Largest number of rows whose neighbors are looked at, and of distances computed for them.
const LOOKED_AT: usize = 64;
const DISTANCES: usize = 50_000_000;
/// Number of rows whose nearest neighbors show the number of directions in which rows spread, and
/// the fewest rows that show it.
const OF_A_SURFACE: usize = 500;
const ENOUGH: usize = 50;
/// Fraction of the columns below which the number of directions is too small. Skewed rows in five
/// and more columns have half as many directions as columns.
const FEW: f64 = 0.75;
const FEW_OF_MANY: f64 = 0.35;
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
    let row = |i: usize| rows.row(i).to_slice().expect("the standard layout");
    let looked_at = (DISTANCES / n).clamp(ENOUGH, OF_A_SURFACE).min(n);
    let logarithms = (0..looked_at).into_par_iter().filter_map(|place| {
        let i = place * n / looked_at;
        let mut nearest = [f64::INFINITY; 3];
        for distance in (0..n).filter(|&j| j != i).map(|j| Norm::L2.distance(row(i), row(j))) {
            if distance < nearest[2] {
                nearest[2] = distance;
                nearest.sort_by(f64::total_cmp);
            }
        }
        // A copy of the row says nothing.
        let [first, second, third] = nearest;
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

/// Returns a warning if rows depend on earlier rows in all blocks. A sorted column is not taken for
/// a series.
pub(super) fn series(blocks: &[ArrayView2<'_, f64>]) -> Option<String> {
    let depends = |block: &ArrayView2<'_, f64>| {
        let first = block.slice(s![..block.nrows().min(OF_A_SERIES), ..]);
        let is_sorted = |column: ArrayView1<'_, f64>| column.iter().is_sorted() || column.iter().rev().is_sorted();
        !first.columns().into_iter().any(is_sorted) && autocorrelation(first).is_ok_and(|found| found.is_significant())
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
    fn walks_are_series_and_sorted_columns_are_not() {
        let steps = normal::<f64>(500, 2, 3);
        let mut walk = steps.clone();
        walk.accumulate_axis_inplace(Axis(0), |before, now| *now += before);
        let [x, y] = [walk.slice(s![.., ..1]), walk.slice(s![.., 1..])];
        assert!(series(&[x, y]).is_some() && series(&[walk.view()]).is_some());
        assert_eq!([series(&[steps.view()]), series(&[x, steps.view()])], [None, None]);
        let mut sorted = steps.column(0).to_vec();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(series(&[Array2::from_shape_vec((500, 1), sorted).unwrap().view()]), None);
    }
}
