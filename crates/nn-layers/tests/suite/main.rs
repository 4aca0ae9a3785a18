//! Tests of the crate's public interface.

mod convolution;
mod layers;
mod optimizers;
mod parts;
mod weights;

use ndarray::ArrayD;
use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Returns random numbers in [-1, 1).
fn random(shape: &[usize], seed: u64) -> ArrayD<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    ArrayD::from_shape_simple_fn(shape, || rng.random_range(-1.0..1.0))
}
