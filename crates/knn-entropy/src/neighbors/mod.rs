//! Exact nearest neighbours, behind one trait.

mod auto;
mod blocked;
mod brute_force;
mod counts;
mod filter;
mod kd_tree;
mod nearest;
mod places;
mod rows;
mod scatter;
mod sorted;
mod sweep;
mod tree;
mod walk;

use std::fmt::Debug;

use ndarray::Array2;

use crate::{Error, Metric, Result, Samples};

pub use auto::Auto;
pub use blocked::Blocked;
pub use brute_force::BruteForce;
pub(crate) use counts::count_in_blocks;
pub use kd_tree::KdTree;
pub use sorted::Sorted;

/// The k nearest neighbours of each point, the nearest first; of equally distant ones the smaller index first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    /// `[points, k]`: which they are.
    pub indices: Array2<usize>,
    /// `[points, k]`: how far they are.
    pub distances: Array2<f64>,
}

/// A function that is given a row, the indices of its neighbours and their distances, the nearest first, from any thread.
pub type Visit<'v> = dyn Fn(usize, &[usize], &[f64]) + Sync + 'v;

/// Whether points at just the radius are within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Boundary {
    /// No: nearer than the radius.
    Open,
    /// Yes: not farther than the radius.
    Closed,
}

/// A way to find exact nearest neighbours.
///
/// Every implementation gives the same neighbours: ordered by distance, and by index where distances are equal. Distances
/// are those of [`Metric::distance`], to the last bit, and never NaN. Estimators take a search as an argument and rely on
/// this, so that a faster one, or one on another device, can stand in for [`Auto`].
pub trait NeighborSearch: Debug + Sync {
    /// The `k` nearest among the *other* points of the set, for each point. A point is not its own neighbour, but another
    /// point at the same place is.
    ///
    /// With a `window` above 0 the points are a series, and those up to so many rows before and after are no neighbours,
    /// either (Theiler, 1986): they are near because they are near in time.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroK`], [`Error::KTooLarge`] unless every point has `k` others, and what [`Metric`] does not fit the
    /// points.
    fn among(&self, points: &Samples<'_>, k: usize, metric: Metric<'_>, window: usize) -> Result<Neighbors>;

    /// The `k` nearest among `references`, for each of `queries`.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroK`], [`Error::KTooLarge`] unless there are at least `k` references, [`Error::Dimensions`], and what
    /// [`Metric`] does not fit the points.
    fn between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
    ) -> Result<Neighbors>;

    /// Hands the `k` nearest others of each point to `visit`, once for each row, in any order and from any thread; others as
    /// in [`among`](NeighborSearch::among).
    ///
    /// Nothing is kept here, by the searches of this crate but for [`Blocked`], so that memory does not grow with `k`.
    ///
    /// # Errors
    ///
    /// As [`among`](NeighborSearch::among). Nothing is visited then.
    fn for_each_among(
        &self,
        points: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
        window: usize,
        visit: &Visit<'_>,
    ) -> Result<()> {
        let neighbors = self.among(points, k, metric, window)?;
        let indices = neighbors.indices.as_standard_layout();
        let distances = neighbors.distances.as_standard_layout();
        for (row, (indices, distances)) in indices.rows().into_iter().zip(distances.rows()).enumerate() {
            let in_order = "rows of an array in standard layout are slices";
            visit(row, indices.to_slice().expect(in_order), distances.to_slice().expect(in_order));
        }
        Ok(())
    }

    /// For each point, how many others lie within its radius; others as in [`among`](NeighborSearch::among).
    ///
    /// # Errors
    ///
    /// [`Error::RowMismatch`] unless there are as many radii as points, and what [`Metric`] does not fit the points.
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

    /// For each point, the numbers of others nearer than its `inner` radius and not farther than its `outer` one, as a pair;
    /// others as in [`among`](NeighborSearch::among). An inner radius that is not above 0 has none within it.
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

/// Checks what every search among points must.
fn check_among(points: &Samples<'_>, k: usize, metric: Metric<'_>, window: usize) -> Result<()> {
    metric.check(points.dimension())?;
    let excluded = window.saturating_mul(2).saturating_add(1);
    check_k(k, points.len().saturating_sub(excluded))
}

/// Checks what every search between points must.
fn check_between(queries: &Samples<'_>, references: &Samples<'_>, k: usize, metric: Metric<'_>) -> Result<()> {
    queries.same_dimension(references)?;
    metric.check(queries.dimension())?;
    check_k(k, references.len())
}

fn check_k(k: usize, others: usize) -> Result<()> {
    match k {
        0 => Err(Error::ZeroK),
        _ if k > others => Err(Error::KTooLarge { k, others }),
        _ => Ok(()),
    }
}

impl Neighbors {
    fn zeros(points: usize, k: usize) -> Self {
        Self { indices: Array2::zeros((points, k)), distances: Array2::zeros((points, k)) }
    }

    /// Returns whether any point coincides with its nearest neighbor.
    pub(crate) fn any_coincide(&self) -> bool {
        self.distances.column(0).iter().any(|&r| r == 0.0)
    }

    /// Rows of indices and of distances, to be written.
    fn rows_mut(&mut self) -> (&mut [usize], &mut [f64]) {
        let fresh = "an array of this module is in memory order";
        (self.indices.as_slice_mut().expect(fresh), self.distances.as_slice_mut().expect(fresh))
    }
}
