//! Numbers that say of an image what matters about it, to compare sets of images by.

mod classifier;
mod cross_entropy;
mod digits;
mod error;
mod space;
mod training;

pub use classifier::Classifier;
pub use cross_entropy::cross_entropy;
pub use error::ClassifierError;
pub use space::Features;
pub use training::ClassifierConfig;

#[cfg(test)]
mod tests;
