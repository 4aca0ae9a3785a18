use knn_entropy::Samples;
use ndarray::ArrayView2;
use thiserror::Error;

use crate::Float;

/// An error in the samples or the settings of a metric. No input makes a metric panic or return
/// NaN.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum MetricError {
    /// A set is empty or has a coordinate that is not finite. The problem names the row and column.
    #[error("{set}: {problem}")]
    Samples {
        /// The name of the set.
        set: &'static str,
        /// The problem.
        problem: knn_entropy::Error,
    },
    /// The sets have different dimensions.
    #[error("dimension mismatch: the sets have {one} and {other} columns")]
    Dimensions {
        /// The dimension of one set.
        one: usize,
        /// The dimension of the other set.
        other: usize,
    },
    /// A set has too few samples for the metric.
    #[error("{set}: there {}, but at least {needed} are needed", if *.n == 1 { "is 1 sample".to_owned() } else { format!("are {n} samples") })]
    TooFew {
        /// The name of the set.
        set: &'static str,
        /// The number of samples.
        n: usize,
        /// The required number of samples.
        needed: usize,
    },
    /// A setting is too small.
    #[error("{setting} is {value}; it must be at least {least}")]
    Setting {
        /// The name of the setting.
        setting: &'static str,
        /// Its value.
        value: usize,
        /// The smallest valid value.
        least: usize,
    },
    /// All samples are equal.
    #[error("{set}: all samples are equal, so there is no direction of variation")]
    Constant {
        /// The name of the set.
        set: &'static str,
    },
    /// The squares or cubes of the values overflow.
    #[error("{what} is so large that its powers overflow; scale the samples down")]
    OutOfRange {
        /// The quantity.
        what: &'static str,
    },
    /// The iteration for eigenvalues did not converge.
    #[error("the eigenvalues of a covariance could not be computed")]
    Eigenvalues,
    /// The entropy or the neighbors of the samples cannot be computed.
    #[error(transparent)]
    Neighbors(#[from] knn_entropy::Error),
}

/// Returns the rows of a set in double precision, after checking that there are at least `needed`
/// rows and that all values are finite.
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

/// Checks the two sets of a comparison, `real` and `fake`.
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

/// Checks that no value is larger than `largest`.
pub(super) fn within(what: &'static str, numbers: &[f64], largest: f64) -> Result<(), MetricError> {
    if numbers.iter().all(|x| x.abs() <= largest) { Ok(()) } else { Err(MetricError::OutOfRange { what }) }
}

/// Returns a computed value, unless it overflowed.
pub(super) fn finite(what: &'static str, value: f64) -> Result<f64, MetricError> {
    if value.is_finite() { Ok(value) } else { Err(MetricError::OutOfRange { what }) }
}
