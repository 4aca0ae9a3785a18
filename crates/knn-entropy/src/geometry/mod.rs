//! Comparisons of distances for searches, compiled separately for each metric and small dimension.
//!
//! A *key* orders points like their distance but is cheaper to compute: in L2 it is the square of
//! the distance. Two boxes have a nearest key, which is never larger than the key of any two points
//! in them, and a farthest key, which is never smaller. These bounds also hold for rounded results:
//! rounding is monotone, so if each difference of coordinates is bounded and all terms are added in
//! the same order, the rounded sum is bounded, too. Searches rely on this to skip whole boxes and
//! still be exact to the last bit.

mod blocks;
mod periodic;
mod plain;
mod sum;

pub(crate) use blocks::{Blocks, blocks};
pub(crate) use periodic::Periodic;
pub(crate) use plain::Plain;
pub(crate) use sum::{Column, LANES, Lanes, Largest, SumOfSizes, SumOfSquares, plain_key};

/// A box, given by its lowest and its highest coordinates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<'a> {
    pub(crate) low: &'a [f64],
    pub(crate) high: &'a [f64],
}

impl<'a> Bounds<'a> {
    pub(crate) fn of_point(point: &'a [f64]) -> Self {
        Self { low: point, high: point }
    }
}

pub(crate) trait Geometry: Copy + Send + Sync {
    fn key(&self, a: &[f64], b: &[f64]) -> f64;

    /// Computes the keys of a point and [`LANES`] others at once, bit-identical to
    /// [`key`](Self::key). The others are stored by coordinate: the first coordinate of all points,
    /// then the second, and so on.
    fn keys(&self, a: &[f64], others: &[Column]) -> Lanes;

    /// Returns a lower bound on the key of any two points, one from each box.
    fn nearest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64;

    /// Returns an upper bound on the key of any two points, one from each box.
    fn farthest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64;

    /// Returns the dimension. It is a constant if this geometry has a fixed dimension, so loops
    /// over points need no division.
    #[inline(always)]
    fn dimension(&self, d: usize) -> usize {
        d
    }
}

impl Bounds<'_> {
    /// Returns the box in the coordinates from `start` to `end`.
    #[inline(always)]
    pub(crate) fn part(&self, start: usize, end: usize) -> Self {
        Self { low: &self.low[start..end], high: &self.high[start..end] }
    }
}

/// A geometry that can be restricted to some of the coordinates.
pub(crate) trait Split: Geometry {
    /// Returns the geometry of the coordinates from `start` to `end`.
    fn part(&self, start: usize, end: usize) -> Self;
}
