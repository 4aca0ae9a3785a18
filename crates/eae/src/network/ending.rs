use serde::{Deserialize, Serialize};

use super::LayerSpec::{self, BatchNorm, Dense};

/// The final layers of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// Batch normalization without gamma and beta.
    #[default]
    Normalized,
    /// The code itself, without normalization.
    Plain,
    /// The mean of each entry of the code, followed by the logarithm of the variance of each.
    MeanAndLogVariance,
}

impl Ending {
    /// Returns the layers from the end of the trunk to a code of dimension `latent`.
    pub(crate) fn layers(self, latent: usize) -> Vec<LayerSpec> {
        match self {
            Self::Normalized => vec![Dense(latent), BatchNorm],
            Self::Plain => vec![Dense(latent)],
            Self::MeanAndLogVariance => vec![Dense(2 * latent)],
        }
    }
}
