use super::line::{Line, is_line};
use super::{KdTree, NeighborSearch, Neighbors, SearchTask, Visit};

/// Search in one dimension that sorts the values and grows a window from each. It takes
/// `O(n log n)` time to sort and `O(k)` for each point.
///
/// In more dimensions and on a torus, it is the search of [`KdTree`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Sorted;

impl NeighborSearch for Sorted {
    fn find(&self, task: &SearchTask<'_>) -> Neighbors {
        Neighbors::collect(task, |visit| self.find_each(task, visit))
    }

    fn find_each(&self, task: &SearchTask<'_>, visit: &Visit<'_>) {
        if !is_line(task.references(), task.metric()) {
            return KdTree.find_each(task, visit);
        }
        let line = Line::new(task.references().coordinates());
        match task.window() {
            Some(window) => line.among(task.k(), window, visit),
            None => line.between(task.queries().coordinates(), task.k(), visit),
        }
    }
}
