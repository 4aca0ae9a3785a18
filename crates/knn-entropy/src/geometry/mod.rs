//! Distances as searches compare them, compiled once for each metric and small dimension.
//!
//! A *key* orders points as their distance does and is cheaper: in L2 it is the square. Beside the key of two points there is
//! one of two boxes, never larger than that of any two points in them, and one never smaller. Never means never: rounding is
//! monotone, so if each difference of coordinates is bounded and everything is added up in the same order, then so is the
//! rounded result. Searches rely on it to leave out whole boxes and still be exact to the last bit.

mod blocks;
mod periodic;
mod plain;
mod sum;

pub(crate) use blocks::Blocks;
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
    /// Whether the key is the square of the distance.
    const SQUARED: bool;

    fn key(&self, a: &[f64], b: &[f64]) -> f64;

    /// The keys of a point and [`LANES`] others at once, the same to the last bit. The others lie coordinate by coordinate:
    /// the first of all, then the second of all, and so on.
    fn keys(&self, a: &[f64], others: &[Column]) -> Lanes;

    /// At most the key of any two points, one from each box.
    fn nearest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64;

    /// At least that.
    fn farthest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64;

    /// The dimension, known to the compiler if it is to this geometry: then loops over points need no division.
    #[inline(always)]
    fn dimension(&self, d: usize) -> usize {
        d
    }

    /// The distance, of a key that is in range.
    #[inline(always)]
    fn distance(&self, key: f64) -> f64 {
        if Self::SQUARED { key.sqrt() } else { key }
    }

    /// At least as large as every key whose distance is that of this key: two squares that differ in the last digit can
    /// have the same root.
    #[inline(always)]
    fn ties(&self, key: f64) -> f64 {
        if Self::SQUARED { key * (1.0 + 4.0 * f64::EPSILON) } else { key }
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

/// Runs an expression with the geometry of a norm in any dimension.
macro_rules! with_norm {
    ($norm:expr, |$geometry:ident| $body:expr) => {{
        use $crate::geometry::{Largest, Plain, SumOfSizes, SumOfSquares};
        match $norm {
            $crate::Norm::L1 => {
                let $geometry = Plain::<SumOfSizes, 0>::new();
                $body
            }
            $crate::Norm::L2 => {
                let $geometry = Plain::<SumOfSquares, 0>::new();
                $body
            }
            $crate::Norm::LInf => {
                let $geometry = Plain::<Largest, 0>::new();
                $body
            }
        }
    }};
}

/// Runs an expression with the geometry of a norm on a torus.
macro_rules! with_periods {
    ($norm:expr, $periods:expr, |$geometry:ident| $body:expr) => {{
        use $crate::geometry::{Largest, Periodic, SumOfSizes, SumOfSquares};
        match $norm {
            $crate::Norm::L1 => {
                let $geometry = Periodic::<SumOfSizes>::new($periods);
                $body
            }
            $crate::Norm::L2 => {
                let $geometry = Periodic::<SumOfSquares>::new($periods);
                $body
            }
            $crate::Norm::LInf => {
                let $geometry = Periodic::<Largest>::new($periods);
                $body
            }
        }
    }};
}

/// Runs an expression with the geometry of a metric in `d` dimensions.
macro_rules! with_geometry {
    ($metric:expr, $d:expr, |$geometry:ident| $body:expr) => {{
        #[allow(unused_imports, reason = "the body may use its functions")]
        use $crate::geometry::Geometry as _;
        use $crate::geometry::{Blocks, Largest, Plain, SumOfSquares, with_norm, with_periods};
        match ($metric, $d) {
            ($crate::Metric::Norm($crate::Norm::L2), 2) => {
                let $geometry = Plain::<SumOfSquares, 2>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::L2), 3) => {
                let $geometry = Plain::<SumOfSquares, 3>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::L2), 4) => {
                let $geometry = Plain::<SumOfSquares, 4>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::LInf), 2) => {
                let $geometry = Plain::<Largest, 2>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::LInf), 3) => {
                let $geometry = Plain::<Largest, 3>::new();
                $body
            }
            ($crate::Metric::Norm(norm), _) => with_norm!(norm, |$geometry| $body),
            ($crate::Metric::Torus(norm, periods), _) => with_periods!(norm, periods, |$geometry| $body),
            ($crate::Metric::Blocks(norm, widths), _) => with_norm!(norm, |inner| {
                let $geometry = Blocks::new(widths, inner);
                $body
            }),
            ($crate::Metric::TorusBlocks(norm, widths, periods), _) => with_periods!(norm, periods, |inner| {
                let $geometry = Blocks::new(widths, inner);
                $body
            }),
        }
    }};
}

pub(crate) use {with_geometry, with_norm, with_periods};
