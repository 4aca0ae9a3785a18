use knn_entropy::{ClosePoints, Error, KozachenkoLeonenko};
use ndarray::{Array1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::normal::normal_radius;
use crate::{Float, sampler};

/// Summary statistics of codes, with the values for N(0, I) under the same conditions.
///
/// Each statistic alone can look right for codes that are not normal. On a sphere of radius
/// `sqrt(d)` every coordinate is close to normal, but the spread of the radius reveals the sphere.
/// [`LatentReport`](super::LatentReport) has tests and more statistics.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CodeReport {
    /// Number of codes.
    pub n: usize,
    /// Latent dimension.
    pub d: usize,
    /// The k of the entropy estimates: the requested k, or n - 1 if that is smaller.
    pub k: usize,
    /// The estimated entropy in nats.
    pub entropy: f64,
    /// Entropy estimate for n draws from N(0, I). Compare with this value and not with the exact
    /// entropy: in many dimensions the estimator is biased upwards.
    pub normal_entropy: f64,
    /// The mean distance from the origin.
    pub radius_mean: f64,
    /// The standard deviation of the distance from the origin.
    pub radius_sd: f64,
    /// The exact mean for N(0, I).
    pub normal_radius_mean: f64,
    /// The exact standard deviation for N(0, I).
    pub normal_radius_sd: f64,
}

impl CodeReport {
    /// Computes the statistics of the rows of `codes`. The entropy is estimated from the k-th
    /// neighbors.
    ///
    /// # Errors
    ///
    /// If the entropy cannot be estimated because codes are not finite or there are fewer than two.
    pub fn new<F: Float>(codes: ArrayView2<'_, F>, k: usize) -> Result<Self, Error> {
        /// Fixed seed, so that two reports with the same sizes use the same reference value.
        const SEED: u64 = 1;
        /// Smallest distance used in the estimate. It gives a collapsed code a very low entropy
        /// instead of an error.
        const FLOOR: f64 = 1e-6;
        let (n, d) = codes.dim();
        let k = k.min(n.saturating_sub(1));
        let estimator = KozachenkoLeonenko::new(k).close_points(ClosePoints::Floor(FLOOR));
        let entropy = estimator.entropy(codes)?;
        let normal_entropy = estimator.entropy(sampler::normal::<f64>(n, d, SEED).view())?;
        let radius: Array1<f64> = codes
            .axis_iter(Axis(0))
            .map(|code| code.iter().map(|z| z.into_f64().powi(2)).sum::<f64>().sqrt())
            .collect();
        let [normal_radius_mean, normal_radius_sd] = normal_radius(d);
        Ok(Self {
            n,
            d,
            k,
            entropy,
            normal_entropy,
            radius_mean: radius.mean().expect("at least one code, or the estimate had failed"),
            radius_sd: radius.std(0.0),
            normal_radius_mean,
            normal_radius_sd,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn k_is_limited_by_the_number_of_codes() {
        let report = |n| CodeReport::new(sampler::normal::<f64>(n, 2, 5).view(), 50);
        assert_eq!((report(60).unwrap().k, report(20).unwrap().k), (50, 19));
        assert_eq!((report(1).unwrap_err(), report(0).unwrap_err()), (Error::ZeroK, Error::NoSamples));
    }

    #[test]
    fn radius_distinguishes_a_sphere_from_the_normal_distribution() {
        let codes = sampler::normal::<f64>(2_000, 16, 5);
        let report = CodeReport::new(codes.view(), 1).unwrap();
        assert!((report.entropy - report.normal_entropy).abs() < 0.5);
        assert!((report.radius_sd / report.normal_radius_sd - 1.0).abs() < 0.1);
        let mut sphere = codes;
        sphere.outer_iter_mut().for_each(|mut z| z *= 4.0 / z.dot(&z).sqrt());
        let report = CodeReport::new(sphere.view(), 1).unwrap();
        assert!(report.radius_sd < 1e-6 && report.normal_radius_sd > 0.69);
    }
}
