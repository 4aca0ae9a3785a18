use std::io;
use std::path::PathBuf;

use thiserror::Error;

#[cfg(feature = "images")]
use crate::FolderError;
use crate::{ChoiceError, IdxError, NpyError, TableError};

/// A reason why a data set cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// No file has one of the usual names.
    #[error("{folder} has none of {}; {wanted} are needed, gzipped or not", .names.join(", "))]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// The possible names of the file.
        names: Vec<String>,
        /// The files that are needed.
        wanted: &'static str,
    },
    /// The file cannot be read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        reason: io::Error,
    },
    /// The file starts like a gzip file but cannot be decompressed.
    #[error("{path}: broken gzip stream: {reason}; pack it again")]
    Gzip {
        /// The file.
        path: PathBuf,
        /// The error of the decompression.
        reason: io::Error,
    },
    /// The file is not a valid IDX file.
    #[error("{path}: {problem}")]
    Idx {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: IdxError,
    },
    /// The file is not a valid NumPy array.
    #[error("{path}: {problem}")]
    Npy {
        /// The file.
        path: PathBuf,
        /// The problem.
        problem: NpyError,
    },
    /// The array does not have the axes of images or labels, or its size does not match another
    /// array.
    #[error("{path} has shape {found:?}; it should be {expected}")]
    Shape {
        /// The file.
        path: PathBuf,
        /// Its shape.
        found: Vec<usize>,
        /// The expected shape.
        expected: String,
    },
    /// There is only one image, but one is needed for training and one to hold out.
    #[error("{path} has one image; training needs at least two, one of them held out")]
    OneImage {
        /// The file.
        path: PathBuf,
    },
    /// The elements do not have a type of pixels.
    #[error("{path} has type {found}, but pixels must be bytes (u1) or floats from 0 to 1 (f4, f8); {remedy}")]
    Type {
        /// The file.
        path: PathBuf,
        /// The type of its elements in NumPy's notation.
        found: String,
        /// A conversion to pixels.
        remedy: String,
    },
    /// A pixel is out of range.
    #[error("{path}: image {image} has a pixel that is {value}, but pixels must be from 0 to 1; {remedy}")]
    Pixel {
        /// The file.
        path: PathBuf,
        /// The index of the image.
        image: usize,
        /// The value of the pixel.
        value: f64,
        /// A conversion of the whole array into the range.
        remedy: String,
    },
    /// The file is empty or not a whole number of records.
    #[error(
        "{path} has {found} bytes; it should consist of records of {record} bytes, a label and {} bytes of pixels: the file may be incomplete or not the binary version",
        record - 1
    )]
    Records {
        /// The file.
        path: PathBuf,
        /// The number of decompressed bytes.
        found: usize,
        /// The number of bytes in a record.
        record: usize,
    },
    /// A label is out of range.
    #[error("{path}: image {image} has label {label}, but the {classes} classes are 0 to {}; the file may be from another data set", classes - 1)]
    Label {
        /// The file.
        path: PathBuf,
        /// The index of the image.
        image: usize,
        /// The label.
        label: u8,
        /// The number of classes.
        classes: usize,
    },
    /// The folder is not a data set of images.
    #[cfg(feature = "images")]
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The file is not a valid table of numbers.
    #[error(transparent)]
    Table(#[from] TableError),
    /// There are no images or vectors.
    #[error("there are no images or vectors; at least one is needed")]
    Empty,
    /// There are too few vectors to train on and to hold out.
    #[error(
        "{path}: there {}, but at least 3 are needed, one of them held out",
        if *.found == 1 { "is 1 row".to_owned() } else { format!("are {found} rows") }
    )]
    Rows {
        /// The file.
        path: PathBuf,
        /// The number of rows.
        found: usize,
    },
    /// A value cannot be used for training.
    #[error("{path}: row {row} (from 0), {column} is {value}, {must}")]
    Value {
        /// The file.
        path: PathBuf,
        /// The row, without header and comments.
        row: usize,
        /// The column, with its name if there is one.
        column: String,
        /// The value.
        value: f64,
        /// The condition on values, or a remedy.
        must: &'static str,
    },
    /// All columns are constant.
    #[error("{path}: every column is constant, so there is nothing to learn")]
    Constant {
        /// The file.
        path: PathBuf,
    },
    /// A list of columns does not fit the table.
    #[error("{path}: {problem}")]
    Choice {
        /// The file.
        path: PathBuf,
        /// The problem with the list.
        problem: ChoiceError,
    },
    /// The label was given as several columns.
    #[error("{path}: the label must be a single column; name only one")]
    LabelColumns {
        /// The file.
        path: PathBuf,
    },
    /// A column has too many values for a label.
    #[error(
        "{path}: {column} has {found} different values, but a label can have at most {most}; choose another column"
    )]
    Classes {
        /// The file.
        path: PathBuf,
        /// The column.
        column: String,
        /// The number of different values.
        found: usize,
        /// The largest number of different values.
        most: usize,
    },
    /// The rows do not have the length of images.
    #[error(
        "{path}: rows have {found} numbers, but images of this shape have {expected}; choose other columns or another shape"
    )]
    RowLength {
        /// The file.
        path: PathBuf,
        /// The number of values in a row.
        found: usize,
        /// The number of values in an image.
        expected: usize,
    },
    /// Columns on which a model was trained are missing.
    #[error(
        "{path} lacks {missing}, on which the model was trained{}; add what is missing, or rename a column",
        if .others.is_empty() { String::new() } else { format!(", and has {others} instead") }
    )]
    MissingColumns {
        /// The file.
        path: PathBuf,
        /// The names of the missing columns.
        missing: String,
        /// The names of the columns that the model does not have.
        others: String,
    },
    /// Two columns have the same name.
    #[error("{path}: columns {first} and {second} are both called {name:?}; rename one of them, or leave it out")]
    SameName {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
        /// The first such column.
        first: usize,
        /// The second.
        second: usize,
    },
    /// Several columns have text.
    #[error("{path}: {texts} have text instead of numbers; choose columns of numbers: {numbers}")]
    Texts {
        /// The file.
        path: PathBuf,
        /// The columns of text.
        texts: String,
        /// The other columns, as a list.
        numbers: String,
    },
    /// Every row lacks a value.
    #[error("{path}: each of the {rows} rows lacks a value in a used column; choose other columns")]
    NoCompleteRow {
        /// The file.
        path: PathBuf,
        /// The number of rows.
        rows: usize,
    },
    /// The number of columns is not that on which a model was trained.
    #[error("{path} has {found}, but the model was trained on {expected}")]
    Columns {
        /// The file.
        path: PathBuf,
        /// The columns of the file.
        found: String,
        /// The columns of the model.
        expected: String,
    },
}
