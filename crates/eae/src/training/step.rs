//! One training step, on any device.

use std::borrow::Cow;
use std::error::Error;

use eae_ranks::RankError;
use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use super::optimizer::OptimizerState;
use crate::data::{DataError, Source};
use crate::objective::{Objective, step_draws};
use crate::{Autoencoder, Float};

/// Performs the steps of a [`Training`](crate::Training): a [`Stepper`](crate::Stepper) on the CPU,
/// or another device.
///
/// A device may keep the parameters in its own memory between steps. [`fetch`](MakeStep::fetch)
/// copies them to the model.
pub trait MakeStep<F: Float> {
    /// Makes the planned step on a batch of `images`.
    ///
    /// If the loss is not finite, or on an error other than [`StepError::Device`], nothing changes:
    /// neither the parameters nor the running statistics, the optimizer or the memory banks.
    ///
    /// # Errors
    ///
    /// If the images cannot be read, the objective has no value, or the device fails.
    ///
    /// # Panics
    ///
    /// If the images are not of the model's shape, or a place is out of range.
    fn step(
        &mut self,
        model: &mut Autoencoder<F>,
        images: &dyn Source<F>,
        plan: &StepPlan<'_>,
    ) -> Result<Step, StepError>;

    /// Copies parameters and running statistics to the model, if they are on another device.
    ///
    /// # Errors
    ///
    /// If the device fails.
    fn fetch(&mut self, model: &mut Autoencoder<F>) -> Result<(), StepError> {
        let _ = model;
        Ok(())
    }

    /// Returns the state of the optimizer, for a checkpoint.
    ///
    /// # Errors
    ///
    /// If the device fails.
    fn state(&self) -> Result<Cow<'_, OptimizerState<F>>, StepError>;

    /// Restores the state of the optimizer from a checkpoint. Parameters are not part of it.
    ///
    /// # Errors
    ///
    /// If the device fails, or the state belongs to another objective or other networks.
    fn restore(&mut self, state: OptimizerState<F>) -> Result<(), StepError>;
}

/// A planned training step.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct StepPlan<'a> {
    /// The number of the step, counted from 0.
    pub step: usize,
    /// The objective to minimize.
    pub objective: &'a Objective,
    /// The indices of the step's images in their source.
    pub places: &'a [usize],
    /// The indices of the next step's images in the same epoch, for prefetching.
    pub next: Option<&'a [usize]>,
    /// The factor of the penalty from the warm-up, from 0 to 1.
    pub penalty_weight: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// Number of shards of the batch.
    pub shards: usize,
    pub(super) seed: u64,
}

impl StepPlan<'_> {
    /// Returns the random number generator of this step. Its draws do not depend on previous steps.
    pub fn draws(&self) -> ChaCha8Rng {
        step_draws(self.seed, self.step as u64)
    }
}

/// The terms of a step's loss, at the parameters before the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: f64,
    /// The loss minus the squared error.
    pub penalty: f64,
    /// The entropy of the batch of codes in nats.
    pub entropy: f64,
    /// True if the loss was finite. Otherwise the step changed nothing.
    pub finite: bool,
}

/// A reason why a step failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StepError {
    /// The images cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The objective has no value; its error says why.
    #[error("the objective cannot be computed: {0}")]
    Objective(Box<dyn Error + Send + Sync>),
    /// The device that performs the steps has failed.
    #[error("{0}")]
    Device(Box<dyn Error + Send + Sync>),
    /// A rank has met an error, or has ended.
    #[error(transparent)]
    Ranks(#[from] RankError),
    /// There are more ranks than shards.
    #[error(
        "there are {ranks} ranks, but the number of shards is {shards}; use fewer ranks, or start a training with more shards"
    )]
    Shards {
        /// The number of ranks.
        ranks: usize,
        /// The number of shards of the training.
        shards: usize,
    },
}
