//! The checkpoints of a training, and resuming from them.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eae::data::Source;
use eae::{Autoencoder, OptimizerState, Training};
use nn_layers::Weights;
use serde::{Deserialize, Serialize};

use super::{BEST, CHECKPOINT, CONFIG, Config, State, Trained};
use crate::failure::Failure;

/// The key of [`RunState`] in the metadata of a checkpoint.
pub(super) const KEY: &str = "run";

/// The state of a run in a checkpoint, beside the training.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct RunState {
    /// The fingerprint of the training images, which must be the same after resuming.
    pub(crate) images: u64,
    /// The lowest loss on held-out data, and its epoch.
    pub(crate) best: Option<(f64, usize)>,
    /// The duration of the steps so far, in seconds.
    pub(crate) seconds: f64,
}

/// The part of [`RunState`] that a model has under the same key.
#[derive(Serialize, Deserialize)]
pub(super) struct Fingerprint {
    pub(super) images: u64,
}

impl RunState {
    /// Stores the fingerprint of the training images in the weights of a model.
    pub(crate) fn mark(&self, weights: &mut Weights) {
        let mark = serde_json::to_string(&Fingerprint { images: self.images }).expect("plain data");
        weights.metadata.insert(KEY.to_owned(), mark);
    }

    /// Returns true if the loss after this epoch is the lowest so far, and stores it.
    pub(crate) fn is_best(&mut self, loss: f64, epoch: usize) -> bool {
        let best = self.best.is_none_or(|(least, _)| loss < least);
        if best {
            self.best = Some((loss, epoch));
        }
        best
    }

    pub(crate) fn epochs_since_best(&self, epoch: usize) -> usize {
        self.best.map_or(0, |(_, best)| epoch - best)
    }
}

/// Writes checkpoints into the run folder at intervals.
pub(crate) struct CheckpointWriter {
    folder: PathBuf,
    every: Duration,
    last: Instant,
    /// The file about which a write error was reported.
    complained: Option<&'static str>,
}

impl CheckpointWriter {
    pub(crate) fn new(folder: &Path, every: Duration) -> Self {
        Self { folder: folder.to_path_buf(), every, last: Instant::now(), complained: None }
    }

    /// Writes a checkpoint now, completely or not at all.
    pub(crate) fn write(&self, mut training: Weights, state: &RunState) -> Result<(), Failure> {
        training.metadata.insert(KEY.to_owned(), serde_json::to_string(state).expect("plain data"));
        training.save(self.folder.join(CHECKPOINT)).map_err(Failure::other)
    }

    /// Writes a checkpoint if the interval has passed.
    pub(crate) fn write_if_due(&mut self, training: impl FnOnce() -> Result<Weights, Failure>, state: &RunState) {
        if self.last.elapsed() < self.every {
            return;
        }
        let result = training().and_then(|training| self.write(training, state));
        self.report(CHECKPOINT, result);
        // The interval starts after writing, so that a slow disk does not take all the time.
        self.last = Instant::now();
    }

    /// Saves the best model so far. Returns true if it was written.
    pub(crate) fn write_best(&mut self, model: &Autoencoder<f32>) -> bool {
        let result = model.save(self.folder.join(BEST)).map_err(Failure::other);
        self.report(BEST, result)
    }

    /// Returns true if a file was written. An error is reported once until a write succeeds, and
    /// the training continues, because a full disk may have room again later.
    fn report(&mut self, file: &'static str, result: Result<(), Failure>) -> bool {
        if self.complained == Some(file) && result.is_ok() {
            self.complained = None;
        }
        if let (Err(problem), None) = (&result, self.complained) {
            errln!("warning: the training continues, but cannot be saved: {problem}");
            self.complained = Some(file);
        }
        result.is_ok()
    }
}

/// A resumed training.
pub(crate) struct Resumed {
    pub(crate) training: Training,
    /// The state of the optimizer. A finished training has none.
    pub(crate) optimizer: Option<OptimizerState<f32>>,
    pub(crate) state: RunState,
}

