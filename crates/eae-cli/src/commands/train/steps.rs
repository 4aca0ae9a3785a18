//! The steps of a training, and the checkpoints between them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use eae::data::{Split, choose};
use eae::run::{Line, MetricsLog};
use eae::{Autoencoder, EpochReport, HeldOut, MakeStep, Observer, TrainError, Training, Underway, held_out_loss};
use ndarray::{ArrayView4, Axis};
use nn_layers::Weights;

use super::device::Device;
use super::flags::Arguments;
use crate::dataset::TrainingSet;
use crate::failure::Failure;
use crate::output::print_json;
use crate::progress::Progress;
use crate::run_folder::{CHECKPOINT, CheckpointWriter, Config, Lock, RunState};
use crate::tensorboard::TensorBoard;

/// A running training.
pub(super) struct Run<'r> {
    pub(super) config: Config,
    pub(super) data: Split<f32, TrainingSet>,
    pub(super) folder: PathBuf,
    pub(super) model: Autoencoder<f32>,
    pub(super) training: Training,
    /// Computes the steps. Its parameters can be newer than those of the model.
    pub(super) stepper: Box<dyn MakeStep<f32> + 'r>,
    pub(super) state: RunState,
    pub(super) log: MetricsLog,
    pub(super) tensorboard: Option<TensorBoard>,
    /// The lock of the run folder, held until all files are written.
    pub(super) _lock: Lock,
}

impl Run<'_> {
    /// Runs the remaining steps. Returns true if the user interrupted them.
    pub(super) fn train(&mut self, arguments: &Arguments, writer: &mut CheckpointWriter) -> Result<bool, Failure> {
        let Self { config, data, folder, model, training, stepper, state, log, tensorboard, .. } = self;
        let mut progress = Progress::new(config.latent, config.training.batch_size, arguments.quiet);
        let (start, before, held_out) = (Instant::now(), state.seconds, data.test.pixels.view());
        let mut watcher =
            Watcher { config, folder, held_out, writer, state, start, before, patient: true, failure: None };
        let reports = (&mut progress, (log, (tensorboard.as_mut(), JsonLines(arguments.common.json))));
        let followed = choose(held_out.len_of(Axis(0)), MOST_FOLLOWED, 0);
        let every = epochs_between(followed.len(), data.train.source().len(), arguments.device);
        let reports = HeldOut::new(held_out.select(Axis(0), &followed), every, reports);
        let outcome = training.run(model, data.train.source(), stepper.as_mut(), &mut (reports, &mut watcher));
        match (watcher.failure, outcome) {
            (Some(failure), _) => Err(failure),
            (None, Ok(outcome)) => Ok(outcome.interrupted && watcher.patient),
            (None, Err(problem)) => Err(ended(folder, matches!(problem, TrainError::Device { .. }), &problem)),
        }
    }

    /// Returns the weights of a checkpoint: the state of the training and the model.
    pub(super) fn checkpoint(&mut self) -> Result<Weights, Failure> {
        self.training.write(&mut self.model, self.stepper.as_mut()).map_err(Failure::other)
    }
}

/// Number of held-out images whose error is measured during training.
const MOST_FOLLOWED: usize = 1000;
/// Fraction of the training time for these measurements.
const SHARE: f64 = 0.02;

/// Returns the number of epochs from one measurement on held-out images to the next. A measurement
/// is a forward pass, a third of the work of a step. A GPU makes steps many times faster than the
/// CPU makes the measurement.
fn epochs_between(followed: usize, trained_on: usize, device: Device) -> usize {
    let times = if device == Device::Cpu { 1.0 } else { 20.0 };
    (times * followed as f64 / (3.0 * SHARE * trained_on as f64)).ceil().max(1.0) as usize
}

/// An observer that writes checkpoints and the best model, and ends a training whose loss no longer
/// falls.
struct Watcher<'a> {
    config: &'a Config,
    folder: &'a Path,
    held_out: ArrayView4<'a, f32>,
    writer: &'a mut CheckpointWriter,
    state: &'a mut RunState,
    /// The start of this process's steps, and the seconds of earlier processes.
    start: Instant,
    before: f64,
    /// False after too many epochs without a lower loss.
    patient: bool,
    failure: Option<Failure>,
}

impl Watcher<'_> {
    /// Computes the loss on held-out data, and saves the model if it is the best so far.
    fn judge(&mut self, epoch: usize, training: &mut Underway<'_, f32>) -> Result<(), Failure> {
        let model = training.model().map_err(|problem| ended(self.folder, true, &problem))?;
        let loss = held_out_loss(model, self.held_out, &self.config.training);
        let loss = loss.map_err(|e| in_folder(self.folder, &e))?;
        let before = self.state.best;
        // A model that could not be saved does not count as the best.
        if self.state.is_best(loss, epoch) && self.config.keep_best && !self.writer.write_best(model) {
            self.state.best = before;
        }
        self.patient = self.config.patience.is_none_or(|patience| self.state.epochs_since_best(epoch) < patience);
        Ok(())
    }
}

impl Observer<f32> for Watcher<'_> {
    fn underway(&mut self, training: &mut Underway<'_, f32>) -> ControlFlow<()> {
        self.state.seconds = self.before + self.start.elapsed().as_secs_f64();
        let judged = self.config.keep_best || self.config.patience.is_some();
        if let Some(epoch) = training.epoch().filter(|_| judged).map(|report| report.epoch) {
            self.failure = self.judge(epoch, training).err();
        }
        if self.failure.is_some() || !self.patient {
            return ControlFlow::Break(());
        }
        self.writer.write_if_due(|| training.checkpoint().map_err(Failure::other), self.state);
        ControlFlow::Continue(())
    }
}

/// Returns the failure that ended a training, with the checkpoint to resume from. If a device
/// failed, the advice is to resume on the CPU.
fn ended(folder: &Path, on_device: bool, problem: &dyn std::fmt::Display) -> Failure {
    let (checkpoint, run) = (folder.join(CHECKPOINT), folder.display());
    let resume = if on_device {
        format!("; resume on the CPU with: eae train --resume {run} --device cpu")
    } else {
        String::new()
    };
    in_folder(folder, &format!("{problem}; the last checkpoint is {}{resume}", checkpoint.display()))
}

/// Returns a failure in a run folder.
pub(super) fn in_folder(folder: &Path, problem: &dyn std::fmt::Display) -> Failure {
    Failure::other(format!("in {}: {problem}", folder.display()))
}

/// Prints a line for each epoch with `--json`.
struct JsonLines(bool);

impl Observer<f32> for JsonLines {
    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        if self.0 {
            print_json(&Line::new("epoch", report));
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looking_takes_a_fiftieth_of_the_time() {
        let every = |looked_at, trained_on| epochs_between(looked_at, trained_on, Device::Cpu);
        assert_eq!([every(1000, 60_000), every(1000, 9000), every(20, 180), every(0, 50)], [1, 2, 2, 1]);
        assert_eq!(epochs_between(1000, 60_000, Device::Gpu), 6);
    }
}
