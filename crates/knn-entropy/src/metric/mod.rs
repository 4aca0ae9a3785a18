//! Metrics: distances of points, computed from their coordinates.

mod dispatch;
mod norm;

use crate::geometry::{Geometry, Largest, Periodic, SumOfSizes, SumOfSquares, blocks};
use crate::{Error, Result, Samples};

pub(crate) use dispatch::{with_geometry, with_norm, with_periods};
pub use norm::Norm;

/// Distance between two points.
///
/// ```
/// use knn_entropy::{Metric, Norm};
///
/// let (a, b) = ([0.1, 0.0, 0.9], [0.2, 2.0, 0.1]);
/// assert_eq!(Metric::from(Norm::LInf).distance(&a, &b), 2.0);
/// // The larger of two distances: in the plane of the first two coordinates, and along the third.
/// assert_eq!(Metric::Blocks(Norm::L1, &[2, 1]).distance(&a, &b), 2.1);
/// // Each coordinate lies on a circle. From 0.9 to 0.1, the shorter way crosses 1, which equals 0.
/// let torus = Metric::Torus(Norm::LInf, &[1.0, 2.0, 1.0]).distance(&a, &b);
/// assert!((torus - 0.2).abs() < 1e-15);
/// // The first block is an angle in turns and a position, and the second is another angle.
/// let mixed = Metric::TorusBlocks(Norm::L1, &[2, 1], &[1.0, f64::INFINITY, 1.0]).distance(&a, &b);
/// assert_eq!(mixed, 2.1);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Metric<'a> {
    /// The norm of the difference.
    Norm(Norm),
    /// The largest of the distances in consecutive blocks of coordinates of these widths, each by
    /// the norm. In `LInf` this equals the distance without blocks.
    Blocks(Norm, &'a [usize]),
    /// The norm of the difference on a torus: each coordinate is periodic, with one period per
    /// coordinate, and the shorter way around counts. A coordinate with an infinite period is not
    /// periodic.
    Torus(Norm, &'a [f64]),
    /// The largest of the distances in blocks of these widths, each on a torus with these periods.
    TorusBlocks(Norm, &'a [usize], &'a [f64]),
}

impl From<Norm> for Metric<'_> {
    fn from(norm: Norm) -> Self {
        Self::Norm(norm)
    }
}

