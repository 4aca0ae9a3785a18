use crate::{Error, Result};

/// The rule for points that coincide or nearly coincide with a neighbor.
///
/// The entropy of a distribution with atoms is minus infinity, and duplicates indicate atoms.
///
/// Each rule bounds the gradient of the estimate with respect to one point. In L2 it bounds the
/// length of the gradient, and in the other norms each coordinate. `m` is the number of points that
/// have this point as their k-th neighbor.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum ClosePoints {
    /// Coinciding points are an error. There is no bound: the gradient grows without limit as
    /// points approach each other.
    #[default]
    Error,
    /// Smaller distances are replaced by this one, a finite number above 0, and have no gradient.
    /// Bound: `(1 + m) d / (n floor)`.
    Floor(f64),
    /// `ln r` is replaced by `ln(r + softening)`, with a finite number above 0. All points repel
    /// each other unless they coincide. The estimate increases by less than `d softening / r` on
    /// average. Bound: `(1 + m) d / (n softening)`.
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

    /// Returns the radius to use for a distance `r`.
    pub(crate) fn radius(self, r: f64) -> f64 {
        match self {
            Self::Error => r,
            Self::Floor(floor) => r.max(floor),
            Self::Soft(softening) => r + softening,
        }
    }

    /// Returns the derivative of [`radius`](Self::radius) with respect to the distance.
    pub(crate) fn slope(self, r: f64) -> f64 {
        match self {
            Self::Floor(floor) if r < floor => 0.0,
            // Coinciding points have no direction in which to move apart.
            Self::Soft(_) if r == 0.0 => 0.0,
            _ => 1.0,
        }
    }
}
