/// Number, mean and sum of squared deviations of some numbers.
///
/// Moments of parts are merged by the formulas of Chan, Golub and LeVeque (1979):
///
/// ```text
/// delta = mean_b - mean_a
/// mean  = mean_a + delta n_b / n
/// M2    = M2_a + M2_b + delta^2 n_a n_b / n
/// ```
///
/// The result depends on the order to the last bits, so merge parts in the order of shards.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moments {
    /// Number of numbers.
    pub count: f64,
    /// Mean, or 0 if there are no numbers.
    pub mean: f64,
    /// Sum of squared deviations from the mean.
    pub m2: f64,
}

impl Moments {
    /// Returns the moments of some numbers, in two passes.
    pub fn of(numbers: impl Iterator<Item = f64> + Clone) -> Self {
        let (count, sum) = numbers.clone().fold((0.0, 0.0), |(count, sum), x| (count + 1.0, sum + x));
        if count == 0.0 {
            return Self::default();
        }
        let mean = sum / count;
        Self { count, mean, m2: numbers.map(|x| (x - mean) * (x - mean)).sum() }
    }

    /// Returns the moments of the numbers of both.
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        if self.count == 0.0 {
            return other;
        }
        if other.count == 0.0 {
            return self;
        }
        let count = self.count + other.count;
        let delta = other.mean - self.mean;
        let mean = self.mean + delta * (other.count / count);
        let m2 = self.m2 + other.m2 + delta * delta * (self.count * (other.count / count));
        Self { count, mean, m2 }
    }

    /// Returns the mean squared deviation, or 0 if there are no numbers.
    pub fn variance(self) -> f64 {
        if self.count == 0.0 { 0.0 } else { self.m2 / self.count }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn merged_moments_are_those_of_all(
            x in prop::collection::vec(-1e3..1e3_f64, 0..60),
            cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6),
            shift in prop_oneof![Just(0.0), Just(1e6)],
        ) {
            let x: Vec<f64> = x.into_iter().map(|x| x + shift).collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.index(x.len() + 1)).collect();
            cuts.extend([0, x.len()]);
            cuts.sort_unstable();
            let parts = cuts.windows(2).map(|cut| Moments::of(x[cut[0]..cut[1]].iter().copied()));
            let merged = parts.fold(Moments::default(), Moments::merge);
            let all = Moments::of(x.iter().copied());
            prop_assert_eq!(merged.count, all.count);
            // Deviations are up to 1e3 and numbers up to 1e6, of which half an epsilon is 1e-10.
            prop_assert!((merged.mean - all.mean).abs() <= 1e-9);
            prop_assert!((merged.variance() - all.variance()).abs() <= 1e-6);
        }
    }
}
