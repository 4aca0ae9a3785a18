//! Dense linear algebra for samplers and metrics.

use nalgebra::{DMatrix, SymmetricEigen};
use ndarray::{Array1, Array2, ArrayView2, Axis};

/// Returns the mean of the rows and their covariance, with divisor n - 1.
pub(crate) fn moments(codes: ArrayView2<'_, f64>) -> (Array1<f64>, Array2<f64>) {
    let mean = codes.mean_axis(Axis(0)).expect("there are codes");
    let centered = &codes - &mean;
    let covariance = centered.t().dot(&centered) / (codes.nrows() as f64 - 1.0);
    (mean, covariance)
}

/// Returns the eigenvalues of a symmetric matrix and its eigenvectors as columns, or `None` if they
/// cannot be computed.
pub(crate) fn eigen(matrix: ArrayView2<'_, f64>) -> Option<(Array1<f64>, Array2<f64>)> {
    let d = matrix.nrows();
    // Scale by the largest entry, so that squares neither overflow nor underflow.
    let unit = matrix.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let unit = if unit > 0.0 { unit } else { 1.0 };
    let scaled = DMatrix::from_fn(d, d, |i, j| matrix[[i, j]] / unit);
    let found = SymmetricEigen::try_new(scaled, f64::EPSILON, 1000 + 100 * d)?;
    let values = found.eigenvalues.iter().map(|x| x * unit).collect();
    Some((values, Array2::from_shape_fn((d, d), |at| found.eigenvectors[at])))
}

/// Returns the lower triangle `L` of `L L' = a`, the inverse of `a` and `ln det a`, or `None`
/// unless `a` is positive definite.
pub(crate) fn cholesky(a: ArrayView2<'_, f64>) -> Option<(Array2<f64>, Array2<f64>, f64)> {
    let d = a.nrows();
    let factor = DMatrix::from_fn(d, d, |i, j| a[[i, j]]).cholesky()?;
    let lower = Array2::from_shape_fn((d, d), |(i, j)| if j <= i { factor.l_dirty()[(i, j)] } else { 0.0 });
    let inverse = factor.inverse();
    let inverse = Array2::from_shape_fn((d, d), |at| inverse[at]);
    let log_determinant = 2.0 * lower.diag().iter().map(|x| x.ln()).sum::<f64>();
    (log_determinant.is_finite() && inverse.iter().all(|x| x.is_finite())).then_some((lower, inverse, log_determinant))
}

/// Returns the largest difference between `Q Q'` and I. The result is not finite if a product
/// overflows.
pub(crate) fn orthogonality_error(q: ArrayView2<'_, f64>) -> f64 {
    let product = q.dot(&q.t());
    largest(product.indexed_iter().map(|((i, j), x)| x - f64::from(u8::from(i == j))))
}

/// Returns the largest absolute value. NaN is propagated, where `max` would ignore it.
fn largest(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.map(f64::abs).fold(0.0, |most, x| if most.is_nan() || x <= most { most } else { x })
}

/// Returns the largest difference between two arrays of equal shape.
#[cfg(test)]
pub(crate) fn difference<D: ndarray::Dimension>(a: &ndarray::Array<f64, D>, b: &ndarray::Array<f64, D>) -> f64 {
    assert_eq!(a.shape(), b.shape());
    largest((a - b).into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use ndarray::array;

    #[test]
    fn eigenvalues_at_any_scale() {
        for unit in [1e-200, 1.0, 1e200] {
            let a = array![[2.0, 1.0], [1.0, 2.0]] * unit;
            let (values, vectors) = eigen(a.view()).unwrap();
            let again = (&vectors * &values).dot(&vectors.t());
            assert!(difference(&again, &a) < 1e-14 * unit);
            assert!(orthogonality_error(vectors.view()) < 1e-14);
            assert_relative_eq!(values.sum() / unit, 4.0, max_relative = 1e-14);
        }
        assert_eq!(eigen(array![[0.0]].view()).unwrap().0, array![0.0]);
    }

    #[test]
    fn cholesky_factor_inverse_and_determinant() {
        let a = array![[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]];
        let (lower, inverse, log_determinant) = cholesky(a.view()).unwrap();
        assert!(difference(&lower.dot(&lower.t()), &a) < 1e-14);
        assert!(difference(&a.dot(&inverse), &Array2::eye(3)) < 1e-14);
        // 4 (15 - 1) - 2 (6 - 0.6) + 0.6 (2 - 3).
        assert_relative_eq!(log_determinant, 44.6_f64.ln(), max_relative = 1e-14);
        assert!(cholesky(array![[1.0, 2.0], [2.0, 1.0]].view()).is_none());
        assert!(cholesky(array![[0.0]].view()).is_none());
    }

    #[test]
    fn orthogonality_error_of_matrices() {
        assert_eq!(orthogonality_error(array![[0.0, 1.0], [-1.0, 0.0]].view()), 0.0);
        assert_eq!(orthogonality_error(array![[1.0, 0.5], [0.0, 1.0]].view()), 0.5);
        // Infinite or NaN, depending on whether the CPU uses fused multiply-add.
        assert!(!orthogonality_error(array![[1e200, -1e200], [1e200, 1e200]].view()).is_finite());
        assert!(largest([1.0, f64::NAN, 2.0].into_iter()).is_nan());
    }
}
