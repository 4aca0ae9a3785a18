use knn_entropy::{Auto, NeighborSearch, Norm, Samples};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use super::MetricError;
use super::error::{checked, same_dimension};
use crate::Float;

/// A test of whether samples of a model are copies of training images. It compares the distance
/// from each sample to its nearest training image with the same distance for held-out images, which
/// the model cannot have copied (compare Meehan, Chaudhuri and Dasgupta, AISTATS 2020). Distances
/// are Euclidean.
///
/// The test detects near copies only. Smooth or typical samples are also near training images,
/// because their pixels are near the mean of many. Look at the pairs before you call them
/// memorized.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Memorization {
    /// The median distance from a sample to the nearest training image.
    pub sample_median: f64,
    /// The median distance from a held-out image to the nearest training image.
    pub held_out_median: f64,
    /// The distance that counts as close: the first percentile of the distances of held-out images.
    pub close: f64,
    /// The share of samples at most this far from a training image: near copies.
    pub share_close: f64,
    /// The share of held-out images at most this far from a training image: 0.01, or more if
    /// distances are equal.
    pub held_out_share_close: f64,
    /// The standard error of the difference of the shares if samples are distributed like held-out
    /// images.
    pub share_error: f64,
}

/// The share of held-out images that counts as close.
const CLOSEST: f64 = 0.01;

/// The ratio at which medians count as different.
const RATIO: f64 = 1.5;
/// The ratio above which samples do not resemble the data.
const FAR: f64 = 10.0;

impl Memorization {
    /// Compares rows of pixels or features `[n, d]`. Takes the time of `knn_entropy`'s search for
    /// the nearest neighbor of every sample and held-out image among the training images.
    ///
    /// # Errors
    ///
    /// [`MetricError::Samples`], [`MetricError::Dimensions`], [`MetricError::TooFew`] unless there
    /// are 100 held-out images, [`MetricError::OutOfRange`] if a distance overflows.
    pub fn new<F: Float>(
        train: ArrayView2<'_, F>,
        held_out: ArrayView2<'_, F>,
        samples: ArrayView2<'_, F>,
    ) -> Result<Self, MetricError> {
        Ok(Self::of_each(train, held_out, &[samples])?.remove(0))
    }

