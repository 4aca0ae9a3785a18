use std::sync::OnceLock;

use knn_entropy::{Auto, Metric, NeighborSearch, Neighbors, Norm, Samples, SearchTask};
use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use super::Lists;
use crate::{Error, Gpu, Result};

/// A neighbor search on the device for the estimators of [`knn_entropy`]. It finds the same
/// neighbors as every other search, with distances equal to the last bit.
///
/// The device works in single precision, so its result is not final. It finds a few more than `k`
/// candidates. The CPU computes their distances from the original samples, and a bound on the error
/// of single precision shows whether another sample could be among the nearest. If so, the CPU
/// repeats the search for that query.
///
/// [`Auto`] handles metrics other than the Euclidean and more than a thousand neighbors. It also
/// takes over if the device fails, because a search has no errors other than those of its
/// arguments. [`fault`](GpuNeighbors::fault) then returns the reason.
#[derive(Debug)]
pub struct GpuNeighbors {
    gpu: Gpu,
    fault: OnceLock<Error>,
}

/// Samples in the form for the device: shifted and scaled so that every coordinate is at most 1, in
/// single precision.
struct Frame {
    center: Array1<f64>,
    /// The scale, a power of two, so that scaling is exact.
    scale: f64,
}

impl GpuNeighbors {
    /// Creates a search on this device.
    pub fn new(gpu: Gpu) -> Self {
        Self { gpu, fault: OnceLock::new() }
    }

    /// Returns the error that made the CPU take over, if any.
    pub fn fault(&self) -> Option<Error> {
        self.fault.get().cloned()
    }

    /// Searches on the device, or returns `None` if the CPU must search.
    fn search(&self, task: &SearchTask<'_>) -> Option<Neighbors> {
        let (queries, references, k, window) = (task.queries(), task.references(), task.k(), task.window());
        let excluded = window.map_or(0, |window| window.saturating_mul(2).saturating_add(1));
        let (others, d) = (references.len() - excluded, references.dimension());
        if k > 1000 || task.metric() != Metric::Norm(Norm::L2) || self.fault.get().is_some() {
            return None;
        }
        let frame = Frame::of(&[queries, references])?;
        let candidates = (k + 8 + k / 4).min(others);
        let found = self.on_device(queries, references, &frame, candidates, window);
        // Store only the first error.
        let lists = found.map_err(|error| self.fault.set(error)).ok()?;
        let all = candidates == others;
        Some(exact(task, &lists, |squared| if all { f64::INFINITY } else { frame.least(squared, d) }))
    }
}

impl GpuNeighbors {
    /// Finds candidates for the nearest neighbors of each query. With a window both sets are the
    /// same and are uploaded once.
    fn on_device(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        frame: &Frame,
        candidates: usize,
        window: Option<usize>,
    ) -> Result<Lists> {
        let on_device = self.gpu.upload(frame.single(queries).view())?;
        let others = match window {
            Some(_) => on_device.clone(),
            None => self.gpu.upload(frame.single(references).view())?,
        };
        let mut batch = self.gpu.batch();
        let found = batch.neighbors(&on_device, &others, candidates, window)?;
        batch.submit()?;
        found.read()
    }
}

impl Frame {
    /// Returns the frame, or `None` if coordinates are so large that their differences overflow, or
    /// too small.
    fn of(samples: &[&Samples<'_>]) -> Option<Self> {
        let d = samples[0].dimension();
        let [mut low, mut high] = [f64::INFINITY, f64::NEG_INFINITY].map(|start| Array1::from_elem(d, start));
        for point in samples.iter().flat_map(|samples| samples.coordinates().chunks_exact(d)) {
            for (column, &x) in point.iter().enumerate() {
                low[column] = low[column].min(x);
                high[column] = high[column].max(x);
            }
        }
        let center = (&low + &high) / 2.0;
        let widest = (&high - &low).fold(0.0_f64, |most, &width| most.max(width / 2.0));
        let scale = widest.log2().ceil().exp2();
        let usable = widest == 0.0 || (scale.is_normal() && scale.recip().is_normal());
        (usable && center.iter().all(|x| x.is_finite()))
            .then(|| Self { center, scale: if widest == 0.0 { 1.0 } else { scale } })
    }

    fn single(&self, samples: &Samples<'_>) -> Array2<f32> {
        let mut moved = &samples.view() - &self.center.view().insert_axis(Axis(0));
        moved.mapv_inplace(|x| x / self.scale);
        moved.mapv(|x| x as f32)
    }

    /// Returns a lower bound of a distance whose square on the device is at least `squared`.
    fn least(&self, squared: f32, d: usize) -> f64 {
        let (d, unit) = (d as f64, f64::from(f32::EPSILON) / 2.0);
        // Coordinates are at most 1. Each has an error of half a unit, plus the error of shifting.
        // A sum of d squares has an error of some units per term. A square that underflows to 0 is
        // less than 2^-126.
        let coordinates = d.sqrt() * (2.1 * unit + 2.0_f64.powi(-62));
        let found = f64::from(squared).sqrt() * (1.0 - (d + 8.0) * 2.0 * unit);
        (found - coordinates) * self.scale * (1.0 - 1e-12)
    }
}

/// Returns the nearest neighbors by exact distances: among the candidates if all others are known
/// to be farther, and otherwise among all samples.
fn exact(task: &SearchTask<'_>, lists: &Lists, least: impl Fn(f32) -> f64 + Sync) -> Neighbors {
    let (queries, references, k) = (task.queries(), task.references(), task.k());
    let nearest = |row: usize| {
        let point = queries.point(row);
        let distance = |other: usize| (Norm::L2.distance(point, references.point(other)), other);
        let sorted = |mut found: Vec<(f64, usize)>| {
            found.sort_unstable_by(|a, b| a.partial_cmp(b).expect("distances are numbers"));
            found.truncate(k);
            found
        };
        let found = sorted(lists.indices.row(row).iter().map(|&other| distance(other)).collect());
        let bound = least(lists.squared.row(row).last().copied().unwrap_or(0.0));
        if found[k - 1].0 < bound {
            return found;
        }
        let others = (0..references.len()).filter(|&other| task.allows(row, other));
        sorted(others.map(distance).collect())
    };
    let rows: Vec<Vec<(f64, usize)>> = (0..queries.len()).into_par_iter().map(nearest).collect();
    let all = |(row, j): (usize, usize)| rows[row][j];
    let shape = (rows.len(), k);
    Neighbors::new(Array2::from_shape_fn(shape, |at| all(at).1), Array2::from_shape_fn(shape, |at| all(at).0))
}

impl NeighborSearch for GpuNeighbors {
    fn find(&self, task: &SearchTask<'_>) -> Neighbors {
        self.search(task).unwrap_or_else(|| Auto.find(task))
    }
}
