use std::time::Instant;

use super::filter::BLOCK;
use super::kd_tree::Planted;
use super::{
    Blocked, BruteForce, KdTree, NeighborSearch, Neighbors, Sorted, Visit, blocked, check_among, check_between, sorted,
};
use crate::norm::power_of_two;
use crate::{Metric, Norm, Result, Samples};

/// The fastest of the searches for the points at hand.
///
/// [`Sorted`] in one dimension, [`KdTree`] in two and three. In more it depends on the points: a tree is fast where they lie
/// near a surface of few dimensions, however many coordinates they have. So a few points are looked up first, with the tree
/// and with all distances, and the search that took less time does the rest. That can turn out one way or the other when
/// both are about as fast; the neighbours are the same to the last bit.
///
/// Coordinates that are all very small or very large are scaled by a power of two for the search, which is exact.
#[derive(Debug, Clone, Copy, Default)]
pub struct Auto;

impl NeighborSearch for Auto {
    fn among(&self, points: &Samples<'_>, k: usize, metric: Metric<'_>, window: usize) -> Result<Neighbors> {
        check_among(points, k, metric, window)?;
        let unit = unit(&[points], metric);
        let points = &scaled(points, unit);
        let neighbors = match choose(points, k, metric, points.len() as f64 / 2.0, || Planted::among(points, metric)) {
            Choice::Search(search) => search.among(points, k, metric, window)?,
            Choice::Tree(planted) => planted.neighbors(k, window),
        };
        Ok(rescale(neighbors, unit))
    }

    fn between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
    ) -> Result<Neighbors> {
        check_between(queries, references, k, metric)?;
        let unit = unit(&[queries, references], metric);
        let (queries, references) = (&scaled(queries, unit), &scaled(references, unit));
        let plant = || Planted::between(queries, references, metric);
        let neighbors = match choose(references, k, metric, queries.len() as f64, plant) {
            Choice::Search(search) => search.between(queries, references, k, metric)?,
            Choice::Tree(planted) => planted.neighbors(k, 0),
        };
        Ok(rescale(neighbors, unit))
    }

    fn for_each_among(
        &self,
        points: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
        window: usize,
        visit: &Visit<'_>,
    ) -> Result<()> {
        check_among(points, k, metric, window)?;
        let unit = unit(&[points], metric);
        let points = &scaled(points, unit);
        let in_units: &Visit<'_> = &|row, indices, distances| {
            let distances: Vec<f64> = distances.iter().map(|r| r / unit).collect();
            visit(row, indices, &distances);
        };
        let visit = if unit == 1.0 { visit } else { in_units };
        match choose(points, k, metric, points.len() as f64 / 2.0, || Planted::among(points, metric)) {
            Choice::Search(search) => search.for_each_among(points, k, metric, window, visit)?,
            Choice::Tree(planted) => planted.search(k, window, visit),
        }
        Ok(())
    }
}

/// Up to so many points, looking first takes longer than it can save.
const FEW: usize = 4096;

/// Leaves of a tree that are looked up first.
const LEAVES: usize = 16;

/// Points by which the surroundings of a point are judged.
const SURROUNDINGS: usize = 512;

/// From this intrinsic dimension on no tree has been seen to win.
const MANY_DIMENSIONS: f64 = 20.0;

