//! The walk through a kd-tree to the nearest points.

use rayon::join;

use super::Visit;
use super::brute_force::{by_distance, write};
use super::kd_tree::LEAF;
use super::nearest::Nearest;
use super::tree::{Node, Tree};
use crate::geometry::{Bounds, Geometry, LANES};
use crate::simd::{self, Kernel};
use crate::{Metric, Samples};

/// Below so many points one thread looks up all.
const SERIAL: usize = 1024;

/// Up to this window the points of a leaf walk together all the same.
const NARROW: usize = 2;

pub(super) struct Search<'a, G> {
    pub(super) geometry: G,
    pub(super) metric: Metric<'a>,
    pub(super) queries: &'a Tree,
    pub(super) references: &'a Tree,
    /// The references in their own order, and on a torus not yet moved onto it.
    pub(super) samples: &'a Samples<'a>,
    /// None if queries and references are different points.
    pub(super) window: Option<usize>,
    pub(super) k: usize,
    pub(super) visit: &'a Visit<'a>,
}

/// The scratch memory of a thread.
pub(super) struct Workspace {
    nearest: Vec<Nearest>,
    /// The points and the rows of a leaf.
    points: Vec<f64>,
    rows: Vec<usize>,
    /// The neighbours of a query.
    indices: Vec<usize>,
    distances: Vec<f64>,
}

impl Workspace {
    pub(super) fn new(k: usize) -> Self {
        let (points, rows) = (Vec::new(), Vec::new());
        Self { nearest: vec![Nearest::new(k); LEAF], points, rows, indices: vec![0; k], distances: vec![0.0; k] }
    }
}

/// Queries on their walk: the points of a leaf, or one of them.
struct Batch<'b> {
    /// The place of the first in the tree of the queries.
    start: usize,
    points: &'b [f64],
    rows: &'b [usize],
    bounds: Bounds<'b>,
    nearest: &'b mut [Nearest],
    /// The largest of their limits.
    limit: f64,
    /// Nodes with no rows but from the one to the other have no neighbour of any.
    excluded: Option<(usize, usize)>,
}

impl Batch<'_> {
    /// Returns whether no point of a box can matter to any of these queries.
    #[inline(always)]
    fn excludes(&self, nearest_key: f64, smallest_row: usize) -> bool {
        // The second case is for points that are equally far: without it all of them would be looked at for each.
        nearest_key > self.limit
            || ((self.limit == 0.0 || self.nearest.len() == 1)
                && self.nearest.iter().all(|nearest| nearest.excludes(nearest_key, smallest_row)))
    }
}

