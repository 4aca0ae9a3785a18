use ndarray::{Array2, ArrayView2, Axis};
use ndarray_rand::rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use statrs::function::erf::erfc;

use super::super::MetricError;
use super::check::Check;
use super::whitened::whitened;

/// Largest number of codes to test. The test compares all pairs, so a random sample of larger sets
/// is tested.
const MOST: usize = 2000;

/// Largest dimension. In more dimensions the kernel vanishes for every pair of codes, and the
/// statistic is 1 to more digits than its terms have.
const MOST_DIMENSIONS: usize = 32;

const SHAPE: &str = "the density is not normal";

/// Computes [`LatentReport::henze_zirkler`](super::LatentReport::henze_zirkler).
pub(super) fn henze_zirkler(codes: ArrayView2<'_, f64>, seed: u64) -> Result<Option<Check>, MetricError> {
    if codes.ncols() > MOST_DIMENSIONS {
        return Ok(None);
    }
    if codes.nrows() <= MOST {
        return Ok(whitened(codes)?.map(|y| test(&y)));
    }
    // Whiten after sampling, because the expected value assumes moments of the same codes.
    let rows = index::sample(&mut ChaCha8Rng::seed_from_u64(seed), codes.nrows(), MOST).into_vec();
    Ok(whitened(codes.select(Axis(0), &rows).view())?.map(|y| test(&y)))
}

fn test(y: &Array2<f64>) -> Check {
    let (n, d) = (y.nrows() as f64, y.ncols() as f64);
    let b2 = ((2.0 * d + 1.0) * n / 4.0).powf(2.0 / (d + 4.0)) / 2.0;
    let squares = y.map_axis(Axis(1), |y| y.dot(&y));
    let products = y.dot(&y.t());
    let pair = |((i, j), p): ((usize, usize), &f64)| (-b2 / 2.0 * (squares[i] + squares[j] - 2.0 * p)).exp();
    let pairs = products.indexed_iter().map(pair).sum::<f64>() / n;
    let single = squares.iter().map(|s| (-b2 / (2.0 * (1.0 + b2)) * s).exp()).sum::<f64>();
    let own = n * (1.0 + 2.0 * b2).powf(-d / 2.0);
    let statistic = pairs - 2.0 * (1.0 + b2).powf(-d / 2.0) * single + own;

    let (mean, variance) = moments(b2, d);
    // Mean and variance of the logarithm of a log-normal variable.
    let log_variance = (variance / (mean * mean)).ln_1p();
    let log_mean = mean.ln() - log_variance / 2.0;
    // Rounding can make the sum slightly negative, and the logarithm would be undefined.
    let z = (statistic.max(f64::MIN_POSITIVE).ln() - log_mean) / log_variance.sqrt();
    let p = erfc(z / std::f64::consts::SQRT_2) / 2.0;
    let effect = ((statistic - mean).max(0.0) / own).sqrt() / 0.2;
    Check::new(statistic, mean, Some(p), effect, [SHAPE; 2])
}

/// Returns the mean and the variance of the statistic for normal codes, from `b^2`.
fn moments(b2: f64, d: f64) -> (f64, f64) {
    let (a, w) = (1.0 + 2.0 * b2, (1.0 + b2) * (1.0 + 3.0 * b2));
    let (b4, b8, dd) = (b2 * b2, b2.powi(4), d * (d + 2.0));
    let mean = 1.0 - a.powf(-d / 2.0) * (1.0 + d * b2 / a + dd * b4 / (2.0 * a * a));
    let variance = 2.0 * (1.0 + 4.0 * b2).powf(-d / 2.0)
        + 2.0 * a.powf(-d) * (1.0 + 2.0 * d * b4 / (a * a) + 3.0 * dd * b8 / (4.0 * a.powi(4)))
        - 4.0 * w.powf(-d / 2.0) * (1.0 + 3.0 * d * b4 / (2.0 * w) + dd * b8 / (2.0 * w * w));
    (mean, variance)
}

#[cfg(test)]
mod tests {
    use super::super::super::test_data::setosa;
    use super::super::super::test_data::{skewed, uniform};
    use super::super::check::Verdict;
    use super::*;
    use crate::sampler;
    use approx::assert_relative_eq;

    fn of(codes: &Array2<f64>) -> Check {
        henze_zirkler(codes.view(), 1).unwrap().unwrap()
    }

    #[test]
    fn matches_published_values_for_irises() {
        // Korkmaz, Goksuluk and Zararsiz, "MVN: An R Package", The R Journal 6/2 (2014).
        let found = of(&setosa());
        assert!((found.value - 0.9488453).abs() < 5e-8, "{found:?}");
        assert!((found.p_value.unwrap() - 0.04995356).abs() < 5e-9, "{found:?}");
    }

    #[test]
    fn matches_numpy() {
        // The definition in numpy with numpy.linalg.inv of the covariance, and
        // scipy.stats.lognorm.sf.
        let found = of(&skewed(80, 4, 3));
        assert_relative_eq!(found.value, 1.2383955438450955, max_relative = 1e-10);
        assert_relative_eq!(found.expected, 0.796602396390846, max_relative = 1e-13);
        assert_relative_eq!(found.p_value.unwrap(), 0.0002417329101977372, max_relative = 1e-7);
        let found = of(&uniform(80, 4, 9));
        assert_relative_eq!(found.value, 1.1460567102910217, max_relative = 1e-10);
        assert_relative_eq!(found.p_value.unwrap(), 0.001937454206701053, max_relative = 1e-7);
    }

    #[test]
    fn detects_non_normal_shapes() {
        for d in [1, 2, 8, 16] {
            let codes = sampler::normal::<f64>(3000, d, 4);
            assert_eq!(of(&(&codes * 5.0 - 2.0)).verdict, Verdict::Normal, "{d}");
            assert_eq!(of(&codes.mapv(|x| x.abs())).verdict, Verdict::Large(SHAPE), "{d}");
        }
        // With this few codes in 32 dimensions, the densities differ by more than a fifth by chance
        // alone.
        assert_eq!(of(&sampler::normal::<f64>(3000, 32, 4)).verdict, Verdict::TooFew);
        assert_eq!(henze_zirkler(sampler::normal::<f64>(100, 33, 4).view(), 1), Ok(None));
    }
}
