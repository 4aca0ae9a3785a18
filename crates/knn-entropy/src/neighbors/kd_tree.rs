use std::time::{Duration, Instant};

use rayon::join;
use rayon::prelude::*;

use super::brute_force::by_distance;
use super::nearest::Nearest;
use super::scatter::Scatter;
use super::tree::{Node, Tree};
use super::{NeighborSearch, Neighbors, check_among, check_between};
use crate::geometry::{Bounds, Geometry, LANES, with_geometry};
use crate::simd::{self, Kernel};
use crate::{Metric, Result, Samples};

/// A kd-tree with the dimension given at run time: about `O(n log n)` in few dimensions, more than every distance in many.
///
/// The points of a leaf are looked up together: one walk through the tree finds the leaves that can hold a neighbour of any
/// of them, beginning at home, and each of those is scanned for each point that it can still matter to. So the walk costs
/// little, and what is read stays in the cache.
#[derive(Debug, Clone, Copy, Default)]
pub struct KdTree;

/// Points in a leaf at most, a multiple of the lanes: few enough to leave out most, many enough to share the walk.
pub(super) const LEAF: usize = 24;

/// Below so many points one thread looks up all.
const SERIAL: usize = 1024;

impl NeighborSearch for KdTree {
    fn among(&self, points: &Samples<'_>, k: usize, metric: Metric<'_>, window: usize) -> Result<Neighbors> {
        check_among(points, k, metric, window)?;
        Ok(Planted::among(points, metric).search(k, window))
    }

    fn between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
    ) -> Result<Neighbors> {
        check_between(queries, references, k, metric)?;
        Ok(Planted::between(queries, references, metric).search(k, 0))
    }
}

/// Trees that are ready to be searched.
pub(super) struct Planted<'a> {
    metric: Metric<'a>,
    references: Tree,
    /// None if they are the references themselves.
    queries: Option<Tree>,
    /// The references in their own order.
    samples: Samples<'a>,
}

impl<'a> Planted<'a> {
    pub(super) fn among(points: &'a Samples<'_>, metric: Metric<'a>) -> Self {
        let samples = metric.normalised(points);
        Self { metric, references: Tree::new(&samples, LEAF), queries: None, samples }
    }

    pub(super) fn between(queries: &'a Samples<'_>, references: &'a Samples<'_>, metric: Metric<'a>) -> Self {
        let queries = Some(Tree::new(&metric.normalised(queries), LEAF));
        Self { queries, ..Self::among(references, metric) }
    }

    pub(super) fn search(&self, k: usize, window: usize) -> Neighbors {
        with_geometry!(self.metric, self.samples.dimension(), |geometry| {
            if self.queries.is_some() {
                self.of(geometry, k, |_, _| true).run()
            } else {
                self.of(geometry, k, move |a: usize, b: usize| a.abs_diff(b) > window).run()
            }
        })
    }

    /// The time that all queries would take, judged by those in about so many leaves, all threads at work.
    pub(super) fn time(&self, k: usize, leaves: usize) -> Duration {
        with_geometry!(self.metric, self.samples.dimension(), |geometry| {
            // One more, because points among themselves find themselves first.
            let search = self.of(geometry, k + usize::from(self.queries.is_none()), |_, _| true);
            let k = search.k;
            let mut all = Vec::new();
            search.queries.root().leaves(&mut all);
            let some: Vec<Node> = all.iter().copied().step_by(all.len().div_ceil(leaves) | 1).collect();
            let found = Scatter::new(search.queries.len(), k);
            let start = Instant::now();
            some.par_iter().for_each(|&leaf| search.leaves(leaf, &mut vec![Nearest::new(k); LEAF], &found));
            start.elapsed().mul_f64(all.len() as f64 / some.len() as f64)
        })
    }

    fn of<G: Geometry, A: Fn(usize, usize) -> bool + Sync>(
        &self,
        geometry: G,
        k: usize,
        others: A,
    ) -> Search<'_, G, A> {
        let home = self.queries.is_none();
        let (metric, references, samples) = (self.metric, &self.references, &self.samples);
        Search {
            geometry,
            metric,
            queries: self.queries.as_ref().unwrap_or(references),
            references,
            samples,
            others,
            k,
            home,
        }
    }
}

struct Search<'a, G, A> {
    geometry: G,
    metric: Metric<'a>,
    queries: &'a Tree,
    references: &'a Tree,
    /// The references in their own order.
    samples: &'a Samples<'a>,
    /// Whether a reference may be the neighbour of a query, by their indices.
    others: A,
    k: usize,
    /// Whether queries and references are the same tree.
    home: bool,
}

/// The points of one leaf on their walk.
struct Batch<'b> {
    leaf: Node,
    nearest: &'b mut [Nearest],
    /// The largest of their limits.
    limit: f64,
}