impl Metric<'_> {
    /// Returns the norm of the metric.
    pub fn norm(&self) -> Norm {
        match *self {
            Self::Norm(norm) | Self::Blocks(norm, _) | Self::Torus(norm, _) | Self::TorusBlocks(norm, ..) => norm,
        }
    }

    /// Returns the periods of the coordinates, or `None` if the metric is not periodic.
    pub(crate) fn periods(&self) -> Option<&[f64]> {
        match self {
            Self::Torus(_, periods) | Self::TorusBlocks(_, _, periods) => Some(periods),
            _ => None,
        }
    }

    /// Returns true if coordinates have periods.
    pub(crate) fn is_periodic(&self) -> bool {
        matches!(self, Self::Torus(..) | Self::TorusBlocks(..))
    }

    /// Returns the distance of two points, accurate to rounding at every scale. The distance is
    /// infinite if it exceeds the largest finite number, and NaN if the difference of two
    /// coordinates is NaN. Periodic coordinates must lie between 0 and their periods, where
    /// searches move them.
    ///
    /// # Panics
    ///
    /// If the points have different dimensions, or if the blocks or periods do not match the
    /// dimension.
    pub fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len(), "the points have different dimensions");
        if norm::differs_by_nan(a, b) {
            return f64::NAN;
        }
        match *self {
            Self::Norm(norm) => norm.distance(a, b),
            Self::Blocks(norm, widths) => {
                let blocks = blocks(widths).map(|(start, end)| norm.distance(&a[start..end], &b[start..end]));
                blocks.fold(0.0, f64::max)
            }
            Self::Torus(norm, periods) => {
                let key = match norm {
                    Norm::L1 => Periodic::<SumOfSizes>::new(periods).key(a, b),
                    Norm::L2 => Periodic::<SumOfSquares>::new(periods).key(a, b),
                    Norm::LInf => Periodic::<Largest>::new(periods).key(a, b),
                };
                match norm {
                    _ if !norm.is_safe(key) => {
                        let around: Vec<f64> = (0..a.len()).map(|c| wrapped(a[c], b[c], periods[c]).abs()).collect();
                        norm.scaled_length(&around, 1.0)
                    }
                    Norm::L2 => key.sqrt(),
                    Norm::L1 | Norm::LInf => key,
                }
            }
            Self::TorusBlocks(_, widths, periods) => {
                assert_eq!(a.len(), periods.len(), "the number of periods differs from the dimension");
                let block = |(start, end)| self.part(start, end).distance(&a[start..end], &b[start..end]);
                blocks(widths).map(block).fold(0.0, f64::max)
            }
        }
    }

    /// Returns the signed difference of two coordinates, by the shorter way around.
    pub(crate) fn difference(&self, coordinate: usize, a: f64, b: f64) -> f64 {
        match self {
            Self::Torus(_, periods) | Self::TorusBlocks(_, _, periods) => wrapped(a, b, periods[coordinate]),
            Self::Norm(_) | Self::Blocks(..) => a - b,
        }
    }

    /// Returns the metric of one block, the coordinates from `start` to `end`.
    pub(crate) fn part(&self, start: usize, end: usize) -> Self {
        match *self {
            Self::Norm(norm) | Self::Blocks(norm, _) => Self::Norm(norm),
            Self::Torus(norm, periods) | Self::TorusBlocks(norm, _, periods) => Self::Torus(norm, &periods[start..end]),
        }
    }

    /// Checks that the metric applies to points of `d` coordinates.
    pub(crate) fn check(&self, d: usize) -> Result<()> {
        match *self {
            Self::Norm(_) => Ok(()),
            Self::Blocks(_, widths) => check_widths(widths, d),
            Self::Torus(_, periods) => check_periods(periods, d),
            Self::TorusBlocks(_, widths, periods) => {
                check_widths(widths, d)?;
                check_periods(periods, d)
            }
        }
    }

    /// Returns the points as they are searched: on a torus, moved by multiples of the periods to
    /// between 0 and the period.
    pub(crate) fn normalized<'s>(&self, samples: &'s Samples<'_>) -> Samples<'s> {
        if self.is_periodic() { samples.map(|column, x| self.moved(column, x)) } else { samples.reborrow() }
    }

    /// Returns a coordinate as it is searched.
    #[inline(always)]
    pub(crate) fn moved(&self, column: usize, x: f64) -> f64 {
        match self {
            Self::Torus(_, periods) | Self::TorusBlocks(_, _, periods) => moved(x, periods[column]),
            Self::Norm(_) | Self::Blocks(..) => x,
        }
    }
}

/// Moves a coordinate by a multiple of the period to between 0 and the period.
fn moved(x: f64, period: f64) -> f64 {
    if period.is_infinite() || (x >= 0.0 && x < period) {
        return x;
    }
    let around = x.rem_euclid(period);
    // Just below a multiple of the period, the remainder is rounded to the period itself.
    if around < period { around } else { 0.0 }
}

fn check_widths(widths: &[usize], d: usize) -> Result<()> {
    let total = widths.iter().try_fold(0_usize, |sum, &width| sum.checked_add(width));
    if total == Some(d) && !widths.contains(&0) {
        Ok(())
    } else {
        Err(Error::BlockMismatch { widths: widths.to_vec(), dimension: d })
    }
}

