use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{ArcArray, Array, Dimension, ShapeBuilder};

use crate::Scalar;

/// Buffers to be used again. A training step allocates the same arrays as the one before; fresh
/// memory for each would have to be asked of the system, and cleared by it, every time.
///
/// A clone is the same pool. Hand it to [`Tape::with_pool`](crate::Tape::with_pool):
/// [`Tape::backward`](crate::Tape::backward) puts back what nobody else holds, and operations take
/// from it.
#[derive(Clone)]
pub struct Pool<F: Scalar>(Arc<Mutex<Shelves<F>>>);

/// By length: steps repeat each other, and of a longer buffer the rest would have to be cleared
/// when it is taken.
type Shelves<F> = HashMap<usize, Shelf<F>>;

struct Shelf<F> {
    buffers: Vec<Vec<F>>,
    /// Buffers taken less buffers given. No more are kept, or those that others made would pile up.
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
        // A panic elsewhere leaves the shelf as whole as it was.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A buffer of this length with unspecified contents.
    pub fn take(&self, len: usize) -> Vec<F> {
        let known = self.with(|shelves| {
            let shelf = shelves.entry(len).or_insert_with(|| Shelf { buffers: Vec::new(), out: 0 });
            shelf.out += 1;
            shelf.buffers.pop()
        });
        known.unwrap_or_else(|| vec![F::zero(); len])
    }

    /// Gives a buffer back.
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

    /// An array of this shape with unspecified contents.
    pub fn array<D: Dimension>(&self, shape: impl ShapeBuilder<Dim = D>) -> Array<F, D> {
        let shape = shape.into_shape_with_order();
        let buffer = self.take(shape.size());
        Array::from_shape_vec(shape, buffer).expect("a buffer of this length")
    }

    /// An array of zeros.
    pub fn zeros<D: Dimension>(&self, shape: impl ShapeBuilder<Dim = D>) -> Array<F, D> {
        let mut array = self.array(shape);
        array.fill(F::zero());
        array
    }

    /// Gives an array back, if nobody else holds it.
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
    fn what_was_given_is_taken_again() {
        let pool = Pool::<f32>::default();
        let array = pool.zeros((3, 4));
        let address = array.as_ptr();
        let share = array.into_shared();
        pool.recycle(share.clone());
        let other = pool.take(12);
        assert_ne!(other.as_ptr(), address, "it was still held");
        pool.recycle(share);
        let array = pool.array((2, 6));
        assert_eq!((array.as_ptr(), array.dim()), (address, (2, 6)));
        let short = pool.take(1);
        assert!(short.len() == 1 && other.len() == 12);
    }

    #[test]
    fn does_not_grow_by_what_others_made() {
        let pool = Pool::<f64>::default();
        for _ in 0..100 {
            pool.give(vec![0.0; 10]);
        }
        assert_eq!(format!("{pool:?}"), "Pool { buffers: 0, out: 0 }");
    }
}
