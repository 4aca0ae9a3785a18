use super::ball::{BOTH, Ball};
use super::outside::Outside;
use crate::geometry::{Bounds, Column, Geometry, LANES};
use crate::neighbors::tree::{Node, Tree};
use crate::simd::{self, Kernel};
use crate::{Metric, Samples};

/// The coordinates from `start` to `end`, which have their own distance.
pub(super) struct Part<'a, G> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) geometry: G,
    /// The metric of these coordinates.
    pub(super) metric: Metric<'a>,
}

impl<G> Part<'_, G> {
    #[inline(always)]
    fn of<'s, T>(&self, coordinates: &'s [T]) -> &'s [T] {
        &coordinates[self.start..self.end]
    }
}

/// Counts around points, in any geometry.
pub(super) trait Counter: Sync {
    /// Counts the points of the tree within each of the two regions around a row's point, including
    /// the point itself. With `outside`, counts only points outside the window of the row.
    fn count(&self, row: usize, outside: Option<(&Outside<'_>, usize)>, room: &mut Vec<[Ball; 2]>) -> [usize; 2];

    /// Counts the rows among `others` whose points lie within each of the two regions around a
    /// row's point.
    fn count_some(&self, row: usize, others: &mut dyn Iterator<Item = usize>, room: &mut Vec<[Ball; 2]>) -> [usize; 2];
}

/// The points of a tree, and radii around each of them.
pub(super) struct Regions<'a, G> {
    pub(super) points: &'a Samples<'a>,
    pub(super) tree: &'a Tree,
    pub(super) parts: &'a [Part<'a, G>],
    /// Returns the inner and the outer radius of a part and a row.
    pub(super) radii: &'a Radii<'a>,
}

pub(super) type Radii<'a> = dyn Fn(usize, usize) -> [f64; 2] + Sync + 'a;

impl<G: Geometry> Regions<'_, G> {
    fn probe<'q>(&'q self, row: usize, room: &'q mut Vec<[Ball; 2]>) -> Probe<'q, G> {
        Probe::new(self.points.point(row), self.parts, |part| (self.radii)(part, row), room)
    }
}

impl<G: Geometry> Counter for Regions<'_, G> {
    fn count(&self, row: usize, outside: Option<(&Outside<'_>, usize)>, room: &mut Vec<[Ball; 2]>) -> [usize; 2] {
        let outside = outside.map(|(outside, window)| (outside, row, window));
        self.probe(row, room).count(self.tree, outside)
    }

    fn count_some(&self, row: usize, others: &mut dyn Iterator<Item = usize>, room: &mut Vec<[Ball; 2]>) -> [usize; 2] {
        let probe = self.probe(row, room);
        others.fold([0; 2], |counts, other| {
            let held = probe.holds(self.points.point(other));
            std::array::from_fn(|s| counts[s] + usize::from(held[s]))
        })
    }
}

/// A point and two regions around it, one open and one closed. Each region consists of a ball in
/// every part.
struct Probe<'q, G> {
    point: &'q [f64],
    parts: &'q [Part<'q, G>],
    /// The two balls of each part.
    balls: &'q [[Ball; 2]],
}

