//! Special functions for arguments at which the usual formulas lose digits.

use std::f64::consts::{PI, SQRT_2};

use statrs::function::erf::{erfc, erfc_inv};

/// Returns `ln Gamma(x + e) - ln Gamma(x)` for `x` and `x + e` above 0. The result is accurate even
/// if both are large or `e` is small. A difference of two logarithms would be off by 1e-9 for x =
/// 1e6.
pub(crate) fn ln_gamma_ratio(x: f64, e: f64) -> f64 {
    // Use Gamma(x + 1) = x Gamma(x) up to where Stirling's series converges.
    let (mut x, mut shift) = (x, 0.0);
    while x.min(x + e) < 16.0 {
        shift -= (e / x).ln_1p();
        x += 1.0;
    }
    // Each term of ln Gamma(x) = (x - 1/2) ln x - x + ln(2 pi)/2 + 1/(12 x) - ... is subtracted
    // without cancellation: (x + e)^-m - x^-m = x^-m (exp(-m ln(1 + e/x)) - 1).
    let log = (e / x).ln_1p();
    let power = |m: i32, divisor: f64| x.powi(-m) / divisor * (-f64::from(m) * log).exp_m1();
    let rest = power(1, 12.0) - power(3, 360.0) + power(5, 1260.0) - power(7, 1680.0) + power(9, 1188.0);
    shift + (x - 0.5) * log + e * (x + e).ln() - e + rest
}

/// Returns the probability that a standard normal variable is below `x`.
pub(crate) fn normal_cdf(x: f64) -> f64 {
    0.5 * erfc(-x / SQRT_2)
}

/// Returns the number below which a standard normal variable lies with probability `p`.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    -SQRT_2 * erfc_inv(2.0 * p)
}

/// Returns minus the logarithm of the standard normal density.
pub(crate) fn normal_surprise(x: f64) -> f64 {
    0.5 * (x * x + (2.0 * PI).ln())
}

/// Returns `erfc(x) exp(x^2)` for `x` at least 0, which does not underflow if `erfc(x)` does.
fn scaled_erfc(x: f64) -> f64 {
    if x < 20.0 {
        return erfc(x) * (x * x).exp();
    }
    // The first omitted term of this asymptotic series is below 1e-16.
    let y = 0.5 / (x * x);
    (1.0 - y * (1.0 - 3.0 * y * (1.0 - 5.0 * y * (1.0 - 7.0 * y)))) / (x * PI.sqrt())
}

/// A standard normal variable between two bounds: the logarithm of the probability, and the mean
/// and variance given that the variable lies between them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Truncated {
    pub(crate) log_probability: f64,
    pub(crate) mean: f64,
    pub(crate) variance: f64,
}

/// Returns the moments between bounds `a < b`, accurate even far from 0.
pub(crate) fn truncated_normal(a: f64, b: f64) -> Truncated {
    // By symmetry, assume that the interval is mostly positive, so that the relevant tail is the
    // upper one.
    if a + b < 0.0 {
        let mirrored = truncated_normal(-b, -a);
        return Truncated { mean: -mirrored.mean, ..mirrored };
    }
    let (middle, width) = (0.5 * (a + b), b - a);
    let fall = width * middle;
    if width < 0.03 && fall < 0.3 {
        // The density is nearly exp(-m x) on the interval, so the moments are series in the width.
        let (square, f) = (width * width, fall * fall);
        let log_probability = width.ln() - normal_surprise(middle) + f * (1.0 / 24.0 - f / 2880.0) - square / 24.0;
        let mean = middle - middle * square * (1.0 / 12.0 - f / 720.0);
        return Truncated { log_probability, mean, variance: square * (1.0 / 12.0 - f * (1.0 / 240.0 - f / 6048.0)) };
    }
    // Both tails and densities are multiplied by exp(a^2/2). The tail beyond the upper bound is
    // computed relative to the lower one.
    let falls = (0.5 * (a - b) * (a + b)).exp();
    let (tail, log_scale) = if a > 0.0 {
        (0.5 * (scaled_erfc(a / SQRT_2) - falls * scaled_erfc(b / SQRT_2)), -0.5 * a * a)
    } else {
        (normal_cdf(b) - normal_cdf(a), 0.0)
    };
    let density = |x: f64| (-normal_surprise(x) - log_scale).exp();
    let (low, high) = (density(a), density(b));
    let mean = (low - high) / tail;
    // At infinity, the density falls faster than the bound grows.
    let edge = |x: f64, density: f64| if density == 0.0 { 0.0 } else { x * density };
    let edges = edge(a, low) - edge(b, high);
    let variance = 1.0 + edges / tail - mean * mean;
    Truncated { log_probability: tail.ln() + log_scale, mean, variance }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use statrs::function::gamma::{digamma, ln_gamma};

    #[test]
    fn ratios_of_gammas() {
        for (x, e) in [(1.0, 0.5), (3.0, -2.5), (0.2, 0.3), (20.0, 7.0), (100.0, -50.0), (5.0, 1000.0)] {
            assert_relative_eq!(ln_gamma_ratio(x, e), ln_gamma(x + e) - ln_gamma(x), epsilon = 1e-10);
        }
        // For an integer e, the ratio is a product.
        let product: f64 = (0..5).map(|i| (1e6 + f64::from(i)).ln()).sum();
        assert_relative_eq!(ln_gamma_ratio(1e6, 5.0), product, max_relative = 1e-14);
        // The derivative at 0 is digamma.
        for x in [1.0, 4.0, 1e3, 1e6] {
            let e = 1e-9;
            assert_relative_eq!(ln_gamma_ratio(x, e) / e, digamma(x), max_relative = 1e-8);
        }
    }

    #[test]
    fn truncated_moments() {
        // Compare with sums over a fine grid, in units of the density at the point nearest to 0.
        let intervals =
            [(-1.0, 2.0), (0.0, 0.5), (3.0, 3.1), (-9.0, -8.0), (30.0, 31.0), (-40.0, -39.99), (5.0, 5.001)];
        for (a, b) in intervals {
            let n = 200_000;
            let nearest = if a > 0.0 {
                a
            } else if b < 0.0 {
                b
            } else {
                0.0_f64
            };
            let step = (b - a) / f64::from(n);
            let (mut p, mut first, mut second) = (0.0, 0.0, 0.0);
            let middle = 0.5 * (a + b);
            for i in 0..n {
                let x = a + (f64::from(i) + 0.5) * step;
                let weight = (normal_surprise(nearest) - normal_surprise(x)).exp() * step;
                p += weight;
                first += weight * (x - middle);
                second += weight * (x - middle) * (x - middle);
            }
            let (first, second) = (first / p, second / p);
            let found = truncated_normal(a, b);
            assert_relative_eq!(found.log_probability, p.ln() - normal_surprise(nearest), max_relative = 1e-8);
            assert_relative_eq!(found.mean, middle + first, max_relative = 1e-8, epsilon = 1e-8);
            assert_relative_eq!(found.variance, second - first * first, max_relative = 1e-4);
        }
        let whole = truncated_normal(f64::NEG_INFINITY, f64::INFINITY);
        assert_eq!(whole.log_probability, 0.0);
    }
}
