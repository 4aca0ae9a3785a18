//! How good a model is, in numbers.

mod covariance;
mod error;
#[cfg(test)]
mod fixed;
mod frechet;
mod kernel;
mod latent;
mod memorisation;
mod pca;
mod prdc;
mod reconstruction;
mod sliced;

pub use error::MetricError;
pub use frechet::frechet_distance;
pub use kernel::{KernelDistance, KernelSettings};
pub use latent::{Check, CodeReport, LatentReport, Verdict, chi_quantiles, normal_entropy, normal_radius};
pub use memorisation::Memorisation;
pub use pca::Pca;
pub use prdc::Prdc;
pub use reconstruction::{mean_image_error, reconstruction_error};
pub use sliced::SlicedWasserstein;
