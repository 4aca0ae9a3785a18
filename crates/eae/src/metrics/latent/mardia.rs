use ndarray::{Array2, Axis};
use rayon::prelude::*;
use statrs::function::gamma::gamma_ur;

use super::check::Check;
use super::radius::two_sided;

const SKEWNESS: &str = "codes are skewed";
const KURTOSIS: [&str; 2] = ["light tails, as of a shell", "heavy tails"];

/// Computes [`LatentReport::skewness`](super::LatentReport::skewness) and
/// [`kurtosis`](super::LatentReport::kurtosis) from whitened codes. `O(n^2 d)`.
pub(super) fn mardia(y: &Array2<f64>) -> [Check; 2] {
    let (n, d) = (y.nrows() as f64, y.ncols() as f64);
    let b1 = mean_cube(y);
    let mean = d * (d + 2.0) * ((n + 1.0) * (d + 1.0) - 6.0) / ((n + 1.0) * (n + 3.0));
    let f = d * (d + 1.0) * (d + 2.0) / 6.0;
    let p = chi_squared_tail(f * b1 / mean, f);
    // The unit of effect is the value for independent coordinates of skewness 0.2 each: d 0.2^2
    // above the mean.
    let skewness = Check::new(b1, mean, Some(p), ((b1 - mean).max(0.0) / d).sqrt() / 0.2, [SKEWNESS; 2]);

    let b2 = y.outer_iter().map(|y| y.dot(&y).powi(2)).sum::<f64>() / n;
    let mean = d * (d + 2.0) * (n - 1.0) / (n + 1.0);
    let variance =
        8.0 * d * (d + 2.0) * (n - 3.0) * (n - d - 1.0) * (n - d + 1.0) / ((n + 1.0).powi(2) * (n + 3.0) * (n + 5.0));
    // Given n >= d + 2, the variance is 0 only for d = 1 and n = 3, where b2 is constant.
    let z = if variance > 0.0 { (b2 - mean) / variance.sqrt() } else { 0.0 };
    // b2 is d^2 plus the variance of |y|^2, which is 2d for N(0, I). The unit of effect is a fifth
    // of that.
    [skewness, Check::new(b2, mean, Some(two_sided(z)), (b2 - mean) / (2.0 * d) / 0.2, KURTOSIS)]
}

/// Returns the mean of `(y_i.y_j)^3` over all pairs.
fn mean_cube(y: &Array2<f64>) -> f64 {
    const ROWS: usize = 128;
    let starts: Vec<usize> = (0..y.nrows()).step_by(ROWS).collect();
    let sums: Vec<f64> = starts
        .into_par_iter()
        .map(|start| {
            // Pairs with the rows from this block on. By symmetry these cover the others.
            let (block, rest) = (ROWS.min(y.nrows() - start), y.slice_axis(Axis(0), (start..).into()));
            let (own, others) = rest.view().split_at(Axis(0), block);
            let cubes = |a: Array2<f64>| a.iter().map(|p| p * p * p).sum::<f64>();
            cubes(own.dot(&own.t())) + 2.0 * cubes(own.dot(&others.t()))
        })
        .collect();
    sums.iter().sum::<f64>() / (y.nrows() as f64).powi(2)
}

/// Returns `P(chi^2 > x)` with `f` degrees of freedom.
fn chi_squared_tail(x: f64, f: f64) -> f64 {
    if x > 0.0 { gamma_ur(f / 2.0, x / 2.0) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::super::super::test_data::setosa;
    use super::super::super::test_data::skewed;
    use super::super::check::Verdict;
    use super::super::whitened::whitened;
    use super::*;
    use crate::sampler;
    use approx::assert_relative_eq;

    #[test]
    fn matches_published_values_for_irises() {
        // Korkmaz, Goksuluk and Zararsiz, "MVN: An R Package", The R Journal 6/2 (2014): g1p,
        // p.value.small and g2p.
        let [skewness, kurtosis] = mardia(&whitened(setosa().view()).unwrap().unwrap());
        assert!((skewness.value - 3.079721).abs() < 5e-7, "{skewness:?}");
        assert!((skewness.p_value.unwrap() - 0.1127617).abs() < 5e-8, "{skewness:?}");
        assert!((kurtosis.value - 26.53766).abs() < 5e-6, "{kurtosis:?}");
    }

    #[test]
    fn matches_numpy() {
        // The definitions in numpy with numpy.linalg.inv of the covariance, and p-values from
        // scipy.stats.
        let [skewness, kurtosis] = mardia(&whitened(skewed(80, 4, 3).view()).unwrap().unwrap());
        assert_relative_eq!(skewness.value, 1.5747532983121868, max_relative = 1e-10);
        assert_relative_eq!(skewness.expected, 1.4243641231593038, max_relative = 1e-13);
        assert_relative_eq!(skewness.p_value.unwrap(), 0.33448213763494555, max_relative = 1e-8);
        assert_relative_eq!(kurtosis.value, 23.311313842718153, max_relative = 1e-11);
        assert_relative_eq!(kurtosis.expected, 23.40740740740741, max_relative = 1e-13);
        assert_relative_eq!(kurtosis.p_value.unwrap(), 0.9435929120475403, max_relative = 1e-9);
        // Computed by scipy.stats.chi2.sf, up to the degrees of freedom of 128 and 512 dimensions.
        for (f, deviations, expected, error) in [
            (357_760.0, 3.0, 0.0013779769734612326, 1e-7),
            (357_760.0, -1.0, 0.8413449718980267, 1e-9),
            (22_500_000.0, 3.0, 0.001353423722793041, 1e-5),
        ] {
            let x = f + deviations * f64::sqrt(2.0 * f);
            assert_relative_eq!(chi_squared_tail(x, f), expected, max_relative = error);
        }
    }

    #[test]
    fn moments_of_the_normal_distribution_are_exact() {
        // 400 sets of 12 codes. This does not rely on asymptotics.
        let (sets, n, d) = (400, 12, 3);
        let of = |seed| mardia(&whitened(sampler::normal::<f64>(n, d, seed).view()).unwrap().unwrap());
        let all: Vec<[Check; 2]> = (0..sets).map(of).collect();
        for which in 0..2 {
            let values: Vec<f64> = all.iter().map(|checks| checks[which].value).collect();
            let mean = values.iter().sum::<f64>() / sets as f64;
            let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / sets as f64;
            let expected = all[0][which].expected;
            assert!((mean - expected).abs() < 4.0 * (variance / sets as f64).sqrt(), "{mean} {expected}");
        }
    }

    #[test]
    fn detects_non_normal_shapes() {
        let verdicts =
            |codes: Array2<f64>| mardia(&whitened(codes.view()).unwrap().unwrap()).map(|check| check.verdict);
        let codes = sampler::normal::<f64>(3000, 8, 1);
        assert_eq!(verdicts(&codes * 7.0 + 3.0), [Verdict::Normal; 2]);
        assert_eq!(verdicts(codes.mapv(|x| x.abs()))[0], Verdict::Large(SKEWNESS));
        assert_eq!(verdicts(codes.mapv(|x| x * x.abs()))[1], Verdict::Large(KURTOSIS[1]));
        let mut shell = codes;
        shell.outer_iter_mut().for_each(|mut z| z /= z.dot(&z).sqrt());
        assert_eq!(verdicts(shell), [Verdict::Normal, Verdict::Large(KURTOSIS[0])]);
    }
}
