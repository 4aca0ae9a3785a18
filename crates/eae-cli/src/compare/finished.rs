//! Models of earlier runs, which are used again if nothing has changed.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::row::Row;
use crate::dataset::Data;
use crate::failure::Failure;
use crate::judgment::Scores;

/// The file of a [`Finished`] model.
pub(crate) const SCORES: &str = "scores.json";

/// The settings of a trained model in its folder, to check that they are the requested ones.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trained {
    pub(crate) data: String,
    /// The fingerprints of the training and held-out images.
    pub(crate) fingerprints: [u64; 2],
    pub(crate) features: String,
    pub(crate) row: Row,
    pub(crate) seed: u64,
}

impl Trained {
    /// Returns the folder of the model in that of the comparison.
    pub(crate) fn folder(&self, out: &Path) -> PathBuf {
        out.join(self.row.folder()).join(format!("seed-{}", self.seed))
    }
}

/// A trained model that has scores.
#[derive(Serialize, Deserialize)]
pub(crate) struct Finished {
    #[serde(flatten)]
    pub(crate) trained: Trained,
    pub(crate) scores: Scores,
}

impl Finished {
    /// Reads the scores of an earlier run in the folder of a comparison, or returns `None` if there
    /// are none. Fails if the model has other settings than `asked`, or `data` has changed since.
    pub(crate) fn read(out: &Path, data: &Data, asked: &Trained) -> Result<Option<Self>, Failure> {
        let folder = asked.folder(out);
        let Ok(text) = fs::read_to_string(folder.join(SCORES)) else { return Ok(None) };
        let (folder, out) = (folder.display(), out.display());
        let finished: Self = serde_json::from_str(&text).map_err(|e| Failure::other(format!("in {folder}: {e}")))?;
        let found = &finished.trained;
        if found.data == asked.data && found.fingerprints != asked.fingerprints {
            return Err(Failure::usage(format!(
                "{data} has changed since the model in {folder} was trained on it; choose another folder with --out, or \
                 delete {out} to train again"
            )));
        }
        if found != asked {
            let problem = format!("{folder} was trained with other settings; choose another folder with --out");
            return Err(Failure::usage(problem));
        }
        Ok(Some(finished))
    }
}
