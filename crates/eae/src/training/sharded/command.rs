use std::hash::{DefaultHasher, Hasher};

use eae_ranks::{RankError, RankResult, Ranks, Typed};
use nn_layers::Weights;
use serde::{Deserialize, Serialize};

use super::exchange::differs;
use crate::objective::Objective;
use crate::{Autoencoder, Float};

/// Prefix of the names of the optimizer's tensors.
pub(super) const KEY: &str = "training";

/// An order of rank 0 to all others.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Command {
    /// Take over the model and the state of the optimizer, which follow as a file of weights.
    Start { objective: Objective, seed: u64, shards: usize },
    /// Make a step.
    Step { step: usize, places: Vec<usize>, next: Option<Vec<usize>>, penalty_weight: f64, learning_rate: f64 },
    /// Compare the parameters.
    Compare,
    /// The training has ended.
    End,
}

impl Command {
    /// Sends the command of rank 0.
    pub(super) fn send(&self, ranks: &dyn Ranks) -> RankResult<()> {
        ranks.broadcast(0, serde_json::to_vec(self).expect("plain data")).map(|_| ())
    }

    /// Returns the command of rank 0.
    pub(super) fn receive(ranks: &dyn Ranks) -> RankResult<Self> {
        let bytes = ranks.broadcast(0, Vec::new())?;
        serde_json::from_slice(&bytes).map_err(|_| RankError::Garbled { bytes: bytes.len() })
    }
}

/// Returns the weights that rank 0 sends after [`Command::Start`].
pub(super) fn receive_weights(ranks: &dyn Ranks) -> RankResult<Weights> {
    let bytes = ranks.broadcast(0, Vec::new())?;
    Weights::parse(&bytes, "the weights of rank 0").map_err(|_| RankError::Garbled { bytes: bytes.len() })
}

/// Checks that all ranks have the same parameters, to the last bit.
///
/// # Errors
///
/// [`RankError::Failed`] with the first rank that differs from rank 0.
pub(super) fn compare<F: Float>(ranks: &dyn Ranks, model: &mut Autoencoder<F>) -> RankResult<()> {
    let mut hasher = DefaultHasher::new();
    for parameter in model.parameters() {
        parameter.iter().for_each(|x| hasher.write_u64(x.into_f64().to_bits()));
    }
    let all = ranks.all_gather_one(hasher.finish())?;
    match all.iter().position(|hash| *hash != all[0]) {
        Some(rank) => Err(differs(rank)),
        None => Ok(()),
    }
}
