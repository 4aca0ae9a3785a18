//! One training step, wherever it is made.

use std::borrow::Cow;
use std::error::Error;

use rand_chacha::ChaCha8Rng;
use thiserror::Error;

use super::optimizer::OptimizerState;
use crate::data::{DataError, Source};
use crate::objective::{Objective, step_draws};
use crate::{Autoencoder, Float};

/// Makes the steps of a [`Training`](crate::Training): a [`Stepper`](crate::Stepper) on the CPU, or
/// another device.
///
/// A device may keep the parameters to itself between steps; [`fetch`](MakeStep::fetch) brings them
/// to the model.
pub trait MakeStep<F: Float> {
    /// Makes the planned step on images of `images`.
    ///
    /// If the loss is not finite, or on an error other than [`StepError::Device`], everything is as
    /// it was before the step: the parameters, the running statistics, the optimizer and the
    /// memory banks.
    ///
    /// # Errors
    ///
    /// If the images cannot be read, the objective has no value, or the device fails.
    ///
    /// # Panics
    ///
    /// If the images are not of the model's shape, or there is no image at one of the places.
    fn step(
        &mut self,
        model: &mut Autoencoder<F>,
        images: &dyn Source<F>,
        plan: &StepPlan<'_>,
    ) -> Result<Step, StepError>;

    /// Brings parameters and running statistics to the model, if they are elsewhere.
    ///
    /// # Errors
    ///
    /// If the device fails.
    fn fetch(&mut self, model: &mut Autoencoder<F>) -> Result<(), StepError> {
        let _ = model;
        Ok(())
    }

    /// The state of the optimizer, for a checkpoint.
    ///
    /// # Errors
    ///
    /// If the device fails.
    fn state(&self) -> Result<Cow<'_, OptimizerState<F>>, StepError>;

    /// Takes the state of the optimizer from a checkpoint. Parameters are not part of it.
    ///
    /// # Errors
    ///
    /// If the device fails, or the state is not of its objective and networks.
    fn restore(&mut self, state: OptimizerState<F>) -> Result<(), StepError>;
}

/// A step to be made.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct StepPlan<'a> {
    /// The number of the step, counted from 0.
    pub step: usize,
    /// What is minimized.
    pub objective: &'a Objective,
    /// The places of its images in their source.
    pub places: &'a [usize],
    /// The places of the next step's images in the same epoch, to be read ahead.
    pub next: Option<&'a [usize]>,
    /// The warm-up's factor, from 0 to 1, of the penalty.
    pub penalty_weight: f64,
    /// The learning rate.
    pub learning_rate: f64,
    pub(super) seed: u64,
}

impl StepPlan<'_> {
    /// The generator of this step's random draws; the draws of a step do not depend on the steps
    /// before.
    pub fn draws(&self) -> ChaCha8Rng {
        step_draws(self.seed, self.step as u64)
    }
}

/// The terms of a step's loss, at the parameters before the step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: f64,
    /// The loss less the squared error.
    pub penalty: f64,
    /// The entropy of the batch of codes in nats.
    pub entropy: f64,
    /// True if the loss was a finite number. If not, the step changed nothing.
    pub finite: bool,
}

/// Why a step was not made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StepError {
    /// The images cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The objective has no value; its error says why.
    #[error("the objective cannot be computed: {0}")]
    Objective(Box<dyn Error + Send + Sync>),
    /// The device that makes the steps has failed.
    #[error("{0}")]
    Device(Box<dyn Error + Send + Sync>),
}
