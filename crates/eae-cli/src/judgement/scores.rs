//! What a trained model of a row is judged by.

use eae::Autoencoder;
use eae::evaluation::Judge;
use eae::metrics::{CodeReport, Memorization, MetricError, Quality, reconstruction_error};
use eae::sampler::{self, FitError, Gaussianization, Mixture};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Components of the mixture that everybody reports.
const FEW: usize = 10;
/// What the larger mixture is chosen from, by codes that it was not fitted to.
const MANY: [usize; 2] = [50, 200];
const LAYERS: usize = 20;

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
    /// Of the draws from the chosen mixture, in pixels; none where too few images are held out for
    /// it.
    pub(crate) memorisation: Option<Memorization>,
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

impl Scores {
    pub(crate) fn new(judge: &Judge<'_>, model: &Autoencoder<f32>, k: usize, seconds: f64) -> Result<Self, ScoreError> {
        let (train, test) = (judge.data().train.pixels.view(), judge.data().test.pixels.view());
        let (n, seed) = (judge.data().test.len(), 0);
        let codes = model.encode(train);
        let map = Gaussianization::fit(codes.view(), LAYERS, seed)?;
        let few = Mixture::fit(codes.view(), FEW, seed)?;
        let many = Mixture::fit_best(codes.view(), &MANY, seed)?;
        let drawn: Array2<f32> = many.sample(n, seed);
        let samples = model.decode(drawn.view());
        let quality = |codes: ArrayView2<'_, f32>| judge.quality(model.decode(codes).view());
        let held_out = model.encode(test);
        Ok(Self {
            error: reconstruction_error(test, model.decode(held_out.view()).view()),
            quality: vec![
                quality(sampler::normal(n, model.latent(), seed).view())?,
                quality(map.sample(n, seed).view())?,
                quality(few.sample(n, seed).view())?,
                judge.quality(samples.view())?,
                quality(judge.as_many(codes.view()).view())?,
            ],
            components: many.components(),
            memorisation: match judge.memorization(&[samples.view()]) {
                Err(MetricError::TooFew { .. }) => None,
                found => Some(found?.remove(0)),
            },
            codes: CodeReport::new(held_out.view(), k)?,
            seconds,
        })
    }
}
