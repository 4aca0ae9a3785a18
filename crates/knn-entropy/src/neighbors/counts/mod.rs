//! Counts of points within radii: in one dimension by sorting, otherwise with a kd-tree.

mod ball;
mod line;
mod outside;
mod ranks;
mod walk;

use rayon::prelude::*;

pub use self::ball::Boundary;
use self::outside::Outside;
use self::walk::{Counter, Part, Radii, Regions};
use super::line::is_line;
use super::sweep::sweep;
use super::tree::Tree;
use crate::geometry::{Split, blocks};
use crate::metric::{with_geometry, with_norm, with_periods};
use crate::{Error, Metric, Norm, Result, Samples};

/// Largest window for which the rows within the window are counted one by one.
const NARROW: usize = 31;

/// Counts, for each point, the other points nearer than its inner radius and those not farther than
/// its outer radius, in one walk.
pub(super) fn count(
    points: &Samples<'_>,
    inner: &[f64],
    outer: &[f64],
    metric: Metric<'_>,
    window: usize,
) -> Result<Vec<[usize; 2]>> {
    metric.check(points.dimension())?;
    for radii in [inner, outer] {
        if radii.len() != points.len() {
            return Err(Error::RowMismatch { one: points.len(), other: radii.len() });
        }
    }
    let points = metric.normalized(points);
    let radii = |row: usize| [inner[row], outer[row]];
    if is_line(&points, metric) {
        return Ok(line::count(points.coordinates(), radii, window));
    }
    let (points, tree) = (&points, &Tree::new(&points, metric));
    let radii: &Radii<'_> = &|_, row| radii(row);
    Ok(with_geometry!(metric, points.dimension(), |geometry| {
        let parts = &[Part { start: 0, end: points.dimension(), geometry, metric }];
        count_all(&Regions { points, tree, parts, radii }, tree, window)
    }))
}

/// Counts, for each point, the other points that are nearer than the inner radius in every block of
/// coordinates, and those that are not farther than the outer radius in any block.
///
/// `metric` gives the norm of the blocks and, on a torus, the periods of all coordinates.
/// `inner[block][row]` and `outer[block][row]` are the radii.
pub(crate) fn count_in_blocks(
    points: &Samples<'_>,
    metric: Metric<'_>,
    widths: &[usize],
    inner: &[Vec<f64>],
    outer: &[Vec<f64>],
    window: usize,
) -> Vec<(usize, usize)> {
    let points = &metric.normalized(points);
    let tree = &Tree::new(points, metric);
    let radii: &Radii<'_> = &|block, row| [inner[block][row], outer[block][row]];
    let counts = match metric {
        Metric::Norm(norm) | Metric::Blocks(norm, _) => with_norm!(norm, |geometry| {
            let parts = &parts(metric, widths, geometry);
            count_all(&Regions { points, tree, parts, radii }, tree, window)
        }),
        Metric::Torus(norm, periods) | Metric::TorusBlocks(norm, _, periods) => {
            with_periods!(norm, periods, |geometry| {
                let parts = &parts(metric, widths, geometry);
                count_all(&Regions { points, tree, parts, radii }, tree, window)
            })
        }
    };
    counts.into_iter().map(|[nearer, within]| (nearer, within)).collect()
}

/// Counts, for each query, the references that are nearer than the inner radius in every block of
/// coordinates, and those that are not farther than the outer radius in any block.
///
/// `inner[block][query]` and `outer[block][query]` are the radii.
pub(super) fn count_between(
    queries: &Samples<'_>,
    references: &Samples<'_>,
    norm: Norm,
    widths: &[usize],
    inner: &[Vec<f64>],
    outer: &[Vec<f64>],
) -> Result<Vec<(usize, usize)>> {
    queries.same_dimension(references)?;
    Metric::Blocks(norm, widths).check(queries.dimension())?;
    let wrong = inner.iter().chain(outer).find(|radii| radii.len() != queries.len());
    if let Some(radii) = wrong {
        return Err(Error::RowMismatch { one: queries.len(), other: radii.len() });
    }
    let metric = Metric::Norm(norm);
    let tree = &Tree::new(references, metric);
    let radii: &Radii<'_> = &|block, row| [inner[block][row], outer[block][row]];
    let counts = with_norm!(norm, |geometry| {
        let parts = &parts(metric, widths, geometry);
        let regions = Regions { points: queries, tree, parts, radii };
        let rows = (0..queries.len()).into_par_iter().with_min_len(256);
        rows.map_init(Vec::new, |room, row| regions.count(row, None, room)).collect::<Vec<_>>()
    });
    Ok(counts.into_iter().map(|[nearer, within]| (nearer, within)).collect())
}

