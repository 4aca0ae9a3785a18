//! The settings of a training, `config.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use eae::network::Architecture;
use eae::{Preset, TrainConfig};
use serde::{Deserialize, Serialize};

use super::CONFIG;
use crate::dataset::Data;
use crate::failure::Failure;

/// What `config.toml` says: enough to do it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data: Data,
    /// The name of a preset, or a table of `encoder` and `decoder`.
    pub(crate) model: Architecture,
    pub(crate) latent: usize,
    /// The run folder or the file whose weights it begins with, in place of random ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) init: Option<PathBuf>,
    /// Whether the model that is kept is that of the epoch with the least loss on held-out images.
    pub(crate) keep_best: bool,
    /// After how many epochs without a lesser one the training ends.
    pub(crate) patience: Option<usize>,
    /// Whether there are event files for TensorBoard.
    pub(crate) tensorboard: bool,
    pub(crate) training: TrainConfig,
}

impl Default for Config {
    fn default() -> Self {
        let training = TrainConfig::default();
        Self {
            data: Data::Digits,
            model: Preset::Conv28.into(),
            latent: 16,
            init: None,
            keep_best: false,
            patience: None,
            tensorboard: false,
            training,
        }
    }
}

impl Config {
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let wrong = |e: &dyn std::fmt::Display| Failure::usage(format!("{}: {e}", path.display()));
        let text = fs::read_to_string(path).map_err(|e| wrong(&e))?;
        toml::from_str(&text).map_err(|e| wrong(&e))
    }

    pub(crate) fn to_toml(&self) -> Result<String, Failure> {
        toml::to_string(self).map_err(|e| Failure::usage(format!("a setting cannot be kept in {CONFIG}: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_that_is_wrong_is_named_with_the_line() {
        for (text, expected) in
            [("latnet = 8", "latnet"), ("latent = -1", "latent = -1"), ("data = 'png:x'", "there are `digits`")]
        {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            write!(file, "{text}").unwrap();
            let error = Config::read(file.path()).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("line 1"), "{error}");
        }
    }
}
