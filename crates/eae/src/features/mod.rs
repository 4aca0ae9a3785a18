//! The features on which images are compared.
//!
//! A distance between sets of images depends on the features on which it is measured.
//! [`Features::Digits`] are the features of a [`Classifier`] that this project trained on the
//! 60 000 training images of MNIST. Its weights are part of the library. The documentation
//! of `digit_classifier` gives the command and the accuracy.

mod classifier;
mod cross_entropy;

use std::fmt;
use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView4};

use crate::metrics::{MetricError, Pca};

pub use classifier::{Classifier, ClassifierEpoch, ClassifierError};
pub use cross_entropy::cross_entropy;

#[cfg(feature = "classifier")]
const DIGITS: &[u8] = include_bytes!("digits.safetensors");

/// Number of principal components used without a classifier, equal to its number of features.
const COMPONENTS: usize = 64;

/// A map from images to rows of features.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Features {
    /// The 64 features of handwritten digits of 28 x 28 pixels from [`digit_classifier`].
    Digits(Classifier),
    /// The features of a classifier read from a file.
    Network(PathBuf, Classifier),
    /// 64 features of a classifier that was trained on the labels of the images themselves.
    Labels(Classifier),
    /// Principal components of the pixels.
    Pca(Pca),
    /// The pixels themselves.
    Pixels,
    /// The columns of vectors, already standardized.
    Columns,
}

/// Returns the digit classifier, which was trained by
///
/// ```text
/// cargo run --release -p eae --example classifier -- FOLDER digits.safetensors
/// ```
///
/// with the folder of the four files of MNIST. Its accuracy on the 10 000 test images is 99.11 %
/// (10 epochs, a minute and a half on 2 cores).
#[cfg(feature = "classifier")]
pub fn digit_classifier() -> Classifier {
    let weights =
        nn_layers::Weights::parse(DIGITS, "the embedded digits.safetensors").expect("the embedded file is whole");
    Classifier::from_weights(&weights).expect("the embedded file is of a classifier")
}

impl Features {
    /// Returns the features of [`digit_classifier`].
    #[cfg(feature = "classifier")]
    pub fn digits() -> Self {
        Self::Digits(digit_classifier())
    }

    /// Loads a classifier from a file, for instance one trained on your own images.
    ///
    /// # Errors
    ///
    /// See [`Classifier::load`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ClassifierError> {
        Ok(Self::Network(path.as_ref().to_path_buf(), Classifier::load(path)?))
    }

    /// Finds the first 64 principal components of training images, or fewer if the images have
    /// fewer.
    ///
    /// # Errors
    ///
    /// If there are fewer than two images, or all images are equal.
    pub fn pca(images: ArrayView4<'_, f32>) -> Result<Self, MetricError> {
        let pixels = flat(images);
        Ok(Self::Pca(Pca::fit(pixels.view(), COMPONENTS.min(pixels.ncols()))?))
    }

    /// Returns the shape `[height, width, channels]` of the images it takes, or `None` if any shape
    /// fits.
    pub fn image_shape(&self) -> Option<[usize; 3]> {
        match self {
            Self::Digits(classifier) | Self::Network(_, classifier) | Self::Labels(classifier) => {
                Some(classifier.image_shape())
            }
            Self::Pca(_) | Self::Pixels | Self::Columns => None,
        }
    }

    /// Returns the features, one row per image.
    ///
    /// # Errors
    ///
    /// If the images have another number of pixels than those of the principal components, or a
    /// pixel is not finite.
    ///
    /// # Panics
    ///
    /// If the images are not of [`image_shape`](Features::image_shape).
    pub fn of(&self, images: ArrayView4<'_, f32>) -> Result<Array2<f64>, MetricError> {
        match self {
            Self::Digits(classifier) | Self::Network(_, classifier) | Self::Labels(classifier) => {
                Ok(classifier.features(images).mapv(f64::from))
            }
            Self::Pca(pca) => pca.transform(flat(images).view()),
            Self::Pixels | Self::Columns => Ok(flat(images).mapv(f64::from)),
        }
    }
}

/// Formats the features for the line above a table.
impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits(_) => f.write_str("64 features of a digit classifier"),
            Self::Network(path, _) => write!(f, "64 features of the classifier in {}", path.display()),
            Self::Labels(_) => f.write_str("64 features of a classifier of the images' own labels"),
            Self::Pca(pca) => write!(
                f,
                "{} principal components of the pixels ({:.0} % of their variance)",
                pca.variances().len(),
                100.0 * pca.explained()
            ),
            Self::Pixels => f.write_str("the pixels"),
            Self::Columns => f.write_str("the standardized columns"),
        }
    }
}

/// Flattens each image to a row.
fn flat(images: ArrayView4<'_, f32>) -> Array2<f32> {
    let (n, height, width, channels) = images.dim();
    let pixels = images.as_standard_layout().into_owned();
    pixels.into_shape_with_order((n, height * width * channels)).expect("as many pixels")
}

#[cfg(all(test, feature = "classifier", feature = "digits"))]
mod tests {
    use super::*;
    use crate::data::digits;

    #[test]
    fn the_embedded_classifier_knows_digits() {
        // The test half of MNIST was not used for training.
        assert!(digit_classifier().accuracy(&digits().test) > 0.98);
    }

    #[test]
    fn every_kind_gives_one_row_per_image() {
        let images = digits::<f32>().test.pixels;
        for (features, columns) in
            [(Features::digits(), 64), (Features::pca(images.view()).unwrap(), 64), (Features::Pixels, 784)]
        {
            assert_eq!(features.of(images.view()).unwrap().dim(), (1_000, columns), "{features}");
        }
        let one = Features::pca(images.slice_axis(ndarray::Axis(0), (..1).into()));
        assert!(one.is_err());
    }
}
