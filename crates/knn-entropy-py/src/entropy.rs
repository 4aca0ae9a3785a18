//! Estimators of entropy.

use knn_entropy::{Correction, KozachenkoLeonenko, LombardiPant, NeighborSearch, Renyi, Truncated, Weighting};
use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::{Bound, PyAny, PyResult, Python, pyfunction};

use crate::arrays::{Array, View};
use crate::results::{Estimated, estimated};
use crate::settings::{Settings, unknown};
use crate::threads::{run, value_error};

/// An entropy and its gradient, in the precision of the samples.
type WithGradient<'py> = (f64, Bound<'py, PyAny>);

/// Applies the settings of an estimator with a norm, periods and a rule for close points.
macro_rules! applied {
    ($estimator:expr, $settings:ident) => {{
        let estimator = $estimator.norm($settings.norm()?).close_points($settings.close_points()?);
        estimator.window($settings.window).periods($settings.periods())
    }};
}

fn weighting(name: &str, bound: f64) -> PyResult<Weighting> {
    match name {
        "kth" => Ok(Weighting::Kth),
        "mean" => Ok(Weighting::Mean),
        "efficient" => Ok(Weighting::Efficient { bound }),
        other => Err(unknown("weights", other, "'kth', 'mean' or 'efficient'")),
    }
}

#[pyfunction]
pub(crate) fn entropy<'py>(
    py: Python<'py>,
    x: Array<'py>,
    settings: Settings,
    weights: &str,
    bound: f64,
) -> PyResult<Estimated<'py>> {
    let estimator = applied!(KozachenkoLeonenko::new(settings.k), settings).weighting(weighting(weights, bound)?);
    let x = x.view();
    Ok(estimated(py, run(py, settings.threads, |search| estimator.search(search).estimate(x))?))
}

#[pyfunction]
pub(crate) fn entropies<'py>(
    py: Python<'py>,
    x: Array<'py>,
    settings: Settings,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let estimator = applied!(KozachenkoLeonenko::new(settings.k), settings);
    let x = x.view();
    Ok(run(py, settings.threads, |search| estimator.search(search).entropies(x))?.into_pyarray(py))
}

#[pyfunction]
pub(crate) fn entropy_and_gradient<'py>(
    py: Python<'py>,
    x: Array<'py>,
    bank: Option<Array<'py>>,
    settings: Settings,
    weights: &str,
    bound: f64,
) -> PyResult<WithGradient<'py>> {
    let estimator = applied!(KozachenkoLeonenko::new(settings.k), settings).weighting(weighting(weights, bound)?);
    macro_rules! in_precision {
        ($x:ident, $bank:expr) => {{
            let (entropy, gradient) = run(py, settings.threads, |search| match $bank {
                Some(bank) => estimator.search(search).entropy_and_gradient_with_bank($x, bank),
                None => estimator.search(search).entropy_and_gradient($x),
            })?;
            Ok((entropy, gradient.into_pyarray(py).into_any()))
        }};
    }
    match (x.view(), bank.as_ref().map(Array::view)) {
        (View::Double(x), Some(View::Double(bank))) => in_precision!(x, Some(bank)),
        (View::Single(x), Some(View::Single(bank))) => in_precision!(x, Some(bank)),
        (View::Double(x), None) => in_precision!(x, None),
        (View::Single(x), None) => in_precision!(x, None),
        _ => {
            Err(pyo3::exceptions::PyTypeError::new_err("x and the bank have different precisions; convert one of them"))
        }
    }
}

/// Returns the estimator for the box, or for the unit cube if there are no limits.
fn box_estimator<'s>(k: usize, limits: &'s Option<(Vec<f64>, Vec<f64>)>) -> Truncated<'s> {
    match limits {
        Some((low, high)) => Truncated::new(k, low, high),
        None => Truncated::unit_cube(k),
    }
}

#[pyfunction]
pub(crate) fn truncated_entropy<'py>(
    py: Python<'py>,
    x: Array<'py>,
    limits: Option<(Vec<f64>, Vec<f64>)>,
    settings: Settings,
) -> PyResult<Estimated<'py>> {
    let estimator = box_estimator(settings.k, &limits).close_points(settings.close_points()?).window(settings.window);
    let x = x.view();
    Ok(estimated(py, run(py, settings.threads, |search| estimator.search(search).estimate(x))?))
}

