/// Running sum that carries the rounding error of each addition along (Neumaier, 1974). The error
/// is an ulp or two for any count of numbers.
///
/// The sum depends on the order of the numbers to the last bit. Several processes get the sum of
/// one process if each of them continues where the one before it stopped, with
/// [`parts`](CompensatedSum::parts) and [`from_parts`](CompensatedSum::from_parts).
///
/// ```
/// use knn_entropy::CompensatedSum;
///
/// let mut sum = CompensatedSum::default();
/// for x in [1.0, 1e100, 1.0, -1e100] {
///     sum.add(x);
/// }
/// assert_eq!(sum.value(), 2.0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    /// Returns a sum with these parts.
    pub fn from_parts([sum, lost]: [f64; 2]) -> Self {
        Self { sum, lost }
    }

    /// Returns the rounded sum and the sum of the rounding errors.
    pub fn parts(&self) -> [f64; 2] {
        [self.sum, self.lost]
    }

    /// Adds a number.
    #[inline(always)]
    pub fn add(&mut self, x: f64) {
        let next = self.sum + x;
        self.lost += if self.sum.abs() >= x.abs() { (self.sum - next) + x } else { (x - next) + self.sum };
        self.sum = next;
    }

    /// Returns the sum.
    pub fn value(&self) -> f64 {
        self.sum + self.lost
    }
}

/// Returns the [`CompensatedSum`] of the numbers.
pub(crate) fn compensated_sum(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut sum = CompensatedSum::default();
    numbers.into_iter().for_each(|x| sum.add(x));
    sum.value()
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

    #[test]
    fn continues_from_its_parts() {
        let numbers = [0.1, 1e17, -3.3, 2e-9, -1e17];
        let mut first = CompensatedSum::default();
        numbers[..2].iter().for_each(|&x| first.add(x));
        let mut second = CompensatedSum::from_parts(first.parts());
        numbers[2..].iter().for_each(|&x| second.add(x));
        assert_eq!(second.value().to_bits(), compensated_sum(numbers).to_bits());
    }
}
