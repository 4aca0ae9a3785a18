use std::fmt::Debug;

use super::counts::{self, Boundary};
use super::{Neighbors, SearchTask, Visit};
use crate::{Metric, Result, Samples};

/// A way to find exact nearest neighbors.
///
/// Every implementation gives the same neighbors: ordered by distance, and by index where distances
/// are equal. Distances are those of [`Metric::distance`], to the last bit, and never NaN.
/// Estimators take a search as an argument and rely on this, so that a faster one, or one on
/// another device, can stand in for [`Auto`](crate::Auto).
///
/// An implementation needs [`find`](NeighborSearch::find) alone. The other methods check their
/// arguments and call it.
pub trait NeighborSearch: Debug + Sync {
    /// Finds the neighbors of each query of a task. A [`SearchTask`] has been checked, so nothing
    /// can go wrong.
    fn find(&self, task: &SearchTask<'_>) -> Neighbors;

    /// Hands the neighbors of each query of a task to `visit`, once for each row, in any order and
    /// from any thread.
    ///
    /// Keeps no lists in the searches of this crate but for [`Blocked`](crate::Blocked), so that
    /// memory does not grow with `k`. The provided method makes lists first.
    fn find_each(&self, task: &SearchTask<'_>, visit: &Visit<'_>) {
        self.find(task).for_each(visit);
    }

    /// Returns the `k` nearest among the *other* points of the set, for each point. A point is not
    /// its own neighbor, but another point at the same place is.
    ///
    /// With a `window` above 0 the points are a series, and those up to so many rows before and
    /// after are no neighbors, either (Theiler, 1986): they are near because they are near in
    /// time.
    ///
    /// # Errors
    ///
    /// As [`SearchTask::among`].
    fn among(&self, points: &Samples<'_>, k: usize, metric: Metric<'_>, window: usize) -> Result<Neighbors> {
        Ok(self.find(&SearchTask::among(points, k, metric, window)?))
    }

    /// Returns the `k` nearest among `references`, for each of `queries`.
    ///
    /// # Errors
    ///
    /// As [`SearchTask::between`].
    fn between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
    ) -> Result<Neighbors> {
        Ok(self.find(&SearchTask::between(queries, references, k, metric)?))
    }

    /// Hands the `k` nearest others of each point to `visit` as
    /// [`find_each`](NeighborSearch::find_each) does; others as in
    /// [`among`](NeighborSearch::among).
    ///
    /// # Errors
    ///
    /// As [`SearchTask::among`]. Nothing is visited then.
    fn for_each_among(
        &self,
        points: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
        window: usize,
        visit: &Visit<'_>,
    ) -> Result<()> {
        self.find_each(&SearchTask::among(points, k, metric, window)?, visit);
        Ok(())
    }

    /// Counts, for each point, the others within its radius; others as in
    /// [`among`](NeighborSearch::among).
    ///
    /// # Errors
    ///
    /// [`Error::RowMismatch`](crate::Error::RowMismatch) unless there are as many radii as points,
    /// and what [`Metric`] does not fit the points.
    fn count_among(
        &self,
        points: &Samples<'_>,
        radii: &[f64],
        boundary: Boundary,
        metric: Metric<'_>,
        window: usize,
    ) -> Result<Vec<usize>> {
        // One walk counts both at little more than the cost of one.
        let counts = counts::count(points, radii, radii, metric, window)?;
        Ok(counts.into_iter().map(|counts| counts[usize::from(boundary == Boundary::Closed)]).collect())
    }

    /// Counts, for each point, the others nearer than its `inner` radius and those not farther than
    /// its `outer` one, as a pair; others as in [`among`](NeighborSearch::among). An inner
    /// radius that is not above 0 has none within it.
    ///
    /// # Errors
    ///
    /// As [`count_among`](NeighborSearch::count_among).
    fn count_shells(
        &self,
        points: &Samples<'_>,
        inner: &[f64],
        outer: &[f64],
        metric: Metric<'_>,
        window: usize,
    ) -> Result<Vec<(usize, usize)>> {
        let counts = counts::count(points, inner, outer, metric, window)?;
        Ok(counts.into_iter().map(|[nearer, within]| (nearer, within)).collect())
    }
}
