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
    pub(crate) fn add_pair(&mut self, i: usize, j: usize, push: &[f64]) {
        self.row(i).iter_mut().zip(push).for_each(|(g, push)| *g += push);
        if j < self.sum.nrows() {
            self.row(j).iter_mut().zip(push).for_each(|(g, push)| *g -= push);
        }
    }

    /// The gradient of one point, to be added to.
    pub(crate) fn row(&mut self, i: usize) -> &mut [f64] {
        let d = self.sum.ncols();
        let all = self.sum.as_slice_mut().expect("a fresh array");
        &mut all[i * d..(i + 1) * d]
    }

    /// The gradient in the samples' type, if every number of it is finite.
    pub(crate) fn finish<F: Float>(self) -> Result<Array2<F>> {
        let gradient = self.sum.mapv(F::narrow);
        // All at once first: that is one comparison for several numbers.
        if gradient.fold(true, |all, g| all & g.widen().is_finite()) {
            return Ok(gradient);
        }
        let steep = gradient.indexed_iter().find(|(_, g)| !g.widen().is_finite());
        let (row, column) = steep.map_or((0, 0), |(place, _)| place);
        Err(Error::GradientOverflow { row, column })
    }
}
