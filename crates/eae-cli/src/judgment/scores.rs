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
/// Smallest number of codes for the larger mixture. Nine tenths of them, the others being held out,
/// must be as many as its components.
const CODES: usize = 222;
const LAYERS: usize = 20;

/// The columns of the table: the sources of the decoded codes.
pub(crate) const SOURCES: [&str; 6] = ["N(0, I)", "refined", "Gaussianization", "GMM-10", "GMM chosen", "codes"];

/// The scores of one trained model on held-out images.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Scores {
    /// The squared error, summed over pixels and averaged over images.
    pub(crate) error: f64,
    /// The quality of decoded codes from each of [`SOURCES`], or `None` if there are too few codes
    /// to fit it.
    pub(crate) quality: Vec<Option<Quality>>,
    /// Number of components of the chosen mixture, if there is one.
    pub(crate) components: Option<usize>,
    /// Memorization by draws from the chosen mixture, in pixels, or `None` if there are too few
    /// codes or too few images are held out.
    pub(crate) memorization: Option<Memorization>,
    /// The results that could not be computed, with the reason: one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) missing: Vec<String>,
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
        let mut missing = Vec::new();
        let map = enough(Gaussianization::fit(codes.view(), LAYERS, seed), "`Gaussianization` is", &mut missing)?;
        let few = enough(Mixture::fit(codes.view(), FEW, seed), "`GMM-10` is", &mut missing)?;
        let many = match codes.nrows() {
            n if n < CODES => Err(FitError::NotEnough { n, needed: CODES }),
            _ => Mixture::fit_best(codes.view(), &MANY, seed),
        };
        let many = enough(many, "`GMM chosen`, `components` and `close` are", &mut missing)?;
        let samples = many.as_ref().map(|many| model.decode(many.sample::<f32>(n, seed).view()));
        let quality = |codes: ArrayView2<'_, f32>| judge.quality(model.decode(codes).view());
        let held_out = model.encode(test);
        let normal: Array2<f32> = sampler::normal(n, model.latent(), seed);
        let refined = Refinement::fit(model, seed)?.refine(model, normal.view());
        let memorization = samples.as_ref().map(|samples| judge.memorization(&[samples.view()]));
        Ok(Self {
            error: reconstruction_error(test, model.decode(held_out.view()).view()),
            quality: vec![
                Some(quality(normal.view())?),
                Some(quality(refined.view())?),
                map.map(|map| quality(map.sample(n, seed).view())).transpose()?,
                few.map(|few| quality(few.sample(n, seed).view())).transpose()?,
                samples.map(|samples| judge.quality(samples.view())).transpose()?,
                Some(quality(judge.as_many(codes.view()).view())?),
            ],
            components: many.map(|many| many.components()),
            memorization: match memorization {
                None => None,
                Some(Err(MetricError::TooFew { n, needed, .. })) => {
                    missing.push(format!(
                        "`close` is empty, because {needed} held-out samples are needed, but there are {n}"
                    ));
                    None
                }
                Some(found) => Some(found?.remove(0)),
            },
            missing,
            codes: CodeReport::new(held_out.view(), k)?,
            seconds,
        })
    }
}

/// Returns a fitted density. If there are too few codes, adds a sentence that begins with `columns`
/// to `missing` and returns `None`.
fn enough<T>(fit: Result<T, FitError>, columns: &str, missing: &mut Vec<String>) -> Result<Option<T>, FitError> {
    match fit {
        Ok(density) => Ok(Some(density)),
        Err(FitError::NotEnough { n, needed }) => {
            missing.push(format!("{columns} empty, because {needed} training samples are needed, but there are {n}"));
            Ok(None)
        }
        Err(problem) => Err(problem),
    }
}
