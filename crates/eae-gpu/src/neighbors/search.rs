use std::sync::OnceLock;

use knn_entropy::{Auto, Metric, NeighborSearch, Neighbors, Norm, Samples, SearchTask};
use ndarray::{Array1, Array2, Axis};
use rayon::prelude::*;

use super::Lists;
use crate::{Error, Gpu, Result};

/// The device behind the estimators of [`knn_entropy`]: the same neighbours, and the same distances
/// to the last bit, as every other search.
///
/// The device works in single precision, so it decides nothing: it finds a few more than `k`
/// candidates, their distances are computed from the samples as they are, and a bound on the error
/// of single precision says whether any other sample could be among the nearest. Where it could,
/// that query is looked at again, on the processor.
///
/// Metrics other than the Euclidean, and more than a thousand neighbours, are left to [`Auto`]. So
/// is everything if the device fails: a search has no other error than those of its arguments.
/// [`fault`](GpuNeighbors::fault) says so.
#[derive(Debug)]
pub struct GpuNeighbors {
    gpu: Gpu,
    fault: OnceLock<Error>,
}

/// Samples as the device takes them: moved and scaled, so that every coordinate is at most 1, in
/// single precision.
struct Frame {
    centre: Array1<f64>,
    /// A power of two: nothing is lost by it.
    scale: f64,
}

impl GpuNeighbors {
    /// Searches on this device.
    pub fn new(gpu: Gpu) -> Self {
        Self { gpu, fault: OnceLock::new() }
    }

    /// Why the processor has taken over, if it has.
    pub fn fault(&self) -> Option<Error> {
        self.fault.get().cloned()
    }

    /// None if it is one for the processor.
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
        // The first fault is the one to tell of.
        let lists = found.map_err(|error| self.fault.set(error)).ok()?;
        let all = candidates == others;
        Some(exact(task, &lists, |squared| if all { f64::INFINITY } else { frame.least(squared, d) }))
    }
}

impl GpuNeighbors {
    /// Candidates for the nearest of each query. With a window both are one set, and are brought up
    /// once.
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
    /// None if there is no such frame: coordinates too large for their differences, or too small.
    fn of(samples: &[&Samples<'_>]) -> Option<Self> {
        let d = samples[0].dimension();
        let [mut low, mut high] = [f64::INFINITY, f64::NEG_INFINITY].map(|start| Array1::from_elem(d, start));
        for point in samples.iter().flat_map(|samples| samples.coordinates().chunks_exact(d)) {
            for (column, &x) in point.iter().enumerate() {
                low[column] = low[column].min(x);
                high[column] = high[column].max(x);
            }
        }
        let centre = (&low + &high) / 2.0;
        let widest = (&high - &low).fold(0.0_f64, |most, &width| most.max(width / 2.0));
        let scale = widest.log2().ceil().exp2();
        let usable = widest == 0.0 || (scale.is_normal() && scale.recip().is_normal());
        (usable && centre.iter().all(|x| x.is_finite()))
            .then(|| Self { centre, scale: if widest == 0.0 { 1.0 } else { scale } })
    }

    fn single(&self, samples: &Samples<'_>) -> Array2<f32> {
        let mut moved = &samples.view() - &self.centre.view().insert_axis(Axis(0));
        moved.mapv_inplace(|x| x / self.scale);
        moved.mapv(|x| x as f32)
    }

    /// The least that a distance can be, of which the device has found this square or more.
    fn least(&self, squared: f32, d: usize) -> f64 {
        let (d, unit) = (d as f64, f64::from(f32::EPSILON) / 2.0);
        // Coordinates are at most 1 and are each off by half a unit and what the moving left; a sum of d
        // squares by some units for each; a square that is too small to be told from 0 is less than
        // 2^-126.
        let coordinates = d.sqrt() * (2.1 * unit + 2.0_f64.powi(-62));
        let found = f64::from(squared).sqrt() * (1.0 - (d + 8.0) * 2.0 * unit);
        (found - coordinates) * self.scale * (1.0 - 1e-12)
    }
}

/// The nearest by distances that are exact, of candidates where the others are known to be farther,
/// and else of all.
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
