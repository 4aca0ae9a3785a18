//! Reading and writing models.

use std::path::Path;

use nn_layers::Weights;

use super::description::Description;
use super::{Autoencoder, ModelError};
use crate::Float;

impl<F: Float> Autoencoder<F> {
    /// Returns all weights and a description, in the form that [`load`](Autoencoder::load) reads.
    /// PyTorch's `load_state_dict` takes the `encoder.` and `decoder.` tensors of the file.
    pub fn to_weights(&self) -> Weights {
        let mut weights = Weights::default();
        self.encoder.write("encoder", &mut weights);
        self.decoder.write("decoder", &mut weights);
        if let Some(description) = &self.description {
            description.write(&mut weights);
        }
        weights
    }

    /// Writes [`to_weights`](Autoencoder::to_weights) to a file. On an error no partial file is
    /// left behind.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ModelError> {
        Ok(self.to_weights().save(path)?)
    }

    /// Reads a described model that [`save`](Autoencoder::save) wrote. A model of your own layers
    /// is first created from them and then given its weights by [`read`](Autoencoder::read).
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or does not hold a described model.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let weights = Weights::read(path)?;
        let mut model = Self::described(Description::read(&weights, path)?, 0)?;
        model.read(&weights)?;
        Ok(model)
    }

    /// Takes all weights from a file's `encoder.` and `decoder.` tensors, for instance those of a
    /// PyTorch model with the same layers. Other tensors are ignored.
    ///
    /// # Errors
    ///
    /// If the tensors do not fit these networks. The model is then unchanged.
    pub fn read(&mut self, weights: &Weights) -> Result<(), ModelError> {
        let mut next = self.clone();
        next.encoder.read("encoder", weights)?;
        next.decoder.read("decoder", weights)?;
        *self = next;
        Ok(())
    }
}
