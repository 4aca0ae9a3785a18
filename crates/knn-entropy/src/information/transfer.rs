use ndarray::{Array2, concatenate};

use super::Ksg;
use super::embedding::{Condition, Embedded, Embedding, Past, ksg_settings, positive, times};
use crate::{Error, Estimate, Result, Samples, ToSamples};

/// Estimator of the transfer entropy from one series to another (Schreiber, Physical Review Letters
/// 85, 2000), in nats: the information about the next value of the target that the past of the
/// source has and the target's own past does not have,
///
/// ```text
/// T = I( y_t ; x_past | y_past )
/// y_past = (y_(t-1), y_(t-1-s), ..., y_(t-1-(l-1)s))          l values of the target, s apart
/// x_past = (x_(t-u), x_(t-u-r), ..., x_(t-u-(m-1)r))          m values of the source, r apart, with the delay u
/// ```
///
/// estimated by [`Ksg`] as a conditional mutual information. Samples are taken at every time for
/// which all pasts are known.
///
/// A third series that drives both, or that lies between them, causes a transfer entropy without a
/// direct link. The conditional transfer entropy, [given](TransferEntropy::given) further series,
/// excludes information from their pasts (Lizier, Prokopenko and Zomaya, Physical Review E 77,
/// 2008):
///
/// ```text
/// T = I( y_t ; x_past | y_past, c_past, ... )
/// ```
///
/// [`scan`](TransferEntropy::scan) finds the delay of a link and tests whether the link could be
/// chance.
///
/// ```
/// use knn_entropy::TransferEntropy;
/// use ndarray::Array2;
///
/// // A chaotic series, and a series that follows it with a delay of one step.
/// let mut x = vec![0.3];
/// for t in 0..400 {
///     x.push(4.0 * x[t] * (1.0 - x[t]));
/// }
/// let source = Array2::from_shape_fn((400, 1), |(t, _)| x[t + 1]);
/// let target = Array2::from_shape_fn((400, 1), |(t, _)| x[t] + 0.1 * (0.618 * t as f64).fract());
/// let estimator = TransferEntropy::new(4);
/// assert!(estimator.transfer_entropy(source.view(), target.view())? > 0.2);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TransferEntropy<'s> {
    pub(super) ksg: Ksg<'s>,
    source: Embedding,
    target: Embedding,
    pub(super) delay: usize,
    conditions: &'s [Condition<'s>],
    trials: &'s [usize],
}

/// The series and embeddings from which the samples of a transfer entropy are taken.
#[derive(Debug)]
pub(super) struct Pasts<'a> {
    pub(super) source: Past<'a>,
    target: Past<'a>,
    conditions: Vec<Past<'a>>,
    pub(super) trials: &'a [usize],
}

impl<'s> TransferEntropy<'s> {
    /// Returns the estimator with the k-th neighbor, one past value of each series, and a delay of
    /// one step.
    pub fn new(k: usize) -> Self {
        let last = Embedding::new(1, 1);
        Self { ksg: Ksg::new(k), source: last, target: last, delay: 1, conditions: &[], trials: &[] }
    }

    /// Sets the embedding of the source.
    #[must_use]
    pub fn source(self, source: Embedding) -> Self {
        Self { source, ..self }
    }

    /// Sets the embedding of the target. With length 0, the estimate is the mutual information.
    #[must_use]
    pub fn target(self, target: Embedding) -> Self {
        Self { target, ..self }
    }

    /// Sets the delay from the source's last value to the target's next value, at least 1.
    #[must_use]
    pub fn delay(self, delay: usize) -> Self {
        Self { delay, ..self }
    }

