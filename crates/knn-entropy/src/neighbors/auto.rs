use std::time::Instant;

use super::filter::BLOCK;
use super::kd_tree::Planted;
use super::line::is_line;
use super::{Blocked, BruteForce, KdTree, NeighborSearch, Neighbors, SearchTask, Sorted, Visit, blocked};
use crate::math::power_of_two;
use crate::{Metric, Norm, Samples};

/// The fastest of the searches for the points at hand.
///
/// [`Sorted`] in one dimension, [`KdTree`] in two and three. In more it depends on the points: a
/// tree is fast where they lie near a surface of few dimensions, however many coordinates they
/// have. So a few points are looked up first, with the tree and with all distances, and the search
/// that took less time does the rest. That can turn out one way or the other when both are about as
/// fast; the neighbors are the same to the last bit.
///
/// Coordinates that are all very small or very large are scaled by a power of two for the search,
/// which is exact.
#[derive(Debug, Clone, Copy, Default)]
pub struct Auto;

impl NeighborSearch for Auto {
    fn find(&self, task: &SearchTask<'_>) -> Neighbors {
        let unit = unit(task);
        let scaled = task.map(|samples| scaled(samples, unit));
        let task = &scaled.task(task);
        let mut neighbors = match choose(task) {
            Choice::Search(search) => search.find(task),
            Choice::Tree(planted) => Neighbors::collect(task, |visit| planted.search(visit)),
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
    // All distances take the same time for each pair, so a few tell; the tree has to be planted.
    let pair = if metric == Metric::Norm(Norm::L2) {
        blocked::time_of_pair(&spread(references, 2 * BLOCK), k)
    } else {
        time_of_pair(&spread(references, FEW), k, metric)
    };
    let Some(pair) = pair else { return Choice::Search(&KdTree) };
    let planted = Planted::new(task);
    let threads = rayon::current_num_threads() as f64;
    // Among points the search of all pairs makes each pair once for both.
    let queries = if task.window().is_some() { n as f64 / 2.0 } else { task.queries().len() as f64 };
    if planted.time(LEAVES).as_secs_f64() < pair * queries * n as f64 / threads {
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

/// Of how many dimensions the points seem to be, by how their number grows with the distance
/// (Levina and Bickel, 2005).
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

/// A power of two that brings the coordinates near 1, if squares of differences would be out of
/// range otherwise and multiplying by it is exact; else 1.
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
