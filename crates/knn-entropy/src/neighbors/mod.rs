//! Exact nearest neighbours, behind one trait.

mod brute_force;

use std::fmt::Debug;

use ndarray::Array2;

use crate::{Norm, Result, Samples};

pub use brute_force::BruteForce;

/// The k nearest neighbours of each point, the nearest first; of equally distant ones the smaller index first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbors {
    /// `[points, k]`: which they are.
    pub indices: Array2<usize>,
    /// `[points, k]`: how far they are.
    pub distances: Array2<f64>,
}

/// A way to find exact nearest neighbours.
///
/// Every implementation gives the same neighbours: ordered by distance, and by index where distances are equal. Distances
/// are those of [`Norm::distance`], so never NaN. Estimators take a search as an argument and rely on this, so that a faster
/// one, or one on another device, can stand in for [`BruteForce`].
pub trait NeighborSearch: Debug + Sync {
    /// The `k` nearest among the *other* points of the set, for each point. A point is not its own neighbour, but another
    /// point at the same place is.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroK`](crate::Error::ZeroK), and [`Error::KTooLarge`](crate::Error::KTooLarge) unless there are more than
    /// `k` points.
    fn among(&self, points: &Samples<'_>, k: usize, norm: Norm) -> Result<Neighbors>;

    /// The `k` nearest among `references`, for each of `queries`.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroK`](crate::Error::ZeroK), [`Error::KTooLarge`](crate::Error::KTooLarge) unless there are at least `k`
    /// references, and [`Error::Dimensions`](crate::Error::Dimensions).
    fn between(&self, queries: &Samples<'_>, references: &Samples<'_>, k: usize, norm: Norm) -> Result<Neighbors>;
}
