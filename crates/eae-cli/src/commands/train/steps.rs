//! The steps of a training, and what is kept of it between them.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Instant;

use eae::data::Split;
use eae::run::{Line, MetricsLog};
use eae::{Autoencoder, EpochReport, Observer, Training, held_out_loss};
use nn_layers::Weights;

use super::device::OnDevice;
use super::flags::Arguments;
use crate::dataset::TrainingSet;
use crate::failure::Failure;
use crate::output::print_json;
use crate::progress::Progress;
use crate::run_folder::{CHECKPOINT, Config, Keeper, Kept};
use crate::tensorboard::TensorBoard;

/// A training under way.
pub(super) struct Run {
    pub(super) config: Config,
    pub(super) data: Split<f32, TrainingSet>,
    pub(super) folder: PathBuf,
    pub(super) model: Autoencoder<f32>,
    pub(super) training: Training<f32>,
    /// What makes the steps, if it is not the processor. The model follows when it is needed.
    pub(super) device: Option<OnDevice>,
    pub(super) kept: Kept,
    pub(super) log: MetricsLog,
    pub(super) tensorboard: Option<TensorBoard>,
}

impl Run {
    /// All steps that are left; whether the user ended it before.
    pub(super) fn train(&mut self, arguments: &Arguments, keeper: &mut Keeper) -> Result<bool, Failure> {
        let mut progress = Progress::new(self.config.latent, self.config.training.batch_size, arguments.quiet);
        let mut observer = (&mut progress, (&mut self.log, (&mut self.tensorboard, JsonLines(arguments.common.json))));
        let (start, before) = (Instant::now(), self.kept.seconds);
        let images = self.data.train.source();
        loop {
            let made = match &mut self.device {
                Some(device) => device.step(&mut self.training, images).map_err(|e| e.to_string()),
                None => self.training.step(&mut self.model, images).map_err(|e| e.to_string()),
            };
            let Some((step, epoch)) = made.map_err(|problem| ended(&self.folder, self.device.is_some(), &problem))?
            else {
                return fetch(&self.folder, self.device.as_ref(), &mut self.model).map(|()| false);
            };
            self.kept.seconds = before + start.elapsed().as_secs_f64();
            let mut interrupted = observer.step(&step).is_break();
            if let Some(epoch) = epoch {
                interrupted |= observer.epoch(&epoch).is_break();
                if self.config.keep_best || self.config.patience.is_some() {
                    fetch(&self.folder, self.device.as_ref(), &mut self.model)?;
                    let held_out = self.data.test.pixels.view();
                    let loss = held_out_loss(&self.model, held_out, &self.config.training);
                    let loss = loss.map_err(|e| in_folder(&self.folder, &e))?;
                    let before = self.kept.best;
                    // What could not be kept is not what others must be better than.
                    if self.kept.is_best(loss, epoch.epoch) && self.config.keep_best && !keeper.keep_best(&self.model) {
                        self.kept.best = before;
                    }
                    if self.config.patience.is_some_and(|patience| self.kept.epochs_since_best(epoch.epoch) >= patience)
                    {
                        return Ok(false);
                    }
                }
            }
            if interrupted && !self.training.is_finished() {
                return Ok(true);
            }
            let Self { model, training, device, kept, .. } = self;
            keeper.keep_if_due(|| weights(model, training, device.as_ref()), kept);
        }
    }
}

/// The training with its model, as a checkpoint has them.
pub(super) fn weights(
    model: &mut Autoencoder<f32>,
    training: &Training<f32>,
    device: Option<&OnDevice>,
) -> Result<Weights, Failure> {
    let Some(device) = device else { return Ok(training.write(model)) };
    device.fetch(model)?;
    let mut weights = training.write(model);
    device.write(&mut weights)?;
    Ok(weights)
}

/// Brings the model from where its steps were made.
fn fetch(folder: &Path, device: Option<&OnDevice>, model: &mut Autoencoder<f32>) -> Result<(), Failure> {
    device.map_or(Ok(()), |device| device.fetch(model)).map_err(|problem| ended(folder, true, &problem))
}

/// What has ended a training, and where it can be gone on with: on the CPU, too, if a device was lost.
fn ended(folder: &Path, on_device: bool, problem: &dyn std::fmt::Display) -> Failure {
    let (kept, run) = (folder.join(CHECKPOINT), folder.display());
    let go_on = if on_device { format!(", go on with: eae train --resume {run} --device cpu") } else { String::new() };
    in_folder(folder, &format!("{problem}; the last good state is in {}{go_on}", kept.display()))
}

/// What is wrong with a run folder.
pub(super) fn in_folder(folder: &Path, problem: &dyn std::fmt::Display) -> Failure {
    Failure::other(format!("in {}: {problem}", folder.display()))
}

/// With `--json`, a line for each epoch.
struct JsonLines(bool);

impl Observer for JsonLines {
    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        if self.0 {
            print_json(&Line::new("epoch", report));
        }
        ControlFlow::Continue(())
    }
}
