use ndarray::Array2;

use super::Ksg;
use super::embedding::{Embedding, Past, PastAndFuture, ksg_settings, positive, times};
use crate::{Estimate, Result, ToSamples};

/// The active information storage of a series (Lizier, Prokopenko and Zomaya, Information Sciences
/// 208, 2012), in nats: how much the past tells about the next value,
///
/// ```text
/// A = I( y_t ; y_past )
/// y_past = (y_(t-1), y_(t-1-s), ..., y_(t-1-(l-1)s))          l values, s apart
/// ```
///
/// estimated by [`Ksg`]. With a longer future it is the predictive information `I(y_t, ...,
/// y_(t+f-1) ; y_past)` (Bialek, Nemenman and Tishby, Neural Computation 13, 2001).
///
/// An autoregression `y_t = phi y_(t-1) + e_t` of normal noise stores `-1/2 ln(1 - phi^2)`.
///
/// ```
/// use knn_entropy::ActiveInformationStorage;
/// use ndarray::Array2;
///
/// // A chaotic series, whose next value is known to a few digits.
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
}

impl<'s> ActiveInformationStorage<'s> {
    /// Estimates the information between a value and the next one with the k-th neighbor.
    pub fn new(k: usize) -> Self {
        Self { ksg: Ksg::new(k), past: Embedding::new(1, 1), future: 1 }
    }

    /// Sets which past values count.
    #[must_use]
    pub fn past(self, past: Embedding) -> Self {
        Self { past, ..self }
    }

    /// Sets how many values from the next one on are the future, 1 by default; more make a
    /// predictive information.
    #[must_use]
    pub fn future(self, length: usize) -> Self {
        Self { future: length, ..self }
    }

    ksg_settings!();

    /// Returns the stored information in nats. Rows of `series` `[n, d]` are times.
    ///
    /// # Errors
    ///
    /// Those of [`Ksg::mutual_information`]; [`ZeroSetting`](crate::Error::ZeroSetting) for a
    /// length or lag of 0; [`Embedding`](crate::Error::SeriesTooShort) if the series is too
    /// short.
    pub fn information(&self, series: impl ToSamples) -> Result<f64> {
        Ok(self.estimate(series)?.value())
    }

    /// Returns the stored information with its local values, one for each time that has a past and
    /// a future.
    ///
    /// # Errors
    ///
    /// Those of [`information`](ActiveInformationStorage::information).
    pub fn estimate(&self, series: impl ToSamples) -> Result<Estimate> {
        let PastAndFuture { past, future, .. } = self.embed(series)?;
        self.ksg.estimate(&[past.view(), future.view()])
    }

    /// Returns the samples that the information is estimated from.
    ///
    /// # Errors
    ///
    /// Those of [`information`](ActiveInformationStorage::information), but for the estimate
    /// itself.
    pub fn embed(&self, series: impl ToSamples) -> Result<PastAndFuture> {
        positive(self.past.length, "the number of past values")?;
        positive(self.past.lag, "the lag of the past")?;
        positive(self.future, "the length of the future")?;
        let past = Past { series: series.to_samples()?, embedding: self.past, delay: 1 };
        let times = times(past.series.len(), past.first(), self.future)?;
        let d = past.series.dimension();
        let future = Array2::from_shape_fn((times.len(), self.future * d), |(row, c)| {
            past.series.point(times.start + row + c / d)[c % d]
        });
        Ok(PastAndFuture { past: past.states(&times), future, times })
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
        let PastAndFuture { past, future, times } = storage.embed(series.view()).unwrap();
        assert_eq!(times, 3..5);
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
