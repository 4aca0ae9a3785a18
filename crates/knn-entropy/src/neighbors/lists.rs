use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use ndarray::Array2;

use super::SearchTask;

/// The k nearest neighbors of each point, ordered by distance and, for equal distances, by index.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Neighbors {
    /// The rows of the neighbors, `[points, k]`.
    pub indices: Array2<usize>,
    /// The distances of the neighbors, `[points, k]`.
    pub distances: Array2<f64>,
}

/// A function that takes a row, the indices of its neighbors and their distances, the nearest
/// first. It may be called from any thread.
pub type Visit<'v> = dyn Fn(usize, &[usize], &[f64]) + Sync + 'v;

impl Neighbors {
    /// Returns the neighbors with these indices and distances, both `[points, k]`.
    ///
    /// # Panics
    ///
    /// If the arrays have different shapes.
    pub fn new(indices: Array2<usize>, distances: Array2<f64>) -> Self {
        assert_eq!(indices.dim(), distances.dim(), "indices and distances have different shapes");
        Self { indices, distances }
    }

    /// Passes the neighbors of each point to `visit`, in the order of the points.
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

    /// Collects the neighbors that `search` passes on.
    pub(super) fn collect(task: &SearchTask<'_>, search: impl FnOnce(&Visit<'_>)) -> Self {
        let found = Scatter::new(task.queries().len(), task.k());
        search(&|row, indices, distances| found.write(row, indices, distances));
        found.into_neighbors()
    }

    /// Returns true if any point coincides with its nearest neighbor.
    pub(crate) fn any_coincide(&self) -> bool {
        self.distances.column(0).iter().any(|&r| r == 0.0)
    }

    /// Returns the indices and the distances, row by row, for writing.
    pub(super) fn rows_mut(&mut self) -> (&mut [usize], &mut [f64]) {
        let fresh = "an array of this module is in memory order";
        (self.indices.as_slice_mut().expect(fresh), self.distances.as_slice_mut().expect(fresh))
    }
}

/// Neighbors that many threads write, in any order of the points.
///
/// Each row is written by one thread, so the order of the writes does not matter, and a relaxed
/// write costs as much as a plain one. The other way without unsafe code, an array in the order of
/// the search and then a copy in the order of the points, takes twice the memory and more time.
struct Scatter {
    k: usize,
    indices: Vec<AtomicUsize>,
    distances: Vec<AtomicU64>,
}

impl Scatter {
    fn new(points: usize, k: usize) -> Self {
        // The operating system provides zeroed memory, so nothing is written here.
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
        let full = "there are k neighbors for each point";
        Neighbors {
            indices: Array2::from_shape_vec(shape, indices).expect(full),
            distances: Array2::from_shape_vec(shape, distances).expect(full),
        }
    }
}
