use std::f64::consts::LN_2;

use knn_entropy::Error;
use ndarray::{Array1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use statrs::function::gamma::{gamma_lr, ln_gamma};

use crate::{Eae, Float, sampler};

/// How close codes are to N(0, I), with N(0, I) beside it under the same conditions.
///
/// Each number alone can look right when the whole is not: on a sphere of radius `sqrt(d)` every coordinate is close to
/// normal. The spread of the radius tells; a [`LatentReport`](super::LatentReport) has tests and more of them.
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
    /// The same estimate for as many draws from N(0, I). Compare with this, not with the exact value: in many
    /// dimensions the estimator itself is biased upwards.
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
        let (n, d) = codes.dim();
        let k = k.min(n.saturating_sub(1));
        let estimator = Eae { k, ..Eae::default() }.estimator();
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

/// The entropy of N(0, I) in `d` dimensions, `d/2 ln(2 pi e)` nats: the largest of all distributions whose coordinates
/// have mean 0 and variance 1.
pub fn normal_entropy(d: usize) -> f64 {
    d as f64 / 2.0 * (2.0 * std::f64::consts::PI * std::f64::consts::E).ln()
}

/// The mean and the standard deviation of the distance from the origin under N(0, I), the chi distribution: the mean is
/// `sqrt(2) Gamma((d+1)/2) / Gamma(d/2)`, the variance `d - mean^2`.
pub fn normal_radius(d: usize) -> [f64; 2] {
    if d == 0 {
        return [0.0; 2];
    }
    let half = d as f64 / 2.0;
    let mean = (ln_gamma(half + 0.5) - ln_gamma(half)).exp() * std::f64::consts::SQRT_2;
    // `d - mean^2` cancels in many dimensions; there the series 1/2 - 1/(8d) + ... is exact to double precision's rest.
    let variance = if d < 10_000 { d as f64 - mean * mean } else { 0.5 - 0.125 / d as f64 };
    [mean, variance.sqrt()]
}

/// The quantiles of the distance from the origin under N(0, I) in `d` dimensions, at `(i - 1/2) / n` for `i` from 1 to
/// `n`, in order.
pub fn chi_quantiles(d: usize, n: usize) -> Vec<f64> {
    let half = d as f64 / 2.0;
    let mut quantile = normal_radius(d)[0];
    let at = |i: usize| (i as f64 + 0.5) / n as f64;
    (0..n)
        .map(|i| {
            // Newton's steps from the last quantile, kept within what is known to be on either side.
            let (mut below, mut above) = (0.0, f64::INFINITY);
            for _ in 0..200 {
                let off = gamma_lr(half, quantile * quantile / 2.0) - at(i);
                if off > 0.0 {
                    above = quantile;
                } else {
                    below = quantile;
                }
                let log_density =
                    (d as f64 - 1.0) * quantile.ln() - quantile * quantile / 2.0 - ln_gamma(half) - (half - 1.0) * LN_2;
                let next = quantile - off / log_density.exp();
                let next =
                    if next > below && next < above { next } else { (below + above.min(2.0 * below + 1.0)) / 2.0 };
                if (next - quantile).abs() <= 4.0 * f64::EPSILON * next {
                    break;
                }
                quantile = next;
            }
            quantile
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn radius_of_the_normal_distribution() {
        use std::f64::consts::PI;
        // Half-normal, Rayleigh and Maxwell distributions.
        for (d, mean, variance) in [
            (1, (2.0 / PI).sqrt(), 1.0 - 2.0 / PI),
            (2, (PI / 2.0).sqrt(), 2.0 - PI / 2.0),
            (3, 2.0 * (2.0 / PI).sqrt(), 3.0 - 8.0 / PI),
        ] {
            let [found_mean, found_sd] = normal_radius(d);
            assert_relative_eq!(found_mean, mean, max_relative = 1e-13);
            assert_relative_eq!(found_sd * found_sd, variance, max_relative = 1e-12);
        }
        // The two ways meet.
        assert_relative_eq!(normal_radius(9_999)[1], normal_radius(10_000)[1], max_relative = 1e-5);
    }

    #[test]
    fn quantiles_of_the_radius() {
        // Rayleigh distribution: sqrt(-2 ln(1 - p)).
        for (i, found) in chi_quantiles(2, 9).into_iter().enumerate() {
            let p = (i as f64 + 0.5) / 9.0;
            assert_relative_eq!(found, (-2.0 * (1.0 - p).ln()).sqrt(), max_relative = 1e-12);
        }
        for (d, n) in [(1, 100), (16, 100), (128, 1), (1_000, 7)] {
            let found = chi_quantiles(d, n);
            assert!(found.is_sorted());
            for (i, q) in found.into_iter().enumerate() {
                let p = gamma_lr(d as f64 / 2.0, q * q / 2.0);
                assert_relative_eq!(p, (i as f64 + 0.5) / n as f64, max_relative = 1e-10);
            }
        }
    }

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
