use nn_layers::WeightsError;
use thiserror::Error;

use crate::network::{NetworkError, Preset};

/// Why there is no model.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The networks do not take images of this shape, or vectors of that many numbers.
    #[error("{architecture} does not take {samples}: {problem}")]
    Network {
        /// The preset, or that it is none.
        architecture: String,
        /// The samples with their shape, in words.
        samples: String,
        /// The layer that does not fit.
        problem: Box<NetworkError>,
    },
    /// Images of another size than a preset is made for.
    #[error(
        "{preset} takes images {}, these are of {height} x {width}; use {fits}",
        .preset.sides(), height = .image[0], width = .image[1], fits = fitting(*.image)
    )]
    Size {
        /// The preset.
        preset: Preset,
        /// Height, width and channels of the images.
        image: [usize; 3],
    },
    /// Networks that do not go together.
    #[error(
        "an encoder takes [height, width, channels] to [latent] or [2 latent] and the decoder back, these take {:?} to {:?} and {:?} to {:?}",
        .0[0], .0[1], .0[2], .0[3]
    )]
    Networks(Box<[Vec<usize>; 4]>),
    /// A code of no numbers, or of absurdly many.
    #[error("a code of {latent} numbers; it must have from 1 to {most}")]
    Latent {
        /// The latent dimension.
        latent: usize,
        /// The largest.
        most: usize,
    },
    /// The weights could not be read or written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file describes a model that cannot be.
    #[error("{path}: {problem}")]
    Unfit {
        /// The file.
        path: String,
        /// Why it cannot be.
        problem: Box<ModelError>,
    },
    /// The file does not describe a model.
    #[error("{path}: {problem}; a file of this program says in `__metadata__` under `{key}` what model it is of")]
    Description {
        /// The file.
        path: String,
        /// What is wrong.
        problem: String,
        /// The entry of the metadata.
        key: &'static str,
    },
}

/// The presets that take images of a size, in words.
fn fitting(image: [usize; 3]) -> String {
    let names: Vec<_> = Preset::ALL.iter().filter(|preset| preset.takes(image)).map(|preset| preset.name()).collect();
    names.join(" or ")
}
