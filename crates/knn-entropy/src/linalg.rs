//! What is needed of dense linear algebra, for matrices of a few rows.

use ndarray::{Array1, Array2, ArrayView2, Axis};

/// The lower triangle `L` with `L L' = a`, of a symmetric positive definite matrix; or the row whose pivot is not positive to
/// rounding.
pub(crate) fn cholesky(a: ArrayView2<'_, f64>) -> Result<Array2<f64>, usize> {
    let n = a.nrows();
    let mut l = Array2::<f64>::zeros((n, n));
    for i in 0..n {
        for j in 0..=i {
            let along: f64 = (0..j).map(|m| l[[i, m]] * l[[j, m]]).sum();
            let left = a[[i, j]] - along;
            if i > j {
                l[[i, j]] = left / l[[j, j]];
            } else if left > n as f64 * f64::EPSILON * a[[i, i]] {
                l[[i, i]] = left.sqrt();
            } else {
                return Err(i);
            }
        }
    }
    Ok(l)
}

/// Solves `L x = b` in place.
pub(crate) fn solve_lower(l: &Array2<f64>, b: &mut [f64]) {
    for i in 0..b.len() {
        let along: f64 = (0..i).map(|j| l[[i, j]] * b[j]).sum();
        b[i] = (b[i] - along) / l[[i, i]];
    }
}

/// `ln det (L L')`.
pub(crate) fn log_determinant(l: &Array2<f64>) -> f64 {
    2.0 * l.diag().iter().map(|x| x.ln()).sum::<f64>()
}

/// The mean of the rows, and their covariance with this divisor.
pub(crate) fn moments(x: ArrayView2<'_, f64>, divisor: f64) -> (Array1<f64>, Array2<f64>) {
    let mean = x.mean_axis(Axis(0)).expect("there are rows");
    let centred = &x - &mean;
    let covariance = centred.t().dot(&centred) / divisor;
    (mean, covariance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;
    use ndarray::array;

    #[test]
    fn factors_and_solves() {
        let a = array![[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]];
        let l = cholesky(a.view()).unwrap();
        assert_relative_eq!(l.dot(&l.t()), a, max_relative = 1e-14);
        let mut b = [1.0, 2.0, 3.0];
        solve_lower(&l, &mut b);
        assert_relative_eq!(l.dot(&Array1::from(b.to_vec())), array![1.0, 2.0, 3.0], max_relative = 1e-14);
        // 4 (15 - 1) - 2 (6 - 0.6) + 0.6 (2 - 3).
        assert_relative_eq!(log_determinant(&l), 44.6_f64.ln(), max_relative = 1e-14);
        assert_eq!(cholesky(array![[1.0, 1.0], [1.0, 1.0]].view()), Err(1));
    }
}
