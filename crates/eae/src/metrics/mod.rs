//! How good a model is, in numbers.
//!
//! | question | answer |
//! |---|---|
//! | how close are reconstructions? | [`reconstruction_error`], beside [`mean_image_error`] |
//! | are codes from N(0, I)? | [`LatentReport`]; in short [`CodeReport`] |
//! | are samples distributed like data? | [`frechet_distance`], [`KernelDistance`], [`SlicedWasserstein`] |
//! | are samples realistic, and of all kinds? | [`Prdc`] |
//! | are samples copies of training data? | [`Memorization`] |
//!
//! None needs a pretrained network: distances of distributions take any features `[n, d]`, of a
//! classifier or of [`Pca`]. A number for samples says little alone. Put beside it the same number
//! for held-out data of the same n, which is what a perfect model would have.

mod covariance;
mod error;
mod frechet;
mod kernel;
mod latent;
mod memorization;
mod pca;
mod prdc;
mod quality;
mod reconstruction;
mod sliced;
#[cfg(test)]
mod test_data;

pub use crate::normal::{chi_density, chi_quantiles, normal_density, normal_entropy, normal_quantiles, normal_radius};
pub use error::MetricError;
pub use frechet::frechet_distance;
pub use kernel::{KernelDistance, KernelSettings};
pub use latent::{Check, CodeReport, LatentReport, Verdict, correlations, marginal_distances};
pub use memorization::Memorization;
pub use pca::Pca;
pub use prdc::Prdc;
pub use quality::Quality;
pub use reconstruction::{mean_image_error, reconstruction_error, reconstruction_errors};
pub use sliced::SlicedWasserstein;
