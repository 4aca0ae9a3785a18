use rayon::prelude::*;

use super::Boundary;
use super::kd_tree::LEAF;
use super::sorted::{Line, applies};
use super::tree::{Node, Tree};
use crate::geometry::{Bounds, Geometry, with_geometry};
use crate::metric::blocks;
use crate::{Error, Metric, Norm, Result, Samples};

/// For each point the number of others within its radius: in one dimension by sorting, else with a kd-tree, whose nodes
/// count as a whole where they lie within.
pub(super) fn count(
    points: &Samples<'_>,
    radii: &[f64],
    boundary: Boundary,
    metric: Metric<'_>,
    window: usize,
) -> Result<Vec<usize>> {
    metric.check(points.dimension())?;
    if radii.len() != points.len() {
        return Err(Error::RowMismatch { one: points.len(), other: radii.len() });
    }
    let points = metric.normalised(points);
    let within = |i: usize, j: usize| boundary.holds(metric.distance(points.point(i), points.point(j)), radii[i]);
    let mut counts = if applies(&points, metric) {
        on_line(points.coordinates(), radii, boundary)
    } else {
        let tree = Tree::new(&points, LEAF);
        with_geometry!(metric, points.dimension(), |geometry| in_tree(&tree, geometry, radii, boundary, metric))
    };
    // All were counted, and the point itself and its neighbours in time are no others.
    counts.par_iter_mut().with_min_len(256).enumerate().for_each(|(i, count)| {
        let last = i.saturating_add(window).min(points.len() - 1);
        *count -= (i.saturating_sub(window)..=last).filter(|&j| within(i, j)).count();
    });
    Ok(counts)
}

impl Boundary {
    #[inline(always)]
    fn holds(self, distance: f64, radius: f64) -> bool {
        match self {
            Self::Open => distance < radius,
            Self::Closed => distance <= radius,
        }
    }
}

fn on_line(values: &[f64], radii: &[f64], boundary: Boundary) -> Vec<usize> {
    let line = Line::new(values);
    let sorted = &line.sorted;
    // In the order of the values, because those of neighbours are in the cache.
    let counts: Vec<usize> = sorted
        .par_iter()
        .with_min_len(256)
        .enumerate()
        .map(|(place, &(x, i))| {
            let within = |other: f64| boundary.holds((x - other).abs(), radii[i]);
            let left = run_length(place + 1, |steps| within(sorted[place - steps].0));
            let right = run_length(sorted.len() - place, |steps| within(sorted[place + steps].0));
            // The point itself is in both, if it is in one.
            (left + right).saturating_sub(1)
        })
        .collect();
    let mut of_points = vec![0; values.len()];
    for (&(_, i), count) in sorted.iter().zip(counts) {
        of_points[i] = count;
    }
    of_points
}

/// How many of `0..end` come before the first that does not hold: in steps that double, and then by bisection, since most
/// are near.
fn run_length(end: usize, holds: impl Fn(usize) -> bool) -> usize {
    let mut step = 1;
    let mut low = 0;
    while low + step <= end && holds(low + step - 1) {
        low += step;
        step *= 2;
    }
    let mut high = end.min(low + step - 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) { low = middle + 1 } else { high = middle }
    }
    low
}

fn in_tree<G: Geometry>(tree: &Tree, geometry: G, radii: &[f64], boundary: Boundary, metric: Metric<'_>) -> Vec<usize> {
    let d = tree.dimension();
    let all = tree.root();
    let queries = tree.points(all).par_chunks_exact(d).zip(tree.indices(all).par_iter()).with_min_len(256);
    let counts: Vec<usize> = queries
        .map(|(point, &i)| {
            let ball = Ball::new(metric, boundary, radii[i]);
            ball.count(tree, geometry, all, Bounds::of_point(point))
        })
        .collect();
    let mut of_points = vec![0; tree.len()];
    for (&i, count) in tree.indices(all).iter().zip(counts) {
        of_points[i] = count;
    }
    of_points
}

/// What is within a radius.
struct Ball<'a> {
    metric: Metric<'a>,
    boundary: Boundary,
    radius: f64,
    /// The largest key within.
    limit: f64,
    /// Whether keys tell what is within, or are out of the range of numbers.
    safe: bool,
}

