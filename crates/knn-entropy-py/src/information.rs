//! Estimators of mutual and conditional information.

use knn_entropy::{Ksg, KsgVariant, LocalNonuniformity, MesnerShalizi, MixedKsg, Ross, Ties};
use numpy::PyReadonlyArray1;
use pyo3::{FromPyObject, PyResult, Python, pyfunction};

use crate::arrays::Array;
use crate::results::{Estimated, Tested, estimated, tested};
use crate::settings::{Settings, unknown};
use crate::significance::Test;
use crate::threads::run;

/// Settings of the estimators by Kraskov, Stoegbauer and Grassberger.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct KsgSettings {
    variant: usize,
    ties: String,
    steps: Option<Vec<f64>>,
    seed: u64,
}

impl KsgSettings {
    pub(crate) fn variant(&self) -> PyResult<KsgVariant> {
        match self.variant {
            1 => Ok(KsgVariant::One),
            2 => Ok(KsgVariant::Two),
            other => Err(unknown("variant", &other.to_string(), "1 or 2")),
        }
    }

    pub(crate) fn ties(&self) -> PyResult<Ties<'_>> {
        match self.ties.as_str() {
            "count" => Ok(Ties::Count),
            "error" => Ok(Ties::Error),
            "dither" => Ok(Ties::Dither { steps: self.steps.as_deref().unwrap_or(&[]), seed: self.seed }),
            other => Err(unknown("ties", other, "'count', 'error' or 'dither'")),
        }
    }
}

/// Returns the estimator with these settings.
fn ksg<'s>(settings: &'s Settings, own: &'s KsgSettings) -> PyResult<Ksg<'s>> {
    let ksg = Ksg::new(settings.k).norm(settings.norm()?).window(settings.window).periods(settings.periods());
    Ok(ksg.variant(own.variant()?).ties(own.ties()?))
}

/// Estimates the information between two or more blocks.
#[pyfunction]
pub(crate) fn ksg_information<'py>(
    py: Python<'py>,
    blocks: Vec<Array<'py>>,
    settings: Settings,
    own: KsgSettings,
) -> PyResult<Estimated<'py>> {
    let ksg = ksg(&settings, &own)?;
    let blocks: Vec<_> = blocks.iter().map(Array::view).collect();
    Ok(estimated(py, run(py, settings.threads, |search| ksg.search(search).estimate(&blocks))?))
}

#[pyfunction]
pub(crate) fn ksg_conditional<'py>(
    py: Python<'py>,
    x: Array<'py>,
    y: Array<'py>,
    z: Array<'py>,
    settings: Settings,
    own: KsgSettings,
) -> PyResult<Estimated<'py>> {
    let ksg = ksg(&settings, &own)?;
    let (x, y, z) = (x.view(), y.view(), z.view());
    Ok(estimated(py, run(py, settings.threads, |search| ksg.search(search).conditional_estimate(x, y, z))?))
}

/// Tests whether x and y are independent.
#[pyfunction]
pub(crate) fn ksg_test<'py>(
    py: Python<'py>,
    x: Array<'py>,
    y: Array<'py>,
    settings: Settings,
    own: KsgSettings,
    test: Test,
) -> PyResult<Tested<'py>> {
    let ksg = ksg(&settings, &own)?;
    let (x, y, test) = (x.view(), y.view(), test.permutation()?);
    let found = run(py, settings.threads, |search| ksg.search(search).significance(x, y, test))?;
    Ok(tested(py, &found))
}

/// Tests whether x and y are independent given z.
#[pyfunction]
pub(crate) fn ksg_conditional_test<'py>(
    py: Python<'py>,
    x: Array<'py>,
    y: Array<'py>,
    z: Array<'py>,
    settings: Settings,
    own: KsgSettings,
    test: Test,
) -> PyResult<Tested<'py>> {
    let ksg = ksg(&settings, &own)?;
    let (x, y, z, test) = (x.view(), y.view(), z.view(), test.permutation()?);
    let found = run(py, settings.threads, |search| ksg.search(search).conditional_significance(x, y, z, test))?;
    Ok(tested(py, &found))
}

#[pyfunction]
pub(crate) fn mesner_shalizi<'py>(
    py: Python<'py>,
    x: Array<'py>,
    y: Array<'py>,
    z: Option<Array<'py>>,
    settings: Settings,
) -> PyResult<Estimated<'py>> {
    let estimator = MesnerShalizi::new(settings.k).norm(settings.norm()?);
    let estimator = estimator.window(settings.window).periods(settings.periods());
    let (x, y, z) = (x.view(), y.view(), z.as_ref().map(Array::view));
    let found = run(py, settings.threads, |search| match z {
        Some(z) => estimator.search(search).conditional_estimate(x, y, z),
        None => estimator.search(search).estimate(x, y),
    })?;
    Ok(estimated(py, found))
}

#[pyfunction]
pub(crate) fn mixed_ksg<'py>(
    py: Python<'py>,
    x: Array<'py>,
    y: Array<'py>,
    settings: Settings,
) -> PyResult<Estimated<'py>> {
    let estimator = MixedKsg::new(settings.k).norm(settings.norm()?);
    let estimator = estimator.window(settings.window).periods(settings.periods());
    let (x, y) = (x.view(), y.view());
    Ok(estimated(py, run(py, settings.threads, |search| estimator.search(search).estimate(x, y))?))
}

#[pyfunction]
pub(crate) fn local_nonuniformity<'py>(
    py: Python<'py>,
    x: Array<'py>,
    y: Array<'py>,
    p: usize,
    settings: Settings,
) -> PyResult<Estimated<'py>> {
    let estimator = LocalNonuniformity::new(settings.k, p).window(settings.window);
    let (x, y) = (x.view(), y.view());
    Ok(estimated(py, run(py, settings.threads, |search| estimator.search(search).estimate(x, y))?))
}

/// Estimates the information between variables and labels, which are numbered.
#[pyfunction]
pub(crate) fn ross<'py>(
    py: Python<'py>,
    x: Array<'py>,
    labels: PyReadonlyArray1<'py, i64>,
    settings: Settings,
) -> PyResult<Estimated<'py>> {
    let estimator = Ross::new(settings.k).norm(settings.norm()?).window(settings.window);
    let estimator = estimator.periods(settings.periods());
    let (x, labels) = (x.view(), labels.as_array().to_vec());
    Ok(estimated(py, run(py, settings.threads, |search| estimator.search(search).estimate(x, &labels))?))
}
