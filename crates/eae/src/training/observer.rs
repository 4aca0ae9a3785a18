use std::ops::ControlFlow;

use nn_layers::Weights;

use super::course::Training;
use super::report::{EpochReport, StepReport};
use super::step::{MakeStep, StepError};
use crate::{Autoencoder, Float};

/// Watches a training and can end it. Progress bars, logs, checkpoints and interrupts are
/// observers. The default methods do nothing.
///
/// After each step the methods are called in the order in which they are listed here. If one of
/// them breaks, the others are still called, and then the training ends.
pub trait Observer<F: Float> {
    /// Receives the report of each step. [`ControlFlow::Break`] ends the training.
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        let _ = report;
        ControlFlow::Continue(())
    }

    /// Receives the report of each epoch, after the report of its last step. [`ControlFlow::Break`]
    /// ends the training.
    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        let _ = report;
        ControlFlow::Continue(())
    }

    /// Inspects the training and its model after each step. [`ControlFlow::Break`] ends the
    /// training.
    fn underway(&mut self, training: &mut Underway<'_, F>) -> ControlFlow<()> {
        let _ = training;
        ControlFlow::Continue(())
    }
}

/// A training between two steps, as an [`Observer`] sees it.
pub struct Underway<'a, F: Float> {
    training: &'a Training,
    model: &'a mut Autoencoder<F>,
    stepper: &'a mut dyn MakeStep<F>,
    epoch: Option<EpochReport>,
}

impl<'a, F: Float> Underway<'a, F> {
    pub(super) fn new(
        training: &'a Training,
        model: &'a mut Autoencoder<F>,
        stepper: &'a mut dyn MakeStep<F>,
        epoch: Option<EpochReport>,
    ) -> Self {
        Self { training, model, stepper, epoch }
    }

    /// Returns the training, with its progress.
    pub fn training(&self) -> &Training {
        self.training
    }

    /// Returns the report of the epoch if the step was its last.
    pub fn epoch(&self) -> Option<&EpochReport> {
        self.epoch.as_ref()
    }

    /// Completes the report of the epoch.
    pub(super) fn set_epoch(&mut self, report: EpochReport) {
        self.epoch = Some(report);
    }

    /// Returns the model with its current parameters, fetched from the device that performs the
    /// steps.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn model(&mut self) -> Result<&Autoencoder<F>, StepError> {
        self.stepper.fetch(self.model)?;
        Ok(self.model)
    }

    /// Returns a checkpoint from which [`Training::read`] resumes the training.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn checkpoint(&mut self) -> Result<Weights, StepError> {
        self.training.write(self.model, self.stepper)
    }
}

impl<F: Float> std::fmt::Debug for Underway<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Underway").field("training", self.training).field("epoch", &self.epoch).finish_non_exhaustive()
    }
}

/// An observer that does nothing.
impl<F: Float> Observer<F> for () {}

/// Forwards all calls, so that an observer can be lent to a training.
impl<F: Float, T: Observer<F> + ?Sized> Observer<F> for &mut T {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        (**self).step(report)
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        (**self).epoch(report)
    }

    fn underway(&mut self, training: &mut Underway<'_, F>) -> ControlFlow<()> {
        (**self).underway(training)
    }
}

/// Forwards all calls to the observer, if there is one.
impl<F: Float, T: Observer<F>> Observer<F> for Option<T> {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.as_mut().map_or(ControlFlow::Continue(()), |observer| observer.step(report))
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        self.as_mut().map_or(ControlFlow::Continue(()), |observer| observer.epoch(report))
    }

    fn underway(&mut self, training: &mut Underway<'_, F>) -> ControlFlow<()> {
        self.as_mut().map_or(ControlFlow::Continue(()), |observer| observer.underway(training))
    }
}

/// Forwards all calls to both observers. Either can end the training.
impl<F: Float, A: Observer<F>, B: Observer<F>> Observer<F> for (A, B) {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        either(self.0.step(report), self.1.step(report))
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        either(self.0.epoch(report), self.1.epoch(report))
    }

    fn underway(&mut self, training: &mut Underway<'_, F>) -> ControlFlow<()> {
        either(self.0.underway(training), self.1.underway(training))
    }
}

pub(super) fn either(a: ControlFlow<()>, b: ControlFlow<()>) -> ControlFlow<()> {
    if a.is_break() { a } else { b }
}
