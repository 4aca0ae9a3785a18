//! Estimators of differential entropy.

mod correction;
mod gaussian_box;
pub(crate) mod gradient;
mod kozachenko_leonenko;
mod lombardi_pant;
mod renyi;
mod truncated;
mod weighting;

pub use correction::{Corrected, Correction, correct};
pub use kozachenko_leonenko::{KozachenkoLeonenko, LocalEntropy};
pub use lombardi_pant::LombardiPant;
pub use renyi::Renyi;
pub use truncated::Truncated;
pub use weighting::Weighting;
