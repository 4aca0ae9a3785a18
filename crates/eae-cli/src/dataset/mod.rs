//! The data sets that `--data` names, and their reading.

mod folder;
mod name;
mod table;
mod training_set;
mod unlike;
mod used;

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};

use eae::Autoencoder;
use eae::data::{Channels, DataError, FolderError, Split, cifar10, digits, from_idx, idx_images, mnist};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::output::counted;
use crate::table::refused_data;

pub(crate) use folder::Flags;
use folder::Folder;
use table::{CsvTable, NamedRows, NpyTable, Options, TableFile, Vectors};
pub(crate) use training_set::TrainingSet;
pub(crate) use used::{Part, Used, errors, greatest};

/// A data set that `--data` names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub(crate) enum Data {
    /// The built-in digits.
    Digits,
    /// A folder with the four files of MNIST.
    Mnist(PathBuf),
    /// A folder with the six files of CIFAR-10's binary version.
    Cifar10(PathBuf),
    /// One file of images in MNIST's format.
    Idx(PathBuf),
    /// A NumPy array of images or vectors, or a text file of vectors or of images with one per row.
    Table(TableFile),
    /// A folder of image files, which can be larger than memory.
    Images(Folder),
}

/// The form in files: a name, or a table with the settings of a folder or a table.
#[derive(Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "data must be a name such as `digits`, a table with `images` and any of `size`, `channels`, `split_seed` \
                 and `strict`, or a table with `csv` or `npy` and any of `columns`, `label`, `shape` and \
                 `drop_missing`"
)]
enum Written {
    Name(String),
    Images(Folder),
    Csv(CsvTable),
    Npy(NpyTable),
}

impl Data {
    /// Opens the data for a training, and shows the progress unless `quiet`.
    pub(crate) fn open(&self, quiet: bool) -> Result<Split<f32, TrainingSet>, DataError> {
        let Split { train, test } = match self {
            Self::Digits => digits(),
            Self::Mnist(folder) => mnist(folder)?,
            Self::Cifar10(folder) => cifar10(folder)?,
            Self::Idx(file) => from_idx(file)?,
            Self::Table(file) if !file.is_of_vectors()? => file.split_images()?,
            Self::Table(file) => {
                let ((Split { train, test }, columns, left_out), remarks) = file.vectors()?;
                for remark in remarks.iter().filter(|_| !quiet) {
                    errln!("{self}: {remark}");
                }
                let left_out = left_out.map(|note| format!("{self}: {note}"));
                return Ok(Split { train: TrainingSet::Vectors(train, columns, left_out), test });
            }
            Self::Images(folder) => {
                let Split { train, test } = folder.load(quiet)?;
                return Ok(Split { train: TrainingSet::File(train), test });
            }
        };
        Ok(Split { train: TrainingSet::Memory(train), test })
    }

    /// Opens the data as [`open`](Data::open) does. Fails unless at least `least` samples are held
    /// out; the message ends with `why`. Also fails if all training samples are equal.
    pub(crate) fn open_with(&self, quiet: bool, least: usize, why: &str) -> Result<Split<f32, TrainingSet>, Failure> {
        let name = self.path().map_or_else(|| self.to_string(), |path| path.display().to_string());
        let mut more = String::new();
        let split = match self.open(quiet) {
            Ok(split) if split.test.len() >= least => match split.train.are_equal().map_err(refused_data)? {
                true => {
                    let problem = format!("{name}: all images to train on are equal, so there is nothing to learn");
                    return Err(Failure::usage(problem));
                }
                false => return Ok(split),
            },
            Ok(split) => Ok([split.train.source().len(), split.test.len()]),
            // A split needs fewer samples than a training.
            Err(DataError::Rows { found, .. }) => Ok([found, 0]),
            Err(DataError::OneImage { .. }) => Ok([1, 0]),
            Err(DataError::Folder(FolderError::TooFew { good, skipped, .. })) => {
                if skipped.count > 0 {
                    more = format!("; {skipped}");
                }
                Ok([good, 0])
            }
            Err(problem) => Err(refused_data(problem)),
        };
        let [train, test] = split?;
        let of_vectors = self.is_of_vectors().map_err(refused_data)?;
        Err(Failure::usage(match self {
            Self::Digits | Self::Mnist(_) | Self::Cifar10(_) => {
                format!("{name} has {} held out; at least {least} are needed{why}", counted(test, "image"))
            }
            _ => {
                let found = counted(train + test, if of_vectors { "row" } else { "image" });
                let needed = least.saturating_mul(10);
                format!("{name} has {found}; at least {needed} are needed, a tenth of which is held out{why}{more}")
            }
        }))
    }