/// Returns the parts for blocks of these widths. `geometry` is the geometry of all coordinates.
fn parts<'m, G: Split>(metric: Metric<'m>, widths: &[usize], geometry: G) -> Vec<Part<'m, G>> {
    let part = |(start, end)| Part { start, end, geometry: geometry.part(start, end), metric: metric.part(start, end) };
    blocks(widths).map(part).collect()
}

/// Counts, for each point of a tree, the other points within its regions. This function is not
/// generic: only the counter is compiled for each metric, and not the parallel loop.
fn count_all(counter: &dyn Counter, tree: &Tree, window: usize) -> Vec<[usize; 2]> {
    let n = tree.len();
    let mut of_points = vec![[0; 2]; n];
    if window > NARROW {
        let leaves = Outside::leaves(tree);
        let all = || (Outside::new(tree, &leaves), Vec::new());
        sweep(&mut of_points, window, all, |(outside, room), row| counter.count(row, Some((outside, window)), room));
        return of_points;
    }
    // Visiting points in the order of the tree keeps the neighbors of neighbors in the cache.
    let places = (0..n).into_par_iter().with_min_len(256);
    let counts: Vec<(usize, [usize; 2])> = places
        .map_init(Vec::new, |room, place| {
            let row = tree.row(place);
            let counts = counter.count(row, None, room);
            // All points were counted, so subtract the point itself and the rows within its window.
            let mut none = row.saturating_sub(window)..=row.saturating_add(window).min(n - 1);
            let none = counter.count_some(row, &mut none, room);
            (row, std::array::from_fn(|s| counts[s] - none[s]))
        })
        .collect();
    counts.into_iter().for_each(|(row, counts)| of_points[row] = counts);
    of_points
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn counts_in_blocks_equal_those_of_all_pairs(
            n in 1..150_usize,
            values in prop::collection::vec(prop_oneof![-3.0..3.0, (-3..3_i32).prop_map(f64::from)], 5 * 150),
            scale in prop_oneof![Just(1.0), Just(1e-200), Just(1e200)],
            lattice: bool,
            window in 0..30_usize,
            norm in prop_oneof![Just(Norm::L1), Just(Norm::L2), Just(Norm::LInf)],
            torus: bool,
        ) {
            let round = |x: f64| if lattice { x.round() } else { x };
            let coordinates: Vec<f64> = values[..5 * n].iter().map(|&x| round(x) * scale).collect();
            let points = Samples::new(ndarray::ArrayView2::from_shape((n, 5), &coordinates).unwrap()).unwrap();
            let periods = [4.0, f64::INFINITY, 3.0, 2.5, f64::INFINITY].map(|period| period * scale);
            let metric = if torus { Metric::Torus(norm, &periods) } else { Metric::Norm(norm) };
            let (widths, on) = ([2, 1, 2], metric.normalized(&points));
            let distance = |block: usize, i: usize, j: usize| {
                let (start, end) = blocks(&widths).nth(block).unwrap();
                metric.part(start, end).distance(&on.point(i)[start..end], &on.point(j)[start..end])
            };
            // The distances of some other point in each block, and slightly smaller and larger
            // ones.
            let radii = |factor: f64| -> Vec<Vec<f64>> {
                (0..3).map(|b| (0..n).map(|i| distance(b, i, (7 * i + b + 1) % n) * factor).collect()).collect()
            };
            for (inner, outer) in [(1.0, 1.0), (1.0 - 1e-15, 1.0 + 1e-15), (0.5, 2.0)] {
                let (inner, outer) = (radii(inner), radii(outer));
                let found = count_in_blocks(&points, metric, &widths, &inner, &outer, window);
                for i in 0..n {
                    let others = || (0..n).filter(|j| i.abs_diff(*j) > window);
                    let nearer = others().filter(|&j| (0..3).all(|b| distance(b, i, j) < inner[b][i])).count();
                    let within = others().filter(|&j| (0..3).all(|b| distance(b, i, j) <= outer[b][i])).count();
                    prop_assert_eq!(found[i], (nearer, within));
                }
                if !torus {
                    // Between two sets, a point of both is not excluded.
                    let found = count_between(&points, &points, norm, &widths, &inner, &outer).unwrap();
                    for i in 0..n {
                        let nearer = (0..n).filter(|&j| (0..3).all(|b| distance(b, i, j) < inner[b][i])).count();
                        let within = (0..n).filter(|&j| (0..3).all(|b| distance(b, i, j) <= outer[b][i])).count();
                        prop_assert_eq!(found[i], (nearer, within));
                    }
                }
            }
        }
    }
}
