//! What a trained model of a row is judged by.

use eae::data::Split;
use eae::metrics::{CodeReport, Memorization, MetricError, Quality, reconstruction_error};
use eae::sampler::{self, FitError, Gaussianization, Mixture};
use eae::{Autoencoder, Features};
use ndarray::{Array2, ArrayView2, ArrayView4, Axis, Dimension, RemoveAxis};
use ndarray_rand::rand::{SeedableRng, seq::index};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Components of the mixture that everybody reports.
const FEW: usize = 10;
/// What the larger mixture is chosen from, by codes that it was not fitted to.
const MANY: [usize; 2] = [50, 200];
const LAYERS: usize = 20;
/// Draws that are held against all training images, in pixels: the slowest of the scores.
const CHECKED: usize = 1000;

/// The columns: where the codes that are decoded come from.
pub(crate) const SOURCES: [&str; 5] = ["N(0, I)", "Gaussianisation", "GMM-10", "GMM chosen", "codes"];

/// One trained model, on images that were held out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Scores {
    /// The squared error, summed over pixels and averaged over images.
    pub(crate) error: f64,
    /// In the order of [`SOURCES`].
    pub(crate) quality: Vec<Quality>,
    /// How many components the chosen mixture has.
    pub(crate) components: usize,
    /// Of the draws from the chosen mixture, in pixels.
    pub(crate) memorisation: Memorization,
    /// Of the codes of the held-out images.
    pub(crate) codes: CodeReport,
    /// What the training took.
    pub(crate) seconds: f64,
}

/// Why a model has no scores.
#[derive(Debug, Error)]
pub(crate) enum ScoreError {
    #[error("no density can be fitted to the codes: {0}")]
    Fit(#[from] FitError),
    #[error("the images cannot be compared: {0}")]
    Compare(#[from] MetricError),
    #[error("the codes cannot be judged: {0}")]
    Codes(#[from] knn_entropy::Error),
}

/// What all models of a table are compared with: features of as many held-out images as there are draws.
pub(crate) struct Judge<'a> {
    pub(crate) data: &'a Split<f32>,
    pub(crate) features: &'a Features,
    real: Array2<f64>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(data: &'a Split<f32>, features: &'a Features) -> Result<Self, MetricError> {
        Ok(Self { data, features, real: features.of(data.test.pixels.view())? })
    }

    /// Of so many images, generated in whatever way.
    pub(crate) fn quality(&self, images: ArrayView4<'_, f32>) -> Result<Quality, MetricError> {
        Quality::new(self.real.view(), self.features.of(images)?.view())
    }

    /// As many training images as there are held-out ones in the place of draws: no model can be expected to be closer.
    pub(crate) fn floor(&self) -> Result<Quality, MetricError> {
        self.quality(some(self.data.train.pixels.view(), self.real.nrows()).view())
    }

    pub(crate) fn scores(&self, model: &Autoencoder<f32>, k: usize, seconds: f64) -> Result<Scores, ScoreError> {
        let (train, test) = (self.data.train.pixels.view(), self.data.test.pixels.view());
        let (n, seed) = (self.real.nrows(), 0);
        let codes = model.encode(train);
        let map = Gaussianization::fit(codes.view(), LAYERS, seed)?;
        let few = Mixture::fit(codes.view(), FEW, seed)?;
        let many = Mixture::fit_best(codes.view(), &MANY, seed)?;
        let drawn: Array2<f32> = many.sample(n, seed);
        let samples = model.decode(drawn.view());
        let quality = |codes: ArrayView2<'_, f32>| self.quality(model.decode(codes).view());
        let held_out = model.encode(test);
        Ok(Scores {
            error: reconstruction_error(test, model.decode(held_out.view()).view()),
            quality: vec![
                quality(sampler::normal(n, model.latent(), seed).view())?,
                quality(map.sample(n, seed).view())?,
                quality(few.sample(n, seed).view())?,
                self.quality(samples.view())?,
                quality(some(codes.view(), n).view())?,
            ],
            components: many.components(),
            memorisation: Memorization::new(flat(train), flat(first(test)), flat(first(samples.view())))?,
            codes: CodeReport::new(held_out.view(), k)?,
            seconds,
        })
    }
}

/// `n` of them, the same ones each time.
fn some<D: Dimension + RemoveAxis>(of: ndarray::ArrayView<'_, f32, D>, n: usize) -> ndarray::Array<f32, D> {
    let count = of.len_of(Axis(0));
    of.select(Axis(0), &index::sample(&mut ChaCha8Rng::seed_from_u64(0), count, n.min(count)).into_vec())
}

/// As many of them as are held against all training images.
pub(crate) fn first(images: ArrayView4<'_, f32>) -> ArrayView4<'_, f32> {
    let n = images.len_of(Axis(0));
    images.slice_axis_move(Axis(0), (..n.min(CHECKED)).into())
}

/// Each image as a row.
pub(crate) fn flat(images: ArrayView4<'_, f32>) -> ArrayView2<'_, f32> {
    let (n, height, width, channels) = images.dim();
    images.into_shape_with_order((n, height * width * channels)).expect("images lie one after the other")
}
