use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use eae::data::{DataError, Split, cifar10, digits, from_idx, from_npy, mnist};
use serde::{Deserialize, Serialize};

/// What `--data` names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum Data {
    /// The embedded ones.
    Digits,
    /// A folder with the four files of MNIST.
    Mnist(PathBuf),
    /// A folder with the six files of CIFAR-10's binary version.
    Cifar10(PathBuf),
    /// One file of images in MNIST's format.
    Idx(PathBuf),
    /// One array of NumPy.
    Npy(PathBuf),
}

const KNOWN: &str = "there are `digits`, `mnist:FOLDER`, `cifar10:FOLDER`, `idx:FILE` and `npy:FILE`";

impl Data {
    /// The images.
    pub(crate) fn load(&self) -> Result<Split<f32>, DataError> {
        match self {
            Self::Digits => Ok(digits()),
            Self::Mnist(folder) => mnist(folder),
            Self::Cifar10(folder) => cifar10(folder),
            Self::Idx(file) => from_idx(file),
            Self::Npy(file) => from_npy(file),
        }
    }

    /// The same from any folder.
    pub(crate) fn absolute(self) -> Self {
        let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
        match self {
            Self::Digits => Self::Digits,
            Self::Mnist(path) => Self::Mnist(absolute(path)),
            Self::Cifar10(path) => Self::Cifar10(absolute(path)),
            Self::Idx(path) => Self::Idx(absolute(path)),
            Self::Npy(path) => Self::Npy(absolute(path)),
        }
    }

    /// For folders, and before the path.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Mnist(_) => "mnist",
            Self::Cifar10(_) => "cifar10",
            Self::Idx(_) => "idx",
            Self::Npy(_) => "npy",
        }
    }
}

impl FromStr for Data {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':').filter(|(_, path)| !path.is_empty()) {
            None if text == "digits" => Ok(Self::Digits),
            Some(("mnist", folder)) => Ok(Self::Mnist(folder.into())),
            Some(("cifar10", folder)) => Ok(Self::Cifar10(folder.into())),
            Some(("idx", file)) => Ok(Self::Idx(file.into())),
            Some(("npy", file)) => Ok(Self::Npy(file.into())),
            _ => Err(KNOWN.into()),
        }
    }
}

impl TryFrom<String> for Data {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Data> for String {
    fn from(data: Data) -> Self {
        data.to_string()
    }
}

/// As it is read.
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits => f.write_str(self.name()),
            Self::Mnist(path) | Self::Cifar10(path) | Self::Idx(path) | Self::Npy(path) => {
                write!(f, "{}:{}", self.name(), path.display())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_written() {
        for text in ["digits", "mnist:a folder", "cifar10:x:y", "idx:a.gz", "npy:a.npy"] {
            assert_eq!(text.parse::<Data>().unwrap().to_string(), text);
        }
        for text in ["", "mnist", "mnist:", "digits:x", "cifar10", "npy:", "png:x"] {
            assert_eq!(text.parse::<Data>().unwrap_err(), KNOWN);
        }
    }
}
