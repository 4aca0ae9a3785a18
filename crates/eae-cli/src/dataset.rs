use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use eae::data::{MnistError, Split, digits, mnist};

/// What `--data` names.
#[derive(Debug, Clone)]
pub(crate) enum Data {
    /// The embedded ones.
    Digits,
    /// A folder with the four files of MNIST.
    Mnist(PathBuf),
}

impl Data {
    /// The images.
    pub(crate) fn load(&self) -> Result<Split<f32>, MnistError> {
        match self {
            Self::Digits => Ok(digits()),
            Self::Mnist(folder) => mnist(folder),
        }
    }

    /// For folders.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Mnist(_) => "mnist",
        }
    }
}

impl FromStr for Data {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "digits" => Ok(Self::Digits),
            Some(("mnist", folder)) if !folder.is_empty() => Ok(Self::Mnist(folder.into())),
            _ => Err("there are `digits` and `mnist:FOLDER`".into()),
        }
    }
}

/// As it is read.
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits => f.write_str("digits"),
            Self::Mnist(folder) => write!(f, "mnist:{}", folder.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_written() {
        for text in ["digits", "mnist:a folder"] {
            assert_eq!(text.parse::<Data>().unwrap().to_string(), text);
        }
        for text in ["", "mnist", "mnist:", "digits:x", "cifar"] {
            assert_eq!(text.parse::<Data>().unwrap_err(), "there are `digits` and `mnist:FOLDER`");
        }
    }
}
