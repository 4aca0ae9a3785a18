//! The walk through a kd-tree that finds the nearest points.

use super::brute_force::{by_distance, write};
use super::first::{self, Keys};
use super::nearest::Nearest;
use super::tree::{LEAF, Node, Tree};
use super::{SearchTask, Visit};
use crate::Norm;
use crate::geometry::{Bounds, Geometry, LANES, Lanes};
use crate::simd::{self, Kernel};

/// Largest window for which the points of a leaf walk together.
const NARROW: usize = 2;

/// A search for the queries of a leaf, in any geometry.
pub(super) trait Leaves: Sync {
    /// Finds the neighbors of the queries of a leaf and passes them on.
    fn look_up(&self, leaf: Node, room: &mut Workspace);
}

pub(super) struct Search<'a, G> {
    pub(super) geometry: G,
    /// The task. Its references are in their original order and not moved onto a torus.
    pub(super) task: &'a SearchTask<'a>,
    pub(super) queries: &'a Tree,
    pub(super) references: &'a Tree,
    /// `None` if queries and references are different sets.
    pub(super) window: Option<usize>,
    pub(super) visit: &'a Visit<'a>,
    pub(super) expect: &'a Expect<'a>,
}

/// A function that takes the row of a query some time before its neighbors are visited.
pub(super) type Expect<'a> = dyn Fn(usize) + Sync + 'a;

/// Scratch memory of a thread.
pub(super) struct Workspace {
    nearest: Vec<Nearest>,
    /// The points of a leaf. `rows` has their rows.
    points: Vec<f64>,
    rows: Vec<usize>,
    first: FirstLeaf,
    /// The neighbors of a query. `distances` has their distances.
    indices: Vec<usize>,
    distances: Vec<f64>,
}

/// The points of the first leaf of a walk, with their rows and keys.
#[derive(Default)]
struct FirstLeaf {
    points: Vec<f64>,
    rows: Vec<usize>,
    keys: Vec<Lanes>,
}

impl Workspace {
    pub(super) fn new(task: &SearchTask<'_>) -> Self {
        let (k, squared) = (task.k(), task.metric().norm() == Norm::L2);
        let (nearest, points, rows) = (vec![Nearest::new(k, squared); LEAF], Vec::new(), Vec::new());
        let first = FirstLeaf::default();
        Self { nearest, points, rows, first, indices: vec![0; k], distances: vec![0.0; k] }
    }

    /// Passes on the neighbors of query `q` of a leaf, which were collected in `nearest[n]`.
    fn finish(&mut self, q: usize, n: usize, task: &SearchTask<'_>, window: Option<usize>, visit: &Visit<'_>) {
        let Self { nearest, points, rows, indices, distances, .. } = self;
        let (d, metric) = (task.references().dimension(), task.metric());
        let (query, point, nearest) = (rows[q], &points[q * d..][..d], &mut nearest[n]);
        let distance = |other: usize| with_reference(task, other, |other| metric.distance(point, other));
        if nearest.is_safe(distance) {
            nearest.write(indices, distances);
        } else {
            let others = (0..task.references().len()).filter(|&other| allows(window, query, other));
            write(by_distance(others, distance, task.k()), indices, distances);
        }
        visit(query, indices, distances);
    }
}

/// Queries that walk together: all points of a leaf, or one of them.
struct Batch<'b> {
    /// The place of the first query in the tree of the queries.
    start: usize,
    points: &'b [f64],
    rows: &'b [usize],
    bounds: Bounds<'b>,
    nearest: &'b mut [Nearest],
    /// The largest limit of the queries.
    limit: f64,
    /// The leaf of the queries, until they meet the first leaf of references.
    first: Option<(Node, &'b mut FirstLeaf)>,
    /// The first and the last row of the window. Nodes with all rows in this range can be skipped.
    excluded: Option<(usize, usize)>,
}

