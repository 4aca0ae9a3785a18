use nn_layers::WeightsError;
use thiserror::Error;

use crate::network::{NetworkError, Preset};

/// A reason why a model cannot be made, read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The networks do not take images of this shape, or vectors with this number of columns.
    #[error("{architecture} does not take {samples}: {problem}")]
    Network {
        /// The name of the preset, or a phrase for a described network.
        architecture: String,
        /// The samples and their shape, in words.
        samples: String,
        /// The layer that does not fit.
        problem: Box<NetworkError>,
    },
    /// The images do not have a size that the preset takes.
    #[error(
        "{preset} takes images {}, but these are {height} x {width}; use {fits}",
        .preset.sides(), height = .image[0], width = .image[1], fits = fitting(*.image)
    )]
    Size {
        /// The preset.
        preset: Preset,
        /// Height, width and channels of the images.
        image: [usize; 3],
    },
    /// The networks do not fit together.
    #[error(
        "an encoder must map [height, width, channels] to [latent] or [2 latent] and the decoder must map [latent] back, but these map {:?} to {:?} and {:?} to {:?}",
        .0[0], .0[1], .0[2], .0[3]
    )]
    Networks(Box<[Vec<usize>; 4]>),
    /// The latent dimension is out of range.
    #[error("the latent dimension is {latent}; it must be from 1 to {most}")]
    Latent {
        /// The latent dimension.
        latent: usize,
        /// The largest latent dimension.
        most: usize,
    },
    /// The weights could not be read or written.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The file describes a model that cannot be built.
    #[error("{path}: {problem}")]
    Unfit {
        /// The file.
        path: String,
        /// The reason.
        problem: Box<ModelError>,
    },
    /// The file does not describe a model.
    #[error("{path}: {problem}; a model file of this program describes the model in `__metadata__` under `{key}`")]
    Description {
        /// The file.
        path: String,
        /// The mistake.
        problem: String,
        /// The key of the metadata entry.
        key: &'static str,
    },
}

/// Returns the presets that take images of a size, in words.
fn fitting(image: [usize; 3]) -> String {
    let names: Vec<_> = Preset::ALL.iter().filter(|preset| preset.takes(image)).map(|preset| preset.name()).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}
