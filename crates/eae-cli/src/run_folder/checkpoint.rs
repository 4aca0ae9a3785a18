//! The checkpoint of a training: enough to go on after anything.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eae::data::Source;
use eae::{Autoencoder, OptimizerState, Training};
use nn_layers::Weights;
use serde::{Deserialize, Serialize};

use super::{BEST, CHECKPOINT, CONFIG, Config, State, Trained};
use crate::failure::Failure;

/// The key of [`Kept`] in its metadata.
const KEY: &str = "run";

/// What is kept beside the training.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The fingerprint of those that it is trained on: it must be gone on with on the same.
    pub(crate) images: u64,
    /// The least loss on held-out images, and after how many epochs it was.
    pub(crate) best: Option<(f64, usize)>,
    /// What the steps so far have taken.
    pub(crate) seconds: f64,
}

/// The part of [`Kept`] that a finished model says under the same key.
#[derive(Serialize, Deserialize)]
struct Mark {
    images: u64,
}

impl Kept {
    /// Notes in the weights of a finished model which images it was trained on.
    pub(crate) fn mark(&self, weights: &mut Weights) {
        let mark = serde_json::to_string(&Mark { images: self.images }).expect("plain data");
        weights.metadata.insert(KEY.to_owned(), mark);
    }

    /// Whether the loss after so many epochs is the least so far, which is noted.
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

/// Writes the training into the run folder from time to time.
pub(crate) struct Keeper {
    folder: PathBuf,
    every: Duration,
    last: Instant,
    /// The file of which it has been said that it could not be written.
    complained: Option<&'static str>,
}

impl Keeper {
    pub(crate) fn new(folder: &Path, every: Duration) -> Self {
        Self { folder: folder.to_path_buf(), every, last: Instant::now(), complained: None }
    }

    /// Writes the checkpoint now, whole or not at all.
    pub(crate) fn keep(&self, mut training: Weights, kept: &Kept) -> Result<(), Failure> {
        training.metadata.insert(KEY.to_owned(), serde_json::to_string(kept).expect("plain data"));
        training.save(self.folder.join(CHECKPOINT)).map_err(Failure::other)
    }

    /// Writes the checkpoint if it is time.
    pub(crate) fn keep_if_due(&mut self, training: impl FnOnce() -> Result<Weights, Failure>, kept: &Kept) {
        if self.last.elapsed() < self.every {
            return;
        }
        let result = training().and_then(|training| self.keep(training, kept));
        self.heard(CHECKPOINT, result);
        // After it, so that a slow disk does not become the only thing that is worked on.
        self.last = Instant::now();
    }

    /// The model with the least loss so far; whether it is there.
    pub(crate) fn keep_best(&mut self, model: &Autoencoder<f32>) -> bool {
        let result = model.save(self.folder.join(BEST)).map_err(Failure::other);
        self.heard(BEST, result)
    }

    /// Whether a file could be written. If not, it may be a disk that is full for a while: that is
    /// said once, until there is room again, and no reason to give up what has been learnt.
    fn heard(&mut self, file: &'static str, result: Result<(), Failure>) -> bool {
        if self.complained == Some(file) && result.is_ok() {
            self.complained = None;
        }
        if let (Err(problem), None) = (&result, self.complained) {
            errln!("eae: the training goes on, but cannot be kept: {problem}");
            self.complained = Some(file);
        }
        result.is_ok()
    }
}

/// A training that goes on.
pub(crate) struct Resumed {
    pub(crate) training: Training,
    /// The state of the optimizer. A finished training has left none.
    pub(crate) optimizer: Option<OptimizerState<f32>>,
    pub(crate) kept: Kept,
}

/// Reads the training in a run folder, with its model, to go on with it on the same images: for as
/// many epochs as it was begun with, or until there are `epochs` in all.
pub(crate) fn resume(
    folder: &Path,
    config: &Config,
    epochs: Option<usize>,
    model: &mut Autoencoder<f32>,
    images: &dyn Source<f32>,
) -> Result<Resumed, Failure> {
    let nothing = |problem: &str| {
        Err(Failure::usage(format!("{}: there is no {CHECKPOINT} to go on with: {problem}", folder.display())))
    };
    let resumed = match (State::of(folder), epochs) {
        (State::Unfinished, _) => from_checkpoint(folder, config, epochs, model, images)?,
        (State::Finished, Some(epochs)) => from_model(folder, config, epochs, model, images)?,
        (State::Finished, None) => return nothing("it is finished; for more epochs say with --epochs how many in all"),
        (State::Unbegun | State::Weights, _) => return nothing("it was never begun"),
    };
    let made = resumed.training.epochs();
    match epochs {
        Some(epochs) if epochs <= made => Err(Failure::usage(format!(
            "--epochs is {epochs}, and {made} are made already in {}; it says how many there are in all",
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
    let kept = weights.metadata.get(KEY).ok_or_else(|| wrong(&"it says nothing of a run"))?;
    let kept: Kept = serde_json::from_str(kept).map_err(|e| wrong(&e))?;
    let mut now = config.training.clone();
    if let Some(epochs) = epochs {
        training.set_epochs(epochs);
        now.epochs = epochs;
    }
    if *training.config() != now {
        let mut begun = training.config().clone();
        begun.epochs = now.epochs;
        let file = folder.join(CONFIG);
        let way_out = if begun == now { "; say with --epochs how many epochs there are in all" } else { "" };
        return Err(wrong(&format!("it was begun with other settings than {} has now{way_out}", file.display())));
    }
    if training.images() != images.len() || kept.images != images.fingerprint().map_err(Failure::other)? {
        return Err(wrong(&format!("it was begun on other images than {} has now", config.data)));
    }
    Ok(Resumed { training, optimizer: Some(optimizer), kept })
}

/// Of a finished training the model is left, and how many epochs it had.
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
    // Models of older programs do not say.
    let marked = trained.weights.metadata.get(KEY).and_then(|mark| serde_json::from_str(mark).ok());
    if marked.is_some_and(|Mark { images }| images != fingerprint) {
        let (data, folder) = (&config.data, folder.display());
        return Err(Failure::usage(format!(
            "{path}: it was trained on other images than {data} has now; for a new training from its weights: eae train --init \
             {folder}"
        )));
    }
    let log = super::epochs(folder)?;
    // With patience it may have ended early.
    let made = log.last().map_or(config.training.epochs, |last| last.epoch);
    let now = config.training.clone().epochs(epochs);
    let kept = Kept { images: fingerprint, best: None, seconds: super::seconds(&log, images.len()) };
    Ok(Resumed { training: Training::after(made, now, images.len()), optimizer: None, kept })
}

/// The way out where nothing can be read any more.
pub(super) fn again(folder: &Path) -> String {
    format!("to train again: eae train --config {}", folder.join(CONFIG).display())
}
