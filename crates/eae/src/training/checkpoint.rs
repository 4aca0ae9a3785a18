//! Checkpoints: a training, its model and the state of its optimizer in one file.

use nn_layers::{Weights, WeightsError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::config::TrainConfig;
use super::course::{Progress, Training};
use super::optimizer::OptimizerState;
use super::step::{MakeStep, StepError};
use crate::{Autoencoder, Float, ModelError};

/// Metadata key of the description, and prefix of the tensor names.
const KEY: &str = "training";

#[derive(Serialize, Deserialize)]
struct Description {
    config: TrainConfig,
    progress: Progress,
}

/// A reason why a training cannot be resumed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file holds only a model, or its description of a training is damaged.
    #[error("not a training checkpoint: {0}")]
    Description(String),
    /// The file's model is damaged, or does not match.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The state of the optimizer is damaged.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

impl Training {
    /// Returns a checkpoint: the model, Adam's moments of each parameter, the memory banks, and the
    /// progress of the training.
    ///
    /// # Errors
    ///
    /// If the device that makes the steps fails.
    pub fn write<F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        stepper: &mut dyn MakeStep<F>,
    ) -> Result<Weights, StepError> {
        stepper.fetch(model)?;
        let mut weights = model.to_weights();
        let description = Description { config: self.config.clone(), progress: self.progress };
        weights.metadata.insert(KEY.to_owned(), serde_json::to_string(&description).expect("plain data"));
        stepper.state()?.write(KEY, &mut weights);
        Ok(weights)
    }

    /// Reads a training that [`write`](Training::write) saved, and the state of its optimizer for
    /// [`restore`](MakeStep::restore). The weights of the file are copied into `model`.
    ///
    /// # Errors
    ///
    /// If the file does not hold a training, is damaged, or belongs to another model. The model is
    /// then unchanged.
    pub fn read<F: Float>(
        model: &mut Autoencoder<F>,
        weights: &Weights,
    ) -> Result<(Self, OptimizerState<F>), CheckpointError> {
        let wrong = |problem: String| CheckpointError::Description(problem);
        let text = weights.metadata.get(KEY).ok_or_else(|| wrong("the metadata has no `training` entry".to_owned()))?;
        let Description { config, progress } =
            serde_json::from_str(text).map_err(|e| wrong(format!("its description `{text}` cannot be read: {e}")))?;
        if !(1..=progress.images).contains(&config.batch_size) {
            return Err(wrong(format!(
                "a batch size of {} does not fit {} images",
                config.batch_size, progress.images
            )));
        }
        let mut next = model.clone();
        next.read(weights)?;
        let state = OptimizerState::read(KEY, weights, &mut next)?;
        *model = next;
        Ok((Self::resumed(config, progress), state))
    }
}
