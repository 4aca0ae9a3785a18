//! What the crate promises, seen from outside. Whoever wants to know whether to trust it should begin with `convergence`.

mod consistency;
mod convergence;
mod everything;
mod exact;
mod gradients;
mod hostile;
mod invariance;
mod jensen_shannon;
mod neighbors;
mod nonuniform;
mod published;
mod reference;

use ndarray::Array2;
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

/// Standard normal samples from a seed.
fn normal(n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn((n, d), || rng.sample(StandardNormal))
}
