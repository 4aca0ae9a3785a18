use ndarray::Array2;

use crate::{Error, Float, Result};

/// Accumulator for a gradient `[n, d]`.
pub(crate) struct Gradient {
    sum: Array2<f64>,
}

impl Gradient {
    pub(crate) fn new(n: usize, d: usize) -> Self {
        Self { sum: Array2::zeros((n, d)) }
    }

    /// Adds `push` to the gradient of point `i` and subtracts it from that of point `j`. Points
    /// from `n` on have no gradient.
    pub(crate) fn add_pair(&mut self, i: usize, j: usize, push: &[f64]) {
        self.row(i).iter_mut().zip(push).for_each(|(g, push)| *g += push);
        if j < self.sum.nrows() {
            self.row(j).iter_mut().zip(push).for_each(|(g, push)| *g -= push);
        }
    }

    /// Returns the gradient of one point, to add to.
    pub(crate) fn row(&mut self, i: usize) -> &mut [f64] {
        let d = self.sum.ncols();
        let all = self.sum.as_slice_mut().expect("a fresh array");
        &mut all[i * d..(i + 1) * d]
    }

    /// Converts the gradient to the samples' type and checks that it is finite.
    pub(crate) fn finish<F: Float>(self) -> Result<Array2<F>> {
        let gradient = self.sum.mapv(F::narrow);
        // Test all numbers at once first, which needs one comparison for several numbers.
        if gradient.fold(true, |all, g| all & g.widen().is_finite()) {
            return Ok(gradient);
        }
        let steep = gradient.indexed_iter().find(|(_, g)| !g.widen().is_finite());
        let (row, column) = steep.map_or((0, 0), |(place, _)| place);
        Err(Error::GradientOverflow { row, column })
    }
}
