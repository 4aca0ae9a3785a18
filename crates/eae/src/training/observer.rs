use std::ops::ControlFlow;

use serde::Serialize;

/// One step that was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StepReport {
    /// The step, counted from 0, of `steps` in all.
    pub step: usize,
    /// All steps that there will be.
    pub steps: usize,
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: f64,
    /// The entropy of the batch of codes in nats.
    pub entropy: f64,
    /// What the loss is above the squared error: for an entropic autoencoder minus the weighted entropy.
    pub penalty: f64,
    /// From 0 to 1: how much of its weight the penalty has.
    pub share: f64,
    /// The learning rate.
    pub learning_rate: f64,
}

/// One epoch that was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EpochReport {
    /// The epoch, counted from 1, of `epochs` in all.
    pub epoch: usize,
    /// All epochs that there will be.
    pub epochs: usize,
    /// The mean of its steps' squared errors.
    pub mse: f64,
    /// The mean of its steps' entropies.
    pub entropy: f64,
    /// The mean of its steps' penalties.
    pub penalty: f64,
    /// How much of its weight the penalty has in its last step.
    pub share: f64,
    /// The learning rate of its last step.
    pub learning_rate: f64,
    /// Images a second.
    pub samples_per_second: f64,
}

/// Hears of the training as it goes on, and can end it: progress bars, logs and interrupts are made of this. Both methods
/// do nothing unless implemented.
pub trait Observer {
    /// After each step. [`ControlFlow::Break`] ends the training.
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        let _ = report;
        ControlFlow::Continue(())
    }

    /// After each epoch. [`ControlFlow::Break`] ends the training.
    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        let _ = report;
        ControlFlow::Continue(())
    }
}

/// Hears nothing.
impl Observer for () {}

/// So that an observer can be lent to a training and used again.
impl<T: Observer> Observer for &mut T {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        (**self).step(report)
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        (**self).epoch(report)
    }
}

/// Hears if it is there.
impl<T: Observer> Observer for Option<T> {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.as_mut().map_or(ControlFlow::Continue(()), |observer| observer.step(report))
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        self.as_mut().map_or(ControlFlow::Continue(()), |observer| observer.epoch(report))
    }
}

/// Both hear; either can end the training.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        either(self.0.step(report), self.1.step(report))
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        either(self.0.epoch(report), self.1.epoch(report))
    }
}

fn either(a: ControlFlow<()>, b: ControlFlow<()>) -> ControlFlow<()> {
    if a.is_break() { a } else { b }
}
