use std::time::{Duration, Instant};

use rayon::join;
use rayon::prelude::*;

use super::lists::Scatter;
use super::tree::{Node, Tree};
use super::walk::{Expect, Leaves, Search, Workspace};
use super::{NeighborSearch, Neighbors, SearchTask, Visit};
use crate::metric::with_geometry;

/// Search by a kd-tree whose dimension is chosen at run time. It takes about `O(n log n)` time in
/// few dimensions, but more than brute force in many.
///
/// The points of a leaf are searched together. One walk through the tree, starting at this leaf,
/// finds all leaves that can contain a neighbor of any of the points. Each of these leaves is
/// scanned for every point to which it can still matter. The walk therefore costs little, and the
/// data that it reads stay in the cache.
///
/// With a Theiler window, each point walks alone and skips nodes whose rows are all within its
/// window.
#[derive(Debug, Clone, Copy, Default)]
pub struct KdTree;

impl NeighborSearch for KdTree {
    fn find(&self, task: &SearchTask<'_>) -> Neighbors {
        Planted::new(task).collect()
    }

    fn find_each(&self, task: &SearchTask<'_>, visit: &Visit<'_>) {
        Planted::new(task).search(visit);
    }
}

/// Trees that are built and ready to be searched.
pub(super) struct Planted<'a> {
    task: SearchTask<'a>,
    references: Tree,
    /// `None` if the queries are the references themselves.
    queries: Option<Tree>,
}

/// Number of points up to which one thread searches a subtree.
const SERIAL: usize = 1024;

impl<'a> Planted<'a> {
    pub(super) fn new(task: &SearchTask<'a>) -> Self {
        let plant = |points| Tree::new(points, task.metric());
        let queries = task.window().is_none().then(|| plant(task.queries()));
        Self { task: *task, references: plant(task.references()), queries }
    }

    fn queries(&self) -> &Tree {
        self.queries.as_ref().unwrap_or(&self.references)
    }

    /// Returns the neighbors of each query.
    pub(super) fn collect(&self) -> Neighbors {
        let found = Scatter::new(self.task.queries().len(), self.task.k());
        self.search_with(&|row, indices, distances| found.write(row, indices, distances), &|row| found.expect(row));
        found.into_neighbors()
    }

    /// Passes the neighbors of each query to `visit`.
    pub(super) fn search(&self, visit: &Visit<'_>) {
        self.search_with(visit, &|_| {});
    }

    fn search_with(&self, visit: &Visit<'_>, expect: &Expect<'_>) {
        let search = self.leaves(self.task.window(), visit, expect);
        self.subtree(&*search, self.queries().root());
    }

    /// Searches for the queries of a subtree.
    fn subtree(&self, search: &dyn Leaves, node: Node) {
        if node.len() > SERIAL && !node.is_leaf() {
            let (left, right) = node.children();
            join(|| self.subtree(search, left), || self.subtree(search, right));
            return;
        }
        let mut room = Workspace::new(&self.task);
        node.each_leaf(&mut |leaf| search.look_up(leaf, &mut room));
    }

    /// Estimates the time that all queries would take, by searching for the queries in about
    /// `leaves` leaves on all threads.
    pub(super) fn time(&self, leaves: usize) -> Duration {
        let search = self.leaves(self.task.window().map(|_| 0), &|_, _, _| {}, &|_| {});
        let mut all = Vec::new();
        self.queries().root().each_leaf(&mut |leaf| all.push(leaf));
        let some: Vec<Node> = all.iter().copied().step_by(all.len().div_ceil(leaves) | 1).collect();
        let start = Instant::now();
        some.par_iter().for_each(|&leaf| search.look_up(leaf, &mut Workspace::new(&self.task)));
        start.elapsed().mul_f64(all.len() as f64 / some.len() as f64)
    }

    /// Returns the search for the task's metric. Only this search is compiled for each metric, and
    /// not the parallel loops.
    fn leaves<'s>(
        &'s self,
        window: Option<usize>,
        visit: &'s Visit<'s>,
        expect: &'s Expect<'s>,
    ) -> Box<dyn Leaves + 's> {
        let (task, queries, references) = (&self.task, self.queries(), &self.references);
        let (metric, d) = (task.metric(), task.references().dimension());
        with_geometry!(metric, d, |geometry| {
            Box::new(Search { geometry, task, queries, references, window, visit, expect })
        })
    }
}