impl Batch<'_> {
    /// Returns true if no point of a box can be a neighbor of any of these queries.
    #[inline(always)]
    fn excludes(&self, nearest_key: f64, smallest_row: usize) -> bool {
        // The second case handles points at equal distances: without it, each would be compared
        // with all others.
        nearest_key > self.limit
            || ((self.limit == 0.0 || self.nearest.len() == 1)
                && self.nearest.iter().all(|nearest| nearest.excludes(nearest_key, smallest_row)))
    }
}

impl<G: Geometry> Leaves for Search<'_, G> {
    fn look_up(&self, leaf: Node, room: &mut Workspace) {
        self.queries.points(leaf, &mut room.points);
        room.rows.clear();
        room.rows.extend((leaf.start..leaf.end).map(|place| self.queries.row(place)));
        room.rows.iter().for_each(|&row| (self.expect)(row));
        match self.window {
            Some(window) if window > NARROW => self.each_alone(leaf, window, room),
            _ => self.together(leaf, room),
        }
    }
}

impl<G: Geometry> Search<'_, G> {
    fn together(&self, leaf: Node, room: &mut Workspace) {
        let nearest = &mut room.nearest[..leaf.len()];
        nearest.iter_mut().for_each(Nearest::clear);
        let (points, rows, bounds) = (&room.points, &room.rows, self.queries.bounds(leaf));
        let (start, limit) = (leaf.start, f64::INFINITY);
        let first = (self.task.k() <= first::MOST).then_some((leaf, &mut room.first));
        let mut batch = Batch { start, points, rows, bounds, nearest, limit, first, excluded: None };
        self.visit(self.references.root(), &mut batch);
        for q in 0..leaf.len() {
            room.finish(q, q, self.task, self.window, self.visit);
        }
    }

    fn each_alone(&self, leaf: Node, window: usize, room: &mut Workspace) {
        let d = self.queries.dimension();
        for q in 0..leaf.len() {
            let (start, points) = (leaf.start + q, &room.points[q * d..][..d]);
            let (row, rows) = (room.rows[q], &room.rows[q..=q]);
            let nearest = &mut room.nearest[..1];
            nearest[0].clear();
            // The neighbors of the previous query are near, too, so their largest distance limits
            // the search.
            if q > 0 && room.indices.iter().all(|&other| row.abs_diff(other) > window) {
                let key = |&other: &usize| with_reference(self.task, other, |other| self.geometry.key(points, other));
                let farthest = room.indices.iter().map(key).fold(0.0, |most, key| if key > most { key } else { most });
                nearest[0].begin_with(farthest);
            }
            let limit = nearest[0].limit();
            let excluded = Some((row.saturating_sub(window), row.saturating_add(window)));
            let bounds = Bounds::of_point(points);
            let mut batch = Batch { start, points, rows, bounds, nearest, limit, first: None, excluded };
            self.visit(self.references.root(), &mut batch);
            room.finish(q, 0, self.task, self.window, self.visit);
        }
    }

    /// Compares the queries of a leaf with the first leaf of references.
    fn begin(&self, leaf: Node, room: &mut FirstLeaf, node: Node, batch: &mut Batch<'_>) {
        let (geometry, queries, window, rows) = (self.geometry, self.queries, self.window, batch.rows);
        let FirstLeaf { points, rows: references, keys } = room;
        self.references.points(node, points);
        references.clear();
        references.extend((node.start..node.end).map(|place| self.references.row(place)));
        simd::run(Keys { geometry, queries, leaf, rows, points, references, window, keys });
        first::begin(keys, references, self.task.k(), batch.nearest);
        batch.limit = batch.nearest.iter().fold(0.0, |most, nearest| f64::max(most, nearest.limit()));
    }

    /// Searches a subtree of references.
    fn visit(&self, node: Node, batch: &mut Batch<'_>) {
        if node.is_leaf() {
            // A leaf can be empty.
            if node.len() > 0
                && let Some((leaf, room)) = batch.first.take()
            {
                self.begin(leaf, room, node, batch);
            } else {
                simd::run(Scan { search: self, leaf: node, batch });
            }
            return;
        }
        let (left, right) = node.children();
        let key = |child: Node| self.geometry.nearest_key(batch.bounds, self.references.bounds(child));
        let mut halves = [(key(left), left), (key(right), right)];
        let at_home = self.window.is_some() && (right.start..right.end).contains(&batch.start);
        if halves[1].0 < halves[0].0 || (halves[1].0 == halves[0].0 && at_home) {
            halves.swap(0, 1);
        }
        for (key, child) in halves {
            let smallest = self.references.smallest_row(child);
            let within = |(first, last)| smallest >= first && self.references.largest_row(child) <= last;
            if !batch.excluded.is_some_and(within) && !batch.excludes(key, smallest) {
                self.visit(child, batch);
            }
        }
    }
}