/// Reads the training in a run folder and its model, to resume it on the same images. It continues
/// to the number of epochs of its settings, or to `epochs` in total.
pub(crate) fn resume(
    folder: &Path,
    config: &Config,
    epochs: Option<usize>,
    model: &mut Autoencoder<f32>,
    images: &dyn Source<f32>,
) -> Result<Resumed, Failure> {
    let nothing = |problem: &str| Err(Failure::usage(format!("cannot resume {}: {problem}", folder.display())));
    let resumed = match (State::of(folder), epochs) {
        (State::Unfinished, _) => from_checkpoint(folder, config, epochs, model, images)?,
        (State::Finished, Some(epochs)) => from_model(folder, config, epochs, model, images)?,
        (State::Finished, None) => {
            return nothing("the training is finished; for more epochs, give the total number with --epochs");
        }
        (State::Unbegun | State::Weights, _) => {
            return nothing(&format!("the training never started; {}", again(folder)));
        }
    };
    let made = resumed.training.epochs();
    match epochs {
        Some(epochs) if epochs <= made => Err(Failure::usage(format!(
            "--epochs is {epochs}, but {} already has {made} epochs; give the total number of epochs",
            folder.display()
        ))),
        _ => Ok(resumed),
    }
}

fn from_checkpoint(
    folder: &Path,
    config: &Config,
    epochs: Option<usize>,
    model: &mut Autoencoder<f32>,
    images: &dyn Source<f32>,
) -> Result<Resumed, Failure> {
    let path = folder.join(CHECKPOINT);
    let wrong = |problem: &dyn std::fmt::Display| Failure::usage(format!("{}: {problem}", path.display()));
    let weights = Weights::read(&path).map_err(|e| Failure::usage(format!("{e}; {}", again(folder))))?;
    let (mut training, optimizer) = Training::read(model, &weights).map_err(|e| wrong(&e))?;
    let state = weights
        .metadata
        .get(KEY)
        .ok_or_else(|| wrong(&"it is not the checkpoint of a run: its metadata has no `run` entry"))?;
    let state: RunState = serde_json::from_str(state).map_err(|e| wrong(&e))?;
    let mut now = config.training.clone();
    if let Some(epochs) = epochs {
        training.set_epochs(epochs);
        now.epochs = epochs;
    }
    if *training.config() != now {
        let mut begun = training.config().clone();
        begun.epochs = now.epochs;
        let file = folder.join(CONFIG);
        let way_out = match begun == now {
            true => "to change the number of epochs, use --epochs",
            false => "undo the changes, or start a new training without --resume",
        };
        return Err(wrong(&format!(
            "the training was started with other settings than {} has now; {way_out}",
            file.display()
        )));
    }
    if training.images() != images.len() || state.images != images.fingerprint().map_err(Failure::other)? {
        return Err(wrong(&format!(
            "{} has changed since the training started; restore the data, or {}",
            config.data,
            again(folder)
        )));
    }
    Ok(Resumed { training, optimizer: Some(optimizer), state })
}

/// Resumes a finished training from its model and the number of its epochs.
fn from_model(
    folder: &Path,
    config: &Config,
    epochs: usize,
    model: &mut Autoencoder<f32>,
    images: &dyn Source<f32>,
) -> Result<Resumed, Failure> {
    let trained = Trained::load(folder)?;
    let path = trained.file.display();
    model.read(&trained.weights).map_err(Failure::usage)?;
    let fingerprint = images.fingerprint().map_err(Failure::other)?;
    if trained.fingerprint().is_some_and(|images| images != fingerprint) {
        let (data, folder) = (&config.data, folder.display());
        return Err(Failure::usage(format!(
            "{data} has changed since {path} was trained on it; start a new training from its weights with: eae train --init \
             {folder}"
        )));
    }
    let log = super::epochs(folder)?;
    // With --patience the training may have ended early.
    let made = log.last().map_or(config.training.epochs, |last| last.epoch);
    let now = config.training.clone().epochs(epochs);
    let state = RunState { images: fingerprint, best: None, seconds: super::seconds(&log, images.len()) };
    Ok(Resumed { training: Training::after(made, now, images.len()), optimizer: None, state })
}

/// Returns the advice for files that cannot be read.
pub(super) fn again(folder: &Path) -> String {
    format!("train again with: eae train --config {}", folder.join(CONFIG).display())
}
