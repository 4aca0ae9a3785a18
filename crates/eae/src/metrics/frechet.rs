use ndarray::{ArrayView2, Axis};

use super::MetricError;
use super::covariance::{eigen, moments, rank};
use super::error::{checked_pair, finite};
use crate::Float;

/// Returns the squared Frechet (2-Wasserstein) distance between the normal distributions with the
/// means and covariances (divisor `n - 1`) of two sets of features `[n, d]` (Dowson and Landau,
/// 1982). On Inception features this is the FID of Heusel et al. (2017):
///
/// ```text
/// |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2))
/// ```
///
/// The trace of the root is computed as the sum of the roots of the eigenvalues of the symmetric
/// matrix `S1^(1/2) S2 S1^(1/2)`. This avoids the root of a matrix that is not symmetric, and fewer
/// samples than dimensions need no special treatment. `O(n d^2 + d^3)`.
///
/// The distance is biased upwards by about `1/n`. Compare only values for equal n, and compare with
/// the value of real samples against other real samples.
///
/// # Errors
///
/// [`MetricError::Samples`], [`MetricError::TooFew`] unless each set has two samples,
/// [`MetricError::Dimensions`], [`MetricError::OutOfRange`].
pub fn frechet_distance<F: Float>(real: ArrayView2<'_, F>, fake: ArrayView2<'_, F>) -> Result<f64, MetricError> {
    let (real, fake) = checked_pair(real, fake, 2)?;
    let (mean_1, mut s1) = moments(real.view());
    let (mean_2, mut s2) = moments(fake.view());
    let between = (mean_1 - mean_2).mapv(|x| x * x).sum();
    let traces = finite("the Frechet distance", between + s1.diag().sum() + s2.diag().sum())?;
    // Scale by the largest entry of both matrices, so that their product does not overflow.
    let unit = s1.iter().chain(&s2).fold(0.0_f64, |most, x| most.max(x.abs()));
    if unit == 0.0 {
        return Ok(between);
    }
    s1 /= unit;
    s2 /= unit;
    let (lambda, vectors) = eigen(s1.view())?;
    // Use only the eigenvectors along which S1 varies. The other eigenvalues, 0 in theory, would be
    // rounding errors, whose roots are not small.
    let kept = rank(&lambda);
    let root =
        &vectors.slice_axis(Axis(1), (..kept).into()) * &lambda.slice_axis(Axis(0), (..kept).into()).mapv(f64::sqrt);
    if kept == 0 {
        return Ok(traces);
    }
    let mut product = root.t().dot(&s2).dot(&root);
    product = (&product + &product.t()) / 2.0;
    let (squares, _) = eigen(product.view())?;
    let trace_of_root: f64 = squares.iter().take(rank(&squares)).map(|x| x.sqrt()).sum();
    finite("the Frechet distance", (traces - 2.0 * unit * trace_of_root).max(0.0))
}

#[cfg(test)]
mod tests {
    use super::super::test_data::{skewed, uniform};
    use super::*;
    use approx::assert_relative_eq;
    use ndarray::{Array1, Array2, array, concatenate};

    /// Points with exactly this mean and this diagonal covariance: two points per axis.
    fn points(mean: &[f64], variances: &[f64]) -> Array2<f64> {
        let d = mean.len();
        let half = ((2 * d - 1) as f64 / 2.0).sqrt();
        let axes = Array2::from_diag(&Array1::from_iter(variances.iter().map(|v| v.sqrt() * half)));
        concatenate![Axis(0), axes, -&axes] + &Array1::from(mean.to_vec())
    }

