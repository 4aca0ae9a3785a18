use ndarray::{Array2, ArrayView2, Axis};
use statrs::function::beta::beta_reg;

use super::check::Check;
use super::kolmogorov::median_of_largest;
use super::whitened::standardize;
use crate::Float;

const PAIR: &str = "coordinates are correlated";

/// Computes [`LatentReport::correlation`](super::LatentReport::correlation). `O(n d^2)`.
pub(super) fn correlation(codes: ArrayView2<'_, f64>) -> Option<Check> {
    let products = correlations(codes);
    let (n, d) = (codes.nrows(), products.diag().iter().filter(|&&r| r > 0.0).count());
    if n < 3 || d < 2 {
        return None;
    }
    let pairs = products.indexed_iter().filter(|((i, j), _)| i < j);
    let largest = pairs.fold(0.0_f64, |most, (_, r)| most.max(r.abs()));
    let count = (d * (d - 1) / 2) as f64;
    let p = (count * tail(largest, n)).min(1.0);
    Some(Check::new(largest, median_of_largest(count, 1.0, |x| tail(x, n)), Some(p), largest / 0.1, [PAIR; 2]))
}

/// Returns the correlations `[d, d]` of the coordinates of codes `[n, d]`. All correlations of a
/// constant coordinate are 0, including the one with itself.
pub fn correlations<F: Float>(codes: ArrayView2<'_, F>) -> Array2<f64> {
    let mut z = codes.mapv(|x| x.into_f64());
    for mut column in z.axis_iter_mut(Axis(1)) {
        if !standardize(column.view_mut()) {
            column.fill(0.0);
        }
    }
    // Rounding can give values beyond 1.
    (z.t().dot(&z) / z.nrows() as f64).mapv(|r| r.clamp(-1.0, 1.0))
}

/// Returns `P(|r| > x)` for two independent normal variables: `1 - r^2` is Beta((n - 2) / 2, 1/2).
fn tail(x: f64, n: usize) -> f64 {
    beta_reg((n as f64 - 2.0) / 2.0, 0.5, 1.0 - x * x)
}

#[cfg(test)]
mod tests {
    use super::super::super::test_data::{skewed, uniform};
    use super::super::check::Verdict;
    use super::*;
    use crate::sampler;
    use approx::assert_relative_eq;
    use ndarray::array;

    #[test]
    fn matches_numpy() {
        // The largest off-diagonal entry of numpy.corrcoef, and the p-value of scipy.stats.pearsonr
        // times the six pairs.
        let found = correlation(skewed(80, 4, 3).view()).unwrap();
        assert_relative_eq!(found.value, 0.9171818391615871, max_relative = 1e-12);
        assert_relative_eq!(found.p_value.unwrap(), 6.0 * 6.63427061647692e-33, max_relative = 1e-8);
        let found = correlation(uniform(30, 2, 5).view()).unwrap();
        assert_relative_eq!(found.value, 0.057335764124634064, max_relative = 1e-10);
        assert_relative_eq!(found.p_value.unwrap(), 0.7634568691397673, max_relative = 1e-9);
        let all = correlations(skewed(80, 4, 3).view());
        // numpy.corrcoef(x.T)[0, 3]
        assert_relative_eq!(all[[0, 3]], 0.7958074102881337, max_relative = 1e-12);
        assert!(all == all.t() && all.diag().iter().all(|r| (r - 1.0).abs() < 1e-12));
        // Computed with scipy.special.betainc and scipy.optimize.brentq. The median of 4000 random
        // samples in 8 dimensions is 0.1594.
        for (n, pairs, expected) in [(80, 6.0, 0.18050259), (1000, 120.0, 0.08725822), (10_000, 8128.0, 0.03928044)] {
            assert_relative_eq!(median_of_largest(pairs, 1.0, |x| tail(x, n)), expected, epsilon = 1e-8);
        }
    }

    #[test]
    fn constant_coordinates_are_ignored() {
        let mut codes = sampler::normal::<f64>(3000, 6, 2);
        let all = correlation(codes.view()).unwrap();
        assert_eq!(all.verdict, Verdict::Normal);
        codes.column_mut(0).fill(0.1);
        assert!(correlation(codes.view()).unwrap().value <= all.value);
        let copy = codes.column(4).mapv(|x| 1e-9 * x + 5.0);
        codes.column_mut(1).assign(&copy);
        let found = correlation(codes.view()).unwrap();
        assert_eq!(found.verdict, Verdict::Large(PAIR));
        assert_relative_eq!(found.value, 1.0, max_relative = 1e-9);
        assert_eq!(correlation(codes.select(Axis(1), &[0, 1]).view()), None);
        assert!(correlations(codes.view()).column(0).iter().all(|&r| r == 0.0));
        assert_eq!(correlation(array![[1.0, 2.0], [3.0, 5.0]].view()), None);
    }
}
