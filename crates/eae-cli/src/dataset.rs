use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use eae::data::{Split, cifar10, digits, mnist};

use crate::failure::Failure;

const KINDS: &str = "there are `digits`, `mnist:FOLDER` and `cifar10:FOLDER`";

/// What `--data` names.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    /// The embedded ones.
    Digits,
    /// A folder with the four files of MNIST.
    Mnist(PathBuf),
    /// A folder with the binary version of CIFAR-10.
    Cifar10(PathBuf),
}

impl Data {
    /// The images.
    pub(crate) fn load(&self) -> Result<Split<f32>, Failure> {
        match self {
            Self::Digits => Ok(digits()),
            Self::Mnist(folder) => mnist(folder).map_err(Failure::usage),
            Self::Cifar10(folder) => cifar10(folder).map_err(Failure::usage),
        }
    }

    /// For folders.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Mnist(_) => "mnist",
            Self::Cifar10(_) => "cifar10",
        }
    }
}

impl FromStr for Data {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "digits" => Ok(Self::Digits),
            Some(("mnist", folder)) if !folder.is_empty() => Ok(Self::Mnist(folder.into())),
            Some(("cifar10", folder)) if !folder.is_empty() => Ok(Self::Cifar10(folder.into())),
            _ => Err(KINDS.into()),
        }
    }
}

/// As it is read.
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits => f.write_str("digits"),
            Self::Mnist(folder) => write!(f, "mnist:{}", folder.display()),
            Self::Cifar10(folder) => write!(f, "cifar10:{}", folder.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_written() {
        for text in ["digits", "mnist:a folder", "cifar10:x"] {
            assert_eq!(text.parse::<Data>().unwrap().to_string(), text);
        }
        for text in ["", "mnist", "mnist:", "digits:x", "cifar"] {
            assert_eq!(text.parse::<Data>().unwrap_err(), KINDS);
        }
    }
}
