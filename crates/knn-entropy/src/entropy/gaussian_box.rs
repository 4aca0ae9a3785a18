use ndarray::{Array1, Array2};

use crate::math::linalg::{cholesky, solve_lower};
use crate::math::special::truncated_normal;

/// Maximum number of sweeps over the coordinates. Each sweep usually at least halves the error.
const SWEEPS: usize = 50;

/// Returns the logarithm of the probability that a normal vector of mean 0 and this covariance lies
/// in the box from `low` to `high`.
///
/// The method is expectation propagation (Cunningham, Hennig and Lacoste-Julien, "Gaussian
/// probabilities and expectation propagation", 2011): the indicator of each side is replaced by a
/// Gaussian factor with the same moments given all others, until nothing changes. The result is
/// exact for independent coordinates.
///
/// Returns `None` if the covariance is singular to within rounding.
pub(super) fn log_probability(covariance: &Array2<f64>, low: &[f64], high: &[f64]) -> Option<f64> {
    let d = low.len();
    // Precision, and precision times mean, of the factors (site) and of each coordinate without its
    // own factor (cavity).
    let (mut site, mut site_mean) = (vec![0.0; d], vec![0.0; d]);
    let (mut cavity, mut cavity_mean) = (vec![0.0; d], vec![0.0; d]);
    let (mut sigma, mut mu) = (covariance.clone(), Array1::<f64>::zeros(d));
    let mut log_normalizers = vec![0.0; d];
    let mut factor = cholesky(covariance.view()).ok()?;
    for _ in 0..SWEEPS {
        let before = mu.clone();
        for i in 0..d {
            cavity[i] = 1.0 / sigma[[i, i]] - site[i];
            cavity_mean[i] = mu[i] / sigma[[i, i]] - site_mean[i];
            // Rounding can make the precision negative if the factor dominates. Leave the
            // coordinate unchanged then.
            if cavity[i] <= 0.0 {
                continue;
            }
            let (mean, sd) = (cavity_mean[i] / cavity[i], cavity[i].sqrt().recip());
            let truncated = truncated_normal((low[i] - mean) / sd, (high[i] - mean) / sd);
            log_normalizers[i] = truncated.log_probability;
            let precision = cavity[i] / truncated.variance;
            let change = (precision - cavity[i]).max(0.0) - site[i];
            site[i] += change;
            site_mean[i] = (mean + sd * truncated.mean) * (site[i] + cavity[i]) - cavity_mean[i];
            // Update the covariance for one changed factor by the Sherman-Morrison formula.
            let column = sigma.column(i).to_owned();
            let scale = change / (1.0 + change * column[i]);
            for (mut row, &own) in sigma.rows_mut().into_iter().zip(&column) {
                row.scaled_add(-scale * own, &column);
            }
            mu = sigma.dot(&Array1::from(site_mean.clone()));
        }
        // Recompute the covariance from the factors, so that rounding errors do not accumulate:
        // (C^-1 + T)^-1 = C - C T^1/2 B^-1 T^1/2 C.
        let root: Vec<f64> = site.iter().map(|t| t.sqrt()).collect();
        let b = Array2::from_shape_fn((d, d), |(i, j)| {
            root[i] * covariance[[i, j]] * root[j] + f64::from(u8::from(i == j))
        });
        factor = cholesky(b.view()).ok()?;
        let mut half = Array2::from_shape_fn((d, d), |(i, j)| covariance[[i, j]] * root[j]);
        for mut row in half.rows_mut() {
            solve_lower(&factor, row.as_slice_mut().expect("fresh rows"));
        }
        sigma = covariance - &half.dot(&half.t());
        mu = sigma.dot(&Array1::from(site_mean.clone()));
        let moved = mu.iter().zip(&before).map(|(a, b)| (a - b).abs());
        let scale = (0..d).map(|i| covariance[[i, i]].sqrt());
        if moved.zip(scale).all(|(moved, scale)| moved <= 1e-10 * scale) {
            break;
        }
    }
    // The integral of the Gaussian that replaces the truncated one.
    let log_det_b: f64 = 2.0 * factor.diag().iter().map(|x| x.ln()).sum::<f64>();
    let mut log_z = -0.5 * log_det_b;
    let site_means = Array1::from(site_mean.clone());
    log_z += 0.5 * site_means.dot(&sigma.dot(&site_means));
    for i in 0..d {
        log_z += log_normalizers[i] + 0.5 * (site[i] / cavity[i]).ln_1p();
        // The integral of the factor over its cavity distribution, which normalizes the factor.
        let total = site[i] + cavity[i];
        let m = cavity_mean[i];
        log_z += 0.5 * (m * m / cavity[i] - (m + site_mean[i]).powi(2) / total);
    }
    Some(log_z)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use ndarray::array;

    #[test]
    fn independent_coordinates_are_exact() {
        let covariance = array![[4.0, 0.0], [0.0, 0.25]];
        let expected = truncated_normal(-0.5, 1.0).log_probability + truncated_normal(2.0, 8.0).log_probability;
        let found = log_probability(&covariance, &[-1.0, 1.0], &[2.0, 4.0]).unwrap();
        assert_relative_eq!(found, expected, max_relative = 1e-9);
    }

    #[test]
    fn two_dependent_coordinates() {
        // The expected value is an integral over the first coordinate. Given x, the second is
        // normal with mean rho x and variance 1 - rho^2.
        for rho in [0.3, -0.7, 0.95_f64] {
            for (low, high) in [([-0.3, -0.4], [0.5, 0.2]), ([0.5, 0.0], [1.0, 0.5]), ([-1.0, -1.0], [1.0, 1.0])] {
                let n = 20_000;
                let step = (high[0] - low[0]) / f64::from(n);
                let sd = (1.0 - rho * rho).sqrt();
                let sum: f64 = (0..n)
                    .map(|i| {
                        let x = low[0] + (f64::from(i) + 0.5) * step;
                        let inner = truncated_normal((low[1] - rho * x) / sd, (high[1] - rho * x) / sd);
                        (inner.log_probability - crate::math::special::normal_surprise(x)).exp() * step
                    })
                    .sum();
                let found = log_probability(&array![[1.0, rho], [rho, 1.0]], &low, &high).unwrap();
                // Expectation propagation is a good approximation but not exact.
                assert_relative_eq!(found, sum.ln(), epsilon = 0.02);
            }
        }
    }
}
