//! The data sets that `--data` names, and their reading.

mod folder;
mod used;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use eae::data::{
    self, Channels, Columns, DataError, Images, Source, Split, Stored, cifar10, digits, from_idx, from_npy, from_table,
    from_table_with, idx_images, mnist, npy_images, sample,
};
use eae::network::Architecture;
use eae::{Autoencoder, Ending, ModelError};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::table::refused_data;

pub(crate) use folder::Flags;
use folder::Folder;
pub(crate) use used::{Part, Used, errors, greatest};

/// A data set that `--data` names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub(crate) enum Data {
    /// The embedded ones.
    Digits,
    /// A folder with the four files of MNIST.
    Mnist(PathBuf),
    /// A folder with the six files of CIFAR-10's binary version.
    Cifar10(PathBuf),
    /// One file of images in MNIST's format.
    Idx(PathBuf),
    /// One array of NumPy, of images or of vectors.
    Npy(PathBuf),
    /// Vectors in text.
    Csv(PathBuf),
    /// A folder of PNG and JPEG files, which may be larger than memory.
    Images(Folder),
}

/// As it stands in files: a name, or what is to be said of a folder of images.
#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "data is a name such as `digits`, or a table with `images` and any of `size`, `channels`, `split_seed`, `strict`"
)]
enum Written {
    Name(String),
    Images(Folder),
}

const KNOWN: &str = "there are `digits`, `mnist:FOLDER`, `cifar10:FOLDER`, `idx:FILE`, `npy:FILE`, `csv:FILE` and \
    `images:FOLDER`";

/// What there is to train on.
pub(crate) enum TrainingSet {
    Memory(Images<f32>),
    File(Stored),
    /// Standardised, and what their numbers are.
    Vectors(Images<f32>, Columns),
}

impl TrainingSet {
    pub(crate) fn source(&self) -> &dyn Source<f32> {
        match self {
            Self::Memory(images) | Self::Vectors(images, _) => images,
            Self::File(stored) => stored,
        }
    }

    /// A model to be trained on it.
    pub(crate) fn model(
        &self,
        architecture: impl Into<Architecture>,
        latent: usize,
        ending: Ending,
        seed: u64,
    ) -> Result<Autoencoder<f32>, ModelError> {
        match self {
            Self::Vectors(_, columns) => Autoencoder::for_vectors(architecture, columns.clone(), latent, ending, seed),
            _ => Autoencoder::with_ending(architecture, self.source().image_shape(), latent, ending, seed),
        }
    }

    /// What has to be in memory as a whole takes these: all that are there anyway, and of a file as many as 640 MiB hold.
    pub(crate) fn in_memory(&self) -> Result<Images<f32>, DataError> {
        const MOST: usize = 640 << 18;
        match self {
            Self::Memory(images) | Self::Vectors(images, _) => Ok(images.clone()),
            Self::File(_) => {
                let source = self.source();
                let most = (MOST / source.image_shape().iter().product::<usize>()).max(1);
                Ok(Images::new(sample(source, most, 0)?))
            }
        }
    }
}

impl Data {
    /// The images to be trained on; what of it takes time is shown unless asked to be quiet.
    pub(crate) fn open(&self, quiet: bool) -> Result<Split<f32, TrainingSet>, DataError> {
        let Split { train, test } = match self {
            Self::Digits => digits(),
            Self::Mnist(folder) => mnist(folder)?,
            Self::Cifar10(folder) => cifar10(folder)?,
            Self::Idx(file) => from_idx(file)?,
            Self::Npy(file) if !self.is_of_vectors()? => from_npy(file)?,
            Self::Npy(file) | Self::Csv(file) => {
                let (Split { train, test }, columns) = from_table(file)?;
                return Ok(Split { train: TrainingSet::Vectors(train, columns), test });
            }
            Self::Images(folder) => {
                let Split { train, test } = folder.load(quiet)?;
                return Ok(Split { train: TrainingSet::File(train), test });
            }
        };
        Ok(Split { train: TrainingSet::Memory(train), test })
    }

    /// All of it in its own order, for images.
    fn whole(&self) -> Result<TrainingSet, DataError> {
        Ok(TrainingSet::Memory(match self {
            Self::Digits => digits().whole(),
            Self::Mnist(folder) => mnist(folder)?.whole(),
            Self::Cifar10(folder) => cifar10(folder)?.whole(),
            Self::Idx(file) => idx_images(file)?,
            Self::Npy(file) | Self::Csv(file) => npy_images(file)?,
            Self::Images(folder) => return folder.whole(),
        }))
    }

    /// The same as a training splits it, for a model that is trained: images of the shape that it takes, and vectors by its
    /// columns, not by their own.
    pub(crate) fn open_for(&self, model: &Autoencoder<f32>) -> Result<Split<f32, TrainingSet>, Failure> {
        if let Some((Split { train, test }, columns)) = self.vectors_for(model)? {
            return Ok(Split { train: TrainingSet::Vectors(train, columns), test });
        }
        let takes = model.image_shape();
        let split = self.clone().brought_to(takes).open(false).map_err(refused_data)?;
        self.takes(takes, &split.train)?;
        Ok(split)
    }

