//! Warnings about a model, each with advice.

mod codes;
mod draws;
#[cfg(test)]
mod tests;
mod training;

use eae::TrainConfig;
use eae::evaluation::SampleReport;
use eae::metrics::LatentReport;
use eae::sampler::Sampler;

use codes::codes;
use draws::draws;
pub(crate) use training::no_better_than_the_mean;
use training::training;

/// Results that the warnings depend on.
#[derive(Debug, Clone)]
pub(super) struct Facts<'a> {
    /// Word for the data: "images" or "vectors".
    pub(super) images: &'static str,
    /// True if the training was interrupted and can be resumed.
    pub(super) unfinished: bool,
    /// Numbers of completed and planned epochs.
    pub(super) epochs: [usize; 2],
    pub(super) steps: usize,
    /// Squared error of training images in the last epoch.
    pub(super) training_error: Option<f64>,
    /// Squared error of held-out images.
    pub(super) held_out_error: f64,
    /// Squared error of the mean image.
    pub(super) mean_image_error: f64,
    pub(super) codes: &'a LatentReport,
    /// Latent dimensions that hardly change the decoder's output, counted from 0.
    pub(super) dead: &'a [usize],
    pub(super) draws: Option<&'a SampleReport>,
    /// Default sampler of `eae sample`.
    pub(super) sampler: &'a Sampler,
    /// Settings of the training.
    pub(super) config: &'a TrainConfig,
    pub(super) latent: usize,
    /// Number of values in an image or a vector.
    pub(super) numbers: usize,
}

/// A problem and advice on it. Backticks enclose code in the advice.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Warning {
    pub(super) problem: String,
    pub(super) advice: String,
}

/// Returns the warnings, the most important ones first.
pub(super) fn warnings(facts: &Facts<'_>) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut warn = |problem: String, advice: String| found.push(Warning { problem, advice });
    training(facts, &mut warn);
    codes(facts, &mut warn);
    draws(facts, &mut warn);
    found
}