enum Choice<'a> {
    Search(&'static dyn NeighborSearch),
    /// The tree that was planted to find out.
    Tree(Box<Planted<'a>>),
}

/// `queries` is how many queries the all-pairs search makes for each reference.
fn choose<'a>(
    references: &Samples<'_>,
    k: usize,
    metric: Metric<'_>,
    queries: f64,
    plant: impl FnOnce() -> Planted<'a>,
) -> Choice<'a> {
    let (n, d) = (references.len(), references.dimension());
    if sorted::applies(references, metric) {
        return Choice::Search(&Sorted);
    }
    if d <= 3 {
        return Choice::Search(&KdTree);
    }
    let all_pairs: &dyn NeighborSearch = if metric == Metric::Norm(Norm::L2) { &Blocked } else { &BruteForce };
    if n <= FEW {
        return Choice::Search(if d <= 6 { &KdTree } else { all_pairs });
    }
    if intrinsic_dimension(references, metric) > MANY_DIMENSIONS {
        return Choice::Search(all_pairs);
    }
    // All distances take the same time for each pair, so a few tell; the tree has to be planted.
    let pair = if metric == Metric::Norm(Norm::L2) {
        blocked::time_of_pair(&spread(references, 2 * BLOCK), k)
    } else {
        time_of_pair(&spread(references, FEW), k, metric)
    };
    let Some(pair) = pair else { return Choice::Search(&KdTree) };
    let planted = plant();
    let threads = rayon::current_num_threads() as f64;
    if planted.time(k, LEAVES).as_secs_f64() < pair * queries * n as f64 / threads {
        Choice::Tree(Box::new(planted))
    } else {
        Choice::Search(all_pairs)
    }
}

/// The seconds that brute force takes for a pair, by those of two points with all others.
fn time_of_pair(points: &Samples<'_>, k: usize, metric: Metric<'_>) -> Option<f64> {
    let start = Instant::now();
    for row in 0..2 {
        let query = points.select(&[row]);
        std::hint::black_box(BruteForce.between(&query, points, k.min(points.len()), metric).ok()?);
    }
    Some(start.elapsed().as_secs_f64() / (2 * points.len()) as f64)
}

/// About so many of the points, evenly spread over the rows.
fn spread<'s>(points: &'s Samples<'_>, number: usize) -> Samples<'s> {
    let step = points.len().div_ceil(number.max(1)).max(1);
    points.select(&(0..points.len()).step_by(step).collect::<Vec<_>>())
}

/// Of how many dimensions the points seem to be, by how their number grows with the distance (Levina and Bickel, 2005).
fn intrinsic_dimension(points: &Samples<'_>, metric: Metric<'_>) -> f64 {
    let (queries, others) = (spread(points, 3 * LEAVES), spread(points, SURROUNDINGS));
    let k = 16.min(others.len() - 1);
    // The nearest are the points themselves.
    let Ok(found) = BruteForce.between(&queries, &others, k, metric) else { return f64::INFINITY };
    let mut sum = 0.0;
    let mut terms = 0;
    for radii in found.distances.rows() {
        let farthest = radii[k - 1];
        for &r in radii.iter().filter(|&&r| r > 0.0 && r < farthest) {
            sum += (farthest / r).ln();
            terms += 1;
        }
    }
    if terms == 0 { 0.0 } else { f64::from(terms) / sum }
}

/// A power of two that brings the coordinates near 1, if squares of differences would be out of range otherwise and
/// multiplying by it is exact; else 1.
fn unit(sets: &[&Samples<'_>], metric: Metric<'_>) -> f64 {
    if metric.is_periodic() || metric.norm() != Norm::L2 {
        return 1.0;
    }
    let largest_of = |set: &&Samples<'_>| {
        let lanes = set.coordinates().chunks(8).fold([0.0_f64; 8], |mut most, part| {
            for (most, x) in most.iter_mut().zip(part) {
                *most = if x.abs() > *most { x.abs() } else { *most };
            }
            most
        });
        lanes.into_iter().fold(0.0, f64::max)
    };
    let largest = sets.iter().map(largest_of).fold(0.0, f64::max);
    if largest == 0.0 || (1e-100..1e100).contains(&largest) {
        return 1.0;
    }
    let unit = power_of_two((-largest.log2().floor()).clamp(-1000.0, 1000.0) as i32);
    let mut coordinates = sets.iter().flat_map(|set| set.coordinates());
    if coordinates.all(|&x| x == 0.0 || (x * unit).is_normal()) { unit } else { 1.0 }
}

fn scaled<'s>(samples: &'s Samples<'_>, unit: f64) -> Samples<'s> {
    if unit == 1.0 { samples.reborrow() } else { samples.map(|_, x| x * unit) }
}

fn rescale(mut neighbors: Neighbors, unit: f64) -> Neighbors {
    if unit != 1.0 {
        neighbors.distances.mapv_inplace(|r| r / unit);
    }
    neighbors
}
