//! The density of codes under the map.

use ndarray::{ArrayView2, Axis};
use rayon::prelude::*;

use super::{BLOCK, Gaussianization};
use crate::Float;
use crate::normal::log_density;

impl Gaussianization {
    /// Returns the mean log density of the rows of `codes`, in nats, or NaN if there are none. The
    /// density is that of N(0, I) at the image of a code, times the determinant of the map's
    /// derivative.
    ///
    /// # Panics
    ///
    /// If the codes do not have dimension [`latent`](Gaussianization::latent).
    pub fn log_likelihood<F: Float>(&self, codes: ArrayView2<'_, F>) -> f64 {
        let z = self.standardize(codes.mapv(F::into_f64));
        let blocks: Vec<_> = z.axis_chunks_iter(Axis(0), BLOCK).collect();
        let of_block = |block: &ArrayView2<'_, f64>| {
            let mut sum = 0.0;
            let mut block = block.to_owned();
            for layer in &self.layers {
                let rotated = block.dot(&layer.rotation.t());
                for (column, map) in rotated.axis_iter(Axis(1)).zip(&layer.marginals) {
                    sum += column.iter().map(|&x| map.slope(x).ln()).sum::<f64>();
                }
                block = layer.forward(block);
            }
            sum + log_density(block.view())
        };
        // Sum in the order of the blocks, independent of the threads.
        let sums: Vec<f64> = blocks.par_iter().map(of_block).collect();
        sums.iter().sum::<f64>() / z.nrows() as f64 - self.scale.mapv(f64::ln).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::normal;
    use ndarray::Array2;

    #[test]
    fn the_density_integrates_to_one() {
        // A noisy parabola, for which the map is far from the identity.
        let mut codes = normal::<f64>(2000, 2, 1);
        codes.outer_iter_mut().for_each(|mut code| code[1] = code[0].powi(2) + 0.3 * code[1]);
        let map = Gaussianization::fit(codes.view(), 8, 0).unwrap();
        // Midpoint rule on squares with sides of 0.1. The density is smooth at that scale.
        let (side, wide, high) = (0.1, 120, 240);
        let grid = Array2::from_shape_fn((wide * high, 2), |(i, j)| match j {
            0 => -6.0 + side * ((i % wide) as f64 + 0.5),
            _ => -4.0 + side * ((i / wide) as f64 + 0.5),
        });
        let density = |row: usize| map.log_likelihood(grid.slice_axis(Axis(0), (row..row + 1).into())).exp();
        let integral = (0..grid.nrows()).into_par_iter().map(density).sum::<f64>() * side * side;
        assert!((integral - 1.0).abs() < 0.01, "{integral}");
        // The mean log density of all rows is the mean over single rows.
        let rows = codes.slice_axis(Axis(0), (..1500).into());
        let each: f64 = rows.outer_iter().map(|row| map.log_likelihood(row.insert_axis(Axis(0)))).sum();
        assert!((map.log_likelihood(rows) - each / 1500.0).abs() < 1e-9);
    }
}
