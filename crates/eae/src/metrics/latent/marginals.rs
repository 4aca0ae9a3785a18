use ndarray::{ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;
use statrs::function::erf::erfc;

use super::check::Check;
use super::kolmogorov;
use crate::Float;

const COORDINATE: &str = "a coordinate is not N(0, 1)";

/// Computes [`LatentReport::marginals`](super::LatentReport::marginals).
pub(super) fn marginals(codes: ArrayView2<'_, f64>) -> Check {
    let (n, d) = codes.dim();
    let largest = marginal_distances(codes).into_iter().fold(0.0, f64::max);
    let p = kolmogorov::p_value(largest, n, d);
    Check::new(largest, kolmogorov::median(n, d), Some(p), largest / 0.05, [COORDINATE; 2])
}

/// Returns, for each coordinate of codes `[n, d]`, the largest difference between its distribution
/// function and that of N(0, 1). [`LatentReport::marginals`](super::LatentReport::marginals) uses
/// the largest of these distances.
pub fn marginal_distances<F: Float>(codes: ArrayView2<'_, F>) -> Vec<f64> {
    let columns: Vec<_> = codes.axis_iter(Axis(1)).collect();
    let column = |z: &ArrayView1<'_, F>| z.iter().map(|x| x.into_f64()).collect();
    columns.par_iter().map(|z| kolmogorov::distance(column(z), normal)).collect()
}

/// Returns the distribution function of N(0, 1).
fn normal(x: f64) -> f64 {
    erfc(-x / std::f64::consts::SQRT_2) / 2.0
}

#[cfg(test)]
mod tests {
    use super::super::super::test_data::skewed;
    use super::super::check::Verdict;
    use super::*;
    use crate::sampler;
    use approx::assert_relative_eq;

    #[test]
    fn matches_scipy() {
        // scipy.stats.kstest(column, "norm") of the four columns.
        let codes = skewed(80, 4, 3) * 2.0;
        for (column, expected) in
            [0.143278376326945, 0.30056815975002, 0.38909065815183835, 0.4123931607870237].into_iter().enumerate()
        {
            let found = marginals(codes.select(Axis(1), &[column]).view());
            assert_relative_eq!(found.value, expected, max_relative = 1e-12);
        }
        assert_relative_eq!(marginals(codes.view()).value, 0.4123931607870237, max_relative = 1e-12);
        assert_relative_eq!(marginal_distances(codes.view())[2], 0.38909065815183835, max_relative = 1e-12);
        // The exact p-value of scipy.stats.kstest is 0.017480. The value below is kstwobign.sf
        // after the correction of Stephens. The distribution function has ten digits, like statrs'
        // erfc.
        let found = marginals((codes * 1.5).select(Axis(1), &[0]).view());
        assert_relative_eq!(found.value, 0.16972219514566733, max_relative = 1e-10);
        assert_relative_eq!(found.p_value.unwrap(), 0.01736834760707729, max_relative = 1e-9);
    }

    #[test]
    fn detects_one_bad_coordinate() {
        let mut codes = sampler::normal::<f64>(3000, 10, 1);
        assert_eq!(marginals(codes.view()).verdict, Verdict::Normal);
        codes.column_mut(7).mapv_inplace(|x| x + 0.3);
        assert_eq!(marginals(codes.view()).verdict, Verdict::Large(COORDINATE));
        codes.column_mut(7).fill(0.0);
        assert_relative_eq!(marginals(codes.view()).value, 0.5);
    }
}
