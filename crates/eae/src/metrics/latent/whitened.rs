use ndarray::{Array2, ArrayView2, Axis};

use super::super::MetricError;
use super::super::covariance::{eigen, rank};

/// Returns codes `y` with mean 0 and `y'y / n = I`. The products `y_i.y_j` do not depend on linear
/// maps of the codes: they are the `(x_i - m)' S^-1 (x_j - m)` of which tests of normality are
/// made. Returns `None` if the covariance is singular, or if there are fewer than d + 2 codes,
/// because d + 1 codes always form a simplex.
pub(super) fn whitened(codes: ArrayView2<'_, f64>) -> Result<Option<Array2<f64>>, MetricError> {
    let (n, d) = codes.dim();
    if n < d + 2 {
        return Ok(None);
    }
    // Scale the columns first, so that a column of small scale does not count as constant.
    let Some(z) = standardized(codes) else { return Ok(None) };
    let (values, vectors) = eigen((z.t().dot(&z) / n as f64).view())?;
    if rank(&values) < d {
        return Ok(None);
    }
    Ok(Some(z.dot(&(&vectors / &values.mapv(f64::sqrt)))))
}

/// Returns the columns with mean 0 and variance 1 (divisor n), or `None` if one of them is constant
/// up to rounding.
pub(super) fn standardized(codes: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    let mut z = codes.to_owned();
    z.axis_iter_mut(Axis(1)).all(standardize).then_some(z)
}

/// Standardizes a column in place. Returns false if the column is constant.
pub(super) fn standardize(mut column: ndarray::ArrayViewMut1<'_, f64>) -> bool {
    let largest = column.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let count = column.len() as f64;
    if largest > 0.0 {
        column /= largest;
    }
    let mean = column.sum() / count;
    column -= mean;
    let sd = (column.dot(&column) / count).sqrt();
    // The sum of n values of size 1 has an error of at most n epsilon, the mean of epsilon.
    let varies = sd > 16.0 * f64::EPSILON;
    if varies {
        column /= sd;
    }
    varies
}

#[cfg(test)]
mod tests {
    use super::super::super::test_data::skewed;
    use super::*;
    use crate::linalg::difference;

    #[test]
    fn invariant_to_linear_maps() {
        let x = skewed(60, 4, 1);
        let y = whitened(x.view()).unwrap().unwrap();
        assert!(difference(&(y.t().dot(&y) / 60.0), &Array2::eye(4)) < 1e-12);
        assert!(y.sum_axis(Axis(0)).iter().all(|sum| sum.abs() < 1e-11));
        // The products match those of any other whitening, and do not change with the scale and
        // location of the coordinates.
        let mut scaled = x.clone();
        for (j, mut column) in scaled.axis_iter_mut(Axis(1)).enumerate() {
            column.mapv_inplace(|x| x * 1e30_f64.powi(j as i32 - 2));
        }
        let other = whitened(scaled.view()).unwrap().unwrap();
        assert!(difference(&y.dot(&y.t()), &other.dot(&other.t())) < 1e-9);
    }

    #[test]
    fn singular_covariances_have_no_whitening() {
        let x = skewed(60, 4, 1);
        let of = |x: &Array2<f64>| whitened(x.view()).unwrap();
        let mut constant = x.clone();
        constant.column_mut(2).fill(0.1);
        assert_eq!(of(&constant), None);
        let mut dependent = x.clone();
        let sum = &x.column(0) + &x.column(1);
        dependent.column_mut(3).assign(&sum);
        assert_eq!(of(&dependent), None);
        assert_eq!(of(&skewed(5, 4, 1)), None);
        assert!(of(&skewed(6, 4, 1)).is_some());
    }
}
