use std::time::Instant;

use super::filter::BLOCK;
use super::kd_tree::Planted;
use super::line::is_line;
use super::{Blocked, BruteForce, KdTree, NeighborSearch, Neighbors, SearchTask, Sorted, Visit, blocked};
use crate::math::power_of_two;
use crate::{Metric, Norm, Samples};

/// Chooses the fastest search for the given points.
///
/// `Auto` uses [`Sorted`] in one dimension and [`KdTree`] in two and three. In more dimensions the
/// choice depends on the points: a tree is fast if they lie near a surface of few dimensions, for
/// any number of coordinates. So a few points are searched first, with the tree and with all
/// distances, and the search that took less time does the rest. The choice can vary between runs if
/// both are about equally fast, but the neighbors are bit-identical.
///
/// If all coordinates are very small or very large, they are scaled by a power of two for the
/// search, which is exact.
#[derive(Debug, Clone, Copy, Default)]
pub struct Auto;

impl NeighborSearch for Auto {
    fn find(&self, task: &SearchTask<'_>) -> Neighbors {
        let unit = unit(task);
        let scaled = task.map(|samples| scaled(samples, unit));
        let task = &scaled.task(task);
        let mut neighbors = match choose(task) {
            Choice::Search(search) => search.find(task),
            Choice::Tree(planted) => planted.collect(),
        };
        if unit != 1.0 {
            neighbors.distances.mapv_inplace(|r| r / unit);
        }
        neighbors
    }

    fn find_each(&self, task: &SearchTask<'_>, visit: &Visit<'_>) {
        let unit = unit(task);
        let scaled = task.map(|samples| scaled(samples, unit));
        let task = &scaled.task(task);
        let in_units: &Visit<'_> = &|row, indices, distances| {
            let distances: Vec<f64> = distances.iter().map(|r| r / unit).collect();
            visit(row, indices, &distances);
        };
        let visit = if unit == 1.0 { visit } else { in_units };
        match choose(task) {
            Choice::Search(search) => search.find_each(task, visit),
            Choice::Tree(planted) => planted.search(visit),
        }
    }
}

/// Number of points up to which a trial search takes longer than it can save.
const FEW: usize = 4096;

/// Number of leaves of the tree in a trial search.
const LEAVES: usize = 16;

/// Number of points for the estimate of the intrinsic dimension.
const SURROUNDINGS: usize = 512;

/// Intrinsic dimension above which no tree was faster in any measurement.
const MANY_DIMENSIONS: f64 = 20.0;

enum Choice<'a> {
    Search(&'static dyn NeighborSearch),
    /// The tree that was built for the trial search.
    Tree(Box<Planted<'a>>),
}

fn choose<'a>(task: &SearchTask<'a>) -> Choice<'a> {
    let (references, k, metric) = (task.references(), task.k(), task.metric());
    let (n, d) = (references.len(), references.dimension());
    if is_line(references, metric) {
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
    // All-pairs searches take the same time for each pair, so a few pairs are enough. The tree must
    // be built completely.
    let pair = if metric == Metric::Norm(Norm::L2) {
        blocked::time_of_pair(&spread(references, 2 * BLOCK), k)
    } else {
        time_of_pair(&spread(references, FEW), k, metric)
    };
    let Some(pair) = pair else { return Choice::Search(&KdTree) };
    let planted = Planted::new(task);
    let threads = rayon::current_num_threads() as f64;
    // For neighbors among points, an all-pairs search computes each pair once for both points.
    let queries = if task.window().is_some() { n as f64 / 2.0 } else { task.queries().len() as f64 };
    if planted.time(LEAVES).as_secs_f64() < pair * queries * n as f64 / threads {
        Choice::Tree(Box::new(planted))
    } else {
        Choice::Search(all_pairs)
    }
}

/// Measures the seconds that brute force takes per pair, from the pairs of two points with all
/// others.
fn time_of_pair(points: &Samples<'_>, k: usize, metric: Metric<'_>) -> Option<f64> {
    let start = Instant::now();
    for row in 0..2 {
        let query = points.select(&[row]);
        std::hint::black_box(BruteForce.between(&query, points, k.min(points.len()), metric).ok()?);
    }
    Some(start.elapsed().as_secs_f64() / (2 * points.len()) as f64)
}

/// Selects about `number` points, evenly spaced over the rows.
fn spread<'s>(points: &'s Samples<'_>, number: usize) -> Samples<'s> {
    let step = points.len().div_ceil(number.max(1)).max(1);
    points.select(&(0..points.len()).step_by(step).collect::<Vec<_>>())
}

/// Estimates the intrinsic dimension of the points from the growth of their number with distance
/// (Levina and Bickel, 2005).
fn intrinsic_dimension(points: &Samples<'_>, metric: Metric<'_>) -> f64 {
    let (queries, others) = (spread(points, 3 * LEAVES), spread(points, SURROUNDINGS));
    let k = 16.min(others.len() - 1);
    // The nearest neighbors are the points themselves.
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

/// Returns a power of two that brings the coordinates near 1. Returns 1 if squares of differences
/// are in range without scaling, or if scaling would not be exact.
fn unit(task: &SearchTask<'_>) -> f64 {
    let (sets, metric) = ([task.queries(), task.references()], task.metric());
    let sets = if task.window().is_some() { &sets[..1] } else { &sets };
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
