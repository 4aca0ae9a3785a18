use crate::{RankError, RankResult, Ranks, Typed};

/// Sum of numbers as an integer multiple of `2^-70`. It is exact, so it does not depend on the
/// order or on the grouping of the numbers.
///
/// A number is rounded once, to a multiple of `2^-70`, about `8.5e-22`. The sum holds up to `2^47`
/// numbers below `2^10` in absolute value, such as logarithms of distances.
///
/// ```
/// use eae_ranks::FixedPoint;
///
/// let numbers = [0.1, -700.25, 1e-9, 3.0];
/// let forward: FixedPoint = numbers.into_iter().collect();
/// let mut backward = FixedPoint::default();
/// for x in numbers.into_iter().rev() {
///     backward.add(x);
/// }
/// assert_eq!(forward, backward);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FixedPoint {
    units: i128,
}

/// Bits after the point.
const FRACTION: i32 = 70;

impl FixedPoint {
    /// Largest absolute value of a number.
    pub const LARGEST: f64 = 1024.0;

    /// Adds a number.
    ///
    /// # Panics
    ///
    /// If the absolute value of the number is above [`LARGEST`](Self::LARGEST), or if it is NaN.
    pub fn add(&mut self, x: f64) {
        assert!(x.abs() <= Self::LARGEST, "{x} is out of the range of a fixed-point sum");
        // Scaling by a power of two is exact, and the product is below 2^80, hence in the range of
        // an integer.
        self.units += (x * 2_f64.powi(FRACTION)).round_ties_even() as i128;
    }

    /// Returns the sum of both.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { units: self.units + other.units }
    }

    /// Returns the sum over all ranks.
    ///
    /// # Errors
    ///
    /// [`RankError`].
    pub fn over(self, ranks: &(impl Ranks + ?Sized)) -> RankResult<Self> {
        let parts = ranks.all_gather_of(&self.units.to_ne_bytes())?;
        let units = |bytes: &Vec<u8>| match bytes[..].try_into() {
            Ok(bytes) => Ok(i128::from_ne_bytes(bytes)),
            Err(_) => Err(RankError::Garbled { bytes: bytes.len() }),
        };
        parts.iter().try_fold(Self::default(), |sum, part| Ok(sum.plus(Self { units: units(part)? })))
    }

    /// Returns the sum, rounded once.
    pub fn value(self) -> f64 {
        self.units as f64 * 2_f64.powi(-FRACTION)
    }
}

impl FromIterator<f64> for FixedPoint {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Self {
        let mut sum = Self::default();
        numbers.into_iter().for_each(|x| sum.add(x));
        sum
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Threads;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn ranks_have_the_sum_of_one_process(x in prop::collection::vec(-1024.0..=1024.0_f64, 0..80)) {
            let expected: FixedPoint = x.iter().copied().collect();
            for size in [1, 2, 3, 5, 8] {
                let sums = Threads::run(size, |ranks| {
                    let mine = x.iter().copied().skip(ranks.rank()).step_by(size).collect::<FixedPoint>();
                    mine.over(ranks).unwrap()
                });
                prop_assert!(sums.into_iter().all(|sum| sum == expected));
            }
            let plain: f64 = x.iter().sum();
            prop_assert!((expected.value() - plain).abs() < 1e-9);
        }
    }

    #[test]
    #[should_panic(expected = "out of the range")]
    fn refuses_nan() {
        FixedPoint::default().add(f64::NAN);
    }
}
