//! A training, its model and the state of its optimizer in one file.

use nn_layers::{Weights, WeightsError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::config::TrainConfig;
use super::course::{Progress, Training};
use super::optimizer::OptimizerState;
use super::step::{MakeStep, StepError};
use crate::{Autoencoder, Float, ModelError};

/// The key of the description in a file's metadata, and what the names of its tensors begin with.
const KEY: &str = "training";

#[derive(Serialize, Deserialize)]
struct Description {
    config: TrainConfig,
    progress: Progress,
}

/// Why a training cannot be resumed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file holds a model alone, or its description of a training is damaged.
    #[error("this is no training to go on with: {0}")]
    Description(String),
    /// The model in it is damaged, or another one.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The state of the optimizer in it is damaged.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

impl Training {
    /// The model, and beside it the training: Adam's moments of each parameter, the memory banks,
    /// and how far it has come.
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

    /// The training that [`write`](Training::write) put into a file, and the state of its optimizer
    /// for [`restore`](MakeStep::restore). The model takes its weights from the file.
    ///
    /// # Errors
    ///
    /// If the file holds no training, or is damaged, or the model is another. The model is then as
    /// it was.
    pub fn read<F: Float>(
        model: &mut Autoencoder<F>,
        weights: &Weights,
    ) -> Result<(Self, OptimizerState<F>), CheckpointError> {
        let wrong = |problem: String| CheckpointError::Description(problem);
        let text = weights.metadata.get(KEY).ok_or_else(|| wrong("it has no description of one".to_owned()))?;
        let Description { config, progress } =
            serde_json::from_str(text).map_err(|e| wrong(format!("its description `{text}`: {e}")))?;
        if !(1..=progress.images).contains(&config.batch_size) {
            return Err(wrong(format!("batches of {} of {} images", config.batch_size, progress.images)));
        }
        let mut next = model.clone();
        next.read(weights)?;
        let state = OptimizerState::read(KEY, weights, &mut next)?;
        *model = next;
        Ok((Self::resumed(config, progress), state))
    }
}