    /// Returns the chosen columns of a table in their original units, if its rows are vectors.
    pub(crate) fn rows(&self) -> Result<Option<NamedRows>, DataError> {
        match self {
            Self::Table(file) if file.is_of_vectors()? => file.values().map(Some),
            _ => Ok(None),
        }
    }

    /// Returns true for a folder of images, which can be resized.
    pub(crate) fn is_folder(&self) -> bool {
        matches!(self, Self::Images(_))
    }

    /// Returns all images in the order of the data.
    pub(crate) fn whole(&self) -> Result<TrainingSet, DataError> {
        Ok(TrainingSet::Memory(match self {
            Self::Digits => digits().whole(),
            Self::Mnist(folder) => mnist(folder)?.whole(),
            Self::Cifar10(folder) => cifar10(folder)?.whole(),
            Self::Idx(file) => idx_images(file)?,
            Self::Table(file) => file.images()?,
            Self::Images(folder) => return folder.whole(),
        }))
    }

    /// Opens the data with the split of a training, for a trained model: images in the shape of the
    /// model, and vectors standardized by the columns of the model.
    pub(crate) fn open_for(&self, model: &Autoencoder<f32>) -> Result<Split<f32, TrainingSet>, Failure> {
        if let Some((Split { train, test }, columns, left_out)) = self.vectors_for(model)? {
            return Ok(Split { train: TrainingSet::Vectors(train, columns, left_out), test });
        }
        let takes = model.image_shape();
        let split = self.clone().brought_to(takes).open(false).map_err(refused_data)?;
        self.takes(takes, &split.train)?;
        Ok(split)
    }

    /// Opens the data for a trained model without a split.
    pub(crate) fn whole_for(&self, model: &Autoencoder<f32>) -> Result<TrainingSet, Failure> {
        if let Some((split, columns, left_out)) = self.vectors_for(model)? {
            return Ok(TrainingSet::Vectors(split.whole(), columns, left_out));
        }
        let takes = model.image_shape();
        let whole = self.clone().brought_to(takes).whole().map_err(refused_data)?;
        self.takes(takes, &whole)?;
        Ok(whole)
    }

    /// Returns the vectors for a model of vectors, with a note about rows that were left out, and
    /// `None` for a model of images. Fails if the data is of the other kind.
    fn vectors_for(&self, model: &Autoencoder<f32>) -> Result<Option<Vectors>, Failure> {
        let of_vectors = self.is_of_vectors().map_err(refused_data)?;
        match (self, model.columns()) {
            (Self::Table(file), Some(columns)) if of_vectors => {
                let (split, left_out) = file.vectors_with(columns).map_err(refused_data)?;
                Ok(Some((split, columns.clone(), left_out.map(|note| format!("{self}: {note}")))))
            }
            (_, None) if !of_vectors => Ok(None),
            (_, columns) => {
                let [takes, is_of] = [columns.is_some(), of_vectors].map(|v| if v { "vectors" } else { "images" });
                Err(Failure::usage(format!("the model takes {takes}, but {self} has {is_of}")))
            }
        }
    }

    fn takes(&self, takes: [usize; 3], images: &TrainingSet) -> Result<(), Failure> {
        match images.source().image_shape() {
            found if found == takes => Ok(()),
            found => Err(Failure::usage(format!(
                "the model takes images of shape {takes:?}, but those of {self} have {found:?}"
            ))),
        }
    }

    /// Opens the data as [`open_for`](Data::open_for) does, [in memory](TrainingSet::in_memory).
    pub(crate) fn load_for(&self, model: &Autoencoder<f32>) -> Result<Split<f32>, Failure> {
        let Split { train, test } = self.open_for(model)?;
        Ok(Split { train: train.in_memory().map_err(refused_data)?, test })
    }

    /// Returns true if the data is vectors.
    pub(crate) fn is_of_vectors(&self) -> Result<bool, DataError> {
        match self {
            Self::Table(file) => file.is_of_vectors(),
            _ => Ok(false),
        }
    }

    /// Applies the flags for a folder of images or for a table.
    pub(crate) fn with(self, flags: &Flags) -> Result<Self, Failure> {
        if flags.any() && !matches!(self, Self::Images(_)) {
            return Err(Failure::usage(format!(
                "--size, --channels, --split-seed and --strict apply to --data images:FOLDER, not to {self}"
            )));
        }
        if flags.table != Options::default() && !matches!(self, Self::Table(_)) {
            return Err(Failure::usage(format!(
                "--columns, --label, --shape and --drop-missing apply to --data csv:FILE and npy:FILE, not to {self}"
            )));
        }
        Ok(match self {
            Self::Images(folder) => Self::Images(folder.with(flags)),
            Self::Table(file) => Self::Table(TableFile { options: flags.table.clone().or(file.options), ..file }),
            other => other,
        })
    }

