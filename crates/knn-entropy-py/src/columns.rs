//! Information of the columns of a table about a target, for the selection of features.

use knn_entropy::{Correction, Error, Ksg, MesnerShalizi, NeighborSearch, Result, Ross, correct, label_information};
use ndarray::Array2;
use numpy::PyReadonlyArray1;
use pyo3::{FromPyObject, PyResult, Python, pyfunction};
use rayon::prelude::*;

use crate::arrays::{Array, View};
use crate::threads::run;

/// A column or a target: numbered labels, or numbers `[n, 1]`.
#[derive(FromPyObject)]
pub(crate) enum Variable<'py> {
    /// Labels.
    Labels(PyReadonlyArray1<'py, i64>),
    /// Numbers.
    Numbers(Array<'py>),
}

/// A [`Variable`] without Python objects.
enum Plain<'a> {
    Labels(Vec<i64>),
    Numbers(View<'a>),
}

/// A variable that was prepared for an estimate. Numbers have a standard deviation of 1.
enum Prepared<'a> {
    Labels(&'a [i64]),
    Numbers(Array2<f64>),
    Constant,
}

impl Variable<'_> {
    fn plain(&self) -> Plain<'_> {
        match self {
            Self::Labels(labels) => Plain::Labels(labels.as_array().to_vec()),
            Self::Numbers(numbers) => Plain::Numbers(numbers.view()),
        }
    }
}

impl Plain<'_> {
    /// Standardizes numbers. `column` is the place of the variable, for errors.
    fn prepared(&self, column: usize) -> Result<Prepared<'_>> {
        match self {
            Self::Labels(labels) => Ok(Prepared::Labels(labels)),
            Self::Numbers(numbers) => match correct(*numbers, &[Correction::Standardize]) {
                Ok(corrected) => Ok(Prepared::Numbers(corrected.samples)),
                Err(Error::Singular { .. }) => Ok(Prepared::Constant),
                Err(Error::NotFinite { row, value, .. }) => Err(Error::NotFinite { row, column, value }),
                Err(error) => Err(error),
            },
        }
    }
}

/// Returns the information of each column about the target.
#[pyfunction]
pub(crate) fn columns_about(
    py: Python<'_>,
    columns: Vec<Variable<'_>>,
    target: Variable<'_>,
    k: usize,
    threads: usize,
) -> PyResult<Vec<f64>> {
    let columns: Vec<Plain<'_>> = columns.iter().map(Variable::plain).collect();
    let target = target.plain();
    run(py, threads, |search| {
        let target = target.prepared(0)?;
        let one = |(place, column): (usize, &Plain<'_>)| about(&column.prepared(place)?, &target, k, search);
        columns.par_iter().enumerate().map(one).collect()
    })
}

/// Chooses the estimator by the kinds of the variables.
fn about(x: &Prepared<'_>, y: &Prepared<'_>, k: usize, search: &dyn NeighborSearch) -> Result<f64> {
    match (x, y) {
        (Prepared::Constant, _) | (_, Prepared::Constant) => Ok(0.0),
        (Prepared::Labels(x), Prepared::Labels(y)) => label_information(x, y),
        (Prepared::Numbers(x), Prepared::Numbers(y)) => Ksg::new(k).search(search).mutual_information(x, y),
        (Prepared::Labels(labels), Prepared::Numbers(x)) | (Prepared::Numbers(x), Prepared::Labels(labels)) => {
            match Ross::new(k).search(search).mutual_information(x, labels) {
                // Rounded numbers repeat within a label.
                Err(Error::Duplicates { .. }) => {
                    let codes = apart(x, labels);
                    MesnerShalizi::new(k).search(search).mutual_information(x, &codes)
                }
                other => other,
            }
        }
    }
}

/// Encodes labels as numbers that are farther apart than any two numbers of `x`.
fn apart(x: &Array2<f64>, labels: &[i64]) -> Vec<f64> {
    let (low, high) = x.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
    labels.iter().map(|&label| label as f64 * 2.0 * (high - low)).collect()
}
