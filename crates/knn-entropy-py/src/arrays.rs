//! NumPy arrays as samples.

use knn_entropy::{Result, Samples, ToSamples};
use ndarray::ArrayView2;
use numpy::PyReadonlyArray2;
use pyo3::FromPyObject;

/// A NumPy array `[n, d]` in single or double precision, with any strides.
#[derive(FromPyObject)]
pub(crate) enum Array<'py> {
    /// Double precision.
    Double(PyReadonlyArray2<'py, f64>),
    /// Single precision.
    Single(PyReadonlyArray2<'py, f32>),
}

/// A view of an [`Array`], which threads without Python's global lock can read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View<'a> {
    /// Double precision.
    Double(ArrayView2<'a, f64>),
    /// Single precision.
    Single(ArrayView2<'a, f32>),
}

impl Array<'_> {
    /// Returns a view of the array's memory.
    pub(crate) fn view(&self) -> View<'_> {
        match self {
            Self::Double(array) => View::Double(array.as_array()),
            Self::Single(array) => View::Single(array.as_array()),
        }
    }
}

impl ToSamples for View<'_> {
    fn to_samples(&self) -> Result<Samples<'_>> {
        match *self {
            Self::Double(view) => Samples::new(view),
            Self::Single(view) => Samples::new(view),
        }
    }
}
