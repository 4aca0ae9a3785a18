//! Models in files.

use std::path::Path;

use nn_layers::Weights;

use super::description::Description;
use super::{Autoencoder, ModelError};
use crate::Float;
use crate::network::Architecture;

impl<F: Float> Autoencoder<F> {
    /// All weights and a description, as a file that [`load`](Autoencoder::load) reads and whose
    /// `encoder.` and `decoder.` tensors PyTorch's `load_state_dict` takes.
    pub fn to_weights(&self) -> Weights {
        let mut weights = Weights::default();
        self.encoder.write("encoder", &mut weights);
        self.decoder.write("decoder", &mut weights);
        if let Some(description) = &self.description {
            description.write(&mut weights);
        }
        weights
    }

    /// Writes [`to_weights`](Autoencoder::to_weights) to a file, whole or not at all.
    ///
    /// # Errors
    ///
    /// If it cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ModelError> {
        Ok(self.to_weights().save(path)?)
    }

    /// Reads a described model that [`save`](Autoencoder::save) wrote. One of your own layers is
    /// made with them, and then given its weights by [`read`](Autoencoder::read).
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or does not hold such a model.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, ModelError> {
        let path = path.as_ref();
        let weights = Weights::read(path)?;
        let mut model = Self::described(Description::read(&weights, path)?, 0)?;
        model.read(&weights)?;
        Ok(model)
    }

    /// A model with given weights, for instance of a PyTorch model of the same layers.
    ///
    /// # Errors
    ///
    /// If the networks do not take such images, or the weights are not those of such a model.
    pub fn from_weights(
        architecture: impl Into<Architecture>,
        image: [usize; 3],
        latent: usize,
        weights: &Weights,
    ) -> Result<Self, ModelError> {
        let mut model = Self::new(architecture, image, latent, 0)?;
        model.read(weights)?;
        Ok(model)
    }

    /// Takes all weights from a file's `encoder.` and `decoder.` tensors; whatever else is in it is
    /// not looked at.
    ///
    /// # Errors
    ///
    /// If they are not those of these networks. The model is then as it was.
    pub fn read(&mut self, weights: &Weights) -> Result<(), ModelError> {
        let mut next = self.clone();
        next.encoder.read("encoder", weights)?;
        next.decoder.read("decoder", weights)?;
        *self = next;
        Ok(())
    }
}
