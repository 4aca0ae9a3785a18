//! Results as Python objects.

use knn_entropy::{Estimate, Significance};
use numpy::{PyArray1, ToPyArray};
use pyo3::{Bound, Python};

/// The value, its standard error, the local values, the coefficient of correlation and the texts of
/// the warnings.
pub(crate) type Estimated<'py> = (f64, f64, Bound<'py, PyArray1<f64>>, f64, Vec<String>);

/// Returns the parts of an estimate.
pub(crate) fn estimated(py: Python<'_>, estimate: Estimate) -> Estimated<'_> {
    let warnings = estimate.warnings().iter().map(ToString::to_string).collect();
    (estimate.value(), estimate.standard_error(), estimate.local().to_pyarray(py), estimate.correlation(), warnings)
}

/// The observed statistic and the statistics of the surrogates.
pub(crate) type Tested<'py> = (f64, Bound<'py, PyArray1<f64>>);

/// Returns the parts of a significance.
pub(crate) fn tested<'py>(py: Python<'py>, found: &Significance) -> Tested<'py> {
    (found.observed(), found.surrogates().to_pyarray(py))
}
