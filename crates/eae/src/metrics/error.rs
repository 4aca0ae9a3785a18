use knn_entropy::Samples;
use ndarray::ArrayView2;
use thiserror::Error;

use crate::Float;

/// What can be wrong with samples or settings of a metric. No input makes a metric panic or return
/// NaN.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum MetricError {
    /// A set is empty, or has a coordinate that is not finite: the problem says which, with its
    /// row.
    #[error("{set}: {problem}")]
    Samples {
        /// Which set it is.
        set: &'static str,
        /// What is wrong with it.
        problem: knn_entropy::Error,
    },
    /// Sets of different dimensions.
    #[error("samples of {one} and of {other} dimensions cannot be compared")]
    Dimensions {
        /// The dimension of the one.
        one: usize,
        /// That of the other.
        other: usize,
    },
    /// Fewer samples than the metric is made of.
    #[error("{set}: {n} samples, where {needed} are needed")]
    TooFew {
        /// Which set it is.
        set: &'static str,
        /// How many there are.
        n: usize,
        /// How many there must be.
        needed: usize,
    },
    /// A setting that is too small to mean anything.
    #[error("{setting} is {value}; it must be at least {least}")]
    Setting {
        /// Which setting it is.
        setting: &'static str,
        /// Its value.
        value: usize,
        /// The smallest that has a meaning.
        least: usize,
    },
    /// Samples that do not spread at all.
    #[error("{set}: all samples are equal; there is no direction that they vary in")]
    Constant {
        /// Which set it is.
        set: &'static str,
    },
    /// Numbers whose squares or cubes no number can hold.
    #[error("{what} is too large for its powers to be numbers; scale the samples down")]
    OutOfRange {
        /// What it is.
        what: &'static str,
    },
    /// The iteration for eigenvalues did not converge.
    #[error("the eigenvalues of a covariance were not found")]
    Eigenvalues,
    /// The entropy or the neighbours of samples cannot be found.
    #[error(transparent)]
    Neighbors(#[from] knn_entropy::Error),
}

/// The rows of a set in double precision, checked: at least `needed` of them, all finite.
pub(super) fn checked<'a, F: Float>(
    set: &'static str,
    rows: ArrayView2<'a, F>,
    needed: usize,
) -> Result<Samples<'a>, MetricError> {
    let samples = Samples::new(rows).map_err(|problem| MetricError::Samples { set, problem })?;
    match samples.len() {
        n if n < needed => Err(MetricError::TooFew { set, n, needed }),
        _ => Ok(samples),
    }
}

/// Two sets that are compared: `real` and `fake`.
pub(super) fn checked_pair<'a, F: Float>(
    real: ArrayView2<'a, F>,
    fake: ArrayView2<'a, F>,
    needed: usize,
) -> Result<(Samples<'a>, Samples<'a>), MetricError> {
    let (real, fake) = (checked("real", real, needed)?, checked("fake", fake, needed)?);
    same_dimension(&real, &fake)?;
    Ok((real, fake))
}

pub(super) fn same_dimension(one: &Samples<'_>, other: &Samples<'_>) -> Result<(), MetricError> {
    let (one, other) = (one.dimension(), other.dimension());
    if one == other { Ok(()) } else { Err(MetricError::Dimensions { one, other }) }
}

pub(super) fn at_least(setting: &'static str, value: usize, least: usize) -> Result<(), MetricError> {
    if value < least { Err(MetricError::Setting { setting, value, least }) } else { Ok(()) }
}

/// That no number is larger than this.
pub(super) fn within(what: &'static str, numbers: &[f64], largest: f64) -> Result<(), MetricError> {
    if numbers.iter().all(|x| x.abs() <= largest) { Ok(()) } else { Err(MetricError::OutOfRange { what }) }
}

/// What was computed, unless it overflowed.
pub(super) fn finite(what: &'static str, value: f64) -> Result<f64, MetricError> {
    if value.is_finite() { Ok(value) } else { Err(MetricError::OutOfRange { what }) }
}
