use knn_entropy::Samples;
use ndarray::{Array2, ArrayView2, Axis};
use ndarray_rand::rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::MetricError;
use super::error::{at_least, checked_pair, finite};
use crate::Float;

/// The settings of [`KernelDistance::new`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KernelSettings {
    /// Number of pairs of subsets.
    pub subsets: usize,
    /// Number of real and of fake samples in each pair of subsets.
    pub size: usize,
    /// Seed of the random subsets.
    pub seed: u64,
}

impl Default for KernelSettings {
    fn default() -> Self {
        Self { subsets: 100, size: 1000, seed: 0 }
    }
}

impl KernelSettings {
    /// Sets the number of pairs of subsets, 100 by default.
    #[must_use]
    pub fn subsets(self, subsets: usize) -> Self {
        Self { subsets, ..self }
    }

    /// Sets the number of samples in a subset, 1000 by default.
    #[must_use]
    pub fn size(self, size: usize) -> Self {
        Self { size, ..self }
    }

    /// Sets the seed of the random subsets, 0 by default.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }
}

/// The squared maximum mean discrepancy between two sets of features with the kernel
/// `k(x, y) = (x.y / d + 1)^3`. On Inception features this is the KID of Binkowski et al. (ICLR
/// 2018). For subsets of m samples each, drawn without replacement:
///
/// ```text
/// 1/(m (m-1)) sum_{i != j} (k(x_i, x_j) + k(y_i, y_j)) - 2/m^2 sum_{i, j} k(x_i, y_j)
/// ```
///
/// The estimate is unbiased for every n, unlike the Frechet distance. It can be negative, and its
/// mean is 0 for equal distributions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KernelDistance {
    /// The mean over subsets.
    pub mean: f64,
    /// The standard deviation over subsets, with their number as divisor. This is not the standard
    /// error of the mean, because subsets overlap.
    pub sd: f64,
}

impl KernelDistance {
    /// Computes the distance between sets of features `[n, d]`. `O(subsets size^2 d)`.
    ///
    /// # Errors
    ///
    /// [`MetricError::Samples`], [`MetricError::Dimensions`], [`MetricError::TooFew`] if a set has
    /// fewer samples than a subset, [`MetricError::Setting`] if the subsets have fewer than two
    /// samples or there are none, [`MetricError::OutOfRange`].
    pub fn new<F: Float>(
        real: ArrayView2<'_, F>,
        fake: ArrayView2<'_, F>,
        settings: &KernelSettings,
    ) -> Result<Self, MetricError> {
        let KernelSettings { subsets, size, seed } = *settings;
        at_least("the number of subsets", subsets, 1)?;
        at_least("the size of subsets", size, 2)?;
        let (real, fake) = checked_pair(real, fake, size)?;
        let values: Vec<f64> = (0..subsets)
            .into_par_iter()
            .map(|subset| {
                // One random stream per subset makes the result independent of the thread.
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                rng.set_stream(subset as u64);
                let mut draw = |set: &Samples<'_>| {
                    set.view().select(Axis(0), &index::sample(&mut rng, set.len(), size).into_vec())
                };
                squared_discrepancy(&draw(&real), &draw(&fake))
            })
            .collect();
        let mean = finite("the kernel distance", values.iter().sum::<f64>() / subsets as f64)?;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / subsets as f64;
        Ok(Self { mean, sd: finite("the kernel distance's standard deviation", variance.sqrt())? })
    }
}

/// Returns the estimate for two sets with the same number of rows, at least two.
fn squared_discrepancy(x: &Array2<f64>, y: &Array2<f64>) -> f64 {
    let (m, d) = (x.nrows() as f64, x.ncols() as f64);
    let kernel = |product: f64| (product / d + 1.0).powi(3);
    let sum = |a: &Array2<f64>, b: &Array2<f64>| a.dot(&b.t()).iter().map(|&p| kernel(p)).sum::<f64>();
    let diagonal = |a: &Array2<f64>| a.outer_iter().map(|row| kernel(row.dot(&row))).sum::<f64>();
    (sum(x, x) - diagonal(x) + sum(y, y) - diagonal(y)) / (m * (m - 1.0)) - 2.0 * sum(x, y) / (m * m)
}