/// Returns true if a reference may be a neighbor of a query.
#[inline(always)]
fn allows(window: Option<usize>, query: usize, reference: usize) -> bool {
    window.is_none_or(|window| query.abs_diff(reference) > window)
}

/// Calls `function` with the coordinates of a reference, moved onto the torus if the metric is
/// periodic.
#[inline(always)]
fn with_reference<T>(task: &SearchTask<'_>, row: usize, function: impl FnOnce(&[f64]) -> T) -> T {
    let (point, metric) = (task.references().point(row), task.metric());
    if metric.is_periodic() {
        let moved: Vec<f64> = point.iter().enumerate().map(|(c, &x)| metric.moved(c, x)).collect();
        return function(&moved);
    }
    function(point)
}

/// Compares the points of a batch with those of a leaf.
struct Scan<'s, 'a, 'b, G> {
    search: &'s Search<'a, G>,
    leaf: Node,
    batch: &'s mut Batch<'b>,
}

impl<G: Geometry> Kernel for Scan<'_, '_, '_, G> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { search, leaf, batch } = self;
        let Search { geometry, queries, references, .. } = *search;
        let d = geometry.dimension(queries.dimension());
        let (bounds, smallest) = (references.bounds(leaf), references.smallest_row(leaf));
        let groups = references.groups(leaf);
        let point = |query: usize| &batch.points[query * d..][..d];
        // First test for all queries whether the leaf matters, without a branch, which could not be
        // predicted.
        const { assert!(LEAF <= u32::BITS as usize, "each query has a bit") };
        let mut matters = 0_u32;
        for (q, nearest) in batch.nearest.iter().enumerate() {
            let excluded = nearest.excludes(geometry.nearest_key(Bounds::of_point(point(q)), bounds), smallest);
            matters |= u32::from(!excluded) << q;
        }
        if matters == 0 {
            return;
        }
        while matters != 0 {
            let q = matters.trailing_zeros() as usize;
            matters &= matters - 1;
            let (point, query, nearest) = (point(q), batch.rows[q], &mut batch.nearest[q]);
            for (g, group) in groups.chunks_exact(d).enumerate() {
                let keys = geometry.keys(point, group);
                // One comparison of all keys sets a bit for each that is near enough. Mostly there
                // is none.
                let limit = nearest.limit();
                let mut near = keys.iter().rev().fold(0_u32, |near, &key| near << 1 | u32::from(key <= limit));
                while near != 0 {
                    let lane = near.trailing_zeros() as usize;
                    near &= near - 1;
                    let place = leaf.start + g * LANES + lane;
                    // Lanes after the last point of the tree are empty.
                    if place >= leaf.end {
                        break;
                    }
                    let reference = references.row(place);
                    if allows(search.window, query, reference) {
                        nearest.offer(keys[lane], reference);
                    }
                }
            }
        }
        // Four maxima are kept at a time. With one, each comparison would wait for the one before
        // it.
        let larger = |a: f64, b: f64| if a > b { a } else { b };
        let mut most = [0.0; 4];
        for four in batch.nearest.chunks(4) {
            for (most, nearest) in most.iter_mut().zip(four) {
                *most = larger(nearest.limit(), *most);
            }
        }
        batch.limit = larger(larger(most[0], most[1]), larger(most[2], most[3]));
    }
}
