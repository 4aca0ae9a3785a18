//! Networks as they are described, layer by layer: by the presets, in files of settings, and in the
//! file of a model.

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
/// A layer says what it makes and not what it takes: shapes follow from those of the images and of
/// the code. The encoder's ending is left out, it is [what the objective wants](Ending); the
/// decoder ends in the image, or in a row of as many numbers.
///
/// ```
/// use eae::{Autoencoder, Network};
///
/// let network = Network {
///     encoder: ["conv 16 kernel=4 stride=2 padding=1", "relu", "dense 64", "relu"].map(|layer| layer.parse().unwrap()).to_vec(),
///     decoder: ["dense 64", "relu", "dense 784", "sigmoid"].map(|layer| layer.parse().unwrap()).to_vec(),
/// };
/// let model = Autoencoder::<f32>::new(network, [28, 28, 1], 8, 0)?;
/// assert_eq!(model.latent(), 8);
/// # Ok::<(), eae::ModelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// From an image to what the ending is applied to.
    pub encoder: Vec<LayerSpec>,
    /// From a code to an image.
    pub decoder: Vec<LayerSpec>,
}

impl Network {
    /// The same with a decoder that does not end in an activation, for what is not from 0 to 1.
    #[must_use]
    pub fn linear(mut self) -> Self {
        if self.decoder.last().is_some_and(|last| last.activation().is_some()) {
            self.decoder.pop();
        }
        self
    }

    /// Every layer with its shape, for images `[height, width, channels]` and codes of `latent`
    /// numbers.
    pub(crate) fn plan(&self, image: [usize; 3], latent: usize, ending: Ending) -> Result<Plan, NetworkError> {
        Plan::new(self, image, latent, ending)
    }
}
