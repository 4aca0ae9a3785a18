//! Eigenvalues of covariances, in a fixed order and with fixed signs.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::MetricError;
use crate::linalg;

pub(super) use linalg::moments;

/// Returns the eigenvalues of a symmetric matrix in descending order, and its eigenvectors as
/// columns, each with its largest entry positive. The decomposition itself leaves the order and the
/// signs undetermined.
pub(super) fn eigen(matrix: ArrayView2<'_, f64>) -> Result<(Array1<f64>, Array2<f64>), MetricError> {
    let (values, vectors) = linalg::eigen(matrix).ok_or(MetricError::Eigenvalues)?;
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[j].total_cmp(&values[i]));
    let values = values.select(Axis(0), &order);
    let mut vectors = vectors.select(Axis(1), &order);
    point_up(&mut vectors);
    Ok((values, vectors))
}

/// Changes the sign of each column whose entry of largest absolute value is negative.
pub(super) fn point_up(vectors: &mut Array2<f64>) {
    for mut vector in vectors.axis_iter_mut(Axis(1)) {
        let largest = vector.iter().fold(0.0_f64, |most, &x| if x.abs() > most.abs() { x } else { most });
        if largest < 0.0 {
            vector.mapv_inplace(|x| -x);
        }
    }
}

/// Returns the number of eigenvalues, given in descending order, that exceed the rounding error of
/// 0.
pub(super) fn rank(values: &Array1<f64>) -> usize {
    rank_of_sums(values, values.len())
}

/// Returns the rank as [`rank`] does, for a matrix whose entries are sums of `terms` products.
pub(super) fn rank_of_sums(values: &Array1<f64>, terms: usize) -> usize {
    let least = terms as f64 * f64::EPSILON * values[0].max(0.0);
    values.iter().take_while(|&&x| x > least).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::difference;
    use ndarray::array;

    #[test]
    fn eigenvalues_have_a_fixed_order_and_sign() {
        // Eigenvalues 1, 5 and 3. The eigenvectors of the block are (1, 1) and (1, -1), each
        // divided by the root of 2.
        let matrix = array![[2.0, 0.0, -1.0], [0.0, 5.0, 0.0], [-1.0, 0.0, 2.0]];
        let (values, mut vectors) = eigen(matrix.view()).unwrap();
        assert!(difference(&values, &array![5.0, 3.0, 1.0]) < 1e-14);
        let half = 0.5_f64.sqrt();
        // Entries of equal size leave the sign of the second eigenvector to rounding.
        vectors.column_mut(1).mapv_inplace(f64::abs);
        assert!(difference(&vectors, &array![[0.0, half, half], [1.0, 0.0, 0.0], [0.0, half, half]]) < 1e-14);
        assert_eq!((rank(&values), rank(&array![2.0, 1e-14, -1e-17]), rank(&array![0.0, 0.0])), (3, 2, 0));
    }
}
