use std::ops::RangeInclusive;

use ndarray::{Array2, Axis};

use super::embedding::{Past, positive};
use super::{Embedding, TransferEntropy};
use crate::{
    Error, FamilySignificance, PermutationTest, Result, Significance, Surrogates, ToSamples, autocorrelation_within,
};

/// The transfer entropy at every delay of a range, with tests against chance. Returned by
/// [`TransferEntropy::scan`].
#[derive(Debug, Clone, PartialEq)]
pub struct DelayScan {
    first: usize,
    family: FamilySignificance,
}

/// The transfer entropy at one delay of a [`DelayScan`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct ScannedDelay {
    /// The delay in steps.
    pub delay: usize,
    /// The transfer entropy in nats.
    pub transfer_entropy: f64,
    /// The probability of a transfer entropy at least as large at this delay, if there is no
    /// dependence.
    pub p_value: f64,
    /// The probability of a transfer entropy at least as large at any of the delays, if there is no
    /// dependence.
    pub corrected_p_value: f64,
}

impl DelayScan {
    /// Returns the delays in ascending order.
    pub fn delays(&self) -> impl ExactSizeIterator<Item = ScannedDelay> + '_ {
        (0..self.family.members().len()).map(|member| self.delay(member))
    }

    /// Returns the delay with the largest transfer entropy. In a tie, returns the smallest delay.
    ///
    /// The link is significant if its *corrected* p-value is small, because it is the best of
    /// several.
    pub fn best(&self) -> ScannedDelay {
        self.delay(self.family.largest())
    }

    /// Returns the transfer entropies of all delays and of their surrogates.
    pub fn family(&self) -> &FamilySignificance {
        &self.family
    }

    fn delay(&self, member: usize) -> ScannedDelay {
        let alone = &self.family.members()[member];
        ScannedDelay {
            delay: self.first + member,
            transfer_entropy: alone.observed(),
            p_value: alone.p_value(),
            corrected_p_value: self.family.corrected_p_value(member),
        }
    }
}

impl TransferEntropy<'_> {
    /// Tests whether the transfer entropy from `source` to `target` could be chance.
    ///
    /// Surrogates rearrange the past states of the source. States of a series depend on each other,
    /// so by default they are rotated, by at least the integrated
    /// [autocorrelation](crate::autocorrelation()) time and the span of a state. `test` can choose
    /// other surrogates.
    ///
    /// # Errors
    ///
    /// See [`transfer_entropy`](TransferEntropy::transfer_entropy) and
    /// [`PermutationTest::orders_within`].
    pub fn significance(
        &self,
        source: impl ToSamples,
        target: impl ToSamples,
        test: PermutationTest,
    ) -> Result<Significance> {
        let scan = self.scan(source, target, self.delay..=self.delay, test)?;
        Ok(scan.family.members()[0].clone())
    }

    /// Returns the transfer entropy from `source` to `target` at every delay of a range, with
    /// p-values for each delay alone and for the best delay. The [`delay`](TransferEntropy::delay)
    /// of the estimator itself is not used, and [conditions](TransferEntropy::given) keep their own
    /// delays.
    ///
    /// For comparability, all delays are estimated at the times of the target for which the longest
    /// delay has a past. Each surrogate rearranges the past states of the source once for all
    /// delays. The largest of its transfer entropies corrects for the choice of the best delay; see
    /// [`FamilySignificance`].
    ///
    /// By default, surrogates are rotations by at least the integrated
    /// [autocorrelation](crate::autocorrelation()) time of the source, the number of delays, and
    /// the span of a state, so that no rotation leads to another delay of the range. `test` can
    /// choose other surrogates. All of them stay within a [trial](TransferEntropy::trials), except
    /// for local permutations.
    ///
    /// ```
    /// use knn_entropy::{PermutationTest, TransferEntropy};
    /// use ndarray::{Array2, s};
    /// use ndarray_rand::RandomExt;
    /// use ndarray_rand::rand::SeedableRng;
    /// use ndarray_rand::rand_distr::StandardNormal;
    /// use rand_chacha::ChaCha8Rng;
    ///
    /// // y follows x with a delay of three steps.
    /// let noise = Array2::<f64>::random_using((300, 2), StandardNormal, &mut ChaCha8Rng::seed_from_u64(0));
    /// let mut series = noise.clone();
    /// for t in 3..300 {
    ///     series[[t, 1]] = series[[t - 3, 0]] + noise[[t, 1]];
    /// }
    /// let (x, y) = (series.slice(s![.., ..1]), series.slice(s![.., 1..]));
    /// let best = TransferEntropy::new(4).scan(x, y, 1..=5, PermutationTest::new(99, 0))?.best();
    /// assert_eq!((best.delay, best.corrected_p_value), (3, 0.01));
    /// # Ok::<(), knn_entropy::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`NoDelays`](Error::NoDelays) for an empty range. See also
    /// [`transfer_entropy`](TransferEntropy::transfer_entropy), for each delay, and
    /// [`PermutationTest::orders_given`].
    pub fn scan(
        &self,
        source: impl ToSamples,
        target: impl ToSamples,
        delays: RangeInclusive<usize>,
        test: PermutationTest,
    ) -> Result<DelayScan> {
        let (first, last) = delays.into_inner();
        positive(first, "the delay of the source")?;
        if first > last {
            return Err(Error::NoDelays { first, last });
        }
        // The longest delay determines which times have a past.
        let (source, target) = (source.to_samples()?, target.to_samples()?);
        let estimator = self.delay(last);
        let pasts = estimator.pasts(source, target)?;
        let embedded = pasts.embed()?;
        let given = embedded.given();
        let Past { series, embedding, .. } = pasts.source;
        let states: Vec<Array2<f64>> = (first..=last)
            .map(|delay| Past { series: series.reborrow(), embedding, delay }.states(&embedded.times))
            .collect();
        let test = test.surrogates_or(|_| {
            let time = autocorrelation_within(&series, pasts.trials)?.min_shift();
            Ok(Surrogates::Rotate { min_shift: time.max(reach(embedding, last - first)) })
        })?;
        let family =
            test.orders_within(&embedded.trials, given.view())?.run_family(states.len(), |order, member| {
                let rearranged = states[member].select(Axis(0), order);
                self.ksg.conditional(rearranged.view(), embedded.next.view(), given.view())
            })?;
        Ok(DelayScan { first, family })
    }
}

/// Returns the smallest rotation for which a state at one delay shares no value with a state at a
/// delay `delays` steps away.
fn reach(embedding: Embedding, delays: usize) -> usize {
    embedding.span().saturating_add(delays).saturating_add(1)
}
