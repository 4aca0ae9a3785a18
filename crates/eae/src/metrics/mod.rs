//! How good a model is, in numbers.

mod latent;
mod reconstruction;

pub use latent::{CodeReport, chi_quantiles, normal_entropy, normal_radius};
pub use reconstruction::{mean_image_error, reconstruction_error};
