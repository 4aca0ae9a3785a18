//! The training loop.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::config::{TrainConfig, TrainError};
use super::course::Training;
use super::observer::{Observer, Underway};
use super::report::{EpochReport, StepReport};
use super::step::{MakeStep, Step};
use super::stepper::Stepper;
use crate::data::Source;
use crate::{Autoencoder, Float};

/// The result of a training.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Outcome {
    /// Number of steps made, including those before a checkpoint.
    pub steps: usize,
    /// True if the observer ended the training before its last step.
    pub interrupted: bool,
    /// The duration of the training.
    pub duration: Duration,
}

/// Trains a model on images `[count, height, width, channels]`, in memory or from another
/// [`Source`], on the CPU. At the end, or when the observer ends the training, the running
/// statistics of every batch normalization are set to the exact ones over all images.
///
/// The result depends only on the model, the images and the configuration, not on the number of
/// threads. A [`Training`] can be saved and resumed, and another device can perform its steps.
///
/// # Errors
///
/// If a setting or the images do not fit; nothing is changed then. If the loss is not finite or
/// images cannot be read; the model is then as the previous step left it.
pub fn train<F: Float>(
    model: &mut Autoencoder<F>,
    images: impl Source<F>,
    config: &TrainConfig,
    observer: &mut dyn Observer<F>,
) -> Result<Outcome, TrainError> {
    config.check(model, &images)?;
    let mut training = Training::new(config.clone(), images.len());
    let outcome = training.run(model, &images, &mut Stepper::default(), observer)?;
    model.recalibrate(images)?;
    Ok(outcome)
}

impl Training {
    /// Makes the next step and returns its report, with the report of the epoch after its last
    /// step. Returns `None` if no step is left.
    ///
    /// # Errors
    ///
    /// If the images cannot be read, the objective has no value or the loss is not finite. The
    /// model, the optimizer and the training are then unchanged. If the device that performs the
    /// steps fails, only the last checkpoint remains.
    ///
    /// # Panics
    ///
    /// If the number of images has changed since the start, or the images are not of the model's
    /// shape.
    pub fn step<F: Float>(
        &mut self,
        model: &mut Autoencoder<F>,
        images: impl Source<F>,
        stepper: &mut dyn MakeStep<F>,
    ) -> Result<Option<(StepReport, Option<EpochReport>)>, TrainError> {
        assert_eq!(images.len(), self.images(), "the number of images has changed since the training started");
        if self.is_finished() {
            return Ok(None);
        }
        let plan = self.plan();
        let (step, learning_rate) = (plan.step, plan.learning_rate);
        let objective = plan.objective;
        let made = stepper.step(model, &images, &plan);
        let made = made.map_err(|error| TrainError::of(step, error, learning_rate, objective))?;
        let Step { mse, entropy, finite, .. } = made;
        if !finite {
            return Err(TrainError::diverged(step, [mse, entropy], learning_rate, objective));
        }
        Ok(Some(self.advance(&made)))
    }

    /// Makes all remaining steps, or stops when the observer ends the training. The model then has
    /// the final parameters, wherever the steps were made.
    ///
    /// # Errors
    ///
    /// See [`step`](Training::step).
    ///
    /// # Panics
    ///
    /// See [`step`](Training::step).
    pub fn run<F: Float>(
        &mut self,
        model: &mut Autoencoder<F>,
        images: impl Source<F>,
        stepper: &mut dyn MakeStep<F>,
        observer: &mut dyn Observer<F>,
    ) -> Result<Outcome, TrainError> {
        let start = Instant::now();
        let mut interrupted = false;
        while !interrupted && let Some((step, epoch)) = self.step(model, &images, stepper)? {
            let mut stop = observer.step(&step).is_break();
            if let Some(epoch) = &epoch {
                stop |= observer.epoch(epoch).is_break();
            }
            stop |= observer.underway(&mut Underway::new(self, model, stepper, epoch)).is_break();
            interrupted = stop && !self.is_finished();
        }
        stepper.fetch(model).map_err(|error| TrainError::of_step(self.steps(), error))?;
        Ok(Outcome { steps: self.steps(), interrupted, duration: start.elapsed() })
    }
}