impl<'q, G: Geometry> Probe<'q, G> {
    /// Creates the balls in `room`.
    fn new(
        point: &'q [f64],
        parts: &'q [Part<'q, G>],
        radii: impl Fn(usize) -> [f64; 2],
        room: &'q mut Vec<[Ball; 2]>,
    ) -> Self {
        room.clear();
        room.extend(parts.iter().enumerate().map(|(p, part)| {
            let radii = radii(p);
            std::array::from_fn(|s| Ball::new(part.metric.norm(), BOTH[s], radii[s]))
        }));
        Self { point, parts, balls: room }
    }

    /// Counts the points of a tree within each region, including the point itself. With `outside`,
    /// counts only points outside the window of a row.
    fn count(&self, tree: &Tree, outside: Option<(&Outside<'_>, usize, usize)>) -> [usize; 2] {
        let mut counts = [0; 2];
        self.visit(tree, tree.root(), outside, [true; 2], &mut counts);
        counts
    }

    /// Returns, for each region, true if it contains another point.
    fn holds(&self, other: &[f64]) -> [bool; 2] {
        let mut held = [true; 2];
        for (part, balls) in self.parts.iter().zip(self.balls) {
            let distance = part.metric.distance(part.of(self.point), part.of(other));
            for (held, ball) in held.iter_mut().zip(balls) {
                *held &= ball.boundary.holds(distance, ball.radius);
            }
        }
        held
    }

    /// Adds the points of a subtree to the counts of the regions that are still `open`. The other
    /// regions contain all points of the subtree or none.
    fn visit(
        &self,
        tree: &Tree,
        node: Node,
        outside: Option<(&Outside<'_>, usize, usize)>,
        mut open: [bool; 2],
        counts: &mut [usize; 2],
    ) {
        let points = outside.map_or(node.len(), |(outside, ..)| outside.of(node.id));
        if points == 0 {
            return;
        }
        let (apart, inside) = self.compare(tree.bounds(node));
        for s in 0..2 {
            if open[s] && (apart[s] || inside[s]) {
                open[s] = false;
                counts[s] += if apart[s] { 0 } else { points };
            }
        }
        if open == [false; 2] {
            return;
        }
        if node.is_leaf() {
            let window = outside.filter(|_| points < node.len()).map(|(_, row, window)| (row, window));
            simd::run(Scan { probe: self, tree, leaf: node, window, open, counts });
            return;
        }
        let (left, right) = node.children();
        self.visit(tree, left, outside, open, counts);
        self.visit(tree, right, outside, open, counts);
    }

    /// Returns, for each region, whether it certainly contains no point of a box, and whether it
    /// certainly contains all.
    #[inline(always)]
    fn compare(&self, bounds: Bounds<'_>) -> ([bool; 2], [bool; 2]) {
        let (mut apart, mut inside) = ([false; 2], [true; 2]);
        for (part, balls) in self.parts.iter().zip(self.balls) {
            let point = Bounds::of_point(part.of(self.point));
            let bounds = bounds.part(part.start, part.end);
            let nearest = part.geometry.nearest_key(point, bounds);
            let farthest = part.geometry.farthest_key(point, bounds);
            for (s, ball) in balls.iter().enumerate() {
                apart[s] |= nearest > ball.limit;
                inside[s] &= ball.safe & (farthest <= ball.limit);
            }
        }
        (apart, inside)
    }

    /// Returns, for each region, the lanes of a group that it contains, as bits.
    #[inline(always)]
    fn lanes(&self, group: &[Column]) -> [u32; 2] {
        let mut held = [(1 << LANES) - 1; 2];
        for (part, balls) in self.parts.iter().zip(self.balls) {
            let keys = part.geometry.keys(part.of(self.point), part.of(group));
            for (held, ball) in held.iter_mut().zip(balls) {
                let mut within = 0;
                for (lane, &key) in keys.iter().enumerate() {
                    within |= u32::from(key <= ball.limit) << lane;
                }
                *held &= within;
            }
        }
        held
    }
}

/// Counts the points of a leaf.
struct Scan<'s, 'q, G> {
    probe: &'s Probe<'q, G>,
    tree: &'s Tree,
    leaf: Node,
    /// A row and its window, if some of the points are within the window.
    window: Option<(usize, usize)>,
    open: [bool; 2],
    counts: &'s mut [usize; 2],
}

impl<G: Geometry> Kernel for Scan<'_, '_, G> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { probe, tree, leaf, window, open, counts } = self;
        let safe = probe.balls.iter().flatten().all(|ball| ball.safe);
        let d = probe.point.len();
        for (g, group) in tree.groups(leaf).chunks_exact(d).enumerate() {
            let mut held = probe.lanes(group);
            if !safe {
                held = ask(probe, group, held);
            }
            let first = leaf.start + g * LANES;
            // Lanes after the last point of the tree are empty.
            let filled = LANES.min(leaf.end - first);
            let mut others = u32::MAX >> (32 - filled);
            if let Some((row, window)) = window {
                for lane in 0..filled {
                    others &= !(u32::from(tree.row(first + lane).abs_diff(row) <= window) << lane);
                }
            }
            for s in 0..2 {
                counts[s] += if open[s] { (held[s] & others).count_ones() as usize } else { 0 };
            }
        }
    }
}

/// Returns the lanes that each region contains by distance, among the lanes that pass by key. Keys
/// alone are not reliable if they overflow or underflow.
#[inline(never)]
fn ask<G: Geometry>(probe: &Probe<'_, G>, group: &[Column], held: [u32; 2]) -> [u32; 2] {
    let mut asked = [0; 2];
    for lane in (0..LANES).filter(|&lane| held.iter().any(|held| held >> lane & 1 == 1)) {
        let other: Vec<f64> = group.iter().map(|column| column.0[lane]).collect();
        for (asked, held) in asked.iter_mut().zip(probe.holds(&other)) {
            *asked |= u32::from(held) << lane;
        }
    }
    asked
}
