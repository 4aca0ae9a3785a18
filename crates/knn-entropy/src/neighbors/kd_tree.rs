use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::scatter::Scatter;
use super::tree::{Node, Tree};
use super::walk::{Search, Workspace};
use super::{NeighborSearch, Neighbors, Visit, check_among, check_between};
use crate::geometry::{Geometry, with_geometry};
use crate::{Metric, Result, Samples};

/// A kd-tree with the dimension given at run time: about `O(n log n)` in few dimensions, more than every distance in many.
///
/// The points of a leaf are looked up together: one walk through the tree finds the leaves that can hold a neighbour of any
/// of them, beginning at home, and each of those is scanned for each point that it can still matter to. So the walk costs
/// little, and what is read stays in the cache.
///
/// With a Theiler window each point walks alone, and leaves out the nodes whose rows are all within its window.
#[derive(Debug, Clone, Copy, Default)]
pub struct KdTree;

/// Points in a leaf at most, a multiple of the lanes: few enough to leave out most, many enough to share the walk.
pub(super) const LEAF: usize = 24;

impl NeighborSearch for KdTree {
    fn among(&self, points: &Samples<'_>, k: usize, metric: Metric<'_>, window: usize) -> Result<Neighbors> {
        check_among(points, k, metric, window)?;
        Ok(Planted::among(points, metric).neighbors(k, window))
    }

    fn between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
    ) -> Result<Neighbors> {
        check_between(queries, references, k, metric)?;
        Ok(Planted::between(queries, references, metric).neighbors(k, 0))
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
        Planted::among(points, metric).search(k, window, visit);
        Ok(())
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
        Self { metric, references: Tree::new(points, metric, LEAF), queries: None, samples: points.reborrow() }
    }

    pub(super) fn between(queries: &'a Samples<'_>, references: &'a Samples<'_>, metric: Metric<'a>) -> Self {
        Self { queries: Some(Tree::new(queries, metric, LEAF)), ..Self::among(references, metric) }
    }

    pub(super) fn neighbors(&self, k: usize, window: usize) -> Neighbors {
        let found = Scatter::new(self.queries.as_ref().unwrap_or(&self.references).len(), k);
        self.search(k, window, &|query, indices, distances| found.write(query, indices, distances));
        found.into_neighbors()
    }

    /// Hands the neighbours of each query to `visit`. A window only matters among points.
    pub(super) fn search(&self, k: usize, window: usize, visit: &Visit<'_>) {
        let window = self.queries.is_none().then_some(window);
        with_geometry!(self.metric, self.samples.dimension(), |geometry| {
            let search = self.of(geometry, k, window, visit);
            search.subtree(search.queries.root());
        });
    }

    /// The time that all queries would take, judged by those in about so many leaves, all threads at work.
    pub(super) fn time(&self, k: usize, leaves: usize) -> Duration {
        let ignore: &Visit<'_> = &|_, _, _| {};
        let mut all = Vec::new();
        self.queries.as_ref().unwrap_or(&self.references).root().leaves(&mut all);
        let some: Vec<Node> = all.iter().copied().step_by(all.len().div_ceil(leaves) | 1).collect();
        with_geometry!(self.metric, self.samples.dimension(), |geometry| {
            let search = self.of(geometry, k, self.queries.is_none().then_some(0), ignore);
            let start = Instant::now();
            some.par_iter().for_each(|&leaf| search.leaves(leaf, &mut Workspace::new(search.k)));
            start.elapsed().mul_f64(all.len() as f64 / some.len() as f64)
        })
    }

    fn of<'s, G: Geometry>(
        &'s self,
        geometry: G,
        k: usize,
        window: Option<usize>,
        visit: &'s Visit<'s>,
    ) -> Search<'s, G> {
        let (metric, references, samples) = (self.metric, &self.references, &self.samples);
        let queries = self.queries.as_ref().unwrap_or(references);
        Search { geometry, metric, queries, references, samples, window, k, visit }
    }
}
