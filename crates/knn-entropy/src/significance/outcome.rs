use crate::math::compensated_sum;
use crate::{Error, Result};

/// An observed statistic and its values for surrogates.
///
/// There is at least one surrogate, and every value is finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Significance {
    observed: f64,
    surrogates: Vec<f64>,
}

impl Significance {
    /// Creates a significance from values computed elsewhere.
    ///
    /// # Errors
    ///
    /// [`Error::NoSurrogates`] and [`Error::StatisticNotFinite`].
    pub fn new(observed: f64, surrogates: Vec<f64>) -> Result<Self> {
        if surrogates.is_empty() {
            return Err(Error::NoSurrogates);
        }
        if !observed.is_finite() {
            return Err(Error::StatisticNotFinite { value: observed, surrogate: None });
        }
        match surrogates.iter().position(|value| !value.is_finite()) {
            Some(number) => Err(Error::StatisticNotFinite { value: surrogates[number], surrogate: Some(number) }),
            None => Ok(Self { observed, surrogates }),
        }
    }

    /// Returns the statistic of the observed rows.
    pub fn observed(&self) -> f64 {
        self.observed
    }

    /// Returns the statistics of the surrogates.
    pub fn surrogates(&self) -> &[f64] {
        &self.surrogates
    }

    /// Returns the probability of a statistic at least as large as the observed one if there is no
    /// dependence, `(1 + number of surrogates at least as large) / (1 + number of surrogates)`.
    ///
    /// The p-value is never 0, and the test is exact for any number of surrogates (Phipson and
    /// Smyth, 2010).
    pub fn p_value(&self) -> f64 {
        p_value(self.observed, &self.surrogates)
    }

    /// Returns the mean of the surrogates, which is the bias of the estimate if there is no
    /// dependence.
    pub fn mean(&self) -> f64 {
        // Dividing first keeps the sum of large values in range.
        let n = self.surrogates.len() as f64;
        compensated_sum(self.surrogates.iter().map(|value| value / n))
    }

    /// Returns the standard deviation of the surrogates, with the number of surrogates minus 1 as
    /// the denominator. Returns 0 for a single surrogate.
    pub fn standard_deviation(&self) -> f64 {
        if self.surrogates.iter().all(|&value| value == self.surrogates[0]) {
            return 0.0;
        }
        // Dividing by the largest value keeps squares in range.
        let largest = self.surrogates.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let mean = self.mean() / largest;
        let squares = compensated_sum(self.surrogates.iter().map(|value| (value / largest - mean).powi(2)));
        largest * (squares / (self.surrogates.len() - 1) as f64).sqrt()
    }

    /// Returns the distance of the observed statistic above the mean of the surrogates, in their
    /// standard deviations, or `None` if all surrogates are equal.
    ///
    /// The z-score ranks dependences that all have the smallest possible p-value. Surrogates of an
    /// information are not normally distributed, so the z-score does not give a probability.
    pub fn z_score(&self) -> Option<f64> {
        let deviation = self.standard_deviation();
        (deviation > 0.0).then(|| (self.observed - self.mean()) / deviation).filter(|score| score.is_finite())
    }
}

/// Returns `(1 + surrogates at least as large) / (1 + surrogates)`.
pub(super) fn p_value(observed: f64, surrogates: &[f64]) -> f64 {
    let as_large = surrogates.iter().filter(|&&surrogate| surrogate >= observed).count();
    (1 + as_large) as f64 / (1 + surrogates.len()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_relative_eq;

    #[test]
    fn ranks_give_the_p_value() {
        let significance = Significance::new(2.0, vec![1.0, 2.0, 3.0, 0.0]).unwrap();
        assert_eq!(significance.p_value(), 3.0 / 5.0);
        assert_eq!(significance.mean(), 1.5);
        // The deviations are -0.5, 0.5, 1.5 and -1.5.
        assert_relative_eq!(significance.standard_deviation(), (5.0_f64 / 3.0).sqrt(), max_relative = 1e-15);
        assert_relative_eq!(significance.z_score().unwrap(), 0.5 / (5.0_f64 / 3.0).sqrt(), max_relative = 1e-15);
    }

    #[test]
    fn no_result_is_nan() {
        assert_eq!(Significance::new(1.0, Vec::new()).unwrap_err(), Error::NoSurrogates);
        let nan = Significance::new(f64::NAN, vec![1.0]).unwrap_err();
        assert!(matches!(nan, Error::StatisticNotFinite { surrogate: None, .. }));
        let nan = Significance::new(1.0, vec![1.0, f64::NAN]).unwrap_err();
        assert!(matches!(nan, Error::StatisticNotFinite { surrogate: Some(1), .. }));
        let single = Significance::new(1.0, vec![0.5]).unwrap();
        assert_eq!((single.standard_deviation(), single.z_score()), (0.0, None));
        // The mean of these values is off by rounding.
        let equal = Significance::new(1.0, vec![0.1; 49]).unwrap();
        assert_eq!((equal.standard_deviation(), equal.z_score()), (0.0, None));
        for scale in [1e-300, 1e300] {
            let far = Significance::new(2.0 * scale, vec![scale, -scale]).unwrap();
            assert_relative_eq!(far.standard_deviation(), 2_f64.sqrt() * scale, max_relative = 1e-15);
            assert_relative_eq!(far.z_score().unwrap(), 2_f64.sqrt(), max_relative = 1e-15);
        }
    }
}
