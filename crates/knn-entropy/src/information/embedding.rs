use std::fmt;

use ndarray::{Array2, Axis, concatenate};

use crate::settings::trials::{longest, ranges};
use crate::{Error, Result, Samples, ToSamples};

/// The past values that make up a state: `length` values, `lag` steps apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Embedding {
    /// The number of values.
    pub length: usize,
    /// The number of steps from one value to the next.
    pub lag: usize,
}

impl Embedding {
    /// Takes `length` values, `lag` steps apart. A lag of 0, and a length of 0 except for the
    /// target of a transfer entropy, are an [`Error::ZeroSetting`] when an estimate is made.
    pub fn new(length: usize, lag: usize) -> Self {
        Self { length, lag }
    }

    /// Returns the number of steps from the first value to the last. Saturates at `usize::MAX`.
    pub(super) fn span(self) -> usize {
        self.length.saturating_sub(1).saturating_mul(self.lag)
    }
}

/// A series that a transfer entropy is conditioned on, with the embedding of its past.
#[derive(Clone, Copy)]
pub struct Condition<'a> {
    series: &'a (dyn ToSamples + Sync),
    embedding: Embedding,
    delay: usize,
}

impl<'a> Condition<'a> {
    /// Conditions on the value of `series` one step before the target's. Rows are times and must
    /// match those of source and target.
    pub fn new(series: &'a (impl ToSamples + Sync)) -> Self {
        Self { series, embedding: Embedding::new(1, 1), delay: 1 }
    }

    /// Sets the past values to condition on.
    #[must_use]
    pub fn embedding(self, embedding: Embedding) -> Self {
        Self { embedding, ..self }
    }

    /// Sets the number of steps from the last of these values to the target's next value. 0 is an
    /// [`Error::ZeroSetting`] when an estimate is made.
    #[must_use]
    pub fn delay(self, delay: usize) -> Self {
        Self { delay, ..self }
    }

    /// Checks the settings and returns the series with its embedding and delay.
    pub(super) fn past(&self) -> Result<Past<'a>> {
        positive(self.embedding.length, "the number of past values of a condition")?;
        positive(self.embedding.lag, "the lag of a condition")?;
        positive(self.delay, "the delay of a condition")?;
        Ok(Past { series: self.series.to_samples()?, embedding: self.embedding, delay: self.delay })
    }
}

impl fmt::Debug for Condition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("embedding", &self.embedding)
            .field("delay", &self.delay)
            .finish_non_exhaustive()
    }
}

/// The samples of a transfer entropy. Row `i` of each array belongs to row `times[i]` of the
/// series.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Embedded {
    /// The past states of the source.
    pub source: Array2<f64>,
    /// The values of the target that followed.
    pub next: Array2<f64>,
    /// The past states of the target.
    pub target: Array2<f64>,
    /// The past states of the conditions, side by side. Without conditions there are no columns.
    pub conditions: Array2<f64>,
    /// The rows of the series that `next` contains.
    pub times: Vec<usize>,
    /// The number of samples from each trial that has any, in order.
    pub trials: Vec<usize>,
}

impl Embedded {
    /// Returns the variables that the transfer entropy is conditioned on: the past states of the
    /// target and of the conditions.
    pub fn given(&self) -> Array2<f64> {
        concatenate![Axis(1), self.target, self.conditions]
    }
}

/// The samples of an active information storage. Row `i` of both arrays belongs to row `times[i]`
/// of the series.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PastAndFuture {
    /// The past states.
    pub past: Array2<f64>,
    /// The values from this time on.
    pub future: Array2<f64>,
    /// The rows of the series with the first values of `future`.
    pub times: Vec<usize>,
    /// The number of samples from each trial that has any, in order.
    pub trials: Vec<usize>,
}

/// A series with the embedding of its past states. The last value of a state is `delay` steps
/// before the time of the state.
#[derive(Debug)]
pub(super) struct Past<'a> {
    pub(super) series: Samples<'a>,
    pub(super) embedding: Embedding,
    pub(super) delay: usize,
}

impl Past<'_> {
    /// Returns the first time with a state. Saturates at `usize::MAX`.
    pub(super) fn first(&self) -> usize {
        if self.embedding.length == 0 { 0 } else { self.embedding.span().saturating_add(self.delay) }
    }

    /// Returns the states at some times, one per row. The last value of a state comes first.
    pub(super) fn states(&self, times: &[usize]) -> Array2<f64> {
        let Self { series, embedding, delay } = self;
        let d = series.dimension();
        Array2::from_shape_fn((times.len(), embedding.length * d), |(row, c)| {
            series.point(times[row] - delay - c / d * embedding.lag)[c % d]
        })
    }
}

