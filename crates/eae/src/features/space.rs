use std::path::Path;

use ndarray::{Array2, ArrayView4};

use super::{Classifier, ClassifierError};
use crate::Float;

/// The numbers of an image that it is compared by.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Features<F: Float> {
    /// The 64 of the embedded [`Classifier::digits`], for images `[28, 28, 1]`. What is computed from them compares with
    /// itself, not with what was computed from those of another network.
    Digits,
    /// The 64 of another classifier.
    Network(Classifier<F>),
    /// The image itself as a row of `height * width * channels` numbers, of images of any shape.
    Pixels,
}

impl<F: Float> Features<F> {
    /// Those of a classifier from a file, see [`Classifier::load`].
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is not that of a classifier.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ClassifierError> {
        Classifier::load(path).map(Self::Network)
    }

    /// A row for each of the images `[n, height, width, channels]`.
    ///
    /// # Errors
    ///
    /// If a classifier was made for images of another shape.
    pub fn of(&self, images: ArrayView4<'_, F>) -> Result<Array2<F>, ClassifierError> {
        match self {
            Self::Digits => Classifier::digits().features(images),
            Self::Network(classifier) => classifier.features(images),
            Self::Pixels => {
                let (count, height, width, channels) = images.dim();
                let rows = images.to_shape((count, height * width * channels)).expect("as many numbers");
                Ok(rows.into_owned())
            }
        }
    }
}