impl<'a> Ball<'a> {
    fn new(metric: Metric<'a>, boundary: Boundary, radius: f64) -> Self {
        let holds = |distance| boundary.holds(distance, radius);
        let (limit, safe) = match metric.norm() {
            Norm::L2 if radius > 1e-140 && radius < 1e150 => {
                // The square is off by rounding: go to the last one whose root is within.
                let mut limit = radius * radius;
                while !holds(limit.sqrt()) {
                    limit = limit.next_down();
                }
                while holds(limit.next_up().sqrt()) {
                    limit = limit.next_up();
                }
                (limit, true)
            }
            Norm::L2 if radius <= 1e-140 => (1e-278, false),
            Norm::L2 => (f64::INFINITY, false),
            Norm::L1 | Norm::LInf if holds(radius) => (radius, true),
            Norm::L1 | Norm::LInf => (radius.next_down(), true),
        };
        Self { metric, boundary, radius, limit, safe }
    }

    fn count<G: Geometry>(&self, tree: &Tree, geometry: G, node: Node, point: Bounds<'_>) -> usize {
        let bounds = tree.bounds(node);
        if geometry.nearest_key(point, bounds) > self.limit || self.radius.is_nan() {
            return 0;
        }
        if self.safe && geometry.farthest_key(point, bounds) <= self.limit {
            return node.len();
        }
        if !node.is_leaf() {
            let (left, right) = node.children();
            return self.count(tree, geometry, left, point) + self.count(tree, geometry, right, point);
        }
        let within = |other: &&[f64]| match self.safe {
            true => geometry.key(point.low, other) <= self.limit,
            false => self.boundary.holds(self.metric.distance(point.low, other), self.radius),
        };
        tree.points(node).chunks_exact(tree.dimension()).filter(within).count()
    }
}

/// For each point the number of others that are not farther than a radius of its own in every one of several blocks of
/// coordinates, `radii[block][point]`.
pub(crate) fn count_in_blocks(
    points: &Samples<'_>,
    norm: Norm,
    widths: &[usize],
    radii: &[Vec<f64>],
    window: usize,
) -> Vec<usize> {
    let tree = Tree::new(points, LEAF);
    let region = |i: usize| Region {
        norm,
        parts: blocks(widths).zip(radii).map(|((start, end), radii)| (start, end, radii[i])).collect(),
    };
    let count = |i: usize| {
        let (region, point) = (region(i), points.point(i));
        let first = i.saturating_sub(window);
        let last = i.saturating_add(window).min(points.len() - 1);
        let excluded = (first..=last).filter(|&j| region.holds(point, points.point(j))).count();
        region.count(&tree, tree.root(), point) - excluded
    };
    // In the order of the tree, because the neighbours of neighbours are in the cache.
    let counts: Vec<(usize, usize)> =
        tree.indices(tree.root()).par_iter().with_min_len(256).map(|&i| (i, count(i))).collect();
    let mut of_points = vec![0; points.len()];
    for (i, count) in counts {
        of_points[i] = count;
    }
    of_points
}

/// A ball in each of several blocks: where they begin and end, and the radius.
struct Region {
    norm: Norm,
    parts: Vec<(usize, usize, f64)>,
}

impl Region {
    fn holds(&self, a: &[f64], b: &[f64]) -> bool {
        self.parts.iter().all(|&(start, end, r)| self.norm.distance(&a[start..end], &b[start..end]) <= r)
    }

    fn count(&self, tree: &Tree, node: Node, point: &[f64]) -> usize {
        let bounds = tree.bounds(node);
        // The nearest and the farthest corner: rounding is monotone, so what holds for them holds for all between.
        let corner = |farthest: bool| -> Vec<f64> {
            let sides = bounds.low.iter().zip(bounds.high).zip(point);
            sides
                .map(|((&low, &high), &x)| match farthest {
                    false => x.clamp(low, high),
                    true if x - low > high - x => low,
                    true => high,
                })
                .collect()
        };
        if !self.holds(point, &corner(false)) {
            return 0;
        }
        if self.holds(point, &corner(true)) {
            return node.len();
        }
        if node.is_leaf() {
            return tree.points(node).chunks_exact(tree.dimension()).filter(|other| self.holds(point, other)).count();
        }
        let (left, right) = node.children();
        self.count(tree, left, point) + self.count(tree, right, point)
    }
}
