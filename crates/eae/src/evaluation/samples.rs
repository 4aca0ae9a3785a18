use ndarray::{Array, Array2, ArrayView, ArrayView2, ArrayView4, Axis, Dimension, RemoveAxis};
use ndarray_rand::rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::data::Split;
use crate::metrics::{Memorization, MetricError, Quality};
use crate::sampler::Sampler;
use crate::{Autoencoder, Features};

/// Samples that are held against all training images, in pixels: the slowest of the comparisons.
const CHECKED: usize = 1000;

/// Decoded draws from each of some samplers, as many as there are held-out images, beside these.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SampleReport {
    /// What the images are compared on, in words.
    pub features: String,
    /// The quality of training images in the place of samples: no model can be expected to be
    /// closer. None where there are too few training images.
    pub floor: Option<Quality>,
    /// One for each sampler.
    pub samples: Vec<SampleQuality>,
    /// What could not be found out, and why: a sentence for each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// The decoded draws from one sampler.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SampleQuality {
    /// The sampler's [name](Sampler::name).
    pub sampler: &'static str,
    /// The samples beside held-out images, on features.
    #[serde(flatten)]
    pub quality: Quality,
    /// The samples beside training images, in pixels. None where there are too few images for it.
    #[serde(rename = "memorisation")]
    pub memorization: Option<Memorization>,
}

impl SampleReport {
    /// Compares draws from `samplers`, decoded by `model`, with the held-out images of `data`. Of
    /// its images to train on there may be none.
    ///
    /// # Errors
    ///
    /// If there are fewer than 6 held-out images, or numbers are not finite or too large.
    ///
    /// # Panics
    ///
    /// If the images are not of the model's shape, or the features not of such images.
    pub fn new(
        model: &Autoencoder<f32>,
        samplers: &[Sampler],
        data: &Split<f32>,
        features: &Features,
        seed: u64,
    ) -> Result<Self, MetricError> {
        let judge = Judge::new(data, features)?;
        let decoded = |sampler: &Sampler| model.decode(sampler.sample(data.test.len(), seed).view());
        let images: Vec<_> = samplers.iter().map(decoded).collect();
        let mut missing = Vec::new();
        let views: Vec<_> = images.iter().map(|images| images.view()).collect();
        let memorization = judge.memorization(&views);
        let memorization = found(memorization, "whether samples are copies of training images", &mut missing)?;
        let memorization = |i: usize| memorization.as_ref().map(|each| each[i]);
        let samples = samplers.iter().zip(&images).enumerate().map(|(i, (sampler, images))| {
            let quality = judge.quality(images.view())?;
            Ok(SampleQuality { sampler: sampler.name(), quality, memorization: memorization(i) })
        });
        let samples: Vec<_> = samples.collect::<Result<_, MetricError>>()?;
        let floor = found(judge.floor(), "how close training images are", &mut missing)?;
        Ok(Self { features: features.to_string(), floor, samples, missing })
    }
}

/// Takes out what was found. That there were too few samples for it is no error, but `missing`.
fn found<T>(result: Result<T, MetricError>, what: &str, missing: &mut Vec<String>) -> Result<Option<T>, MetricError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(MetricError::TooFew { set, n, needed }) => {
            let set = if ["real", "held out"].contains(&set) { "held-out" } else { "training" };
            missing.push(format!("{what} is not known: that takes {needed} {set} samples, and there are {n}"));
            Ok(None)
        }
        Err(MetricError::Samples { problem: knn_entropy::Error::NoSamples, .. }) => {
            missing.push(format!("{what} is not known: that takes training samples, and there are none"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Held-out images with their features, to compare the samples of many models with.
#[derive(Debug)]
pub struct Judge<'a> {
    data: &'a Split<f32>,
    features: &'a Features,
    real: Array2<f64>,
}

impl<'a> Judge<'a> {
    /// Finds the features of the held-out images.
    ///
    /// # Errors
    ///
    /// As [`Features::of`].
    ///
    /// # Panics
    ///
    /// As `Features::of`.
    pub fn new(data: &'a Split<f32>, features: &'a Features) -> Result<Self, MetricError> {
        Ok(Self { data, features, real: features.of(data.test.pixels.view())? })
    }

    /// Returns the images that models are trained on and judged by.
    pub fn data(&self) -> &'a Split<f32> {
        self.data
    }

    /// Returns what images are compared on.
    pub fn features(&self) -> &'a Features {
        self.features
    }

    /// Compares generated images with the held-out ones, on features.
    ///
    /// # Errors
    ///
    /// As [`Quality::new`].
    pub fn quality(&self, images: ArrayView4<'_, f32>) -> Result<Quality, MetricError> {
        Quality::new(self.real.view(), self.features.of(images)?.view())
    }

    /// Compares training images with the held-out ones: no model can be expected to be closer.
    ///
    /// # Errors
    ///
    /// As [`Quality::new`].
    pub fn floor(&self) -> Result<Quality, MetricError> {
        self.quality(self.as_many(self.data.train.pixels.view()).view())
    }

    /// Compares the first 1000 images of each set with all training images, in pixels.
    ///
    /// # Errors
    ///
    /// As [`Memorization::of_each`].
    pub fn memorization(&self, sets: &[ArrayView4<'_, f32>]) -> Result<Vec<Memorization>, MetricError> {
        let (train, test) = (self.data.train.pixels.view(), self.data.test.pixels.view());
        let sets: Vec<_> = sets.iter().map(|images| flat(first(images.view()))).collect();
        Memorization::of_each(flat(train), flat(first(test)), &sets)
    }

    /// Returns as many of the rows as there are held-out images, the same ones each time, or all if
    /// there are fewer.
    pub fn as_many<D: Dimension + RemoveAxis>(&self, rows: ArrayView<'_, f32, D>) -> Array<f32, D> {
        let (count, n) = (rows.len_of(Axis(0)), self.real.nrows());
        rows.select(Axis(0), &index::sample(&mut ChaCha8Rng::seed_from_u64(0), count, n.min(count)).into_vec())
    }
}

fn first(images: ArrayView4<'_, f32>) -> ArrayView4<'_, f32> {
    let n = images.len_of(Axis(0));
    images.slice_axis_move(Axis(0), (..n.min(CHECKED)).into())
}

/// Each image as a row.
fn flat(images: ArrayView4<'_, f32>) -> ArrayView2<'_, f32> {
    let (n, height, width, channels) = images.dim();
    images.into_shape_with_order((n, height * width * channels)).expect("images lie one after the other")
}
