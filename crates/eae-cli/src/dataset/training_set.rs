use std::fmt;

use eae::data::{Columns, DataError, Images, Source, Stored, batches, choose, select};
use eae::network::Architecture;
use eae::{Autoencoder, Defaults, Ending, ModelError, TrainConfig, TrainError};
use ndarray::Axis;

use crate::failure::Failure;
use crate::table::refused_data;

/// The data to train on.
pub(crate) enum TrainingSet {
    Memory(Images<f32>),
    File(Stored),
    /// Standardized vectors, their columns, and a note about rows that were left out.
    Vectors(Images<f32>, Columns, Option<String>),
}

impl TrainingSet {
    pub(crate) fn source(&self) -> &dyn Source<f32> {
        match self {
            Self::Memory(images) | Self::Vectors(images, ..) => images,
            Self::File(stored) => stored,
        }
    }

    /// Returns the note about rows that were left out because they lack a value.
    pub(crate) fn left_out(&self) -> Option<&str> {
        match self {
            Self::Vectors(_, _, left_out) => left_out.as_deref(),
            _ => None,
        }
    }

    /// Returns the label of each sample, if labels are known.
    pub(crate) fn labels(&self) -> Option<Vec<u8>> {
        match self {
            Self::Memory(images) | Self::Vectors(images, ..) => images.labels.clone(),
            Self::File(stored) => stored.labels(),
        }
    }

    /// Returns the first few files of a folder that were skipped, and a remark about all of them.
    /// `data` is the name of the folder in the remark.
    pub(super) fn skipped(&self, data: &dyn fmt::Display) -> Option<(Vec<String>, String)> {
        match self {
            Self::File(stored) if stored.skipped().count > 0 => {
                let skipped = stored.skipped();
                Some((skipped.first.iter().map(|(file, _)| file.clone()).collect(), format!("{data}: {skipped}")))
            }
            _ => None,
        }
    }

    /// Returns the names of the classes in the order of their labels, if they have names.
    pub(crate) fn classes(&self) -> Option<Vec<String>> {
        match self {
            Self::Memory(images) | Self::Vectors(images, ..) => images.classes.clone(),
            Self::File(stored) => stored.classes(),
        }
    }

    /// Returns true if all images are equal.
    pub(super) fn are_equal(&self) -> Result<bool, DataError> {
        // The first few images usually differ, so that the others are not read.
        let first = select(self.source(), &[0])?;
        for batch in batches(self.source(), 16) {
            if batch?.outer_iter().any(|image| image != first.index_axis(Axis(0), 0)) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Returns true if this is not the data with the fingerprint, which a model of
    /// `eae compare` does not have.
    pub(crate) fn differs(&self, fingerprint: Option<u64>) -> Result<bool, Failure> {
        match fingerprint {
            Some(fingerprint) => Ok(self.source().fingerprint().map_err(refused_data)? != fingerprint),
            None => Ok(false),
        }
    }

    /// Returns the default settings for the data.
    pub(crate) fn defaults(&self) -> Result<Defaults, DataError> {
        match self {
            Self::Vectors(..) => Defaults::for_vectors(self.source()),
            _ => Defaults::for_images(self.source()),
        }
    }

    /// Returns an untrained model for the data.
    pub(crate) fn model(
        &self,
        architecture: impl Into<Architecture>,
        latent: usize,
        ending: Ending,
        seed: u64,
    ) -> Result<Autoencoder<f32>, ModelError> {
        match self {
            Self::Vectors(_, columns, ..) => {
                Autoencoder::for_vectors(architecture, columns.clone(), latent, ending, seed)
            }
            _ => Autoencoder::with_ending(architecture, self.source().image_shape(), latent, ending, seed),
        }
    }

    /// Checks the settings of a training of `model`. An error is about rows if the data is vectors.
    pub(crate) fn check(&self, training: &TrainConfig, model: &Autoencoder<f32>) -> Result<(), TrainError> {
        training.check(model, self.source()).map_err(|problem| match (self, problem) {
            (Self::Vectors(..), TrainError::Setting { setting, value, must }) => {
                TrainError::Setting { setting, value, must: must.replace(" images", " rows") }
            }
            (_, problem) => problem,
        })
    }

    /// Returns the images for computations that need them in memory: all of those that are in
    /// memory, or a random choice of 640 MiB from a file.
    pub(crate) fn in_memory(&self) -> Result<Images<f32>, DataError> {
        const MOST: usize = 640 << 18;
        match self {
            Self::Memory(images) | Self::Vectors(images, ..) => Ok(images.clone()),
            Self::File(stored) => {
                let source = self.source();
                let most = (MOST / source.image_shape().iter().product::<usize>()).max(1);
                let places = choose(source.len(), most, 0);
                let labels = stored.labels().map(|labels| places.iter().map(|&place| labels[place]).collect());
                Ok(Images::new(select(source, &places)?).labels(labels).classes(stored.classes()))
            }
        }
    }
}
