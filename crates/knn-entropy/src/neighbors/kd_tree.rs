use std::time::{Duration, Instant};

use rayon::join;
use rayon::prelude::*;

use super::tree::{Node, Tree};
use super::walk::{Leaves, Search, Workspace};
use super::{NeighborSearch, Neighbors, SearchTask, Visit};
use crate::metric::with_geometry;

/// A kd-tree with the dimension given at run time: about `O(n log n)` in few dimensions, more than
/// every distance in many.
///
/// The points of a leaf are looked up together: one walk through the tree finds the leaves that can
/// hold a neighbor of any of them, beginning at home, and each of those is scanned for each point
/// that it can still matter to. So the walk costs little, and what is read stays in the cache.
///
/// With a Theiler window each point walks alone, and leaves out the nodes whose rows are all within
/// its window.
#[derive(Debug, Clone, Copy, Default)]
pub struct KdTree;

impl NeighborSearch for KdTree {
    fn find(&self, task: &SearchTask<'_>) -> Neighbors {
        Neighbors::collect(task, |visit| self.find_each(task, visit))
    }

    fn find_each(&self, task: &SearchTask<'_>, visit: &Visit<'_>) {
        Planted::new(task).search(visit);
    }
}

/// Trees that are ready to be searched.
pub(super) struct Planted<'a> {
    task: SearchTask<'a>,
    references: Tree,
    /// None if they are the references themselves.
    queries: Option<Tree>,
}

/// Below so many points one thread looks up all.
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

    /// Hands the neighbors of each query to `visit`.
    pub(super) fn search(&self, visit: &Visit<'_>) {
        let search = self.leaves(self.task.window(), visit);
        self.subtree(&*search, self.queries().root());
    }

    /// Looks up the queries of a subtree.
    fn subtree(&self, search: &dyn Leaves, node: Node) {
        if node.len() > SERIAL && !node.is_leaf() {
            let (left, right) = node.children();
            join(|| self.subtree(search, left), || self.subtree(search, right));
            return;
        }
        let mut room = Workspace::new(&self.task);
        node.each_leaf(&mut |leaf| search.look_up(leaf, &mut room));
    }

    /// The time that all queries would take, judged by those in about so many leaves, all threads
    /// at work.
    pub(super) fn time(&self, leaves: usize) -> Duration {
        let search = self.leaves(self.task.window().map(|_| 0), &|_, _, _| {});
        let mut all = Vec::new();
        self.queries().root().each_leaf(&mut |leaf| all.push(leaf));
        let some: Vec<Node> = all.iter().copied().step_by(all.len().div_ceil(leaves) | 1).collect();
        let start = Instant::now();
        some.par_iter().for_each(|&leaf| search.look_up(leaf, &mut Workspace::new(&self.task)));
        start.elapsed().mul_f64(all.len() as f64 / some.len() as f64)
    }

    /// The search for the task's metric. It is compiled for each, and the threads that share it out
    /// are not.
    fn leaves<'s>(&'s self, window: Option<usize>, visit: &'s Visit<'s>) -> Box<dyn Leaves + 's> {
        let (task, queries, references) = (&self.task, self.queries(), &self.references);
        let (metric, d) = (task.metric(), task.references().dimension());
        with_geometry!(metric, d, |geometry| Box::new(Search { geometry, task, queries, references, window, visit }))
    }
}
