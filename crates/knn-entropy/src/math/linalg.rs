//! Dense linear algebra for small matrices.

use ndarray::{Array1, Array2, ArrayView2, Axis};

/// Returns the lower triangular `L` with `L L' = a` for a symmetric positive definite matrix, or
/// else the first row whose pivot is not positive to within rounding.
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

/// Returns `ln det (L L')`.
pub(crate) fn log_determinant(l: &Array2<f64>) -> f64 {
    2.0 * l.diag().iter().map(|x| x.ln()).sum::<f64>()
}

/// Returns the mean of the rows and their covariance with this divisor.
pub(crate) fn moments(x: ArrayView2<'_, f64>, divisor: f64) -> (Array1<f64>, Array2<f64>) {
    let mean = x.mean_axis(Axis(0)).expect("there are rows");
    let centered = &x - &mean;
    let covariance = centered.t().dot(&centered) / divisor;
    (mean, covariance)
}

/// Returns the first column that is constant or a linear combination of the columns before it, to
/// within the rounding of the numbers.
///
/// The method is Gram-Schmidt orthogonalization. Using the covariance instead would lose half of
/// the digits.
pub(crate) fn dependent_column(x: ArrayView2<'_, f64>) -> Option<usize> {
    let n = x.nrows() as f64;
    let mut basis: Vec<Array1<f64>> = Vec::new();
    for (c, column) in x.columns().into_iter().enumerate() {
        let largest = column.fold(f64::MIN_POSITIVE, |most, x| most.max(x.abs()));
        // Scale so that no square overflows or underflows.
        let mut rest = column.mapv(|x| x / largest);
        rest -= rest.sum() / n;
        rest -= rest.sum() / n;
        // Project twice, because the first pass leaves rounding errors relative to what it
        // subtracts.
        for _ in 0..2 {
            for direction in &basis {
                let along = rest.dot(direction);
                rest.scaled_add(-along, direction);
            }
        }
        // Each number is off by half an epsilon of the largest number, and a combination by the sum
        // over its columns.
        let length = rest.dot(&rest).sqrt();
        if length <= 4.0 * (c + 1) as f64 * f64::EPSILON * n.sqrt() {
            return Some(c);
        }
        basis.push(rest / length);
    }
    None
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

    #[test]
    fn dependent_columns() {
        let numbers = |i: usize, c: usize| (0.618 * (i * (c + 1)) as f64).fract();
        let x = Array2::from_shape_fn((50, 4), |(i, c)| numbers(i, c));
        assert_eq!(dependent_column(x.view()), None);
        for scale in [1e-300, 1.0, 1e300] {
            let mut line = x.mapv(|x| x * scale);
            let sum = &line.column(0) + &line.column(2);
            line.column_mut(3).assign(&sum);
            assert_eq!(dependent_column(line.view()), Some(3));
            line.column_mut(1).fill(0.1 * scale);
            assert_eq!(dependent_column(line.view()), Some(1));
        }
        // A difference of a millionth next to a million is about the smallest that these numbers
        // can represent.
        let mut near = x + 1e6;
        let first = near.column(0).to_owned();
        let noise = Array1::from_iter((0..50).map(|i| 1e-6 * numbers(i, 6)));
        near.column_mut(3).assign(&(&first + &noise));
        assert_eq!(dependent_column(near.view()), None);
        near.column_mut(3).assign(&first);
        assert_eq!(dependent_column(near.view()), Some(3));
    }
}
