//! Surrogates of significance tests.

use knn_entropy::{PermutationTest, Surrogates};
use ndarray::Array2;
use numpy::{IntoPyArray, PyArray2};
use pyo3::{Bound, FromPyObject, PyResult, Python, pyfunction};

use crate::arrays::{Array, View};
use crate::settings::unknown;
use crate::threads::value_error;

/// The surrogates of a test: their number, their seed, and their kind with its setting.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Test {
    count: usize,
    seed: u64,
    kind: Option<(String, usize)>,
}

impl Test {
    /// Returns the test with the chosen kind of surrogates, if one was chosen.
    pub(crate) fn permutation(&self) -> PyResult<PermutationTest> {
        let test = PermutationTest::new(self.count, self.seed);
        let Some((kind, setting)) = &self.kind else { return Ok(test) };
        let surrogates = match kind.as_str() {
            "shuffle" => Surrogates::Shuffle,
            "rotate" => Surrogates::Rotate { min_shift: *setting },
            "blocks" => Surrogates::Blocks { length: *setting },
            "local" => Surrogates::Local { k: *setting },
            other => return Err(unknown("surrogates", other, "'shuffle', 'rotate', 'blocks' or 'local'")),
        };
        Ok(test.surrogates(surrogates))
    }
}

/// Returns the orders of rows that define the surrogates, `[count, n]`.
#[pyfunction]
pub(crate) fn surrogate_orders<'py>(
    py: Python<'py>,
    rows: usize,
    z: Option<Array<'py>>,
    test: Test,
) -> PyResult<Bound<'py, PyArray2<usize>>> {
    let kind = test.permutation()?;
    let orders = match z.as_ref().map(Array::view) {
        None => kind.orders(rows),
        Some(View::Double(z)) => kind.orders_given(z),
        Some(View::Single(z)) => kind.orders_given(z),
    };
    let orders = orders.map_err(value_error)?;
    let rows = z.as_ref().map_or(rows, |z| match z.view() {
        View::Double(z) => z.nrows(),
        View::Single(z) => z.nrows(),
    });
    let flat: Vec<usize> = (0..orders.count()).flat_map(|number| orders.order(number)).collect();
    Ok(Array2::from_shape_vec((orders.count(), rows), flat).expect("each order has all rows").into_pyarray(py))
}

/// Returns the p-value, the mean, the standard deviation and the z-score of a statistic and its
/// surrogates.
#[pyfunction]
pub(crate) fn significance(observed: f64, surrogates: Vec<f64>) -> PyResult<(f64, f64, f64, Option<f64>)> {
    let found = knn_entropy::Significance::new(observed, surrogates).map_err(value_error)?;
    Ok((found.p_value(), found.mean(), found.standard_deviation(), found.z_score()))
}

/// The autocorrelation time, its significance, a shift, a block length, the kind of surrogates that
/// suits the rows, with its setting, and the period of a season.
type Dependence = (f64, bool, usize, usize, (&'static str, usize), Option<usize>);

/// Measures the dependence of rows on earlier rows.
#[pyfunction]
pub(crate) fn autocorrelation(py: Python<'_>, series: Array<'_>) -> PyResult<Dependence> {
    let series = series.view();
    let found = py.detach(|| knn_entropy::autocorrelation(series)).map_err(value_error)?;
    let surrogates = match found.surrogates() {
        Surrogates::Rotate { min_shift } => ("rotate", min_shift),
        _ => ("shuffle", 0),
    };
    Ok((found.time(), found.is_significant(), found.min_shift(), found.block_length(), surrogates, found.period()))
}