    /// Sets further series whose pasts are conditions. There are none by default.
    ///
    /// ```
    /// use knn_entropy::{Condition, TransferEntropy};
    /// use ndarray::{Array2, s};
    /// use ndarray_rand::RandomExt;
    /// use ndarray_rand::rand::SeedableRng;
    /// use ndarray_rand::rand_distr::StandardNormal;
    /// use rand_chacha::ChaCha8Rng;
    ///
    /// // z follows y, and y follows x.
    /// let noise = Array2::<f64>::random_using((800, 3), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0));
    /// let mut series = noise.clone();
    /// for t in 1..800 {
    ///     series[[t, 1]] = series[[t - 1, 0]] + 0.5 * noise[[t, 1]];
    ///     series[[t, 2]] = series[[t - 1, 1]] + 0.5 * noise[[t, 2]];
    /// }
    /// let [x, y, z] = [0, 1, 2].map(|c| series.slice(s![.., c..=c]));
    /// let two_steps = TransferEntropy::new(4).delay(2);
    /// assert!(two_steps.transfer_entropy(x, z)? > 0.4);
    /// assert!(two_steps.given(&[Condition::new(&y)]).transfer_entropy(x, z)? < 0.1);
    /// # Ok::<(), knn_entropy::Error>(())
    /// ```
    #[must_use]
    pub fn given(self, conditions: &'s [Condition<'s>]) -> Self {
        Self { conditions, ..self }
    }

    ksg_settings!();

    /// Returns the transfer entropy in nats from `source` to `target`. Rows are times and must
    /// match.
    ///
    /// # Errors
    ///
    /// See [`Ksg::conditional`]. Also [`ZeroSetting`](Error::ZeroSetting) if a lag, a delay or the
    /// number of past values of the source or of a condition is 0,
    /// [`SeriesTooShort`](Error::SeriesTooShort) if no trial has a sample, and
    /// [`TrialLengths`](Error::TrialLengths).
    pub fn transfer_entropy(&self, source: impl ToSamples, target: impl ToSamples) -> Result<f64> {
        Ok(self.estimate(source, target)?.value())
    }

    /// Returns the transfer entropy with standard error, warnings and local values, one for each
    /// time that has all pasts.
    ///
    /// # Errors
    ///
    /// See [`transfer_entropy`](TransferEntropy::transfer_entropy).
    pub fn estimate(&self, source: impl ToSamples, target: impl ToSamples) -> Result<Estimate> {
        let embedded = self.embed(source, target)?;
        self.ksg.conditional_estimate(embedded.source.view(), embedded.next.view(), embedded.given().view())
    }

    /// Returns the samples from which the transfer entropy is estimated.
    ///
    /// # Errors
    ///
    /// See [`transfer_entropy`](TransferEntropy::transfer_entropy), except for errors of the
    /// estimate itself.
    pub fn embed(&self, source: impl ToSamples, target: impl ToSamples) -> Result<Embedded> {
        self.pasts(source.to_samples()?, target.to_samples()?)?.embed()
    }

    pub(super) fn pasts<'a>(&'a self, source: Samples<'a>, target: Samples<'a>) -> Result<Pasts<'a>> {
        positive(self.source.length, "the number of past values of the source")?;
        positive(self.source.lag, "the lag of the source")?;
        positive(self.target.lag, "the lag of the target")?;
        positive(self.delay, "the delay of the source")?;
        let source = Past { series: source, embedding: self.source, delay: self.delay };
        let target = Past { series: target, embedding: self.target, delay: 1 };
        let conditions: Vec<Past<'_>> = self.conditions.iter().map(Condition::past).collect::<Result<_>>()?;
        let one = source.series.len();
        match std::iter::once(&target).chain(&conditions).find(|past| past.series.len() != one) {
            Some(other) => Err(Error::RowMismatch { one, other: other.series.len() }),
            None => Ok(Pasts { source, target, conditions, trials: self.trials }),
        }
    }
}

impl Pasts<'_> {
    pub(super) fn embed(&self) -> Result<Embedded> {
        let Self { source, target, conditions, trials } = self;
        // There is always at least one past, that of the source.
        let first = conditions.iter().chain([source, target]).map(Past::first).fold(0, usize::max);
        let (times, trials) = times(target.series.len(), trials, first, 1)?;
        let states: Vec<Array2<f64>> = conditions.iter().map(|past| past.states(&times)).collect();
        let side_by_side =
            states.iter().fold(Array2::zeros((times.len(), 0)), |all, next| concatenate![ndarray::Axis(1), all, *next]);
        let next = Past { series: target.series.reborrow(), embedding: Embedding::new(1, 1), delay: 0 };
        Ok(Embedded {
            source: source.states(&times),
            next: next.states(&times),
            target: target.states(&times),
            conditions: side_by_side,
            times,
            trials,
        })
    }
}
