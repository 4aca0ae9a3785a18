//! The settings of a training, `config.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use eae::network::Architecture;
use eae::{Preset, TrainConfig};
use serde::{Deserialize, Serialize};

use super::CONFIG;
use crate::dataset::Data;
use crate::failure::Failure;

/// The content of `config.toml`, which is enough to repeat the training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    pub(crate) data: Data,
    /// A preset's name, or a table of `encoder` and `decoder`.
    pub(crate) model: Architecture,
    pub(crate) latent: usize,
    /// The run folder or weights file to start from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) init: Option<PathBuf>,
    /// True to keep the model of the epoch with the lowest loss on held-out data.
    pub(crate) keep_best: bool,
    /// Number of epochs without a lower loss after which the training ends.
    pub(crate) patience: Option<usize>,
    /// True to write event files for TensorBoard.
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
        Self::read_with_table(path).map(|(config, _)| config)
    }

    /// Reads a file, and returns its settings and the table that it has, without the defaults.
    pub(crate) fn read_with_table(path: &Path) -> Result<(Self, toml::Table), Failure> {
        let wrong = |e: &dyn std::fmt::Display| Failure::usage(e).at(path);
        let text = fs::read_to_string(path).map_err(|e| wrong(&e))?;
        let config = toml::from_str(&text).map_err(|e| wrong(&e))?;
        Ok((config, toml::from_str(&text).map_err(|e| wrong(&e))?))
    }

    pub(crate) fn to_toml(&self) -> Result<String, Failure> {
        toml::to_string(self).map_err(|e| Failure::usage(format!("cannot write the settings to {CONFIG}: {e}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn errors_name_the_file_and_the_line() {
        for (text, expected) in
            [("latnet = 8", "latnet"), ("latent = -1", "latent = -1"), ("data = 'png:x'", "use `digits`")]
        {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            write!(file, "{text}").unwrap();
            let error = Config::read(file.path()).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("line 1"), "{error}");
        }
    }
}
