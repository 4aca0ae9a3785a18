//! The results of a training, for the warnings.

use eae::TrainConfig;
use eae::evaluation::SampleReport;
use eae::metrics::LatentReport;
use eae::sampler::Sampler;

/// Results that the warnings depend on.
#[derive(Debug, Clone)]
pub(in crate::report) struct Facts<'a> {
    /// Word for the data: "images" or "vectors".
    pub(in crate::report) images: &'static str,
    /// True if the training was interrupted and can be resumed.
    pub(in crate::report) unfinished: bool,
    /// Numbers of completed and planned epochs.
    pub(in crate::report) epochs: [usize; 2],
    pub(in crate::report) steps: usize,
    /// Squared error of training images in the last epoch.
    pub(in crate::report) training_error: Option<f64>,
    /// Squared error of held-out images.
    pub(in crate::report) held_out_error: f64,
    /// Squared error of the mean image.
    pub(in crate::report) mean_image_error: f64,
    pub(in crate::report) codes: &'a LatentReport,
    /// Latent dimensions that hardly change the decoder's output, counted from 0.
    pub(in crate::report) dead: &'a [usize],
    pub(in crate::report) draws: Option<&'a SampleReport>,
    /// Default sampler of `eae sample`.
    pub(in crate::report) sampler: &'a Sampler,
    /// Settings of the training.
    pub(in crate::report) config: &'a TrainConfig,
    pub(in crate::report) latent: usize,
    /// Number of values in an image or a vector.
    pub(in crate::report) numbers: usize,
}
