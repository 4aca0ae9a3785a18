use ndarray::Array2;

use crate::{Error, Float, Result};

/// A gradient `[n, d]` while it is added up.
pub(crate) struct Gradient {
    sum: Array2<f64>,
}

impl Gradient {
    pub(crate) fn new(n: usize, d: usize) -> Self {
        Self { sum: Array2::zeros((n, d)) }
    }

    /// Adds to one end of a pair and takes from the other; points from `n` on have no gradient.
    #[inline(always)]
    pub(crate) fn add_pair(&mut self, i: usize, j: usize, coordinate: usize, g: f64) {
        self.add(i, coordinate, g);
        if j < self.sum.nrows() {
            self.add(j, coordinate, -g);
        }
    }

    #[inline(always)]
    pub(crate) fn add(&mut self, i: usize, coordinate: usize, g: f64) {
        self.sum[[i, coordinate]] += g;
    }

    /// The gradient in the samples' type, if every number of it is finite.
    pub(crate) fn finish<F: Float>(self) -> Result<Array2<F>> {
        let gradient = self.sum.mapv(F::narrow);
        match gradient.indexed_iter().find(|(_, g)| !g.widen().is_finite()) {
            Some(((row, column), _)) => Err(Error::Steep { row, column }),
            None => Ok(gradient),
        }
    }
}
