//! Broadcasting by NumPy's rule: shapes are aligned at their last axis, and an axis of length 1 is
//! repeated.

use ndarray::{ArrayD, Axis};

use crate::Scalar;

/// Returns the shape that both shapes broadcast to.
///
/// # Panics
///
/// If there is no common shape; the message names the operation and both shapes.
pub(super) fn joint_shape(operation: &str, a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let length = |shape: &[usize], axis: usize| (axis + shape.len()).checked_sub(rank).map_or(1, |axis| shape[axis]);
    (0..rank)
        .map(|axis| match (length(a, axis), length(b, axis)) {
            (x, y) if x == y => x,
            (1, y) => y,
            (x, 1) => x,
            _ => panic!("`{operation}` cannot broadcast shapes {a:?} and {b:?} together"),
        })
        .collect()
}

/// Sums a gradient over the axes along which a value of `shape` was repeated: the transpose of
/// broadcasting.
pub(super) fn sum_to<F: Scalar>(mut gradient: ArrayD<F>, shape: &[usize]) -> ArrayD<F> {
    while gradient.ndim() > shape.len() {
        gradient = gradient.sum_axis(Axis(0));
    }
    for (axis, &length) in shape.iter().enumerate() {
        if length == 1 && gradient.len_of(Axis(axis)) != 1 {
            gradient = gradient.sum_axis(Axis(axis)).insert_axis(Axis(axis));
        }
    }
    gradient
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_at_the_last_axis() {
        assert_eq!(joint_shape("add", &[4, 1, 3], &[2, 1]), [4, 2, 3]);
        assert_eq!(joint_shape("add", &[], &[2, 0]), [2, 0]);
        assert_eq!(joint_shape("add", &[1], &[0]), [0]);
    }

    #[test]
    #[should_panic(expected = "`add` cannot broadcast shapes [2, 3] and [2] together")]
    fn panic_message_names_both_shapes() {
        joint_shape("add", &[2, 3], &[2]);
    }

    #[test]
    fn sums_over_repeated_axes() {
        let ones = ArrayD::<f64>::ones(vec![4, 2, 3]);
        assert_eq!(sum_to(ones.clone(), &[2, 1]), ArrayD::from_elem(vec![2, 1], 12.0));
        assert_eq!(sum_to(ones.clone(), &[]), ArrayD::from_elem(vec![], 24.0));
        assert_eq!(sum_to(ones.clone(), &[4, 2, 3]), ones);
    }
}
