//! Nearest neighbors.

use knn_entropy::{Auto, Blocked, Boundary, BruteForce, KdTree, Metric, NeighborSearch, Norm, Sorted, ToSamples};
use numpy::{IntoPyArray, PyArray1, PyArray2};
use pyo3::{Bound, PyResult, Python, pyfunction};

use crate::arrays::Array;
use crate::settings::{Settings, unknown};
use crate::threads::{run, run_with};

fn search(name: &str) -> PyResult<&'static dyn NeighborSearch> {
    match name {
        "auto" => Ok(&Auto),
        "kd_tree" => Ok(&KdTree),
        "brute" => Ok(&BruteForce),
        "blocked" => Ok(&Blocked),
        "sorted" => Ok(&Sorted),
        other => Err(unknown("algorithm", other, "'auto', 'kd_tree', 'brute', 'blocked' or 'sorted'")),
    }
}

fn metric<'a>(norm: Norm, blocks: Option<&'a [usize]>, periods: Option<&'a [f64]>) -> Metric<'a> {
    match (blocks, periods) {
        (None, None) => Metric::Norm(norm),
        (Some(blocks), None) => Metric::Blocks(norm, blocks),
        (None, Some(periods)) => Metric::Torus(norm, periods),
        (Some(blocks), Some(periods)) => Metric::TorusBlocks(norm, blocks, periods),
    }
}

/// Distances and rows of the neighbors of each row.
type Found<'py> = (Bound<'py, PyArray2<f64>>, Bound<'py, PyArray2<usize>>);

/// Returns the neighbors of the queries among the points or, without queries, of each point among
/// the others.
#[pyfunction]
pub(crate) fn nearest_neighbors<'py>(
    py: Python<'py>,
    x: Array<'py>,
    queries: Option<Array<'py>>,
    blocks: Option<Vec<usize>>,
    settings: Settings,
    algorithm: &str,
) -> PyResult<Found<'py>> {
    let metric = metric(settings.norm()?, blocks.as_deref(), settings.periods.as_deref());
    let (x, queries) = (x.view(), queries.as_ref().map(Array::view));
    let found = run_with(py, settings.threads, search(algorithm)?, |search| match queries {
        Some(queries) => search.between(&queries.to_samples()?, &x.to_samples()?, settings.k, metric),
        None => search.among(&x.to_samples()?, settings.k, metric, settings.window),
    })?;
    Ok((found.distances.into_pyarray(py), found.indices.into_pyarray(py)))
}

/// Counts the other points within the radius of each point.
#[pyfunction]
pub(crate) fn count_neighbors<'py>(
    py: Python<'py>,
    x: Array<'py>,
    radii: Vec<f64>,
    closed: bool,
    blocks: Option<Vec<usize>>,
    settings: Settings,
) -> PyResult<Bound<'py, PyArray1<usize>>> {
    let metric = metric(settings.norm()?, blocks.as_deref(), settings.periods.as_deref());
    let boundary = if closed { Boundary::Closed } else { Boundary::Open };
    let x = x.view();
    let counts = run(py, settings.threads, |search| {
        search.count_among(&x.to_samples()?, &radii, boundary, metric, settings.window)
    })?;
    Ok(counts.into_pyarray(py))
}
