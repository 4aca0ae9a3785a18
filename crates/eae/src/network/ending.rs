use serde::{Deserialize, Serialize};

use super::LayerSpec::{self, BatchNorm, Dense};

/// The end of an encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// In batch normalisation without gamma and beta. In files the name is `normalised`, or
    /// `normalized`.
    #[default]
    #[serde(rename = "normalised", alias = "normalized")]
    Normalized,
    /// In the code as it is.
    Plain,
    /// In the mean of each number of the code, and after those the logarithm of the variance of
    /// each.
    MeanAndLogVariance,
}

impl Ending {
    /// Returns the layers from the end of the trunk to a code of `latent` numbers.
    pub(crate) fn layers(self, latent: usize) -> Vec<LayerSpec> {
        match self {
            Self::Normalized => vec![Dense(latent), BatchNorm],
            Self::Plain => vec![Dense(latent)],
            Self::MeanAndLogVariance => vec![Dense(2 * latent)],
        }
    }
}
