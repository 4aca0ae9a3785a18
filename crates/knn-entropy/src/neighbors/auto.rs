use super::{Blocked, BruteForce, KdTree, NeighborSearch, Neighbors, Sorted, sorted};
use crate::{Metric, Norm, Result, Samples};

/// The fastest for the points at hand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Auto;

impl NeighborSearch for Auto {
    fn among(&self, points: &Samples<'_>, k: usize, metric: Metric<'_>, window: usize) -> Result<Neighbors> {
        choose(points, metric).among(points, k, metric, window)
    }

    fn between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
    ) -> Result<Neighbors> {
        choose(references, metric).between(queries, references, k, metric)
    }
}

fn choose(points: &Samples<'_>, metric: Metric<'_>) -> &'static dyn NeighborSearch {
    if sorted::applies(points, metric) {
        return &Sorted;
    }
    if points.dimension() > 9 { if metric == Metric::Norm(Norm::L2) { &Blocked } else { &BruteForce } } else { &KdTree }
}
