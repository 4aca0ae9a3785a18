use std::ops::Range;

use ndarray::{Array2, Axis, concatenate};

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
    /// Takes `length` values, `lag` steps apart.
    pub fn new(length: usize, lag: usize) -> Self {
        Self { length, lag }
    }

    /// Returns how far the first value lies before the last one; `usize::MAX` if that is no number.
    pub(super) fn span(self) -> usize {
        self.length.saturating_sub(1).saturating_mul(self.lag)
    }
}

/// A series that a transfer entropy is conditioned on, with the past values that count.
#[derive(Debug, Clone, Copy)]
pub struct Condition<T> {
    series: T,
    embedding: Embedding,
    delay: usize,
}

impl<T: ToSamples> Condition<T> {
    /// Conditions on the value of `series` one step before the target's. Rows are times, the same
    /// as in source and target.
    pub fn new(series: T) -> Self {
        Self { series, embedding: Embedding::new(1, 1), delay: 1 }
    }

    /// Sets which past values to condition on.
    #[must_use]
    pub fn embedding(self, embedding: Embedding) -> Self {
        Self { embedding, ..self }
    }

    /// Sets the number of steps from the last of these values to the target's next value: one or
    /// more.
    #[must_use]
    pub fn delay(self, delay: usize) -> Self {
        Self { delay, ..self }
    }

    /// Returns the samples of the series and where their states lie.
    pub(super) fn past(&self) -> Result<Past<'_>> {
        positive(self.embedding.length, "the number of past values of a condition")?;
        positive(self.embedding.lag, "the lag of a condition")?;
        positive(self.delay, "the delay of a condition")?;
        Ok(Past { series: self.series.to_samples()?, embedding: self.embedding, delay: self.delay })
    }
}

/// The samples of a transfer entropy: row `i` of each array belongs to the target's time
/// `times.start + i`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Embedded {
    /// The past states of the source.
    pub source: Array2<f64>,
    /// The values of the target that followed.
    pub next: Array2<f64>,
    /// The past states of the target.
    pub target: Array2<f64>,
    /// The past states of the conditions side by side; without conditions there are no columns.
    pub conditions: Array2<f64>,
    /// The times of `next` in the series.
    pub times: Range<usize>,
}

impl Embedded {
    /// Returns all that the transfer entropy is conditioned on: the past states of the target and
    /// of the conditions.
    pub fn given(&self) -> Array2<f64> {
        concatenate![Axis(1), self.target, self.conditions]
    }
}

/// The samples of an information storage: row `i` of both arrays belongs to the time `times.start +
/// i`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PastAndFuture {
    /// The past states.
    pub past: Array2<f64>,
    /// The values from the time on.
    pub future: Array2<f64>,
    /// The times of the first values of `future` in the series.
    pub times: Range<usize>,
}

/// A series and where its past states lie: the last value is `delay` steps before the time that the
/// state belongs to.
#[derive(Debug)]
pub(super) struct Past<'a> {
    pub(super) series: Samples<'a>,
    pub(super) embedding: Embedding,
    pub(super) delay: usize,
}

impl Past<'_> {
    /// Returns the first time with a state; `usize::MAX` if that is no number.
    pub(super) fn first(&self) -> usize {
        if self.embedding.length == 0 { 0 } else { self.embedding.span().saturating_add(self.delay) }
    }

    /// Returns the states at some times, one a row: of each the last value first.
    pub(super) fn states(&self, times: &Range<usize>) -> Array2<f64> {
        let Self { series, embedding, delay } = self;
        let d = series.dimension();
        Array2::from_shape_fn((times.len(), embedding.length * d), |(row, c)| {
            series.point(times.start + row - delay - c / d * embedding.lag)[c % d]
        })
    }
}

/// Returns the times from `first` on that have `ahead` values from the time on.
pub(super) fn times(length: usize, first: usize, ahead: usize) -> Result<Range<usize>> {
    let needed = first.saturating_add(ahead);
    if length < needed { Err(Error::SeriesTooShort { length, needed }) } else { Ok(first..length + 1 - ahead) }
}

/// Checks that a setting is not 0.
pub(super) fn positive(value: usize, setting: &'static str) -> Result<()> {
    if value == 0 { Err(Error::ZeroSetting { setting }) } else { Ok(()) }
}

/// The settings of [`Ksg`](crate::Ksg), each a method of the measure that is made of it.
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

        /// Leaves samples up to `steps` before and after one out of its neighbors (Theiler, 1986), in the
        /// joint space and in all counts: states of a slow series are near each other because they are near
        /// in time.
        #[must_use]
        pub fn window(self, steps: usize) -> Self {
            Self { ksg: self.ksg.window(steps), ..self }
        }

        /// Sets the rule for rows that have several neighbors at the same distance.
        #[must_use]
        pub fn ties(self, ties: $crate::Ties<'s>) -> Self {
            Self { ksg: self.ksg.ties(ties), ..self }
        }

        /// Makes coordinates periodic, such as angles: a period for each coordinate of the embedded
        /// samples, infinite for those without. First come the past states that tell, then the values that
        /// they tell about, then all that is given. Two angles with one past value each have three periods.
        #[must_use]
        pub fn periods(self, periods: &'s [f64]) -> Self {
            Self { ksg: self.ksg.periods(periods), ..self }
        }

        /// Sets the way to find neighbors.
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
    fn states_lie_where_they_should() {
        let series = array![[0.0, 10.0], [1.0, 11.0], [2.0, 12.0], [3.0, 13.0], [4.0, 14.0], [5.0, 15.0]];
        let past = Past { series: Samples::new(series.view()).unwrap(), embedding: Embedding::new(2, 2), delay: 1 };
        assert_eq!(past.first(), 3);
        let times = times(6, past.first(), 1).unwrap();
        assert_eq!(times, 3..6);
        let expected = array![[2.0, 12.0, 0.0, 10.0], [3.0, 13.0, 1.0, 11.0], [4.0, 14.0, 2.0, 12.0]];
        assert_eq!(past.states(&times), expected);
    }

    #[test]
    fn no_length_overflows() {
        assert_eq!(times(6, usize::MAX, 2), Err(Error::SeriesTooShort { length: 6, needed: usize::MAX }));
        assert_eq!(times(3, 3, 1), Err(Error::SeriesTooShort { length: 3, needed: 4 }));
        assert_eq!(times(4, 3, 1), Ok(3..4));
        assert_eq!(Embedding::new(usize::MAX, 2).span(), usize::MAX);
    }
}
