//! Distances as searches compare them, compiled once for each metric and small dimension.
//!
//! A *key* orders points as their distance does and is cheaper: in L2 it is the square. Beside the
//! key of two points there is one of two boxes, never larger than that of any two points in them,
//! and one never smaller. Never means never: rounding is monotone, so if each difference of
//! coordinates is bounded and everything is added up in the same order, then so is the
//! rounded result. Searches rely on it to leave out whole boxes and still be exact to the last bit.

mod blocks;
mod periodic;
mod plain;
mod sum;

pub(crate) use blocks::{Blocks, blocks};
pub(crate) use periodic::Periodic;
pub(crate) use plain::Plain;
pub(crate) use sum::{Column, LANES, Lanes, Largest, SumOfSizes, SumOfSquares, plain_key};

/// Two corners of a box, the lowest and the highest coordinates.
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

    /// The keys of a point and [`LANES`] others at once, the same to the last bit. The others lie
    /// coordinate by coordinate: the first of all, then the second of all, and so on.
    fn keys(&self, a: &[f64], others: &[Column]) -> Lanes;

    /// At most the key of any two points, one from each box.
    fn nearest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64;

    /// At least that.
    fn farthest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64;

    /// The dimension, known to the compiler if it is to this geometry: then loops over points need
    /// no division.
    #[inline(always)]
    fn dimension(&self, d: usize) -> usize {
        d
    }
}

impl Bounds<'_> {
    /// The box in some of the coordinates.
    #[inline(always)]
    pub(crate) fn part(&self, start: usize, end: usize) -> Self {
        Self { low: &self.low[start..end], high: &self.high[start..end] }
    }
}

/// A geometry that is also one of some of the coordinates alone.
pub(crate) trait Split: Geometry {
    /// Returns the geometry of the coordinates from `start` to `end`.
    fn part(&self, start: usize, end: usize) -> Self;
}
