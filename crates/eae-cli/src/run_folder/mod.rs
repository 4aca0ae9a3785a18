//! Run folders: the names of the files, the state of the training, and reading and writing each
//! file.

mod checkpoint;
mod config;
mod lock;
mod log;
mod trained;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

pub(crate) use eae::run::{METRICS, MODEL};
use serde::Serialize;

pub(crate) use checkpoint::{CheckpointWriter, Resumed, RunState, resume};
pub(crate) use config::Config;
pub(crate) use lock::Lock;
pub(crate) use log::{End, Epoch, epochs, last_line, seconds};
pub(crate) use trained::{LEAST_OF_A_CLASS, Trained, class_prefix, inputs, name_classes, no_such};

use crate::failure::Failure;
use lock::LOCK;

/// The settings of the training.
pub(crate) const CONFIG: &str = "config.toml";
/// The checkpoint to resume from; removed when the training is finished.
pub(crate) const CHECKPOINT: &str = "checkpoint.safetensors";
/// The model with the lowest loss so far, with `--keep-best`; removed when the training is
/// finished.
pub(crate) const BEST: &str = "best.safetensors";
pub(crate) const REPORT: &str = "report.html";
pub(crate) const SAMPLES: &str = "samples.png";
pub(crate) const RECONSTRUCTIONS: &str = "reconstructions.png";
pub(crate) const INTERPOLATIONS: &str = "interpolations.png";

/// The state of the training at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// A weights file alone.
    Weights,
    /// A folder with neither a checkpoint nor a model.
    #[serde(rename = "unfinished")]
    Unbegun,
    /// A running or interrupted training, with a checkpoint and, after an interrupt, a model.
    Unfinished,
    /// A finished training, with a model and without a checkpoint.
    Finished,
}

impl State {
    /// Returns the state of a run folder or a weights file.
    pub(crate) fn of(run: &Path) -> Self {
        let has = |name: &str| run.join(name).exists();
        match run.is_dir() {
            false => Self::Weights,
            true if has(CHECKPOINT) => Self::Unfinished,
            true if has(MODEL) => Self::Finished,
            true => Self::Unbegun,
        }
    }
}

/// Creates and locks the run folder: `out`, if it is new or empty, or the first unused of
/// `runs/NAME-1`, `runs/NAME-2` and so on.
pub(crate) fn create(out: Option<&Path>, name: &str) -> Result<(PathBuf, Lock), Failure> {
    let Some(folder) = out else {
        let folder = eae::run::create_numbered("runs", name)
            .map_err(|e| Failure::other(format!("cannot create a folder in runs: {e}; choose another with --out")))?;
        let lock = Lock::take(&folder)?;
        return Ok((folder, lock));
    };
    let in_folder = |e: io::Error| {
        Failure::usage(format!("cannot use {} as run folder: {e}; choose another with --out", folder.display()))
    };
    fs::create_dir_all(folder).map_err(in_folder)?;
    refuse_others(folder).map_err(in_folder)??;
    let lock = Lock::take(folder)?;
    // Checked again, because another training may have used the folder until now.
    refuse_others(folder).map_err(in_folder)??;
    Ok((folder.to_path_buf(), lock))
}

/// Fails if the folder has any file besides the lock.
fn refuse_others(folder: &Path) -> io::Result<Result<(), Failure>> {
    for entry in fs::read_dir(folder)? {
        if entry?.file_name() != LOCK {
            let problem = format!("{} is not empty; choose a new folder with --out", folder.display());
            return Ok(Err(Failure::usage(problem)));
        }
    }
    Ok(Ok(()))
}