#[cfg(test)]
mod tests {
    use super::super::test_data::{skewed, uniform};
    use super::*;
    use crate::sampler;
    use approx::assert_relative_eq;

    #[test]
    fn matches_the_definition_and_numpy() {
        let (x, y) = (uniform(30, 5, 1), skewed(30, 5, 2));
        let kernel = |a: &Array2<f64>, i: usize, b: &Array2<f64>, j: usize| {
            ((0..5).map(|c| a[[i, c]] * b[[j, c]]).sum::<f64>() / 5.0 + 1.0).powi(3)
        };
        let (mut within, mut across) = (0.0, 0.0);
        for i in 0..30 {
            for j in 0..30 {
                within += if i == j { 0.0 } else { kernel(&x, i, &x, j) + kernel(&y, i, &y, j) };
                across += kernel(&x, i, &y, j);
            }
        }
        let expected = within / (30.0 * 29.0) - 2.0 * across / 900.0;
        // The only subset of size 30 contains all samples.
        let settings = KernelSettings { subsets: 3, size: 30, seed: 5 };
        let found = KernelDistance::new(x.view(), y.view(), &settings).unwrap();
        assert_relative_eq!(found.mean, expected, max_relative = 1e-11);
        assert!(found.sd < 1e-14);
        // The same computation in numpy, with matrix products.
        assert_relative_eq!(found.mean, 0.01679893801406518, max_relative = 1e-11);
    }

    #[test]
    fn the_estimate_is_unbiased() {
        let (x, y) = (sampler::normal::<f64>(4_000, 8, 1), sampler::normal::<f64>(4_000, 8, 2));
        let settings = KernelSettings { subsets: 40, size: 100, seed: 3 };
        let same = KernelDistance::new(x.view(), y.view(), &settings).unwrap();
        // The error of the mean of 40 subsets plus the error of the 4000 samples they are drawn
        // from, which is as large again.
        let error = |found: KernelDistance| found.sd * (2.0 / 40.0_f64).sqrt();
        assert!(same.mean.abs() < 4.0 * error(same), "{same:?}");
        let other = KernelDistance::new(x.view(), (&y + 0.5).view(), &settings).unwrap();
        // Let p = x.y for normal x and y with means 0 or m, and s = |m|^2. E p is 0 unless both
        // have the mean m; then E p = s and E p^3 = s^3 + 6 s^2 + (3d + 6) s. E p^2 is d, d + s, or
        // d + 2s + s^2 if none, one or both have the mean m.
        let (d, s) = (8.0_f64, 8.0 * 0.25_f64);
        let cubes = s.powi(3) + 6.0 * s * s + (3.0 * d + 6.0) * s;
        let expected = 3.0 * s / d + 3.0 * s * s / (d * d) + cubes / d.powi(3);
        assert!((other.mean - expected).abs() < 4.0 * error(other), "{other:?} {expected}");
        assert_eq!(KernelDistance::new(x.view(), y.view(), &settings).unwrap(), same);
        let seed_4 = KernelSettings { seed: 4, ..settings };
        assert_ne!(KernelDistance::new(x.view(), y.view(), &seed_4).unwrap(), same);
    }

    #[test]
    fn invalid_input_is_an_error() {
        let x = uniform(9, 3, 1);
        let error = |n, size, subsets| {
            let settings = KernelSettings { subsets, size, seed: 0 };
            KernelDistance::new(x.view(), x.slice_axis(Axis(0), (..n).into()), &settings).unwrap_err()
        };
        assert_eq!(error(8, 9, 1), MetricError::TooFew { set: "fake", n: 8, needed: 9 });
        assert!(matches!(error(8, 1, 1), MetricError::Setting { least: 2, .. }));
        assert!(matches!(error(8, 2, 0), MetricError::Setting { least: 1, .. }));
        let huge = &x * 1e200;
        let found = KernelDistance::new(huge.view(), huge.view(), &KernelSettings { size: 5, ..Default::default() });
        assert!(matches!(found, Err(MetricError::OutOfRange { .. })));
    }
}
