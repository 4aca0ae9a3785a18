use ndarray::Array2;
use ndarray_rand::RandomExt;
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

use crate::Float;

/// Draws `n` codes of dimension `latent` from N(0, I), the distribution toward which training
/// drives the codes of images.
///
/// A seed gives the same codes in both precisions, and the first rows of a larger sample equal
/// those of a smaller one.
pub fn normal<F: Float>(n: usize, latent: usize, seed: u64) -> Array2<F> {
    normal_from(&mut ChaCha8Rng::seed_from_u64(seed), n, latent)
}

/// Returns the next `n` draws of a generator from N(0, I) in `latent` dimensions.
pub fn normal_from<F: Float>(rng: &mut impl Rng, n: usize, latent: usize) -> Array2<F> {
    Array2::<f64>::random_using((n, latent), StandardNormal, rng).mapv(F::from_f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Axis;

    #[test]
    fn moments_are_standard_normal() {
        let codes = normal::<f64>(20_000, 3, 1);
        for column in codes.axis_iter(Axis(1)) {
            let moment = |p| column.mapv(|x: f64| x.powi(p)).mean().unwrap();
            // Four standard errors. Those of x, x^2, x^3 and x^4 are sqrt(1, 2, 15, 96) /
            // sqrt(20 000).
            for (p, expected, variance) in [(1, 0.0, 1.0_f64), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
                assert!((moment(p) - expected).abs() < 4.0 * (variance / 20_000.0).sqrt(), "moment {p}: {}", moment(p));
            }
        }
        let first = codes.slice_axis(Axis(0), (..5).into());
        assert_eq!(normal::<f64>(5, 3, 1), first);
        assert_eq!(normal::<f32>(5, 3, 1), first.mapv(|x| x as f32));
    }
}
