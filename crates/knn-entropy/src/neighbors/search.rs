use std::fmt::Debug;

use super::counts::{self, Boundary};
use super::{Neighbors, SearchTask, Visit};
use crate::{Error, Metric, Norm, Result, Samples};

/// An exact nearest-neighbor search.
///
/// Every implementation must return the same neighbors, ordered by distance and, for equal
/// distances, by index. Distances must be bit-identical to [`Metric::distance`] and never NaN.
/// Estimators take a search as an argument and rely on these rules, so a faster search, or one on
/// another device, can replace [`Auto`](crate::Auto).
///
/// An implementation needs only [`find`](NeighborSearch::find). The other methods check their
/// arguments and call `find`.
pub trait NeighborSearch: Debug + Sync {
    /// Finds the neighbors of each query of a task. This cannot fail, because a [`SearchTask`] has
    /// been checked.
    fn find(&self, task: &SearchTask<'_>) -> Neighbors;

    /// Passes the neighbors of each query of a task to `visit`, once per row, in any order and from
    /// any thread.
    ///
    /// The searches of this crate, except [`Blocked`](crate::Blocked), store no lists, so memory
    /// does not grow with `k`. The provided method creates lists first.
    fn find_each(&self, task: &SearchTask<'_>, visit: &Visit<'_>) {
        self.find(task).for_each(visit);
    }

    /// Returns, for each point, the `k` nearest among the *other* points of the set. A point is not
    /// its own neighbor, but a coinciding point is.
    ///
    /// With a `window` above 0, the points are a series, and points up to `window` rows before or
    /// after a point are excluded as well (Theiler, 1986), because they are close merely in time.
    ///
    /// # Errors
    ///
    /// See [`SearchTask::among`].
    fn among(&self, points: &Samples<'_>, k: usize, metric: Metric<'_>, window: usize) -> Result<Neighbors> {
        Ok(self.find(&SearchTask::among(points, k, metric, window)?))
    }

    /// Returns, for each of `queries`, the `k` nearest among `references`.
    ///
    /// # Errors
    ///
    /// See [`SearchTask::between`].
    fn between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
    ) -> Result<Neighbors> {
        Ok(self.find(&SearchTask::between(queries, references, k, metric)?))
    }

    /// Counts, for each point, the other points within its radius. `window` is as in
    /// [`among`](NeighborSearch::among).
    ///
    /// # Errors
    ///
    /// - [`Error::RowMismatch`](crate::Error::RowMismatch) if the number of radii differs from the
    ///   number of points.
    /// - [`Error::InvalidRadius`](crate::Error::InvalidRadius) if a radius is NaN or negative.
    /// - An error if the [`Metric`] does not match the points.
    fn count_among(
        &self,
        points: &Samples<'_>,
        radii: &[f64],
        boundary: Boundary,
        metric: Metric<'_>,
        window: usize,
    ) -> Result<Vec<usize>> {
        if let Some(row) = radii.iter().position(|&radius| radius.is_nan() || radius < 0.0) {
            return Err(Error::InvalidRadius { row, radius: radii[row] });
        }
        // One walk counts both boundaries at little more than the cost of one.
        let counts = counts::count(points, radii, radii, metric, window)?;
        Ok(counts.into_iter().map(|counts| counts[usize::from(boundary == Boundary::Closed)]).collect())
    }

    /// Counts, for each point, the other points nearer than its `inner` radius and those not
    /// farther than its `outer` radius, as a pair. `window` is as in
    /// [`among`](NeighborSearch::among). No point is within an inner radius that is not above 0, or
    /// within an outer radius that is NaN or negative.
    ///
    /// # Errors
    ///
    /// See [`count_among`](NeighborSearch::count_among), except that any radius is valid.
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

    /// Counts, for each query, the references nearer than the query's `inner` radius in every block
    /// of coordinates, and those not farther than its `outer` radius in any block, as a pair.
    /// `widths` are the numbers of coordinates of the blocks, and `inner` and `outer` have the
    /// radii of all queries for each block. No point is within an inner radius that is not above 0.
    ///
    /// # Errors
    ///
    /// [`Error::DimensionMismatch`](crate::Error::DimensionMismatch),
    /// [`Error::BlockMismatch`](crate::Error::BlockMismatch), and
    /// [`Error::RowMismatch`](crate::Error::RowMismatch) if the number of radii differs from the
    /// number of queries.
    ///
    /// # Panics
    ///
    /// If `inner` or `outer` has fewer blocks than `widths`.
    fn count_shells_between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        norm: Norm,
        widths: &[usize],
        inner: &[Vec<f64>],
        outer: &[Vec<f64>],
    ) -> Result<Vec<(usize, usize)>> {
        let blocks = widths.len();
        assert!(inner.len() == blocks && outer.len() == blocks, "each block needs an inner and an outer radius");
        counts::count_between(queries, references, norm, widths, inner, outer)
    }
}