    /// Compares several sets of samples and returns the results in the same order. The neighbors of
    /// held-out images are searched only once.
    ///
    /// # Errors
    ///
    /// See [`new`](Memorization::new).
    pub fn of_each<F: Float>(
        train: ArrayView2<'_, F>,
        held_out: ArrayView2<'_, F>,
        samples: &[ArrayView2<'_, F>],
    ) -> Result<Vec<Self>, MetricError> {
        let train = checked("training", train, 1)?;
        let held_out = checked("held out", held_out, (1.0 / CLOSEST) as usize)?;
        same_dimension(&train, &held_out)?;
        let mut sets = Vec::new();
        for samples in samples {
            let samples = checked("samples", samples.view(), 1)?;
            same_dimension(&train, &samples)?;
            sets.push(samples);
        }
        let held_out = sorted_distances(&held_out, &train)?;
        let of = |samples| Ok(Self::of_distances(&held_out, &sorted_distances(samples, &train)?));
        sets.iter().map(of).collect()
    }

    /// Computes the result from sorted distances to the nearest training image.
    fn of_distances(held_out: &[f64], samples: &[f64]) -> Self {
        let close = held_out[(held_out.len() as f64 * CLOSEST).ceil() as usize - 1];
        let share = |sorted: &[f64]| sorted.partition_point(|&r| r <= close) as f64 / sorted.len() as f64;
        let parts = 1.0 / samples.len() as f64 + 1.0 / held_out.len() as f64;
        let expected = share(held_out);
        Self {
            sample_median: median(samples),
            held_out_median: median(held_out),
            close,
            share_close: share(samples),
            held_out_share_close: expected,
            share_error: (expected * (1.0 - expected) * parts).sqrt(),
        }
    }

    /// Returns the median distance of samples divided by that of held-out images. The ratio is near
    /// 1 for samples that resemble held-out images, infinite if only the median of held-out images
    /// is 0, and 1 if both medians are 0.
    pub fn ratio(&self) -> f64 {
        if self.sample_median == self.held_out_median { 1.0 } else { self.sample_median / self.held_out_median }
    }

    /// Returns true if the share of close samples exceeds that of held-out images by more than
    /// three standard errors.
    pub fn is_suspicious(&self) -> bool {
        self.share_close > self.held_out_share_close + 3.0 * self.share_error
    }

    /// Returns the conclusion in words.
    pub fn verdict(&self) -> String {
        let Self { share_close, held_out_share_close, .. } = *self;
        let percent = |share: f64| 100.0 * share;
        if self.is_suspicious() {
            let (samples, held_out) = (percent(share_close), percent(held_out_share_close));
            return format!(
                "{samples:.1} % of the samples are as close to the training data as only {held_out:.1} % of the held-out \
                 data; inspect these samples, because they may be copies"
            );
        }
        match self.ratio() {
            ratio if ratio > FAR => {
                format!(
                    "no sign of copies, but samples are {ratio:.0} times as far from the training data as held-out data is, so \
                     they do not resemble the data"
                )
            }
            ratio if !(1.0 / RATIO..=RATIO).contains(&ratio) => {
                format!(
                    "no sign of copies: samples are {ratio:.2} times as far from the training data as held-out data is"
                )
            }
            _ => "no sign of copies: samples are about as far from the training data as held-out data is".to_owned(),
        }
    }
}

fn sorted_distances(queries: &Samples<'_>, train: &Samples<'_>) -> Result<Vec<f64>, MetricError> {
    let mut distances = Auto.between(queries, train, 1, Norm::L2.into())?.distances.into_raw_vec_and_offset().0;
    distances.sort_unstable_by(f64::total_cmp);
    match distances.last() {
        Some(last) if last.is_finite() => Ok(distances),
        _ => Err(MetricError::OutOfRange { what: "a distance" }),
    }
}

fn median(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { sorted[half - 1] / 2.0 + sorted[half] / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler;
    use ndarray::{Array2, Axis, array, concatenate};

    #[test]
    fn distances_computed_by_hand() {
        let train = array![[0.0], [1000.0]];
        // The distances are 1 to 200, and two of them are the closest percent.
        let held_out = Array2::from_shape_fn((200, 1), |(i, _)| (i + 1) as f64);
        let samples = array![[0.5], [-1.5], [1002.0], [1003.0]];
        let found = Memorization::new(train.view(), held_out.view(), samples.view()).unwrap();
        assert_eq!((found.sample_median, found.held_out_median, found.close), (1.75, 100.5, 2.0));
        assert_eq!((found.share_close, found.held_out_share_close), (0.75, 0.01));
        assert_eq!(found.share_error, (0.01_f64 * 0.99 * (0.25 + 0.005)).sqrt());
        assert_eq!(found.ratio(), 1.75 / 100.5);
        assert!(found.verdict().starts_with("75.0 % of the samples"));
        // With copies among the held-out images, more copies are needed for suspicion.
        let both = concatenate![Axis(0), array![[0.0], [1000.0]], held_out];
        let copies = |share: usize| Array2::from_shape_fn((100, 1), |(i, _)| if i < share { 1000.0 } else { 30.0 });
        let of_each = Memorization::of_each(train.view(), held_out.view(), &[copies(50).view(), samples.view()]);
        assert_eq!(of_each.unwrap()[1], found);
        let copied = |share| Memorization::new(train.view(), both.view(), copies(share).view()).unwrap();
        assert_eq!((copied(50).close, copied(50).share_close), (1.0, 0.5));
        assert!(copied(50).verdict().contains("they may be copies"));
        assert!(copied(1).verdict().starts_with("no sign of copies: samples are 0.30 times as far"), "{:?}", copied(1));
    }

    #[test]
    fn detects_copies_and_accepts_fresh_samples() {
        let draws = sampler::normal::<f32>(3000, 6, 1);
        let rows = |from: usize, to: usize| draws.slice_axis(Axis(0), (from..to).into());
        let (train, held_out) = (rows(0, 1000), rows(1000, 2000));
        let fresh = rows(2000, 3000);
        let found = Memorization::new(train, held_out, fresh).unwrap();
        assert!((found.share_close - 0.01).abs() < 4.0 * found.share_error, "{found:?}");
        assert!(found.verdict().starts_with("no sign of copies: samples are about"), "{found:?}");
        let far = Memorization::new(train, held_out, (&fresh + 50.0).view()).unwrap();
        assert!(far.verdict().ends_with("they do not resemble the data"), "{}", far.verdict());
        let copies = &train.slice_axis(Axis(0), (..50).into()) + 0.001;
        let found = Memorization::new(train, held_out, concatenate![Axis(0), fresh, copies].view()).unwrap();
        assert!(found.share_close > 0.04 && found.verdict().contains("copies"), "{found:?}");
        let far = Memorization::new(train, held_out, (&fresh * 3.0).view()).unwrap();
        assert!(far.ratio() > 3.0 && far.verdict().contains("times as far"), "{far:?}");
    }

    #[test]
    fn invalid_input_is_an_error() {
        let x = sampler::normal::<f64>(100, 2, 1);
        let few = x.slice_axis(Axis(0), (..99).into());
        let error = |held_out, samples| Memorization::new(x.view(), held_out, samples).unwrap_err();
        assert_eq!(error(few, x.view()), MetricError::TooFew { set: "held out", n: 99, needed: 100 });
        assert_eq!(error(x.view(), x.slice_axis(Axis(1), (..1).into())), MetricError::Dimensions { one: 2, other: 1 });
        assert!(matches!(
            error(x.view(), x.slice_axis(Axis(0), (..0).into())),
            MetricError::Samples { set: "samples", .. }
        ));
        let far = Array2::from_elem((100, 2), 1.7e308);
        let found = Memorization::new(far.view(), (-&far).view(), far.view());
        assert!(matches!(found, Err(MetricError::OutOfRange { .. })), "{found:?}");
    }
}
