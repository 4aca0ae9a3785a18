//! N(0, I) itself, to be drawn beside codes.

use std::f64::consts::{LN_2, PI};

use statrs::function::gamma::ln_gamma;

use super::chi_quantiles;

/// The density of the distance `r` from the origin under N(0, I) in `d` dimensions, the chi distribution; 0 for a negative one.
///
/// ```text
/// 2^(1 - d/2) r^(d-1) exp(-r^2/2) / Gamma(d/2)
/// ```
pub fn chi_density(d: usize, r: f64) -> f64 {
    if r < 0.0 || d == 0 {
        return 0.0;
    }
    let half = d as f64 / 2.0;
    // At 0 in one dimension it would be 0 times minus infinity.
    let power = if d == 1 { 0.0 } else { (d as f64 - 1.0) * r.ln() };
    (power - r * r / 2.0 + (1.0 - half) * LN_2 - ln_gamma(half)).exp()
}

/// The density of N(0, 1).
pub fn normal_density(x: f64) -> f64 {
    (-x * x / 2.0).exp() / (2.0 * PI).sqrt()
}

/// The quantiles of N(0, 1) at `(i - 1/2) / n` for `i` from 1 to `n`, in order; `n` is even.
///
/// # Panics
///
/// If `n` is odd.
pub fn normal_quantiles(n: usize) -> Vec<f64> {
    assert!(n.is_multiple_of(2), "{n} quantiles are not an even number of them");
    // The half above 0 is distributed as the distance from the origin in one dimension.
    let above = chi_quantiles(1, n / 2);
    above.iter().rev().map(|x| -x).chain(above.iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn as_scipy_has_it() {
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
