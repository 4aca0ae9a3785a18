use ndarray::Array2;

use super::Ksg;
use super::embedding::{Embedding, Past, PastAndFuture, ksg_settings, positive, times};
use crate::{Estimate, Result, ToSamples};

/// Estimator of the active information storage of a series (Lizier, Prokopenko and Zomaya,
/// Information Sciences 208, 2012), in nats: the information that the past has about the next
/// value,
///
/// ```text
/// A = I( y_t ; y_past )
/// y_past = (y_(t-1), y_(t-1-s), ..., y_(t-1-(l-1)s))          l values, s apart
/// ```
///
/// estimated by [`Ksg`]. With a longer future, it is the predictive information
/// `I(y_t, ..., y_(t+f-1) ; y_past)` (Bialek, Nemenman and Tishby, Neural Computation 13, 2001).
///
/// An autoregression `y_t = phi y_(t-1) + e_t` with normal noise stores `-1/2 ln(1 - phi^2)`.
///
/// ```
/// use knn_entropy::ActiveInformationStorage;
/// use ndarray::Array2;
///
/// // A chaotic series, in which each value determines the next.
/// let mut y = vec![0.3];
/// for t in 0..400 {
///     y.push(4.0 * y[t] * (1.0 - y[t]));
/// }
/// let y = Array2::from_shape_vec((401, 1), y).unwrap();
/// assert!(ActiveInformationStorage::new(4).information(y.view())? > 2.0);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct ActiveInformationStorage<'s> {
    ksg: Ksg<'s>,
    past: Embedding,
    future: usize,
    trials: &'s [usize],
}

impl<'s> ActiveInformationStorage<'s> {
    /// Returns the estimator with the k-th neighbor, one past value and one future value.
    pub fn new(k: usize) -> Self {
        Self { ksg: Ksg::new(k), past: Embedding::new(1, 1), future: 1, trials: &[] }
    }

    /// Sets the embedding of the past.
    #[must_use]
    pub fn past(self, past: Embedding) -> Self {
        Self { past, ..self }
    }

    /// Sets the number of future values, starting with the next one. The default is 1; with more,
    /// the estimate is a predictive information.
    #[must_use]
    pub fn future(self, length: usize) -> Self {
        Self { future: length, ..self }
    }

    ksg_settings!();

    /// Returns the stored information in nats. Rows of `series` `[n, d]` are times.
    ///
    /// # Errors
    ///
    /// See [`Ksg::mutual_information`]. Also [`ZeroSetting`](crate::Error::ZeroSetting) for a
    /// length or lag of 0, and [`SeriesTooShort`](crate::Error::SeriesTooShort).
    pub fn information(&self, series: impl ToSamples) -> Result<f64> {
        Ok(self.estimate(series)?.value())
    }

    /// Returns the stored information with standard error, warnings and local values, one for each
    /// time that has a past and a future.
    ///
    /// # Errors
    ///
    /// See [`information`](ActiveInformationStorage::information).
    pub fn estimate(&self, series: impl ToSamples) -> Result<Estimate> {
        let PastAndFuture { past, future, .. } = self.embed(series)?;
        self.ksg.estimate(&[past.view(), future.view()])
    }

    /// Returns the samples from which the information is estimated.
    ///
    /// # Errors
    ///
    /// See [`information`](ActiveInformationStorage::information), except for errors of the
    /// estimate itself.
    pub fn embed(&self, series: impl ToSamples) -> Result<PastAndFuture> {
        positive(self.past.length, "the number of past values")?;
        positive(self.past.lag, "the lag of the past")?;
        positive(self.future, "the length of the future")?;
        let past = Past { series: series.to_samples()?, embedding: self.past, delay: 1 };
        let (times, trials) = times(past.series.len(), self.trials, past.first(), self.future)?;
        let d = past.series.dimension();
        let future = Array2::from_shape_fn((times.len(), self.future * d), |(row, c)| {
            past.series.point(times[row] + c / d)[c % d]
        });
        Ok(PastAndFuture { past: past.states(&times), future, times, trials })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use ndarray::{array, s};

    #[test]
    fn past_and_future_meet_at_the_time() {
        let series = Array2::from_shape_fn((6, 1), |(t, _)| t as f64);
        let storage = ActiveInformationStorage::new(1).past(Embedding::new(2, 2)).future(2);
        let PastAndFuture { past, future, times, trials } = storage.embed(series.view()).unwrap();
        assert_eq!((times, trials), (vec![3, 4], vec![2]));
        assert_eq!(past, array![[2.0, 0.0], [3.0, 1.0]]);
        assert_eq!(future, array![[3.0, 4.0], [4.0, 5.0]]);
        let short = storage.embed(series.slice(s![..4, ..])).unwrap_err();
        assert_eq!(short, Error::SeriesTooShort { length: 4, needed: 5 });
        let zeros = [storage.future(0), storage.past(Embedding::new(0, 1)), storage.past(Embedding::new(1, 0))];
        for zero in zeros {
            assert!(matches!(zero.embed(series.view()), Err(Error::ZeroSetting { .. })));
        }
    }
}
