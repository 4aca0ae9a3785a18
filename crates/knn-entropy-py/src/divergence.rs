//! Estimators of divergences.

use knn_entropy::{Divergence, DivergenceGradients, JensenShannon, NeighborSearch, SharedRows};
use numpy::IntoPyArray;
use pyo3::exceptions::PyTypeError;
use pyo3::{Bound, PyAny, PyResult, Python, pyfunction};

use crate::arrays::{Array, View};
use crate::results::{Estimated, estimated};
use crate::settings::{Settings, unknown};
use crate::threads::run;

/// Returns the estimator with these settings.
fn divergence<'s>(settings: &'s Settings, across: Option<usize>, shared_rows: &str) -> PyResult<Divergence<'s>> {
    let shared_rows = match shared_rows {
        "error" => SharedRows::Error,
        "leave_out" => SharedRows::LeaveOut,
        other => return Err(unknown("shared_rows", other, "'error' or 'leave_out'")),
    };
    let estimator = Divergence::new(settings.k).norm(settings.norm()?).close_points(settings.close_points()?);
    let estimator = estimator.shared_rows(shared_rows).periods(settings.periods());
    Ok(match across {
        Some(across) => estimator.k_across(across),
        None => estimator,
    })
}

/// Estimates the divergence, or the cross-entropy.
#[pyfunction]
pub(crate) fn kl_divergence<'py>(
    py: Python<'py>,
    p: Array<'py>,
    q: Array<'py>,
    across: Option<usize>,
    shared_rows: &str,
    settings: Settings,
    cross_entropy: bool,
) -> PyResult<Estimated<'py>> {
    let estimator = divergence(&settings, across, shared_rows)?;
    let (p, q) = (p.view(), q.view());
    let found = run(py, settings.threads, |search| {
        let estimator = estimator.search(search);
        if cross_entropy { estimator.cross_entropy_estimate(p, q) } else { estimator.estimate(p, q) }
    })?;
    Ok(estimated(py, found))
}

/// Returns the divergence and its gradients, in the precision of the samples.
#[pyfunction]
pub(crate) fn kl_divergence_and_gradients<'py>(
    py: Python<'py>,
    p: Array<'py>,
    q: Array<'py>,
    across: Option<usize>,
    shared_rows: &str,
    settings: Settings,
) -> PyResult<(f64, Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let estimator = divergence(&settings, across, shared_rows)?;
    macro_rules! in_precision {
        ($p:ident, $q:ident) => {{
            let work = |search: &dyn NeighborSearch| estimator.search(search).divergence_and_gradients($p, $q);
            let DivergenceGradients { divergence, p, q, .. } = run(py, settings.threads, work)?;
            Ok((divergence, p.into_pyarray(py).into_any(), q.into_pyarray(py).into_any()))
        }};
    }
    match (p.view(), q.view()) {
        (View::Double(p), View::Double(q)) => in_precision!(p, q),
        (View::Single(p), View::Single(q)) => in_precision!(p, q),
        _ => Err(PyTypeError::new_err("p and q have different precisions; convert one of them")),
    }
}

/// The divergence, its square root, its standard error, the estimates of both sides and the texts
/// of the warnings.
type JensenShannonParts<'py> = (f64, f64, f64, Estimated<'py>, Estimated<'py>, Vec<String>);

/// Returns the parts of an estimate of the Jensen-Shannon divergence.
#[pyfunction]
pub(crate) fn jensen_shannon<'py>(
    py: Python<'py>,
    p: Array<'py>,
    q: Array<'py>,
    weight: f64,
    seed: u64,
    settings: Settings,
) -> PyResult<JensenShannonParts<'py>> {
    let estimator = JensenShannon::new(settings.k).norm(settings.norm()?).weight(weight).seed(seed);
    let estimator = estimator.periods(settings.periods());
    let (p, q) = (p.view(), q.view());
    let found = run(py, settings.threads, |search| estimator.search(search).estimate(p, q))?;
    let warnings = found.warnings().iter().map(ToString::to_string).collect();
    let sides = [found.p(), found.q()].map(|side| estimated(py, side.clone()));
    let [p, q] = sides;
    Ok((found.value(), found.distance(), found.standard_error(), p, q, warnings))
}
