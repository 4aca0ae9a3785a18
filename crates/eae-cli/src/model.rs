//! The values of `--model`.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::str::FromStr;

use eae::network::Architecture;
use eae::{Network, Preset};

use crate::failure::Failure;

/// A preset, or a file with the layers of the networks.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Model {
    Preset(Preset),
    File(PathBuf),
}

impl Model {
    pub(crate) fn architecture(&self) -> Result<Architecture, Failure> {
        match self {
            Self::Preset(preset) => Ok((*preset).into()),
            Self::File(path) => {
                let wrong = |e: &dyn fmt::Display| Failure::usage(e).at(path);
                let text = fs::read_to_string(path).map_err(|e| wrong(&e))?;
                let network: Network = toml::from_str(&text).map_err(|e| wrong(&e))?;
                Ok(network.into())
            }
        }
    }
}

impl FromStr for Model {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.ends_with(".toml") {
            return Ok(Self::File(text.into()));
        }
        let presets = Preset::ALL.map(Preset::name).join(", ");
        text.parse().map(Self::Preset).map_err(|_| format!("expected {presets}, or a .toml file"))
    }
}

/// Writes the value as it is parsed.
impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preset(preset) => preset.fmt(f),
            Self::File(path) => path.display().fmt(f),
        }
    }
}
