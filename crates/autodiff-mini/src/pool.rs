use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{ArcArray, Array, Array1, Axis, Dimension, IntoDimension, Slice};

use crate::Scalar;

/// Memory buffers for reuse. Each training step allocates arrays of the same sizes as the step
/// before. Without a pool, the operating system would have to provide and clear fresh memory every
/// time.
///
/// Clones share the same buffers. Pass a pool to [`Tape::with_pool`](crate::Tape::with_pool):
/// operations take arrays from the pool, and [`Tape::backward`](crate::Tape::backward) returns
/// every array that nobody else holds.
#[derive(Clone)]
pub struct Pool<F: Scalar>(Arc<Mutex<Shelves<F>>>);

/// Buffers by length. An exact match is enough, because all steps need the same lengths. A longer
/// buffer would have to be truncated, and its tail cleared again later.
type Shelves<F> = HashMap<usize, Shelf<F>>;

/// Number of bytes of a cache line on most CPUs.
const LINE: usize = 64;

struct Shelf<F> {
    buffers: Vec<Vec<F>>,
    /// Buffers taken minus buffers returned. The pool accepts no more than this number of buffers,
    /// so buffers allocated elsewhere cannot pile up.
    out: usize,
}

impl<F: Scalar> Default for Pool<F> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<F: Scalar> fmt::Debug for Pool<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.with(|shelves| {
            let count = |of: fn(&Shelf<F>) -> usize| shelves.values().map(of).sum::<usize>();
            let (buffers, out) = (count(|shelf| shelf.buffers.len()), count(|shelf| shelf.out));
            f.debug_struct("Pool").field("buffers", &buffers).field("out", &out).finish()
        })
    }
}

impl<F: Scalar> Pool<F> {
    fn with<T>(&self, work: impl FnOnce(&mut Shelves<F>) -> T) -> T {
        // A poisoned lock is safe to use: no operation can panic halfway through a change of the
        // shelves.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes a buffer of length `len` with unspecified contents.
    pub fn take(&self, len: usize) -> Vec<F> {
        let known = self.with(|shelves| {
            let shelf = shelves.entry(len).or_insert_with(|| Shelf { buffers: Vec::new(), out: 0 });
            shelf.out += 1;
            shelf.buffers.pop()
        });
        known.unwrap_or_else(|| vec![F::zero(); len])
    }

    /// Returns a buffer to the pool.
    pub fn give(&self, buffer: Vec<F>) {
        self.with(|shelves| {
            if let Some(shelf) = shelves.get_mut(&buffer.len())
                && shelf.out > 0
            {
                shelf.out -= 1;
                shelf.buffers.push(buffer);
            }
        });
    }

    /// Takes an array of shape `shape` with unspecified contents. It begins at a cache line:
    /// vectors that cross the border between two lines take twice as long to load and to store.
    pub fn array<D: Dimension>(&self, shape: impl IntoDimension<Dim = D>) -> Array<F, D> {
        let shape = shape.into_dimension();
        let (len, spare) = (shape.size(), LINE / size_of::<F>());
        let mut array = Array1::from_vec(self.take(len + spare));
        // Where an address cannot be aligned, as in constant evaluation, any place will do.
        let start = array.as_ptr().align_offset(LINE).min(spare);
        array.slice_axis_inplace(Axis(0), Slice::from(start..start + len));
        array.into_shape_with_order(shape).expect("the buffer has the length of the shape")
    }

    /// Takes an array of shape `shape`, filled with zeros.
    pub fn zeros<D: Dimension>(&self, shape: impl IntoDimension<Dim = D>) -> Array<F, D> {
        let mut array = self.array(shape);
        array.fill(F::zero());
        array
    }

    /// Returns an array to the pool, unless its buffer is still shared.
    pub fn recycle<D: Dimension>(&self, array: impl Into<ArcArray<F, D>>) {
        if let Ok(array) = array.into().try_into_owned_nocopy() {
            self.give(array.into_raw_vec_and_offset().0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returned_buffers_are_reused() {
        let pool = Pool::<f32>::default();
        let array = pool.zeros((3, 4));
        let address = array.as_ptr();
        let share = array.into_shared();
        pool.recycle(share.clone());
        let other = pool.array(12);
        assert_ne!(other.as_ptr(), address, "the buffer was still shared");
        pool.recycle(share);
        let array = pool.array((2, 6));
        assert_eq!((array.as_ptr(), array.dim()), (address, (2, 6)));
        let short = pool.take(1);
        assert!(short.len() == 1 && other.len() == 12);
    }

    #[test]
    fn arrays_begin_at_a_cache_line() {
        let pool = Pool::<f32>::default();
        for len in [1, 5, 16, 1000, 100_000] {
            let mut array = pool.array((len, 3));
            array.fill(1.0);
            assert!(array.as_ptr().addr().is_multiple_of(LINE) && array.len() == 3 * len);
            pool.recycle(array);
        }
    }

    #[test]
    fn foreign_buffers_are_dropped() {
        let pool = Pool::<f64>::default();
        for _ in 0..100 {
            pool.give(vec![0.0; 10]);
        }
        assert_eq!(format!("{pool:?}"), "Pool { buffers: 0, out: 0 }");
    }
}
