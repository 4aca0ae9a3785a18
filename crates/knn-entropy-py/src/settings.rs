//! Settings that the estimators share, as Python passes them.

use knn_entropy::{ClosePoints, Norm};
use pyo3::exceptions::PyValueError;
use pyo3::{FromPyObject, PyErr, PyResult};

/// The dictionary of settings that each function takes.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Settings {
    pub(crate) k: usize,
    norm: String,
    pub(crate) window: usize,
    pub(crate) periods: Option<Vec<f64>>,
    floor: Option<f64>,
    softening: Option<f64>,
    pub(crate) threads: usize,
}

impl Settings {
    /// Returns the norm with this name.
    pub(crate) fn norm(&self) -> PyResult<Norm> {
        match self.norm.as_str() {
            "l1" => Ok(Norm::L1),
            "l2" => Ok(Norm::L2),
            "linf" => Ok(Norm::LInf),
            other => Err(unknown("norm", other, "'l1', 'l2' or 'linf'")),
        }
    }

    /// Returns the rule for points that coincide or nearly coincide.
    pub(crate) fn close_points(&self) -> PyResult<ClosePoints> {
        match (self.floor, self.softening) {
            (None, None) => Ok(ClosePoints::Error),
            (Some(floor), None) => Ok(ClosePoints::Floor(floor)),
            (None, Some(softening)) => Ok(ClosePoints::Soft(softening)),
            (Some(_), Some(_)) => {
                Err(PyValueError::new_err("floor and softening exclude each other; give one of them"))
            }
        }
    }

    /// Returns the periods, which are empty if no coordinate is periodic.
    pub(crate) fn periods(&self) -> &[f64] {
        self.periods.as_deref().unwrap_or(&[])
    }
}

/// Returns the error for an unknown name.
pub(crate) fn unknown(setting: &str, value: &str, known: &str) -> PyErr {
    PyValueError::new_err(format!("{setting} is '{value}'; use {known}"))
}