    /// Applies the options of the table that a model was trained on, if both are tables: columns,
    /// label and shape, and for the same file, to leave out rows that lack a value.
    pub(crate) fn like(self, trained_on: &Self) -> Self {
        match (self, trained_on) {
            (Self::Table(file), Self::Table(of)) => {
                let is_same = absolute(&file.path) == absolute(&of.path);
                let others = Options { drop_missing: of.options.drop_missing && is_same, ..of.options.clone() };
                Self::Table(TableFile { options: file.options.or(others), ..file })
            }
            (other, _) => other,
        }
    }

    /// Fills in the size and channels of a folder of images from a shape, where they are not given.
    pub(crate) fn brought_to(self, [height, _, channels]: [usize; 3]) -> Self {
        let channels = if channels == 1 { Channels::Gray } else { Channels::Rgb };
        match self {
            Self::Images(folder) => Self::Images(folder.brought_to(height, channels)),
            other => other,
        }
    }

    /// Returns the name with all options on which the images depend.
    pub(crate) fn in_full(&self) -> String {
        match self {
            Self::Images(folder) => serde_json::to_string(folder).unwrap_or_else(|_| self.to_string()),
            Self::Table(file) if file.options != Options::default() => {
                serde_json::to_string(self).unwrap_or_else(|_| self.to_string())
            }
            _ => self.to_string(),
        }
    }

    /// Makes the path absolute.
    pub(crate) fn absolute(self) -> Self {
        match self {
            Self::Digits => Self::Digits,
            Self::Mnist(path) => Self::Mnist(absolute(&path)),
            Self::Cifar10(path) => Self::Cifar10(absolute(&path)),
            Self::Idx(path) => Self::Idx(absolute(&path)),
            Self::Table(file) => Self::Table(TableFile { path: absolute(&file.path), ..file }),
            Self::Images(folder) => Self::Images(Folder { folder: absolute(&folder.folder), ..folder }),
        }
    }

    /// Returns the file or folder; `None` for the embedded digits.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Digits => None,
            Self::Mnist(path) | Self::Cifar10(path) | Self::Idx(path) | Self::Table(TableFile { path, .. }) => {
                Some(path)
            }
            Self::Images(folder) => Some(&folder.folder),
        }
    }

    /// Returns true if the file or folder does not exist.
    pub(crate) fn is_gone(&self) -> bool {
        self.path().is_some_and(|path| !path.exists())
    }

    /// Returns the name of a run folder before its number: that of a folder of images, or else the
    /// kind.
    pub(crate) fn run_name(&self) -> &str {
        let plain =
            |name: &&str| name.chars().all(|c| c.is_alphanumeric() || "-_.".contains(c)) && !name.starts_with('-');
        match self {
            Self::Images(Folder { folder, .. }) => folder.file_name().and_then(OsStr::to_str).filter(plain),
            _ => None,
        }
        .unwrap_or(self.name())
    }

    /// Returns the kind, as the prefix of a path.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Digits => "digits",
            Self::Mnist(_) => "mnist",
            Self::Cifar10(_) => "cifar10",
            Self::Idx(_) => "idx",
            Self::Table(TableFile { npy: true, .. }) => "npy",
            Self::Table(_) => "csv",
            Self::Images(_) => "images",
        }
    }
}

impl TryFrom<Written> for Data {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::Name(name) => name.parse(),
            Written::Images(folder) => Ok(Self::Images(folder)),
            Written::Csv(table) => Ok(Self::Table(table.into())),
            Written::Npy(table) => Ok(Self::Table(table.into())),
        }
    }
}

impl From<Data> for Written {
    fn from(data: Data) -> Self {
        match data {
            Data::Images(folder) => Self::Images(folder),
            Data::Table(file) if file.options != Options::default() => match file.npy {
                true => Self::Npy(file.into()),
                false => Self::Csv(file.into()),
            },
            other => Self::Name(other.to_string()),
        }
    }
}

/// Writes the name as it is parsed.
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            Some(path) => write!(f, "{}:{}", self.name(), path.display()),
            None => f.write_str(self.name()),
        }
    }
}

/// Returns the absolute path.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_as_they_are_written() {
        for text in ["digits", "mnist:a folder", "cifar10:x:y", "idx:a.gz", "npy:a.npy", "csv:a.txt", "images:x"] {
            assert_eq!(text.parse::<Data>().unwrap().to_string(), text);
        }
        for text in ["", "mnist", "mnist:", "digits:x", "cifar10", "npy:", "images:", "png:x"] {
            let error = text.parse::<Data>().unwrap_err();
            assert!(error.contains("use `digits`"), "{error}");
        }
    }
}
