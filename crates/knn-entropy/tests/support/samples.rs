//! Random samples for tests.

use ndarray::Array2;
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

/// Draws standard normal samples.
pub(crate) fn normal(n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn((n, d), || rng.sample(StandardNormal))
}

/// Draws a stationary series `x_t = phi x_(t-1) + e_t` with normal noise.
pub(crate) fn autoregression(n: usize, phi: f64, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut noise = || rng.sample::<f64, _>(StandardNormal);
    let mut last = noise() / (1.0 - phi * phi).sqrt();
    Array2::from_shape_simple_fn((n, 1), || {
        last = phi * last + noise();
        last
    })
}
