use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use ndarray::Array2;

use super::SearchTask;

/// The k nearest neighbors of each point, the nearest first; of equally distant ones the smaller
/// index first.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Neighbors {
    /// The rows of the neighbors, `[points, k]`.
    pub indices: Array2<usize>,
    /// The distances of the neighbors, `[points, k]`.
    pub distances: Array2<f64>,
}

/// A function that is given a row, the indices of its neighbors and their distances, the nearest
/// first, from any thread.
pub type Visit<'v> = dyn Fn(usize, &[usize], &[f64]) + Sync + 'v;

impl Neighbors {
    /// Returns the neighbors with these indices and distances, both `[points, k]`.
    ///
    /// # Panics
    ///
    /// If the arrays have different shapes.
    pub fn new(indices: Array2<usize>, distances: Array2<f64>) -> Self {
        assert_eq!(indices.dim(), distances.dim(), "indices and distances of different shapes");
        Self { indices, distances }
    }

    /// Hands the neighbors of each point to `visit`, in the order of the points.
    pub fn for_each(&self, visit: &Visit<'_>) {
        let (indices, distances) = (self.indices.as_standard_layout(), self.distances.as_standard_layout());
        for (row, (indices, distances)) in indices.rows().into_iter().zip(distances.rows()).enumerate() {
            let in_order = "rows of an array in standard layout are slices";
            visit(row, indices.to_slice().expect(in_order), distances.to_slice().expect(in_order));
        }
    }

    pub(super) fn zeros(points: usize, k: usize) -> Self {
        Self { indices: Array2::zeros((points, k)), distances: Array2::zeros((points, k)) }
    }

    /// Collects the neighbors that `search` hands on.
    pub(super) fn collect(task: &SearchTask<'_>, search: impl FnOnce(&Visit<'_>)) -> Self {
        let found = Scatter::new(task.queries().len(), task.k());
        search(&|row, indices, distances| found.write(row, indices, distances));
        found.into_neighbors()
    }

    /// Returns whether any point coincides with its nearest neighbor.
    pub(crate) fn any_coincide(&self) -> bool {
        self.distances.column(0).iter().any(|&r| r == 0.0)
    }

    /// Rows of indices and of distances, to be written.
    pub(super) fn rows_mut(&mut self) -> (&mut [usize], &mut [f64]) {
        let fresh = "an array of this module is in memory order";
        (self.indices.as_slice_mut().expect(fresh), self.distances.as_slice_mut().expect(fresh))
    }
}

/// Neighbors that many threads fill in, in whatever order of the points suits them.
///
/// Each row is written by one thread, so the order of the writes does not matter, and a relaxed one
/// costs what a plain one does. The alternative without unsafe code, an array in the order of the
/// search and then a copy in that of the points, takes twice the memory and longer.
struct Scatter {
    k: usize,
    indices: Vec<AtomicUsize>,
    distances: Vec<AtomicU64>,
}

impl Scatter {
    fn new(points: usize, k: usize) -> Self {
        // Zeros that the system provides, which are not touched here.
        let indices = vec![0; points * k].into_iter().map(AtomicUsize::new).collect();
        let distances = vec![0; points * k].into_iter().map(AtomicU64::new).collect();
        Self { k, indices, distances }
    }

    /// Takes the neighbors of a point, in order.
    #[inline(always)]
    fn write(&self, point: usize, indices: &[usize], distances: &[f64]) {
        let row = point * self.k..(point + 1) * self.k;
        for (place, &index) in self.indices[row.clone()].iter().zip(indices) {
            place.store(index, Relaxed);
        }
        for (place, distance) in self.distances[row].iter().zip(distances) {
            place.store(distance.to_bits(), Relaxed);
        }
    }

    fn into_neighbors(self) -> Neighbors {
        let shape = (self.indices.len() / self.k, self.k);
        let indices = self.indices.into_iter().map(AtomicUsize::into_inner).collect();
        let distances = self.distances.into_iter().map(|bits| f64::from_bits(bits.into_inner())).collect();
        let full = "k for each point";
        Neighbors {
            indices: Array2::from_shape_vec(shape, indices).expect(full),
            distances: Array2::from_shape_vec(shape, distances).expect(full),
        }
    }
}
