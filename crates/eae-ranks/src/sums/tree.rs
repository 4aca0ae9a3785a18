use std::ops::AddAssign;

/// Adds arrays of the same length by a balanced binary tree over their order. Returns `None` if
/// there are no arrays.
///
/// A tree over `n` arrays adds the sum of the first `n - n/2` to the sum of the others. The order
/// depends on their number alone, so the sum has the same bits wherever the arrays were computed.
/// Its rounding error grows as `log n`.
///
/// # Panics
///
/// If the arrays have different lengths.
pub fn tree_sum<T: Copy + AddAssign>(arrays: Vec<Vec<T>>) -> Option<Vec<T>> {
    fn add<T: Copy + AddAssign>(arrays: &mut [Vec<T>]) -> Option<Vec<T>> {
        match arrays {
            [] => None,
            [one] => Some(std::mem::take(one)),
            _ => {
                let (left, right) = arrays.split_at_mut(arrays.len().div_ceil(2));
                let mut sum = add(left)?;
                let other = add(right)?;
                assert_eq!(sum.len(), other.len(), "the arrays have different lengths");
                sum.iter_mut().zip(other).for_each(|(sum, x)| *sum += x);
                Some(sum)
            }
        }
    }
    let mut arrays = arrays;
    add(&mut arrays)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_in_the_order_of_the_tree() {
        assert_eq!(tree_sum::<f64>(vec![]), None);
        let x = [1e16_f64, 1.0, 1.0, -1e16, 3.0];
        let arrays = x.iter().map(|&x| vec![x, 2.0 * x]).collect();
        let expected = ((x[0] + x[1]) + x[2]) + (x[3] + x[4]);
        assert_eq!(tree_sum(arrays), Some(vec![expected, 2.0 * expected]));
        // In the order of a loop, the result differs.
        assert_ne!(x.iter().sum::<f64>(), expected);
    }
}
