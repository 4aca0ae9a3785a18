//! Estimators for series.

use knn_entropy::{ActiveInformationStorage, Condition, Embedding, NeighborSearch, TransferEntropy};
use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::{Bound, FromPyObject, PyResult, Python, pyfunction};

use crate::arrays::{Array, View};
use crate::information::KsgSettings;
use crate::results::{Estimated, Tested, estimated, tested};
use crate::settings::Settings;
use crate::significance::Test;
use crate::threads::{run, value_error};

/// The embeddings of source and target, each a length and a lag, the delay, and the numbers of rows
/// of the trials.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Embeddings {
    source: (usize, usize),
    target: (usize, usize),
    delay: usize,
    trials: Vec<usize>,
}

/// A series to condition on, with length, lag and delay of its embedding.
type Given<'py> = (Array<'py>, usize, usize, usize);

fn embedding((length, lag): (usize, usize)) -> Embedding {
    Embedding::new(length, lag)
}

/// Returns views of the series to condition on.
fn views<'a>(given: &'a [Given<'_>]) -> Vec<View<'a>> {
    given.iter().map(|(series, ..)| series.view()).collect()
}

fn conditions<'a>(given: &[Given<'_>], views: &'a [View<'_>]) -> Vec<Condition<'a>> {
    let condition = |(&(_, length, lag, delay), series): (&Given<'_>, &'a View<'_>)| {
        Condition::new(series).embedding(Embedding::new(length, lag)).delay(delay)
    };
    given.iter().zip(views).map(condition).collect()
}

/// Returns the estimator with these settings.
fn transfer<'s>(
    settings: &'s Settings,
    own: &'s KsgSettings,
    embeddings: &'s Embeddings,
    conditions: &'s [Condition<'s>],
) -> PyResult<TransferEntropy<'s>> {
    let estimator = TransferEntropy::new(settings.k).norm(settings.norm()?).window(settings.window);
    let estimator = estimator.periods(settings.periods()).variant(own.variant()?).ties(own.ties()?);
    let estimator = estimator.delay(embeddings.delay).trials(&embeddings.trials).given(conditions);
    Ok(estimator.source(embedding(embeddings.source)).target(embedding(embeddings.target)))
}

#[pyfunction]
pub(crate) fn transfer_entropy<'py>(
    py: Python<'py>,
    source: Array<'py>,
    target: Array<'py>,
    given: Vec<Given<'py>>,
    embeddings: Embeddings,
    settings: Settings,
    own: KsgSettings,
) -> PyResult<Estimated<'py>> {
    let views = views(&given);
    let conditions = conditions(&given, &views);
    let estimator = transfer(&settings, &own, &embeddings, &conditions)?;
    let (source, target) = (source.view(), target.view());
    let work = |search: &dyn NeighborSearch| estimator.search(search).estimate(source, target);
    Ok(estimated(py, run(py, settings.threads, work)?))
}

#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "the arguments are those of the Python function")]
pub(crate) fn transfer_entropy_test<'py>(
    py: Python<'py>,
    source: Array<'py>,
    target: Array<'py>,
    given: Vec<Given<'py>>,
    embeddings: Embeddings,
    settings: Settings,
    own: KsgSettings,
    test: Test,
) -> PyResult<Tested<'py>> {
    let views = views(&given);
    let conditions = conditions(&given, &views);
    let estimator = transfer(&settings, &own, &embeddings, &conditions)?;
    let (source, target) = (source.view(), target.view());
    let test = test.permutation()?;
    let work = |search: &dyn NeighborSearch| estimator.search(search).significance(source, target, test);
    Ok(tested(py, &run(py, settings.threads, work)?))
}

/// The delays of a scan, each with its test and its corrected p-value, and the place of the best.
type Scanned<'py> = (Vec<(usize, Tested<'py>, f64)>, usize);

/// Estimates the transfer entropy at each delay from the first to the last.
#[pyfunction]
#[expect(clippy::too_many_arguments, reason = "the arguments are those of the Python function")]
pub(crate) fn transfer_entropy_scan<'py>(
    py: Python<'py>,
    source: Array<'py>,
    target: Array<'py>,
    given: Vec<Given<'py>>,
    embeddings: Embeddings,
    ends: (usize, usize),
    settings: Settings,
    own: KsgSettings,
    test: Test,
) -> PyResult<Scanned<'py>> {
    let views = views(&given);
    let conditions = conditions(&given, &views);
    let estimator = transfer(&settings, &own, &embeddings, &conditions)?;
    let (source, target) = (source.view(), target.view());
    let test = test.permutation()?;
    let work = |search: &dyn NeighborSearch| estimator.search(search).scan(source, target, ends.0..=ends.1, test);
    let scan = run(py, settings.threads, work)?;
    let members = scan.delays().zip(scan.family().members());
    let delays = members.map(|(at, alone)| (at.delay, tested(py, alone), at.corrected_p_value)).collect();
    Ok((delays, scan.family().largest()))
}

/// Arrays of embedded samples, and the time of each row.
type Samples<'py> = (Vec<Bound<'py, PyArray2<f64>>>, Bound<'py, PyArray1<usize>>);

/// Returns source, next values, target and conditions.
#[pyfunction]
pub(crate) fn transfer_entropy_samples<'py>(
    py: Python<'py>,
    source: Array<'py>,
    target: Array<'py>,
    given: Vec<Given<'py>>,
    embeddings: Embeddings,
) -> PyResult<Samples<'py>> {
    let estimator = TransferEntropy::new(1).source(embedding(embeddings.source));
    let estimator = estimator.target(embedding(embeddings.target)).delay(embeddings.delay).trials(&embeddings.trials);
    let views = views(&given);
    let conditions = conditions(&given, &views);
    let found = estimator.given(&conditions).embed(source.view(), target.view()).map_err(value_error)?;
    let arrays = [found.source, found.next, found.target, found.conditions];
    Ok((arrays.map(|array| array.into_pyarray(py)).into(), found.times.into_pyarray(py)))
}

/// The embedding of the past, the length of the future, and the numbers of rows of the trials.
#[derive(FromPyObject)]
pub(crate) struct PastAndFuture((usize, usize), usize, Vec<usize>);

impl PastAndFuture {
    fn estimator(&self, k: usize) -> ActiveInformationStorage<'_> {
        ActiveInformationStorage::new(k).past(embedding(self.0)).future(self.1).trials(&self.2)
    }
}

#[pyfunction]
pub(crate) fn information_storage<'py>(
    py: Python<'py>,
    series: Array<'py>,
    parts: PastAndFuture,
    settings: Settings,
    own: KsgSettings,
) -> PyResult<Estimated<'py>> {
    let estimator = parts.estimator(settings.k).norm(settings.norm()?).window(settings.window);
    let estimator = estimator.variant(own.variant()?);
    let (series, ties, periods) = (series.view(), own.ties()?, settings.periods());
    let work = |search: &dyn NeighborSearch| estimator.ties(ties).periods(periods).search(search).estimate(series);
    Ok(estimated(py, run(py, settings.threads, work)?))
}

/// Returns past and future.
#[pyfunction]
pub(crate) fn information_storage_samples<'py>(
    py: Python<'py>,
    series: Array<'py>,
    parts: PastAndFuture,
) -> PyResult<Samples<'py>> {
    let found = parts.estimator(1).embed(series.view()).map_err(value_error)?;
    Ok(([found.past, found.future].map(|array| array.into_pyarray(py)).into(), found.times.into_pyarray(py)))
}
