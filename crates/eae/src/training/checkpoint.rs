//! A training and its model in one file.

use nn_layers::{Weights, WeightsError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Progress, TrainConfig, Training};
use crate::{Autoencoder, Float, ModelError};

/// The key of the description in a file's metadata, and what the names of its tensors begin with.
const KEY: &str = "training";

#[derive(Serialize, Deserialize)]
struct Description {
    config: TrainConfig,
    progress: Progress,
}

/// Why a training cannot be gone on with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file is of a model alone, or says nothing that could be understood.
    #[error("this is no training to go on with: {0}")]
    Description(String),
    /// The model in it is damaged, or another one.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// What the optimiser and the banks hold is damaged.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

impl<F: Float> Training<F> {
    /// The model, and beside it the training: what the optimiser remembers of each parameter, the banks, and how far it has come.
    pub fn write(&self, model: &Autoencoder<F>) -> Weights {
        let mut weights = model.to_weights();
        let description = Description { config: self.config, progress: self.progress };
        weights.metadata.insert(KEY.to_owned(), serde_json::to_string(&description).expect("plain data"));
        self.stepper.write(KEY, &mut weights);
        weights
    }

    /// The training that [`write`](Training::write) put into a file; the model takes its weights from there.
    ///
    /// # Errors
    ///
    /// If the file is of no training, or damaged, or the model is another. Then the model is as it was.
    pub fn read(model: &mut Autoencoder<F>, weights: &Weights) -> Result<Self, CheckpointError> {
        let wrong = |problem: String| CheckpointError::Description(problem);
        let text = weights.metadata.get(KEY).ok_or_else(|| wrong("it has no description of one".to_owned()))?;
        let Description { config, progress } =
            serde_json::from_str(text).map_err(|e| wrong(format!("its description `{text}`: {e}")))?;
        if !(1..=progress.images).contains(&config.batch_size) {
            return Err(wrong(format!("batches of {} of {} images", config.batch_size, progress.images)));
        }
        let mut next = model.clone();
        next.read(weights)?;
        let mut training = Self { progress, ..Self::new(config, progress.images) };
        let shapes: Vec<Vec<usize>> = next.parameters().iter().map(|parameter| parameter.shape().to_vec()).collect();
        training.stepper.read(KEY, weights, &shapes, next.latent(), progress.steps as u64)?;
        *model = next;
        Ok(training)
    }
}
