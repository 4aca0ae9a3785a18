//! The folder that a training leaves: the names of its files, how far the training has come, and
//! each file read and written.

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

pub(crate) use checkpoint::{Keeper, Kept, Resumed, resume};
pub(crate) use config::Config;
pub(crate) use lock::Lock;
pub(crate) use log::{End, Epoch, epochs, last_line, seconds};
pub(crate) use trained::{Trained, class_prefix, name_classes, no_such};

use crate::failure::Failure;
use lock::LOCK;

/// The settings of the training.
pub(crate) const CONFIG: &str = "config.toml";
/// The training with its model, to go on from; removed when the training is finished.
pub(crate) const CHECKPOINT: &str = "checkpoint.safetensors";
/// The model with the least loss so far, with `--keep-best`; removed when the training is finished.
pub(crate) const BEST: &str = "best.safetensors";
pub(crate) const REPORT: &str = "report.html";
pub(crate) const SAMPLES: &str = "samples.png";
pub(crate) const RECONSTRUCTIONS: &str = "reconstructions.png";
pub(crate) const INTERPOLATIONS: &str = "interpolations.png";

/// How far the training is that a path leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// A weights file alone.
    Weights,
    /// A folder with neither a checkpoint nor a model.
    #[serde(rename = "unfinished")]
    Unbegun,
    /// Being trained, or cut off: a checkpoint is there to go on from, and after an interrupt a
    /// model, too.
    Unfinished,
    /// A model, and no checkpoint any more.
    Finished,
}

impl State {
    /// The state of a run folder, or of a weights file.
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

/// Makes and locks the run folder: the one asked for, if it is new or empty, or the next free
/// `runs/NAME-1`, `runs/NAME-2`, and so on.
pub(crate) fn create(out: Option<&Path>, name: &str) -> Result<(PathBuf, Lock), Failure> {
    let Some(folder) = out else {
        let folder = eae::run::create_numbered("runs", name)
            .map_err(|e| Failure::other(format!("cannot make a folder in runs: {e}; name another with --out")))?;
        let lock = Lock::take(&folder)?;
        return Ok((folder, lock));
    };
    let in_folder = |e: io::Error| {
        Failure::usage(format!("cannot use {} as run folder: {e}; name another with --out", folder.display()))
    };
    fs::create_dir_all(folder).map_err(in_folder)?;
    refuse_others(folder).map_err(in_folder)??;
    let lock = Lock::take(folder)?;
    // Again: another training may have been here until now.
    refuse_others(folder).map_err(in_folder)??;
    Ok((folder.to_path_buf(), lock))
}

/// Fails if there is anything in the folder but a lock.
fn refuse_others(folder: &Path) -> io::Result<Result<(), Failure>> {
    for entry in fs::read_dir(folder)? {
        if entry?.file_name() != LOCK {
            let problem = format!("{} is not empty; name a new folder with --out", folder.display());
            return Ok(Err(Failure::usage(problem)));
        }
    }
    Ok(Ok(()))
}
