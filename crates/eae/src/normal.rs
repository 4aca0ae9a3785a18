//! Properties of N(0, I): its entropy, and the distribution of the distance from the origin.

use std::f64::consts::{E, LN_2, PI};

use ndarray::ArrayView2;
use statrs::function::gamma::{gamma_lr, ln_gamma};

/// Returns the entropy of N(0, I) in `d` dimensions, `d/2 ln(2 pi e)` nats. This is the maximum
/// over all distributions whose coordinates have mean 0 and variance 1.
pub fn normal_entropy(d: usize) -> f64 {
    d as f64 / 2.0 * (2.0 * PI * E).ln()
}

/// Returns the sum over the rows of the log density of N(0, I), in nats.
pub(crate) fn log_density(rows: ArrayView2<'_, f64>) -> f64 {
    let (n, d) = rows.dim();
    -0.5 * (rows.iter().map(|x| x * x).sum::<f64>() + (n * d) as f64 * (2.0 * PI).ln())
}

/// Returns the mean and the standard deviation of the distance from the origin under N(0, I), the
/// chi distribution: the mean is `sqrt(2) Gamma((d+1)/2) / Gamma(d/2)`, the variance `d - mean^2`.
pub fn normal_radius(d: usize) -> [f64; 2] {
    if d == 0 {
        return [0.0; 2];
    }
    let half = d as f64 / 2.0;
    let mean = (ln_gamma(half + 0.5) - ln_gamma(half)).exp() * std::f64::consts::SQRT_2;
    // In many dimensions `d - mean^2` suffers from cancellation. There the series 1/2 - 1/(8d) +
    // ... is exact to double precision.
    let variance = if d < 10_000 { d as f64 - mean * mean } else { 0.5 - 0.125 / d as f64 };
    [mean, variance.sqrt()]
}

/// Returns the quantiles of the distance from the origin under N(0, I) in `d` dimensions, at
/// `(i - 1/2) / n` for `i` from 1 to `n`, in order.
pub fn chi_quantiles(d: usize, n: usize) -> Vec<f64> {
    let half = d as f64 / 2.0;
    let mut quantile = normal_radius(d)[0];
    let at = |i: usize| (i as f64 + 0.5) / n as f64;
    (0..n)
        .map(|i| {
            // Newton steps from the previous quantile, safeguarded by a bracket.
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

/// Returns the density of the distance `r` from the origin under N(0, I) in `d` dimensions, the chi
/// distribution. The density of a negative distance is 0.
///
/// ```text
/// 2^(1 - d/2) r^(d-1) exp(-r^2/2) / Gamma(d/2)
/// ```
pub fn chi_density(d: usize, r: f64) -> f64 {
    if r < 0.0 || d == 0 {
        return 0.0;
    }
    let half = d as f64 / 2.0;
    // In one dimension the product at 0 would be 0 times minus infinity.
    let power = if d == 1 { 0.0 } else { (d as f64 - 1.0) * r.ln() };
    (power - r * r / 2.0 + (1.0 - half) * LN_2 - ln_gamma(half)).exp()
}

/// Returns the density of N(0, 1).
pub fn normal_density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * PI).sqrt()
}

/// Returns the quantiles of N(0, 1) at `(i - 1/2) / n` for `i` from 1 to `n`, in order. `n` must be
/// even.
///
/// # Panics
///
/// If `n` is odd.
pub fn normal_quantiles(n: usize) -> Vec<f64> {
    assert!(n.is_multiple_of(2), "the number of quantiles is {n} but must be even");
    // The half above 0 has the distribution of the distance from the origin in one dimension.
    let above = chi_quantiles(1, n / 2);
    above.iter().rev().map(|x| -x).chain(above.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn radius_of_the_normal_distribution() {
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
        // The formula and the series agree where they meet.
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
    fn densities_and_quantiles_match_scipy() {
        // scipy.stats.chi.pdf
        for (d, r, expected) in [
            (1, 0.0, 0.7978845608028654),
            (1, 0.7, 0.6245078667335227),
            (2, 1.3, 0.5584245656739608),
            (16, 3.5, 0.49127702845596405),
            (128, 11.0, 0.5247207151055024),
            (1000, 31.0, 0.3894280399739587),
        ] {
            assert_relative_eq!(chi_density(d, r), expected, max_relative = 1e-10);
        }
        assert_eq!([chi_density(3, -1.0), chi_density(3, 0.0), chi_density(0, 1.0)], [0.0; 3]);
        // scipy.stats.norm.ppf([0.125, 0.375, 0.625, 0.875])
        let expected = [-1.1503493803760079, -0.31863936396437514, 0.31863936396437514, 1.1503493803760079];
        for (found, expected) in normal_quantiles(4).into_iter().zip(expected) {
            assert_relative_eq!(found, expected, max_relative = 1e-10);
        }
        assert!(normal_quantiles(0).is_empty());
        assert_relative_eq!(2.0 * normal_density(0.7), chi_density(1, 0.7), max_relative = 1e-12);
    }
}
