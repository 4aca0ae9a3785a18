use ndarray::{Array, Array2, ArrayView, ArrayView2, ArrayView4, Axis, Dimension, RemoveAxis};
use ndarray_rand::rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::data::Split;
use crate::metrics::{Memorization, MetricError, Quality};
use crate::sampler::{Refinement, Sampler, normal};
use crate::{Autoencoder, Features};

/// Number of samples compared with all training images, in pixels. This is the slowest of the
/// comparisons.
const CHECKED: usize = 1000;

/// Decoded draws from several samplers, compared with the held-out images. Each sampler gives one
/// draw per held-out image.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SampleReport {
    /// The features on which the images are compared, in words.
    pub features: String,
    /// The quality of training images in place of samples. No model can be expected to do better.
    /// `None` if there are too few training images.
    pub floor: Option<Quality>,
    /// The quality of the samples, one entry per sampler.
    pub samples: Vec<SampleQuality>,
    /// The results that could not be computed, with the reason: one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

/// The decoded draws from one sampler.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SampleQuality {
    /// The sampler's [name](Sampler::name), or that of [`Refinement`].
    pub sampler: &'static str,
    /// The samples compared with held-out images, on features.
    #[serde(flatten)]
    pub quality: Quality,
    /// The samples compared with training images, in pixels. `None` if there are too few images.
    pub memorization: Option<Memorization>,
}

impl SampleReport {
    /// Compares draws from `samplers`, decoded by `model`, with the held-out images of `data`. A
    /// `refinement` adds refined draws from N(0, I). The training images of `data` may be empty.
    ///
    /// # Errors
    ///
    /// If there are fewer than 6 held-out images, or values are not finite or too large.
    ///
    /// # Panics
    ///
    /// If the images are not of the model's shape, or the features are for images of another shape.
    pub fn new(
        model: &Autoencoder<f32>,
        samplers: &[Sampler],
        refinement: Option<&Refinement>,
        data: &Split<f32>,
        features: &Features,
        seed: u64,
    ) -> Result<Self, MetricError> {
        let judge = Judge::new(data, features)?;
        let n = data.test.len();
        let draws = samplers.iter().map(|sampler| (sampler.name(), sampler.sample(n, seed)));
        let refined = refinement
            .map(|refinement| (Refinement::NAME, refinement.refine(model, normal(n, model.latent(), seed).view())));
        let decoded = |(name, codes): (_, Array2<f32>)| (name, model.decode(codes.view()));
        let images: Vec<_> = draws.chain(refined).map(decoded).collect();
        let mut missing = Vec::new();
        let views: Vec<_> = images.iter().map(|(_, images)| images.view()).collect();
        let memorization = judge.memorization(&views);
        let memorization = found(memorization, "the similarity of samples to training images", &mut missing)?;
        let memorization = |i: usize| memorization.as_ref().map(|each| each[i]);
        let samples = images.iter().enumerate().map(|(i, &(sampler, ref images))| {
            let quality = judge.quality(images.view())?;
            Ok(SampleQuality { sampler, quality, memorization: memorization(i) })
        });
        let samples: Vec<_> = samples.collect::<Result<_, MetricError>>()?;
        let floor = found(judge.floor(), "the quality of training images", &mut missing)?;
        Ok(Self { features: features.to_string(), floor, samples, missing })
    }
}

/// Separates missing data from real errors: if there were too few samples, adds a sentence to
/// `missing` and returns `None`.
fn found<T>(result: Result<T, MetricError>, what: &str, missing: &mut Vec<String>) -> Result<Option<T>, MetricError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(MetricError::TooFew { set, n, needed }) => {
            let set = if ["real", "held out"].contains(&set) { "held-out" } else { "training" };
            let are = if n == 1 { "is" } else { "are" };
            missing.push(format!("{what} is not known: {needed} {set} samples are needed, but there {are} {n}"));
            Ok(None)
        }
        Err(MetricError::Samples { problem: knn_entropy::Error::NoSamples, .. }) => {
            missing.push(format!("{what} is not known: training samples are needed, but there are none"));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Held-out images and their features, with which the samples of several models are compared.
#[derive(Debug)]
pub struct Judge<'a> {
    data: &'a Split<f32>,
    features: &'a Features,
    real: Array2<f64>,
}

impl<'a> Judge<'a> {
    /// Computes the features of the held-out images.
    ///
    /// # Errors
    ///
    /// See [`Features::of`].
    ///
    /// # Panics
    ///
    /// See [`Features::of`].
    pub fn new(data: &'a Split<f32>, features: &'a Features) -> Result<Self, MetricError> {
        Ok(Self { data, features, real: features.of(data.test.pixels.view())? })
    }

    /// Returns the images on which models are trained and judged.
    pub fn data(&self) -> &'a Split<f32> {
        self.data
    }

    /// Returns the features on which images are compared.
    pub fn features(&self) -> &'a Features {
        self.features
    }

    /// Compares generated images with the held-out ones, on features.
    ///
    /// # Errors
    ///
    /// See [`Quality::new`].
    pub fn quality(&self, images: ArrayView4<'_, f32>) -> Result<Quality, MetricError> {
        Quality::new(self.real.view(), self.features.of(images)?.view())
    }

    /// Compares training images with the held-out ones. No model can be expected to do better.
    ///
    /// # Errors
    ///
    /// See [`Quality::new`].
    pub fn floor(&self) -> Result<Quality, MetricError> {
        self.quality(self.as_many(self.data.train.pixels.view()).view())
    }

    /// Compares the first 1000 images of each set with all training images, in pixels.
    ///
    /// # Errors
    ///
    /// See [`Memorization::of_each`].
    pub fn memorization(&self, sets: &[ArrayView4<'_, f32>]) -> Result<Vec<Memorization>, MetricError> {
        let (train, test) = (self.data.train.pixels.view(), self.data.test.pixels.view());
        let sets: Vec<_> = sets.iter().map(|images| flat(first(images.view()))).collect();
        Memorization::of_each(flat(train), flat(first(test)), &sets)
    }

    /// Returns as many rows as there are held-out images, always the same ones, or all rows if
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

/// Flattens each image to a row.
fn flat(images: ArrayView4<'_, f32>) -> ArrayView2<'_, f32> {
    let (n, height, width, channels) = images.dim();
    images.into_shape_with_order((n, height * width * channels)).expect("images lie one after the other")
}
