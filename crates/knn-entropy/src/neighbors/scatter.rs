use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use ndarray::Array2;

use super::Neighbors;
use super::nearest::Candidate;

/// Neighbours that many threads fill in, in whatever order of the points suits them.
///
/// Each row is written by one thread, so the order of the writes does not matter, and a relaxed one costs what a plain one
/// does. The alternative without unsafe code, an array in the order of the search and then a copy in that of the points,
/// takes twice the memory and longer.
pub(super) struct Scatter {
    k: usize,
    indices: Vec<AtomicUsize>,
    distances: Vec<AtomicU64>,
}

impl Scatter {
    pub(super) fn new(points: usize, k: usize) -> Self {
        // Zeros that the system provides, which are not touched here.
        let indices = vec![0; points * k].into_iter().map(AtomicUsize::new).collect();
        let distances = vec![0; points * k].into_iter().map(AtomicU64::new).collect();
        Self { k, indices, distances }
    }

    /// The neighbours of a point, in order.
    #[inline(always)]
    pub(super) fn write(&self, point: usize, found: impl IntoIterator<Item = Candidate>) {
        let row = point * self.k..(point + 1) * self.k;
        for ((found, index), distance) in found.into_iter().zip(&self.indices[row.clone()]).zip(&self.distances[row]) {
            index.store(found.index, Relaxed);
            distance.store(found.distance.to_bits(), Relaxed);
        }
    }

    pub(super) fn into_neighbors(self) -> Neighbors {
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