#[pyfunction]
pub(crate) fn truncated_entropy_and_gradient<'py>(
    py: Python<'py>,
    x: Array<'py>,
    limits: Option<(Vec<f64>, Vec<f64>)>,
    settings: Settings,
) -> PyResult<WithGradient<'py>> {
    let estimator = box_estimator(settings.k, &limits).close_points(settings.close_points()?).window(settings.window);
    macro_rules! in_precision {
        ($x:ident) => {{
            let work = |search: &dyn NeighborSearch| estimator.search(search).entropy_and_gradient($x);
            let (entropy, gradient) = run(py, settings.threads, work)?;
            Ok((entropy, gradient.into_pyarray(py).into_any()))
        }};
    }
    match x.view() {
        View::Double(x) => in_precision!(x),
        View::Single(x) => in_precision!(x),
    }
}

#[pyfunction]
pub(crate) fn lombardi_pant_entropy<'py>(
    py: Python<'py>,
    x: Array<'py>,
    p: usize,
    settings: Settings,
) -> PyResult<Estimated<'py>> {
    let estimator = LombardiPant::new(settings.k, p).window(settings.window);
    let x = x.view();
    Ok(estimated(py, run(py, settings.threads, |search| estimator.search(search).estimate(x))?))
}

#[pyfunction]
pub(crate) fn renyi_entropy(
    py: Python<'_>,
    x: Array<'_>,
    order: f64,
    settings: Settings,
    tsallis: bool,
) -> PyResult<f64> {
    let estimator = applied!(Renyi::new(order, settings.k), settings);
    let x = x.view();
    run(py, settings.threads, |search| {
        let estimator = estimator.search(search);
        if tsallis { estimator.tsallis_entropy(x) } else { estimator.entropy(x) }
    })
}

/// Applies corrections, given as names with the k of `ranks`.
#[pyfunction]
pub(crate) fn correct<'py>(
    py: Python<'py>,
    x: Array<'py>,
    layers: Vec<(String, usize)>,
    threads: usize,
) -> PyResult<(Bound<'py, PyArray2<f64>>, Vec<f64>)> {
    let layer = |(name, k): &(String, usize)| match name.as_str() {
        "standardize" => Ok(Correction::Standardize),
        "whiten" => Ok(Correction::Whiten),
        "ranks" => Ok(Correction::Ranks { k: *k }),
        "normal_cdf" => Ok(Correction::NormalCdf),
        "normal_quantile" => Ok(Correction::NormalQuantile),
        other => {
            Err(unknown("a correction", other, "'standardize', 'whiten', 'ranks', 'normal_cdf' or 'normal_quantile'"))
        }
    };
    let layers = layers.iter().map(layer).collect::<PyResult<Vec<_>>>()?;
    let x = x.view();
    let corrected = run(py, threads, |_| knn_entropy::correct(x, &layers))?;
    Ok((corrected.samples.into_pyarray(py), corrected.terms))
}

/// Returns the weights of neighbors 1 to k in d dimensions.
#[pyfunction]
pub(crate) fn neighbor_weights(k: usize, dimension: usize, weights: &str, bound: f64) -> PyResult<Vec<f64>> {
    weighting(weights, bound)?.weights(k, dimension).map_err(value_error)
}

#[pyfunction]
pub(crate) fn dither<'py>(
    py: Python<'py>,
    x: Array<'py>,
    steps: Vec<f64>,
    seed: u64,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let x = x.view();
    let spread = py.detach(|| knn_entropy::dither(x, &steps, seed)).map_err(value_error)?;
    Ok(spread.into_pyarray(py))
}

/// Returns the rounding step of each column.
#[pyfunction]
pub(crate) fn rounding_steps(py: Python<'_>, x: Array<'_>) -> Vec<Option<f64>> {
    let x = x.view();
    py.detach(|| match x {
        View::Double(x) => x.columns().into_iter().map(|c| knn_entropy::rounding_step(c.iter().copied())).collect(),
        View::Single(x) => x.columns().into_iter().map(|c| knn_entropy::rounding_step(c.iter().copied())).collect(),
    })
}

/// Returns the interval around the mean of local values that holds its expectation with a
/// probability.
#[pyfunction]
pub(crate) fn sampling_interval(local: Vec<f64>, level: f64) -> PyResult<(f64, f64)> {
    let estimate = knn_entropy::Estimate::new(local.into()).map_err(value_error)?;
    Ok(estimate.sampling_interval(level))
}
