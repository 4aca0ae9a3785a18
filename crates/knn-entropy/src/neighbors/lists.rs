use std::hint::black_box;
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

    /// Returns the nearest `k` of these neighbors and of `later` ones, whose rows are numbered from
    /// `first` on, after all rows of these.
    pub(crate) fn merged(&self, later: &Self, first: usize, k: usize) -> Self {
        let mut merged = Self::zeros(self.indices.nrows(), k);
        for row in 0..self.indices.nrows() {
            let (mut own, mut other) = (0, 0);
            for place in 0..k {
                let [one, two] = [(self, own), (later, other)].map(|(lists, at)| lists.distances.get([row, at]));
                // Of equally far neighbors, those with smaller indices come first.
                let take_own = one.is_some_and(|one| two.is_none_or(|two| one <= two));
                let (index, distance) = if take_own {
                    own += 1;
                    (self.indices[[row, own - 1]], self.distances[[row, own - 1]])
                } else {
                    other += 1;
                    (first + later.indices[[row, other - 1]], later.distances[[row, other - 1]])
                };
                merged.indices[[row, place]] = index;
                merged.distances[[row, place]] = distance;
            }
        }
        merged
    }

    pub(crate) fn zeros(points: usize, k: usize) -> Self {
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
pub(super) struct Scatter {
    k: usize,
    indices: Vec<AtomicUsize>,
    distances: Vec<AtomicU64>,
}

impl Scatter {
    pub(super) fn new(points: usize, k: usize) -> Self {
        // The operating system provides zeroed memory, so nothing is written here.
        let indices = vec![0; points * k].into_iter().map(AtomicUsize::new).collect();
        let distances = vec![0; points * k].into_iter().map(AtomicU64::new).collect();
        Self { k, indices, distances }
    }

    /// Brings the memory for a point into the cache. Writes wait for memory one after the other,
    /// but reads for many points overlap.
    #[inline(always)]
    pub(super) fn expect(&self, point: usize) {
        let first = point * self.k;
        black_box((self.indices[first].load(Relaxed), self.distances[first].load(Relaxed)));
    }

    /// Takes the neighbors of a point, in order.
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
        let full = "there are k neighbors for each point";
        Neighbors {
            indices: Array2::from_shape_vec(shape, indices).expect(full),
            distances: Array2::from_shape_vec(shape, distances).expect(full),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BruteForce, NeighborSearch, Norm, Samples};

    #[test]
    fn merged_neighbors_are_those_among_all() {
        // Small integers, so that many distances are equal.
        let all = Array2::from_shape_fn((30, 2), |(i, j)| ((7 * i + 3 * i * j + j) % 5) as f64);
        let (all, n) = (Samples::new(all.view()).unwrap(), 12);
        let [own, later] = [0..n, n..all.len()].map(|rows| all.select(&rows.collect::<Vec<_>>()));
        let norm = Norm::L2.into();
        for k in [1, 2, 5, 11, 18, 29] {
            let of_own = BruteForce.among(&own, k.min(n - 1), norm, 0).unwrap();
            let of_later = BruteForce.between(&own, &later, k.min(later.len()), norm).unwrap();
            let expected = BruteForce.among(&all, k, norm, 0).unwrap();
            let merged = of_own.merged(&of_later, n, k);
            for row in 0..n {
                assert_eq!(merged.indices.row(row), expected.indices.row(row), "k = {k}, row {row}");
                assert_eq!(merged.distances.row(row), expected.distances.row(row), "k = {k}, row {row}");
            }
        }
        let nothing = Neighbors::zeros(n, 0);
        let of_later = BruteForce.between(&own, &later, 3, norm).unwrap();
        assert_eq!(nothing.merged(&of_later, 0, 3), of_later);
    }
}
