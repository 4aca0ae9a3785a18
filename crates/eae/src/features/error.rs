use nn_layers::WeightsError;
use thiserror::Error;

use super::classifier::{DESCRIPTION, MOST_CLASSES, SMALLEST};

/// Why there is no classifier, or no features of images.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClassifierError {
    /// Images that no classifier takes.
    #[error(
        "a classifier takes images of at least {SMALLEST} x {SMALLEST} pixels with a channel, not [height, width, channels] = {0:?}"
    )]
    Image([usize; 3]),
    /// A number of classes that cannot be.
    #[error("{0} classes; there must be from 2 to {MOST_CLASSES}")]
    Classes(usize),
    /// Images of another shape than those that it was made for.
    #[error("the features are of images of shape {expected:?}, these are {found:?}")]
    ImageShape {
        /// Height, width and channels of those.
        expected: [usize; 3],
        /// Height, width and channels of these.
        found: [usize; 3],
    },
    /// There are no labels.
    #[error("the images have no labels; a classifier is trained and judged by a label for each")]
    NoLabels,
    /// There are other than one label for each image.
    #[error("{labels} labels for {images} images; there must be one for each")]
    Labels {
        /// The labels.
        labels: usize,
        /// The images.
        images: usize,
    },
    /// A label that is no class.
    #[error("image {image} has label {label}, the {classes} classes are 0 to {}", classes - 1)]
    Label {
        /// The first such image.
        image: usize,
        /// Its label.
        label: u8,
        /// The number of classes.
        classes: usize,
    },
    /// A setting out of range.
    #[error("{setting} is {value}, it must be {must}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        must: &'static str,
    },
    /// The loss is no number any more.
    #[error("step {step}: the loss is {loss}; try a lower learning rate than {learning_rate}, and pixels from 0 to 1")]
    NotFinite {
        /// The step, counted from 0.
        step: usize,
        /// The loss.
        loss: f64,
        /// The largest learning rate.
        learning_rate: f64,
    },
    /// The weights could not be read or written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file does not say what classifier it is of.
    #[error(
        "{path}: {problem}; a classifier's file says in `__metadata__` under `{DESCRIPTION}` what images and classes it is for"
    )]
    Description {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
    },
}
