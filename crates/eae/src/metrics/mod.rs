//! Metrics of the quality of a model.
//!
//! | question | answer |
//! |---|---|
//! | how close are reconstructions? | [`reconstruction_error`], compared with [`mean_image_error`]
//! |
//! | do codes follow N(0, I)? | [`LatentReport`], or the shorter [`CodeReport`] |
//! | are samples distributed like the data? | [`frechet_distance`], [`KernelDistance`],
//! [`SlicedWasserstein`] |
//! | are samples realistic and diverse? | [`Prdc`] |
//! | are samples copies of training data? | [`Memorization`] |
//!
//! No metric needs a pretrained network: distances of distributions accept any features `[n, d]`,
//! for instance of a classifier or of [`Pca`]. A value for samples says little by itself. Compare
//! it with the value for the same number of held-out data, which a perfect model would reach.

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