    #[test]
    fn distance_for_known_moments() {
        // Covariances that commute: sum (m1 - m2)^2 + (s1 - s2)^2.
        let one = points(&[1.0, 0.0, 2.0], &[4.0, 1.0, 0.25]);
        let other = points(&[0.0, 0.0, 5.0], &[1.0, 1.0, 4.0]);
        let expected = 1.0 + 9.0 + 1.0 + 0.0 + 2.25;
        assert_relative_eq!(frechet_distance(one.view(), other.view()).unwrap(), expected, max_relative = 1e-13);
        assert!(frechet_distance(one.view(), one.view()).unwrap() < 1e-12);
        let [one_32, other_32] = [&one, &other].map(|x| x.mapv(|x| x as f32));
        assert_relative_eq!(frechet_distance(one_32.view(), other_32.view()).unwrap(), expected, max_relative = 1e-6);
        // These covariances do not commute. In two dimensions tr (S1 S2)^(1/2) = sqrt(tr S1 S2 + 2
        // sqrt(det S1 S2)).
        let turn = array![[0.8, 0.6], [-0.6, 0.8]];
        let (one, other) = (points(&[0.0; 2], &[9.0, 1.0]), points(&[0.0; 2], &[4.0, 0.25]).dot(&turn));
        let s2 = turn.t().dot(&array![[4.0, 0.0], [0.0, 0.25]]).dot(&turn);
        let trace = 9.0 * s2[[0, 0]] + s2[[1, 1]];
        let expected = 10.0 + 4.25 - 2.0 * (trace + 2.0 * 9.0_f64.sqrt()).sqrt();
        assert_relative_eq!(frechet_distance(one.view(), other.view()).unwrap(), expected, max_relative = 1e-13);
    }

    #[test]
    fn matches_scipy() {
        // Computed by numpy.cov and scipy.linalg.sqrtm of the product of both.
        const FRECHET: f64 = 0.34597773528477954;
        let (one, other) = (uniform(40, 6, 1), skewed(50, 6, 2));
        let found = frechet_distance(one.view(), other.view()).unwrap();
        assert_relative_eq!(found, FRECHET, max_relative = 1e-9);
        let scaled = frechet_distance((&one * 1e120).view(), (&other * 1e120).view()).unwrap();
        assert_relative_eq!(scaled, FRECHET * 1e240, max_relative = 1e-9);
        // Fewer samples than dimensions. The trace of the root is the sum of the singular values of
        // the product of the centered samples, each divided by the root of n - 1: numpy.linalg.svd.
        const FRECHET_DEFICIENT: f64 = 1.2340119984869728;
        let (one, other) = (uniform(5, 12, 3), skewed(7, 12, 4));
        let found = frechet_distance(one.view(), other.view()).unwrap();
        assert_relative_eq!(found, FRECHET_DEFICIENT, max_relative = 1e-7);
    }

    #[test]
    fn invalid_input_is_an_error() {
        let x = uniform(5, 3, 1);
        let mut with_nan = x.clone();
        with_nan[[2, 1]] = f64::NAN;
        let error = |a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>| frechet_distance(a, b).unwrap_err();
        assert_eq!(error(x.view(), x.slice_axis(Axis(1), (..2).into())), MetricError::Dimensions { one: 3, other: 2 });
        assert_eq!(
            error(x.view(), x.slice_axis(Axis(0), (..1).into())),
            MetricError::TooFew { set: "fake", n: 1, needed: 2 }
        );
        let one = error(x.view(), x.slice_axis(Axis(0), (..1).into())).to_string();
        assert_eq!(one, "fake: there is 1 sample, but at least 2 are needed");
        assert!(error(with_nan.view(), x.view()).to_string().starts_with("real: row 2, column 1 (from 0) is NaN"));
        assert!(error(x.slice_axis(Axis(0), (..0).into()), x.view()).to_string().contains("no rows"));
        assert!(matches!(error((&x * 1e300).view(), x.view()), MetricError::OutOfRange { .. }));
        // The samples of each set are all equal.
        let [zeros, ones] = [0.0, 1.0].map(|value| Array2::from_elem((4, 3), value));
        assert_eq!(frechet_distance(zeros.view(), ones.view()), Ok(3.0));
        assert_relative_eq!(
            frechet_distance(zeros.view(), points(&[0.0; 3], &[1.0; 3]).view()).unwrap(),
            3.0,
            max_relative = 1e-14
        );
    }
}