impl<G: Geometry> Search<'_, G> {
    /// Looks up the queries of a subtree.
    pub(super) fn subtree(&self, node: Node) {
        if node.len() > SERIAL && !node.is_leaf() {
            let (left, right) = node.children();
            join(|| self.subtree(left), || self.subtree(right));
        } else {
            self.leaves(node, &mut Workspace::new(self.k));
        }
    }

    pub(super) fn leaves(&self, node: Node, room: &mut Workspace) {
        if !node.is_leaf() {
            let (left, right) = node.children();
            self.leaves(left, room);
            self.leaves(right, room);
            return;
        }
        if node.len() == 0 {
            return;
        }
        self.queries.points(node, &mut room.points);
        room.rows.clear();
        room.rows.extend((node.start..node.end).map(|place| self.queries.row(place)));
        match self.window {
            Some(window) if window > NARROW => self.each_alone(node, window, room),
            _ => self.together(node, room),
        }
    }

    fn together(&self, leaf: Node, room: &mut Workspace) {
        let nearest = &mut room.nearest[..leaf.len()];
        nearest.iter_mut().for_each(Nearest::clear);
        let (points, rows, bounds) = (&room.points, &room.rows, self.queries.bounds(leaf));
        let (start, limit) = (leaf.start, f64::INFINITY);
        let mut batch = Batch { start, points, rows, bounds, nearest, limit, excluded: None };
        self.visit(self.references.root(), &mut batch);
        for q in 0..leaf.len() {
            self.finish(q, q, room);
        }
    }

    fn each_alone(&self, leaf: Node, window: usize, room: &mut Workspace) {
        let d = self.queries.dimension();
        for q in 0..leaf.len() {
            let (start, points) = (leaf.start + q, &room.points[q * d..][..d]);
            let (row, rows) = (room.rows[q], &room.rows[q..=q]);
            let nearest = &mut room.nearest[..1];
            nearest[0].clear();
            // The neighbours of the query before are near, too, and so the others need not be looked at beyond them.
            if q > 0 && room.indices.iter().all(|&other| row.abs_diff(other) > window) {
                let key = |&other: &usize| self.with_reference(other, |other| self.geometry.key(points, other));
                let farthest = room.indices.iter().map(key).fold(0.0, |most, key| if key > most { key } else { most });
                nearest[0].begin_with(self.geometry, farthest);
            }
            let limit = nearest[0].limit();
            let excluded = Some((row.saturating_sub(window), row.saturating_add(window)));
            let bounds = Bounds::of_point(points);
            let mut batch = Batch { start, points, rows, bounds, nearest, limit, excluded };
            self.visit(self.references.root(), &mut batch);
            self.finish(q, 0, room);
        }
    }

    /// Takes a subtree of references into account.
    fn visit(&self, node: Node, batch: &mut Batch<'_>) {
        if node.is_leaf() {
            simd::run(Scan { search: self, leaf: node, batch });
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

    /// Hands on the neighbours of the `q`-th query of a leaf, which the `n`-th in the room has found.
    fn finish(&self, q: usize, n: usize, room: &mut Workspace) {
        let Workspace { nearest, points, rows, indices, distances } = room;
        let d = self.queries.dimension();
        let (query, point, nearest) = (rows[q], &points[q * d..][..d], &mut nearest[n]);
        let distance = |other: usize| self.with_reference(other, |other| self.metric.distance(point, other));
        if nearest.is_safe(self.geometry, distance) {
            nearest.write(self.geometry, indices, distances);
        } else {
            let others = (0..self.samples.len()).filter(|&other| self.allows(query, other));
            write(by_distance(others, distance, self.k), indices, distances);
        }
        (self.visit)(query, indices, distances);
    }

    /// Returns whether a reference may be the neighbor of a query.
    #[inline(always)]
    fn allows(&self, query: usize, reference: usize) -> bool {
        self.window.is_none_or(|window| query.abs_diff(reference) > window)
    }

    /// Calls a function with the coordinates of a reference as they are searched.
    #[inline(always)]
    fn with_reference<T>(&self, row: usize, function: impl FnOnce(&[f64]) -> T) -> T {
        let point = self.samples.point(row);
        if self.metric.is_periodic() {
            let moved: Vec<f64> = point.iter().enumerate().map(|(c, &x)| self.metric.moved(c, x)).collect();
            return function(&moved);
        }
        function(point)
    }
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
        // First for all of them, and without a branch, whether the leaf matters: nothing could predict it.
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
                // A bit for each that is near enough, from one comparison of all: mostly there is none.
                let limit = nearest.limit();
                let mut near = keys.iter().rev().fold(0_u32, |near, &key| near << 1 | u32::from(key <= limit));
                while near != 0 {
                    let lane = near.trailing_zeros() as usize;
                    near &= near - 1;
                    let place = leaf.start + g * LANES + lane;
                    // Lanes behind the last point of all are empty.
                    if place >= leaf.end {
                        break;
                    }
                    let reference = references.row(place);
                    if search.allows(query, reference) {
                        nearest.offer(geometry, keys[lane], reference);
                    }
                }
            }
        }
        // Four at a time, or each comparison would wait for the one before.
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
