use ndarray::ArrayView2;

use super::super::MetricError;
use super::super::covariance::{eigen, moments, rank};
use super::check::Check;

const LOST: &str = "dimensions are lost, or their spread is unequal";

/// Computes [`LatentReport::effective_rank`](super::LatentReport::effective_rank).
pub(super) fn effective_rank(codes: ArrayView2<'_, f64>) -> Result<Check, MetricError> {
    let (_, covariance) = moments(codes);
    let (values, _) = eigen(covariance.view())?;
    let values: Vec<f64> = values.iter().take(rank(&values)).copied().collect();
    let total: f64 = values.iter().sum();
    let entropy: f64 = values.iter().map(|x| x / total).map(|p| -p * p.ln()).sum();
    let value = if values.is_empty() { 0.0 } else { entropy.exp() };
    let (n, d) = codes.dim();
    let [small, large] = [d.min(n - 1), d.max(n - 1)].map(|x| x as f64);
    let expected = small * (-(small - 1.0) * (small + 2.0) / (2.0 * small * large)).exp();
    Ok(Check::new(value, expected, None, (value / expected - 1.0).min(0.0) / 0.1, [LOST; 2]))
}

#[cfg(test)]
mod tests {
    use super::super::super::test_data::skewed;
    use super::super::check::Verdict;
    use super::*;
    use crate::sampler;
    use approx::assert_relative_eq;
    use ndarray::{Array2, concatenate};

    #[test]
    fn matches_numpy() {
        // The exponential of the entropy of numpy.linalg.eigvalsh(numpy.cov(x.T)), divided by their
        // sum.
        let found = effective_rank(skewed(80, 4, 3).view()).unwrap();
        assert_relative_eq!(found.value, 1.2929336049546774, max_relative = 1e-11);
        assert_eq!(found.verdict, Verdict::Large(LOST));
    }

    #[test]
    fn expected_value_for_the_normal_distribution() {
        // Means over 100 random samples in NumPy, each with three times its standard error.
        for (n, d, simulated, bound) in [
            (20, 2, 1.8883, 0.032),
            (100, 16, 14.6978, 0.041),
            (1000, 64, 61.9479, 0.020),
            (100, 100, 60.1122, 0.125),
            (20, 100, 17.2039, 0.049),
        ] {
            let found = effective_rank(sampler::normal::<f64>(n, d, 1).view()).unwrap();
            assert!((found.expected - simulated).abs() < bound, "{n} {d}: {found:?}");
            assert_eq!(found.verdict, Verdict::Normal, "{n} {d}: {found:?}");
        }
    }

    #[test]
    fn detects_lost_dimensions() {
        let codes = sampler::normal::<f64>(1000, 8, 1);
        // Repeating each coordinate does not change the rank.
        let twice = concatenate![ndarray::Axis(1), codes, codes];
        let (once, found) = (effective_rank(codes.view()).unwrap(), effective_rank(twice.view()).unwrap());
        assert_relative_eq!(found.value, once.value, max_relative = 1e-12);
        assert_eq!(found.verdict, Verdict::Large(LOST));
        assert_eq!(effective_rank(Array2::from_elem((5, 3), 0.1).view()).unwrap().value, 0.0);
    }
}