fn check_periods(periods: &[f64], d: usize) -> Result<()> {
    if periods.len() != d {
        return Err(Error::PeriodMismatch { periods: periods.len(), dimension: d });
    }
    let fits = |period: f64| period > 0.0 && (period.is_normal() || period.is_infinite());
    match periods.iter().position(|&period| !fits(period)) {
        Some(column) => Err(Error::InvalidPeriod { column, period: periods[column] }),
        None => Ok(()),
    }
}

/// Returns `a - b` by the shorter way around, for coordinates between 0 and the period, which may
/// be infinite.
pub(crate) fn wrapped(a: f64, b: f64, period: f64) -> f64 {
    let u = a - b;
    let other = period - u.abs();
    if other < u.abs() { -other * u.signum() } else { u }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn coordinate() -> impl Strategy<Value = f64> {
        prop_oneof![-3.0..3.0, -1e-200..1e-200, -1.7e308..1.7e308, Just(0.0), Just(-0.0), Just(5e-324)]
    }

    proptest! {
        #[test]
        fn torus_with_infinite_periods_is_flat(
            a in prop::collection::vec(coordinate(), 11),
            b in prop::collection::vec(coordinate(), 11),
            d in 1..12_usize,
        ) {
            let (a, b, periods, widths) = (&a[..d], &b[..d], &vec![f64::INFINITY; d][..], &[1, d - 1][..]);
            for norm in [Norm::L1, Norm::L2, Norm::LInf] {
                let torus = Metric::Torus(norm, periods);
                prop_assert_eq!(torus.distance(a, b).to_bits(), norm.distance(a, b).to_bits());
                let (blocks, torus) = (Metric::Blocks(norm, widths), Metric::TorusBlocks(norm, widths, periods));
                prop_assert_eq!(torus.distance(a, b).to_bits(), blocks.distance(a, b).to_bits());
                prop_assert_eq!(torus.difference(0, a[0], b[0]).to_bits(), (a[0] - b[0]).to_bits());
                let points = Samples::new(ndarray::ArrayView2::from_shape((1, d), a).unwrap()).unwrap();
                let moved = torus.normalized(&points);
                prop_assert_eq!(moved.coordinates(), a);
            }
        }
    }

    #[test]
    fn nan_is_not_hidden() {
        let (widths, periods) = ([1, 1], [1.0, 1.0]);
        for norm in [Norm::L1, Norm::L2, Norm::LInf] {
            for metric in [
                Metric::Norm(norm),
                Metric::Blocks(norm, &widths),
                Metric::Torus(norm, &periods),
                Metric::TorusBlocks(norm, &widths, &periods),
            ] {
                for (a, b) in [([f64::NAN, 0.5], [0.2, 0.5]), ([0.1, f64::INFINITY], [0.3, f64::INFINITY])] {
                    assert!(metric.distance(&a, &b).is_nan() && norm.distance(&b, &a).is_nan(), "{metric:?}");
                }
            }
        }
    }

    #[test]
    fn each_block_is_a_torus() {
        let periods = [1.0, f64::INFINITY, 2.0];
        let (a, b) = ([0.1, 5.0, 0.2], [0.9, 5.5, 1.9]);
        // The first coordinates are 0.2 apart around the circle, the last 0.3.
        for (norm, expected) in [(Norm::L1, 0.7), (Norm::L2, 0.29_f64.sqrt()), (Norm::LInf, 0.5)] {
            let metric = Metric::TorusBlocks(norm, &[2, 1], &periods);
            approx::assert_relative_eq!(metric.distance(&a, &b), expected, max_relative = 1e-14);
            approx::assert_relative_eq!(metric.part(2, 3).distance(&a[2..], &b[2..]), 0.3, max_relative = 1e-14);
        }
        let metric = Metric::TorusBlocks(Norm::L2, &[2, 1], &periods);
        approx::assert_relative_eq!(metric.difference(0, 0.1, 0.9), 0.2, max_relative = 1e-14);
        approx::assert_relative_eq!(metric.difference(2, 0.2, 1.9), 0.3, max_relative = 1e-14);
    }
}
