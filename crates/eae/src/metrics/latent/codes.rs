use knn_entropy::{ClosePoints, Error, KozachenkoLeonenko};
use ndarray::{Array1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::normal::normal_radius;
use crate::{Float, sampler};

/// How close codes are to N(0, I), with N(0, I) beside it under the same conditions.
///
/// Each number alone can look right when the whole is not: on a sphere of radius `sqrt(d)` every
/// coordinate is close to normal. The spread of the radius tells; a
/// [`LatentReport`](super::LatentReport) has tests and more of them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CodeReport {
    /// Codes.
    pub n: usize,
    /// Numbers in a code.
    pub d: usize,
    /// The k of the entropy estimates: what was asked for, or n - 1 if that is less.
    pub k: usize,
    /// The estimated entropy in nats.
    pub entropy: f64,
    /// The same estimate for as many draws from N(0, I). Compare with this, not with the exact
    /// value: in many dimensions the estimator itself is biased upwards.
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
    /// Of the rows of `codes`, the entropy estimated from the k-th neighbours.
    ///
    /// # Errors
    ///
    /// If the entropy cannot be estimated: codes that are not finite, or fewer than two.
    pub fn new<F: Float>(codes: ArrayView2<'_, F>, k: usize) -> Result<Self, Error> {
        /// One fixed draw: two reports with the same sizes compare with the same number.
        const SEED: u64 = 1;
        /// Equal codes count as this far apart, so that a collapsed code has a very low entropy and
        /// not an error.
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
    fn fewer_codes_than_k() {
        let report = |n| CodeReport::new(sampler::normal::<f64>(n, 2, 5).view(), 50);
        assert_eq!((report(60).unwrap().k, report(20).unwrap().k), (50, 19));
        assert_eq!((report(1).unwrap_err(), report(0).unwrap_err()), (Error::ZeroK, Error::NoSamples));
    }

    #[test]
    fn the_normal_distribution_is_close_to_itself_and_a_sphere_is_not() {
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
