//! The steps of a training, and what is kept of it between them.

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
use crate::run_folder::{CHECKPOINT, Config, Keeper, Kept, Lock};
use crate::tensorboard::TensorBoard;

/// A training under way.
pub(super) struct Run {
    pub(super) config: Config,
    pub(super) data: Split<f32, TrainingSet>,
    pub(super) folder: PathBuf,
    pub(super) model: Autoencoder<f32>,
    pub(super) training: Training,
    /// The maker of the steps. Its parameters may be ahead of the model until they are fetched.
    pub(super) stepper: Box<dyn MakeStep<f32>>,
    pub(super) kept: Kept,
    pub(super) log: MetricsLog,
    pub(super) tensorboard: Option<TensorBoard>,
    /// Held until everything is made.
    pub(super) _lock: Lock,
}

impl Run {
    /// Makes all steps that are left, and returns true if the user ended it before.
    pub(super) fn train(&mut self, arguments: &Arguments, keeper: &mut Keeper) -> Result<bool, Failure> {
        let Self { config, data, folder, model, training, stepper, kept, log, tensorboard, .. } = self;
        let mut progress = Progress::new(config.latent, config.training.batch_size, arguments.quiet);
        let (start, before, held_out) = (Instant::now(), kept.seconds, data.test.pixels.view());
        let mut between =
            Between { config, folder, held_out, keeper, kept, start, before, patient: true, failure: None };
        let reports = (&mut progress, (log, (tensorboard.as_mut(), JsonLines(arguments.common.json))));
        let looked_at = choose(held_out.len_of(Axis(0)), MOST_LOOKED_AT, 0);
        let every = epochs_between(looked_at.len(), data.train.source().len(), arguments.device);
        let reports = HeldOut::new(held_out.select(Axis(0), &looked_at), every, reports);
        let outcome = training.run(model, data.train.source(), stepper.as_mut(), &mut (reports, &mut between));
        match (between.failure, outcome) {
            (Some(failure), _) => Err(failure),
            (None, Ok(outcome)) => Ok(outcome.interrupted && between.patient),
            (None, Err(problem)) => Err(ended(folder, matches!(problem, TrainError::Device { .. }), &problem)),
        }
    }

    /// The training with its model, as a checkpoint has them.
    pub(super) fn checkpoint(&mut self) -> Result<Weights, Failure> {
        self.training.write(&mut self.model, self.stepper.as_mut()).map_err(Failure::other)
    }
}

/// Held-out images whose error is followed through a training.
const MOST_LOOKED_AT: usize = 1000;
/// The share of a training's time that following it may take.
const SHARE: f64 = 0.02;

/// Returns the epochs from one look at held-out images to the next. A look is a forward pass, and
/// a step the work of three; a GPU makes steps many times faster than the CPU can look.
fn epochs_between(looked_at: usize, trained_on: usize, device: Device) -> usize {
    let times = if device == Device::Cpu { 1.0 } else { 20.0 };
    (times * looked_at as f64 / (3.0 * SHARE * trained_on as f64)).ceil().max(1.0) as usize
}

/// The observer between steps: keeps checkpoints and the best model, and ends a training whose loss
/// no longer falls.
struct Between<'a> {
    config: &'a Config,
    folder: &'a Path,
    held_out: ArrayView4<'a, f32>,
    keeper: &'a mut Keeper,
    kept: &'a mut Kept,
    /// The start of this process, and the seconds of those before.
    start: Instant,
    before: f64,
    /// False once there have been too many epochs without a lesser loss.
    patient: bool,
    failure: Option<Failure>,
}

impl Between<'_> {
    /// Notes the loss on held-out images, and keeps the model if it is the best.
    fn judge(&mut self, epoch: usize, training: &mut Underway<'_, f32>) -> Result<(), Failure> {
        let model = training.model().map_err(|problem| ended(self.folder, true, &problem))?;
        let loss = held_out_loss(model, self.held_out, &self.config.training);
        let loss = loss.map_err(|e| in_folder(self.folder, &e))?;
        let before = self.kept.best;
        // What could not be kept is not what others must be better than.
        if self.kept.is_best(loss, epoch) && self.config.keep_best && !self.keeper.keep_best(model) {
            self.kept.best = before;
        }
        self.patient = self.config.patience.is_none_or(|patience| self.kept.epochs_since_best(epoch) < patience);
        Ok(())
    }
}

impl Observer<f32> for Between<'_> {
    fn underway(&mut self, training: &mut Underway<'_, f32>) -> ControlFlow<()> {
        self.kept.seconds = self.before + self.start.elapsed().as_secs_f64();
        let judged = self.config.keep_best || self.config.patience.is_some();
        if let Some(epoch) = training.epoch().filter(|_| judged).map(|report| report.epoch) {
            self.failure = self.judge(epoch, training).err();
        }
        if self.failure.is_some() || !self.patient {
            return ControlFlow::Break(());
        }
        self.keeper.keep_if_due(|| training.checkpoint().map_err(Failure::other), self.kept);
        ControlFlow::Continue(())
    }
}

/// The failure that ended a training, with the checkpoint to resume from: on the CPU, too, if a
/// device was lost.
fn ended(folder: &Path, on_device: bool, problem: &dyn std::fmt::Display) -> Failure {
    let (kept, run) = (folder.join(CHECKPOINT), folder.display());
    let go_on = if on_device { format!(", go on with: eae train --resume {run} --device cpu") } else { String::new() };
    in_folder(folder, &format!("{problem}; the last good state is in {}{go_on}", kept.display()))
}

/// A failure in a run folder.
pub(super) fn in_folder(folder: &Path, problem: &dyn std::fmt::Display) -> Failure {
    Failure::other(format!("in {}: {problem}", folder.display()))
}

/// With `--json`, a line for each epoch.
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
