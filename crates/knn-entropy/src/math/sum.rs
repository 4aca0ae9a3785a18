/// Returns the sum of the numbers, with the rounding error of each addition carried along
/// (Neumaier, 1974). The error is an ulp or two for any count of numbers.
pub(crate) fn compensated_sum(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for x in numbers {
        let next = sum + x;
        lost += if sum.abs() >= x.abs() { (sum - next) + x } else { (x - next) + sum };
        sum = next;
    }
    sum + lost
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_digits_that_a_plain_sum_loses() {
        assert_eq!(compensated_sum([1.0, 1e100, 1.0, -1e100]), 2.0);
        assert_eq!(compensated_sum((0..1_000_000).map(|_| 0.1)), 100_000.0);
        assert_eq!(compensated_sum([]), 0.0);
    }
}
