use crate::{Error, Result};

/// What becomes of points that coincide with a neighbor, or nearly so.
///
/// The entropy of a distribution with atoms is minus infinity, and that is what duplicates say. The
/// bounds below are of the gradient of the estimate with respect to one point, with the k-th
/// neighbor: `m` is the number of points that have it as theirs; in L2 they bound its length, in
/// the other norms each coordinate.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum ClosePoints {
    /// Coinciding points are an error. No bound: a gradient is as large as the nearest points are
    /// near.
    #[default]
    Error,
    /// Distances below this one, a finite number above 0, count as this one, and have no gradient.
    /// Bound: `(1 + m) d / (n floor)`.
    Floor(f64),
    /// `ln(r + softening)` in place of `ln r`, with a finite number above 0. Points never stop to
    /// repel each other, unless they coincide; the estimate is higher by less than `d softening
    /// / r` on average. Bound: `(1 + m) d / (n softening)`.
    Soft(f64),
}

impl ClosePoints {
    pub(crate) fn check(self) -> Result<()> {
        match self {
            Self::Floor(length) | Self::Soft(length) if !(length.is_finite() && length > 0.0) => {
                Err(Error::InvalidFloor(length))
            }
            _ => Ok(()),
        }
    }

    /// The distance that counts.
    pub(crate) fn radius(self, r: f64) -> f64 {
        match self {
            Self::Error => r,
            Self::Floor(floor) => r.max(floor),
            Self::Soft(softening) => r + softening,
        }
    }

    /// The derivative of the distance that counts with respect to the distance.
    pub(crate) fn slope(self, r: f64) -> f64 {
        match self {
            Self::Floor(floor) if r < floor => 0.0,
            // Coinciding points have no direction to part in.
            Self::Soft(_) if r == 0.0 => 0.0,
            _ => 1.0,
        }
    }
}
