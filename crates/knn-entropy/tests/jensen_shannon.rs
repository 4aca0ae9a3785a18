//! The Jensen-Shannon divergence against quadrature, and exactly where its expectation is known.
//!
//! The divergences of densities are `scipy.integrate.quad` of `w p ln(p/m) + (1 - w) q ln(q/m)`, `m = w p + (1 - w) q`, in
//! more dimensions along the radius, to all digits given.

use knn_entropy::{Error, JensenShannon, Norm, Ross};
use ndarray::{Array2, Axis, array, concatenate};
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::Exp1;
use rand_chacha::ChaCha8Rng;

use crate::normal;

/// The mean of estimates and its standard error.
fn mean(replicates: u64, estimate: impl Fn(u64) -> f64) -> (f64, f64) {
    let all: Vec<f64> = (0..replicates).map(estimate).collect();
    let n = replicates as f64;
    let mean = all.iter().sum::<f64>() / n;
    (mean, (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt())
}

fn shifted(n: usize, d: usize, by: f64, seed: u64) -> Array2<f64> {
    let mut z = normal(n, d, seed);
    z.column_mut(0).mapv_inplace(|x| x + by);
    z
}

fn exponential(n: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn((n, 1), || rng.sample(Exp1))
}

#[test]
fn equal_distributions_have_none() {
    for (n, m, d, k) in [(20, 20, 1, 1), (100, 100, 3, 3), (80, 320, 1, 3), (320, 80, 2, 3), (100, 150, 1, 5)] {
        for weight in [0.5, 0.3] {
            let estimator = JensenShannon::new(k).weight(weight);
            let (found, error) = mean(150, |seed| {
                let (p, q) = (normal(n, d, 2 * seed), normal(m, d, 2 * seed + 1));
                estimator.divergence(p.view(), q.view()).unwrap()
            });
            let what = format!("n = {n}, m = {m}, d = {d}, k = {k}, weight {weight}: {found} +- {error}");
            assert!(found.abs() < 4.0 * error && error < 0.02, "{what}");
        }
    }
}

#[test]
fn normals_at_a_distance() {
    // Unit normals, in any number of dimensions; of weights 1/2, and 0.8 and 0.2.
    let truths = [
        (0.5, 0.030_311_300_5, 0.019_599_661_7),
        (1.0, 0.111_421_482_2, 0.073_700_654_2),
        (2.0, 0.336_830_820_3, 0.232_603_034_1),
        (4.0, 0.632_720_193_7, 0.453_603_940_3),
    ];
    for (n, m) in [(250, 250), (250, 1000), (1000, 250)] {
        for d in [1, 2, 3] {
            for (distance, equal, unequal) in truths {
                for (weight, truth) in [(0.5, equal), (0.8, unequal)] {
                    let (found, error) = mean(6, |seed| {
                        let (p, q) = (normal(n, d, 2 * seed), shifted(m, d, distance, 2 * seed + 1));
                        JensenShannon::new(3).weight(weight).divergence(p.view(), q.view()).unwrap()
                    });
                    let off = (found - truth).abs();
                    let what = format!("{n} and {m}, d = {d}, {distance} apart, weight {weight}: {found} +- {error}");
                    println!("{what} {truth}");
                    assert!(off < 0.015 + 4.0 * error && error < 0.02, "{what}, should be {truth}");
                }
            }
        }
    }
}