/// Returns the rows of all trials that have at least `first` rows of their trial before them and at
/// least `ahead` from themselves on, and the number of such rows in each trial that has any.
/// Without trials, all of the `length` rows are one.
pub(super) fn times(length: usize, trials: &[usize], first: usize, ahead: usize) -> Result<(Vec<usize>, Vec<usize>)> {
    let trials = ranges(trials, length)?;
    let needed = first.saturating_add(ahead);
    let (mut times, mut counts) = (Vec::new(), Vec::new());
    for trial in trials.iter().filter(|trial| trial.len() >= needed) {
        times.extend(trial.start + first..trial.end + 1 - ahead);
        counts.push(trial.len() + 1 - needed);
    }
    match counts.is_empty() {
        true => Err(Error::SeriesTooShort { length: longest(&trials), needed }),
        false => Ok((times, counts)),
    }
}

/// Checks that a setting is not 0.
pub(super) fn positive(value: usize, setting: &'static str) -> Result<()> {
    if value == 0 { Err(Error::ZeroSetting { setting }) } else { Ok(()) }
}

/// Defines setters that pass settings on to the underlying [`Ksg`](crate::Ksg).
macro_rules! ksg_settings {
    () => {
        /// Sets the algorithm of [`Ksg`](crate::Ksg).
        #[must_use]
        pub fn variant(self, variant: $crate::KsgVariant) -> Self {
            Self { ksg: self.ksg.variant(variant), ..self }
        }

        /// Sets the norm within states.
        #[must_use]
        pub fn norm(self, norm: $crate::Norm) -> Self {
            Self { ksg: self.ksg.norm(norm), ..self }
        }

        /// Sets the Theiler window (Theiler, 1986): states up to `steps` steps before or after a
        /// state are not its neighbors, in the joint space and in all counts. States of a slow
        /// series are close to each other merely because they are close in time.
        #[must_use]
        pub fn window(self, steps: usize) -> Self {
            Self { ksg: self.ksg.window(steps), ..self }
        }

        /// Sets the trials, by their numbers of rows. A trial is a series of its own, such as one
        /// repetition of an experiment or one patient: no state contains values of two trials. The
        /// rows of the trials follow one another, and all states are samples of one distribution.
        /// Without trials, the default, all rows are one series.
        ///
        /// A [`window`](Self::window) does not end with a trial. It also excludes the last states
        /// of one trial and the first of the next from each other's neighbors.
        #[must_use]
        pub fn trials(self, trials: &'s [usize]) -> Self {
            Self { trials, ..self }
        }

        /// Sets the rule for rows that have several neighbors at the same distance.
        #[must_use]
        pub fn ties(self, ties: $crate::Ties<'s>) -> Self {
            Self { ksg: self.ksg.ties(ties), ..self }
        }

        /// Sets the period of each coordinate of the embedded samples, for periodic coordinates
        /// such as angles. The period of a coordinate that is not periodic is infinite. The order
        /// is: past states of the source, next values, conditioning variables. Two angles with one
        /// past value each have three periods.
        #[must_use]
        pub fn periods(self, periods: &'s [f64]) -> Self {
            Self { ksg: self.ksg.periods(periods), ..self }
        }

        /// Sets the neighbor search.
        #[must_use]
        pub fn search(self, search: &'s dyn $crate::NeighborSearch) -> Self {
            Self { ksg: self.ksg.search(search), ..self }
        }
    };
}

pub(super) use ksg_settings;

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn states_contain_the_embedded_values() {
        let series = array![[0.0, 10.0], [1.0, 11.0], [2.0, 12.0], [3.0, 13.0], [4.0, 14.0], [5.0, 15.0]];
        let past = Past { series: Samples::new(series.view()).unwrap(), embedding: Embedding::new(2, 2), delay: 1 };
        assert_eq!(past.first(), 3);
        let (times, trials) = times(6, &[], past.first(), 1).unwrap();
        assert_eq!((&times[..], &trials[..]), (&[3, 4, 5][..], &[3][..]));
        let expected = array![[2.0, 12.0, 0.0, 10.0], [3.0, 13.0, 1.0, 11.0], [4.0, 14.0, 2.0, 12.0]];
        assert_eq!(past.states(&times), expected);
    }

    #[test]
    fn no_time_has_its_past_or_future_in_another_trial() {
        assert_eq!(times(12, &[4, 2, 0, 6], 2, 1), Ok((vec![2, 3, 8, 9, 10, 11], vec![2, 4])));
        assert_eq!(times(12, &[4, 2, 0, 6], 2, 2), Ok((vec![2, 8, 9, 10], vec![1, 3])));
        assert_eq!(times(12, &[4, 2, 6], 6, 1), Err(Error::SeriesTooShort { length: 6, needed: 7 }));
        assert_eq!(times(12, &[4, 2], 1, 1), Err(Error::TrialLengths { sum: 6, rows: 12 }));
    }

    #[test]
    fn huge_lengths_do_not_overflow() {
        assert_eq!(times(6, &[], usize::MAX, 2), Err(Error::SeriesTooShort { length: 6, needed: usize::MAX }));
        assert_eq!(times(3, &[], 3, 1), Err(Error::SeriesTooShort { length: 3, needed: 4 }));
        assert_eq!(times(4, &[], 3, 1), Ok((vec![3], vec![1])));
        assert_eq!(Embedding::new(usize::MAX, 2).span(), usize::MAX);
    }
}
