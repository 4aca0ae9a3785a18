use std::io;
use std::path::PathBuf;

use thiserror::Error;

#[cfg(feature = "images")]
use crate::FolderError;
use crate::{ChoiceError, IdxError, NpyError, TableError};

/// Why files are not a data set.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// No file of any of the usual names.
    #[error("{folder} has none of {}: {wanted} are wanted, packed with gzip or not", .names.join(", "))]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// What the file could be called.
        names: Vec<String>,
        /// Which files there should be.
        wanted: &'static str,
    },
    /// A file that cannot be read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// A file that starts like a gzip file, but cannot be unpacked.
    #[error("{path}: broken gzip stream: {reason}; pack it again")]
    Gzip {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: io::Error,
    },
    /// A file that should be an IDX file, and is damaged or something else.
    #[error("{path}: {problem}")]
    Idx {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: IdxError,
    },
    /// A file that should be an array of NumPy, and is damaged or something else.
    #[error("{path}: {problem}")]
    Npy {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: NpyError,
    },
    /// An array of other axes than images or labels have, or of another size than one that it
    /// belongs to.
    #[error("{path} is of shape {found:?}, it should be {expected}")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Its shape.
        found: Vec<usize>,
        /// What it should be.
        expected: String,
    },
    /// Fewer images than one to learn from and one to hold out.
    #[error("{path} has one image, a training needs at least two, one of them to hold out")]
    OneImage {
        /// The file.
        path: PathBuf,
    },
    /// An array of other numbers than pixels are saved as.
    #[error("{path} is of type {found}, pixels are bytes (u1) or floats from 0 to 1 (f4, f8); {remedy}")]
    Type {
        /// The file.
        path: PathBuf,
        /// The type of its elements in NumPy's notation.
        found: String,
        /// What makes pixels of its numbers.
        remedy: String,
    },
    /// A pixel out of range.
    #[error("{path}: image {image} has a pixel that is {value}, it must be from 0 to 1; {remedy}")]
    Pixel {
        /// The file.
        path: PathBuf,
        /// The image.
        image: usize,
        /// The pixel.
        value: f64,
        /// What brings all of the array into the range.
        remedy: String,
    },
    /// A file that is not a whole number of records, or is empty.
    #[error(
        "{path} has {found} bytes, it should be records of {record}, a label and {} of pixels; is it whole, and the binary version?",
        record - 1
    )]
    Records {
        /// The file.
        path: PathBuf,
        /// Its bytes, unpacked.
        found: usize,
        /// Those of a record.
        record: usize,
    },
    /// A label that is no class.
    #[error("{path}: image {image} has label {label}, the {classes} classes are 0 to {}; is it another data set?", classes - 1)]
    Label {
        /// The file.
        path: PathBuf,
        /// The image.
        image: usize,
        /// Its label.
        label: u8,
        /// How many classes there are.
        classes: usize,
    },
    /// A folder that is not a data set of images.
    #[cfg(feature = "images")]
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A file that should be a table of numbers, and is damaged or something else.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Fewer vectors than one to learn from and one to hold out.
    #[error("{path}: {found} rows, there must be at least 3, one of them to hold out")]
    Rows {
        /// The file.
        path: PathBuf,
        /// How many there are.
        found: usize,
    },
    /// A number that no training can use.
    #[error("{path}: row {row} (from 0), {column} is {value}, {must}")]
    Value {
        /// The file.
        path: PathBuf,
        /// Its row, header and comments not counted.
        row: usize,
        /// Its column, with its name if there is one.
        column: String,
        /// The number.
        value: f64,
        /// What it must be, or what could be done.
        must: &'static str,
    },
    /// Vectors that are all alike.
    #[error("{path}: in each column all rows are alike, there is nothing to learn")]
    Constant {
        /// The file.
        path: PathBuf,
    },
    /// A list of columns that does not fit the table.
    #[error("{path}: {problem}")]
    Choice {
        /// The file.
        path: PathBuf,
        /// What is wrong with the list.
        problem: ChoiceError,
    },
    /// Several columns in the place of a label's.
    #[error("{path}: a label is one column, name one")]
    LabelColumns {
        /// The file.
        path: PathBuf,
    },
    /// A column that is no label.
    #[error("{path}: {column} has {found} different values, a label has at most {most}")]
    Classes {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// How many different values it has.
        found: usize,
        /// How many it can have.
        most: usize,
    },
    /// Rows of another length than images have.
    #[error("{path}: rows of {found} numbers, images of this shape have {expected}")]
    RowLength {
        /// The file.
        path: PathBuf,
        /// Numbers in a row.
        found: usize,
        /// Numbers in an image.
        expected: usize,
    },
    /// Other columns than those that a model was trained on.
    #[error("{path} has {found}, the model was trained on {expected}")]
    Columns {
        /// The file.
        path: PathBuf,
        /// What it has.
        found: String,
        /// What the model knows.
        expected: String,
    },
}
