//! Prints the mean errors of the mutual information of normal blocks, from independent to strongly
//! dependent, for the table in the documentation of `LocalNonuniformity`.
//!
//! To reduce noise, errors are relative to the mean local information of each draw, which is known
//! in closed form, and not to its expectation.

use knn_entropy::{Ksg, LocalNonuniformity, Result};
use ndarray::Array2;
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

const N: usize = 1000;
const K: usize = 5;
const DRAWS: u64 = 5;

fn main() -> Result<()> {
    println!("{:>5} {:>5} {:>8} {:>8}", "", "nats", "ksg", "local");
    for (dx, dy, p) in [(1, 1, 50), (1, 2, 100), (2, 2, 100), (3, 3, 100), (5, 5, 100)] {
        for information in [0.0, 1.0, 2.0, 4.0, 8.0] {
            let mut errors = [0.0; 2];
            for seed in 0..DRAWS {
                let (x, y, truth) = draw(dx, dy, information, seed);
                let found = [
                    Ksg::new(K).mutual_information(x.view(), y.view())?,
                    LocalNonuniformity::new(K, p).mutual_information(x.view(), y.view())?,
                ];
                errors.iter_mut().zip(found).for_each(|(error, found)| *error += (found - truth) / DRAWS as f64);
            }
            let [ksg, local] = errors;
            println!("{dx} + {dy} {information:>5} {ksg:>8.3} {local:>8.3}");
        }
    }
    Ok(())
}

/// Draws blocks whose first coordinates depend on each other in pairs, and returns the mean local
/// information of the draw.
fn draw(dx: usize, dy: usize, information: f64, seed: u64) -> (Array2<f64>, Array2<f64>, f64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let pairs = dx.min(dy);
    let x = Array2::<f64>::random_using((N, dx), StandardNormal, &mut rng);
    let noise = Array2::<f64>::random_using((N, dy), StandardNormal, &mut rng);
    let rest = (-2.0 * information / pairs as f64).exp();
    let mut y = noise.clone();
    for j in 0..pairs {
        y.column_mut(j).assign(&((1.0 - rest).sqrt() * &x.column(j) + rest.sqrt() * &noise.column(j)));
    }
    // ln p(y | x) - ln p(y), with the noise as the residual of y given x.
    let truth = information + (&y * &y - &noise * &noise).sum() / (2 * N) as f64;
    (x, y, truth)
}