    /// The same, and nothing split off.
    pub(crate) fn whole_for(&self, model: &Autoencoder<f32>) -> Result<TrainingSet, Failure> {
        if let Some((split, columns)) = self.vectors_for(model)? {
            return Ok(TrainingSet::Vectors(split.whole(), columns));
        }
        let takes = model.image_shape();
        let whole = self.clone().brought_to(takes).whole().map_err(refused_data)?;
        self.takes(takes, &whole)?;
        Ok(whole)
    }

    /// Vectors, if the model takes some; refuses vectors for a model of images, and images for one of vectors.
    fn vectors_for(&self, model: &Autoencoder<f32>) -> Result<Option<(Split<f32>, Columns)>, Failure> {
        let of_vectors = self.is_of_vectors().map_err(refused_data)?;
        match (self, model.columns()) {
            (Self::Npy(file) | Self::Csv(file), Some(columns)) if of_vectors => {
                Ok(Some((from_table_with(file, columns).map_err(refused_data)?, columns.clone())))
            }
            (_, None) if !of_vectors => Ok(None),
            (_, columns) => {
                let [takes, is_of] = [columns.is_some(), of_vectors].map(|v| if v { "vectors" } else { "images" });
                Err(Failure::usage(format!("the model takes {takes}, {self} is of {is_of}")))
            }
        }
    }

    fn takes(&self, takes: [usize; 3], images: &TrainingSet) -> Result<(), Failure> {
        match images.source().image_shape() {
            found if found == takes => Ok(()),
            found => {
                Err(Failure::usage(format!("the model takes images of shape {takes:?}, those of {self} are {found:?}")))
            }
        }
    }

    /// The same [in memory](TrainingSet::in_memory).
    pub(crate) fn load_for(&self, model: &Autoencoder<f32>) -> Result<Split<f32>, Failure> {
        let Split { train, test } = self.open_for(model)?;
        Ok(Split { train: train.in_memory().map_err(refused_data)?, test })
    }

    /// Whether it is of vectors.
    pub(crate) fn is_of_vectors(&self) -> Result<bool, DataError> {
        match self {
            Self::Csv(_) => Ok(true),
            Self::Npy(file) => data::is_of_vectors(file),
            _ => Ok(false),
        }
    }

    /// With what the flags say of a folder of images.
    pub(crate) fn with(self, flags: &Flags) -> Result<Self, Failure> {
        match self {
            Self::Images(folder) => Ok(Self::Images(folder.with(flags))),
            _ if flags.any() => Err(Failure::usage(format!(
                "--size, --channels, --split-seed and --strict are for --data images:FOLDER, not for {self}"
            ))),
            other => Ok(other),
        }
    }

    /// The same, where images can be brought to any shape and nothing was said brought to that of a model.
    pub(crate) fn brought_to(self, [height, _, channels]: [usize; 3]) -> Self {
        let channels = if channels == 1 { Channels::Gray } else { Channels::Rgb };
        match self {
            Self::Images(folder) => Self::Images(folder.brought_to(height, channels)),
            other => other,
        }
    }

    /// All that the images depend on.
    pub(crate) fn in_full(&self) -> String {
        match self {
            Self::Images(folder) => serde_json::to_string(folder).unwrap_or_else(|_| self.to_string()),
            _ => self.to_string(),
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
            Self::Csv(path) => Self::Csv(absolute(path)),
            Self::Images(folder) => Self::Images(Folder { folder: absolute(folder.folder.clone()), ..folder }),
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
            Self::Csv(_) => "csv",
            Self::Images(_) => "images",
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
            Some(("csv", file)) => Ok(Self::Csv(file.into())),
            Some(("images", folder)) => Ok(Self::Images(Folder::new(folder.into()))),
            _ => Err(KNOWN.into()),
        }
    }
}

impl TryFrom<Written> for Data {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Name(name) => name.parse(),
            Written::Images(folder) => Ok(Self::Images(folder)),
        }
    }
}

impl From<Data> for Written {
    fn from(data: Data) -> Self {
        match data {
            Data::Images(folder) => Self::Images(folder),
            other => Self::Name(other.to_string()),
        }
    }
}

/// As it is read.
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digits => f.write_str(self.name()),
            Self::Mnist(path) | Self::Cifar10(path) | Self::Idx(path) | Self::Npy(path) | Self::Csv(path) => {
                write!(f, "{}:{}", self.name(), path.display())
            }
            Self::Images(folder) => write!(f, "{}:{}", self.name(), folder.folder.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_as_written() {
        for text in ["digits", "mnist:a folder", "cifar10:x:y", "idx:a.gz", "npy:a.npy", "csv:a.txt", "images:x"] {
            assert_eq!(text.parse::<Data>().unwrap().to_string(), text);
        }
        for text in ["", "mnist", "mnist:", "digits:x", "cifar10", "npy:", "images:", "png:x"] {
            assert_eq!(text.parse::<Data>().unwrap_err(), KNOWN);
        }
    }
}
