use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

use ndarray::Array2;

use super::Neighbors;

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

    /// Takes the neighbours of a point, in order.
    #[inline(always)]
    pub(super) fn write(&self, point: usize, indices: &[usize], distances: &[f64]) {
        let row = point * self.k..(point + 1) * self.k;
        for (place, &index) in self.indices[row.clone()].iter().zip(indices) {
            place.store(index, Relaxed);
        }
        for (place, distance) in self.distances[row].iter().zip(distances) {
            place.store(distance.to_bits(), Relaxed);
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
