//! The scores of a trained model of a row.

use eae::Autoencoder;
use eae::evaluation::Judge;
use eae::metrics::{CodeReport, Memorization, MetricError, Quality, reconstruction_error};
use eae::sampler::{self, FitError, Gaussianization, Mixture, Refinement};
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Number of components of the mixture that papers report.
const FEW: usize = 10;
/// Numbers of components from which the larger mixture is chosen, by held-out codes.
const MANY: [usize; 2] = [50, 200];
const LAYERS: usize = 20;

/// The columns of the table: the sources of the decoded codes.
pub(crate) const SOURCES: [&str; 6] = ["N(0, I)", "refined", "Gaussianization", "GMM-10", "GMM chosen", "codes"];

/// The scores of one trained model on held-out images.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Scores {
    /// The squared error, summed over pixels and averaged over images.
    pub(crate) error: f64,
    /// The quality of decoded codes from each of [`SOURCES`].
    pub(crate) quality: Vec<Quality>,
    /// Number of components of the chosen mixture.
    pub(crate) components: usize,
    /// Memorization by draws from the chosen mixture, in pixels, or `None` if too few images are
    /// held out.
    #[serde(alias = "memorisation")]
    pub(crate) memorization: Option<Memorization>,
    /// Statistics of the codes of the held-out images.
    pub(crate) codes: CodeReport,
    /// The duration of the training.
    pub(crate) seconds: f64,
}

/// The reason why a model has no scores.
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
        let normal: Array2<f32> = sampler::normal(n, model.latent(), seed);
        let refined = Refinement::fit(model, seed)?.refine(model, normal.view());
        Ok(Self {
            error: reconstruction_error(test, model.decode(held_out.view()).view()),
            quality: vec![
                quality(normal.view())?,
                quality(refined.view())?,
                quality(map.sample(n, seed).view())?,
                quality(few.sample(n, seed).view())?,
                judge.quality(samples.view())?,
                quality(judge.as_many(codes.view()).view())?,
            ],
            components: many.components(),
            memorization: match judge.memorization(&[samples.view()]) {
                Err(MetricError::TooFew { .. }) => None,
                found => Some(found?.remove(0)),
            },
            codes: CodeReport::new(held_out.view(), k)?,
            seconds,
        })
    }
}
