//! Descriptions of networks, layer by layer. Presets, configuration files and model files use them.

mod architecture;
mod ending;
mod error;
mod layer;
mod plan;
mod preset;

use serde::{Deserialize, Serialize};

pub use architecture::Architecture;
pub use ending::Ending;
pub use error::NetworkError;
pub use layer::{LayerError, LayerSpec};
pub(crate) use plan::Plan;
pub use preset::{Preset, UnknownPreset};

/// An encoder and a decoder, each as a list of [`LayerSpec`]s.
///
/// A layer states its output and not its input: shapes follow from the shape of the images and the
/// dimension of the code. The encoder's [`Ending`] is left out because it depends on the objective.
/// The decoder ends in the image, or in a row with the same number of entries.
///
/// ```
/// use eae::{Autoencoder, Network};
///
/// let network = Network {
///     encoder: ["conv 16 kernel=4 stride=2 padding=1", "relu", "dense 64", "relu"]
///         .map(|layer| layer.parse().unwrap())
///         .to_vec(),
///     decoder: ["dense 64", "relu", "dense 784", "sigmoid"]
///         .map(|layer| layer.parse().unwrap())
///         .to_vec(),
/// };
/// let model = Autoencoder::<f32>::new(network, [28, 28, 1], 8, 0)?;
/// assert_eq!(model.latent(), 8);
/// # Ok::<(), eae::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Layers from an image to the input of the ending.
    pub encoder: Vec<LayerSpec>,
    /// Layers from a code to an image.
    pub decoder: Vec<LayerSpec>,
}

impl Network {
    /// Removes an activation at the end of the decoder, for data that is not between 0 and 1.
    #[must_use]
    pub fn linear(mut self) -> Self {
        if self.decoder.last().is_some_and(|last| last.activation().is_some()) {
            self.decoder.pop();
        }
        self
    }

    /// Computes the shape of every layer, for images `[height, width, channels]` and codes of
    /// dimension `latent`.
    pub(crate) fn plan(&self, image: [usize; 3], latent: usize, ending: Ending) -> Result<Plan, NetworkError> {
        Plan::new(self, image, latent, ending)
    }
}
