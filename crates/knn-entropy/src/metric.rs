use crate::geometry::with_geometry;
use crate::{Error, Norm, Result, Samples};

/// How the distance of two points is made of their coordinates.
///
/// ```
/// use knn_entropy::{Metric, Norm};
///
/// let (a, b) = ([0.1, 0.0, 0.9], [0.2, 2.0, 0.1]);
/// assert_eq!(Metric::from(Norm::LInf).distance(&a, &b), 2.0);
/// // The plane of the first two coordinates, and the third by itself; the larger of both distances.
/// assert_eq!(Metric::Blocks(Norm::L1, &[2, 1]).distance(&a, &b), 2.1);
/// // Each coordinate on a circle: from 0.9 on to 1, which is 0, and to 0.1.
/// let torus = Metric::Torus(Norm::LInf, &[1.0, 2.0, 1.0]).distance(&a, &b);
/// assert!((torus - 0.2).abs() < 1e-15);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Metric<'a> {
    /// The norm of the difference.
    Norm(Norm),
    /// The coordinates fall into consecutive blocks of these widths; the largest of the blocks' distances, each by the
    /// norm. In `LInf` the same as without blocks.
    Blocks(Norm, &'a [usize]),
    /// Coordinates are periodic, with these periods, one for each: of the two ways round the shorter one counts.
    Torus(Norm, &'a [f64]),
}

impl From<Norm> for Metric<'_> {
    fn from(norm: Norm) -> Self {
        Self::Norm(norm)
    }
}

impl Metric<'_> {
    /// The norm it is made of.
    pub fn norm(&self) -> Norm {
        match *self {
            Self::Norm(norm) | Self::Blocks(norm, _) | Self::Torus(norm, _) => norm,
        }
    }

    /// The periods of the coordinates, if there are any.
    pub(crate) fn periods(&self) -> Option<&[f64]> {
        match self {
            Self::Torus(_, periods) => Some(periods),
            _ => None,
        }
    }

    /// The distance of two points, to rounding for every scale. Infinite if it is larger than the largest number.
    ///
    /// # Panics
    ///
    /// If the points have different dimensions, or others than the blocks or periods.
    pub fn distance(&self, a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len(), "points of different dimensions");
        match *self {
            Self::Norm(norm) => norm.distance(a, b),
            Self::Blocks(norm, widths) => {
                let blocks = blocks(widths).map(|(start, end)| norm.distance(&a[start..end], &b[start..end]));
                blocks.fold(0.0, f64::max)
            }
            Self::Torus(norm, periods) => {
                let key = with_geometry!(*self, a.len(), |geometry| geometry.key(a, b));
                match norm {
                    _ if !norm.is_safe(key) => {
                        let around: Vec<f64> = (0..a.len()).map(|c| wrapped(a[c], b[c], periods[c]).abs()).collect();
                        norm.scaled_length(&around, 1.0)
                    }
                    Norm::L2 => key.sqrt(),
                    Norm::L1 | Norm::LInf => key,
                }
            }
        }
    }

    /// The signed difference of two coordinates, the shorter way round.
    pub(crate) fn difference(&self, coordinate: usize, a: f64, b: f64) -> f64 {
        match self {
            Self::Torus(_, periods) => wrapped(a, b, periods[coordinate]),
            _ => a - b,
        }
    }

    /// Whether points of `d` coordinates can be measured.
    pub(crate) fn check(&self, d: usize) -> Result<()> {
        match *self {
            Self::Norm(_) => Ok(()),
            Self::Blocks(_, widths) => {
                let total = widths.iter().try_fold(0_usize, |sum, &width| sum.checked_add(width));
                if total == Some(d) && !widths.contains(&0) {
                    Ok(())
                } else {
                    Err(Error::Blocks { widths: widths.to_vec(), dimension: d })
                }
            }
            Self::Torus(_, periods) => {
                if periods.len() != d {
                    return Err(Error::Periods { periods: periods.len(), dimension: d });
                }
                match periods.iter().position(|&period| !(period.is_normal() && period > 0.0)) {
                    Some(column) => Err(Error::Period { column, period: periods[column] }),
                    None => Ok(()),
                }
            }
        }
    }

    /// The points as they are searched: on a torus, moved by whole periods to between 0 and the period.
    pub(crate) fn normalised<'s>(&self, samples: &'s Samples<'_>) -> Samples<'s> {
        match self {
            Self::Torus(_, periods) => samples.map(|column, x| {
                let around = x.rem_euclid(periods[column]);
                // Just below a multiple of the period the remainder is rounded to the period itself.
                if around < periods[column] { around } else { 0.0 }
            }),
            _ => samples.reborrow(),
        }
    }
}

/// The ranges of coordinates of consecutive blocks.
pub(crate) fn blocks(widths: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    widths.iter().scan(0, |end, width| {
        let start = *end;
        *end += width;
        Some((start, *end))
    })
}

/// `a - b` the shorter way round, for coordinates from 0 to the period.
pub(crate) fn wrapped(a: f64, b: f64, period: f64) -> f64 {
    let u = a - b;
    let other = period - u.abs();
    if other < u.abs() { -other * u.signum() } else { u }
}