impl Batch<'_> {
    /// Whether no point of a box can matter to any of these.
    #[inline(always)]
    fn excludes(&self, nearest_key: f64, smallest_index: usize) -> bool {
        // The second case is for points that coincide: without it all of them would be looked at for each.
        nearest_key > self.limit
            || (self.limit == 0.0 && self.nearest.iter().all(|nearest| nearest.excludes(nearest_key, smallest_index)))
    }
}

impl<G: Geometry, A: Fn(usize, usize) -> bool + Sync> Search<'_, G, A> {
    fn run(&self) -> Neighbors {
        let found = Scatter::new(self.queries.len(), self.k);
        self.subtree(self.queries.root(), &found);
        found.into_neighbors()
    }

    fn subtree(&self, node: Node, found: &Scatter) {
        if node.len() > SERIAL && !node.is_leaf() {
            let (left, right) = node.children();
            join(|| self.subtree(left, found), || self.subtree(right, found));
        } else {
            self.leaves(node, &mut vec![Nearest::new(self.k); LEAF], found);
        }
    }

    fn leaves(&self, node: Node, nearest: &mut [Nearest], found: &Scatter) {
        if !node.is_leaf() {
            let (left, right) = node.children();
            self.leaves(left, nearest, found);
            self.leaves(right, nearest, found);
            return;
        }
        if node.len() == 0 {
            return;
        }
        let nearest = &mut nearest[..node.len()];
        nearest.iter_mut().for_each(Nearest::clear);
        let mut batch = Batch { leaf: node, nearest, limit: f64::INFINITY };
        self.visit(self.references.root(), &mut batch);
        let points = self.queries.points(node).chunks_exact(self.queries.dimension());
        let queries = self.queries.indices(node).iter().zip(points).zip(batch.nearest);
        for ((&query, point), nearest) in queries {
            self.finish(query, point, nearest, found);
        }
    }

    /// Takes a subtree of references into account.
    fn visit(&self, node: Node, batch: &mut Batch<'_>) {
        if node.is_leaf() {
            self.scan(node, batch);
            return;
        }
        let (left, right) = node.children();
        let own = self.queries.bounds(batch.leaf);
        let key = |child: Node| self.geometry.nearest_key(own, self.references.bounds(child));
        let mut halves = [(key(left), left), (key(right), right)];
        let at_home = self.home && (right.start..right.end).contains(&batch.leaf.start);
        if halves[1].0 < halves[0].0 || (halves[1].0 == halves[0].0 && at_home) {
            halves.swap(0, 1);
        }
        for (key, child) in halves {
            if !batch.excludes(key, self.references.smallest_index(child)) {
                self.visit(child, batch);
            }
        }
    }

    fn scan(&self, leaf: Node, batch: &mut Batch<'_>) {
        simd::run(Scan { search: self, leaf, batch });
    }

    fn finish(&self, query: usize, point: &[f64], nearest: &mut Nearest, found: &Scatter) {
        let distance = |reference| self.metric.distance(point, self.samples.point(reference));
        if nearest.is_safe(self.geometry, distance) {
            found.write(query, nearest.sorted(self.geometry));
        } else {
            let others = (0..self.samples.len()).filter(|&reference| (self.others)(query, reference));
            found.write(query, by_distance(others, distance, self.k));
        }
    }
}

/// Compares the points of a batch with those of a leaf.
struct Scan<'s, 'a, 'b, G, A> {
    search: &'s Search<'a, G, A>,
    leaf: Node,
    batch: &'s mut Batch<'b>,
}

impl<G: Geometry, A: Fn(usize, usize) -> bool + Sync> Kernel for Scan<'_, '_, '_, G, A> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { search, leaf, batch } = self;
        let Search { geometry, queries, references, .. } = *search;
        let d = geometry.dimension(queries.dimension());
        let (bounds, smallest) = (references.bounds(leaf), references.smallest_index(leaf));
        let (groups, indices) = (references.groups(leaf), references.indices(leaf));
        let points = queries.points(batch.leaf);
        let point = |query: usize| &points[query * d..][..d];
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
            let (point, query, nearest) = (point(q), queries.indices(batch.leaf)[q], &mut batch.nearest[q]);
            for (group, indices) in groups.chunks_exact(d).zip(indices.chunks(LANES)) {
                let keys = geometry.keys(point, group);
                // A bit for each that is near enough, from one comparison of all: mostly there is none.
                let limit = nearest.limit();
                let mut near = keys.iter().rev().fold(0_u32, |near, &key| near << 1 | u32::from(key <= limit));
                while near != 0 {
                    let lane = near.trailing_zeros() as usize;
                    near &= near - 1;
                    // Lanes behind the last point of a leaf are empty.
                    let Some(&reference) = indices.get(lane) else { break };
                    if (search.others)(query, reference) {
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
        let limit = larger(larger(most[0], most[1]), larger(most[2], most[3]));
        batch.limit = limit;
    }
}
