//! `csv:FILE` and `npy:FILE`: tables, their columns and labels, and rows that are images.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use eae::data::{Columns, DataError, Images, Note, Split, VectorFile, held_out, is_of_vectors, npy_images, row_length};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::table::reworded;

/// Split vectors, their columns, and a note about rows that were left out.
pub(super) type Vectors = (Split<f32>, Columns, Option<String>);

/// A file of rows, and the options for reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableFile {
    pub(crate) path: PathBuf,
    /// True for a NumPy array, whose shape can show that it has images.
    pub(crate) npy: bool,
    pub(crate) options: Options,
}

/// The options of a table, as flags and in `config.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, clap::Args)]
pub(crate) struct Options {
    /// csv, npy: columns to use, by name (a,b,c) or number (0,2-5) [default: all but the label].
    #[arg(long, value_name = "LIST")]
    pub(crate) columns: Option<String>,
    /// csv, npy: column with the class of each row, numbers or text; it is not part of the data.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) label: Option<String>,
    /// csv, npy: read rows as images of this shape: HEIGHTxWIDTH or CHANNELSxHEIGHTxWIDTH, such
    /// as 28x28 or 3x32x32.
    #[arg(long)]
    pub(crate) shape: Option<Shape>,
    /// csv, npy: leave out rows that lack a value in a used column instead of refusing them.
    #[arg(long)]
    pub(crate) drop_missing: bool,
}

impl Options {
    /// Takes from `others` what is not given.
    pub(super) fn or(self, others: Self) -> Self {
        Self {
            columns: self.columns.or(others.columns),
            label: self.label.or(others.label),
            shape: self.shape.or(others.shape),
            drop_missing: self.drop_missing || others.drop_missing,
        }
    }
}

/// Defines the form of a table in `config.toml`, with the kind as the key of the path.
macro_rules! written {
    ($name:ident, $kind:ident, $npy:literal) => {
        #[derive(Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $kind: PathBuf,
            #[serde(skip_serializing_if = "Option::is_none")]
            columns: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            label: Option<String>,
            #[serde(skip_serializing_if = "Option::is_none")]
            shape: Option<Shape>,
            #[serde(default, skip_serializing_if = "std::ops::Not::not")]
            drop_missing: bool,
        }

        impl From<$name> for TableFile {
            fn from($name { $kind: path, columns, label, shape, drop_missing }: $name) -> Self {
                Self { path, npy: $npy, options: Options { columns, label, shape, drop_missing } }
            }
        }

        impl From<TableFile> for $name {
            fn from(TableFile { path, options, .. }: TableFile) -> Self {
                let Options { columns, label, shape, drop_missing } = options;
                Self { $kind: path, columns, label, shape, drop_missing }
            }
        }
    };
}

written!(CsvTable, csv, false);
written!(NpyTable, npy, true);

/// Height, width and channels of images, written as `28x28` or `3x32x32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Shape([usize; 3]);

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let sides: Result<Vec<usize>, _> = text.split(['x', 'X']).map(str::parse).collect();
        match sides.as_deref() {
            Ok(&[height @ 1..=4096, width @ 1..=4096]) => Ok(Self([height, width, 1])),
            Ok(&[channels @ (1 | 3), height @ 1..=4096, width @ 1..=4096]) => Ok(Self([height, width, channels])),
            _ => Err("expected HEIGHTxWIDTH or CHANNELSxHEIGHTxWIDTH, such as 28x28 or 3x32x32".to_owned()),
        }
    }
}

impl TryFrom<String> for Shape {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Shape> for String {
    fn from(shape: Shape) -> Self {
        shape.to_string()
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [height, width, 1] => write!(f, "{height}x{width}"),
            [height, width, channels] => write!(f, "{channels}x{height}x{width}"),
        }
    }
}

/// Rows of a table in their original units.
pub(crate) struct NamedRows {
    pub(crate) values: Array2<f64>,
    /// The names of the columns, if the file has names.
    pub(crate) names: Option<Vec<String>>,
    /// A note about rows that were left out because they lack a value.
    pub(crate) left_out: Option<String>,
}

impl TableFile {
    pub(crate) fn new(path: PathBuf, npy: bool) -> Self {
        Self { path, npy, options: Options::default() }
    }

    /// Returns true if the rows are vectors and not images.
    pub(crate) fn is_of_vectors(&self) -> Result<bool, DataError> {
        Ok(self.options.shape.is_none() && (!self.npy || is_of_vectors(&self.path)?))
    }

    fn file(&self) -> VectorFile {
        let Options { columns, label, drop_missing, .. } = self.options.clone();
        VectorFile::new(&self.path).columns(columns).label(label).drop_missing(drop_missing)
    }

    /// Returns the split vectors and remarks for the user.
    pub(super) fn vectors(&self) -> Result<(Vectors, Vec<String>), DataError> {
        let (split, columns, notes) = self.file().load()?;
        let left_out = notes.iter().find(|note| matches!(note, Note::MissingLeftOut { .. })).map(Note::to_string);
        let mut remarks: Vec<String> = notes.iter().map(remark).collect();
        if let Some(shape) = self.likely_shape()? {
            remarks
                .push(format!("rows are read as vectors; if they are images of {shape} pixels, use --shape {shape}"));
        }
        Ok(((split, columns, left_out), remarks))
    }

    /// Returns the chosen columns in their original units.
    pub(crate) fn values(&self) -> Result<NamedRows, DataError> {
        let (values, names, notes) = self.file().values()?;
        let left_out = notes.iter().find(|note| matches!(note, Note::MissingLeftOut { .. })).map(Note::to_string);
        Ok(NamedRows { values, names, left_out })
    }

    /// Returns the split vectors, standardized by the columns of a model, and a note about rows
    /// that were left out.
    pub(crate) fn vectors_with(&self, columns: &Columns) -> Result<(Split<f32>, Option<String>), DataError> {
        let (split, notes) = self.file().load_with(columns)?;
        Ok((split, notes.first().map(Note::to_string)))
    }

    /// Returns all rows as images.
    pub(crate) fn images(&self) -> Result<Images<f32>, DataError> {
        match self.options.shape {
            Some(Shape(shape)) if !self.npy || self.options.label.is_some() => self.file().images(shape),
            shape => npy_images(&self.path, shape.map(|Shape(shape)| shape)).map_err(|problem| match problem {
                // The file could also have had vectors.
                DataError::Shape { path, found, expected } if ![3, 4].contains(&found.len()) => {
                    DataError::Shape { path, found, expected: format!("[n, columns], {expected}") }
                }
                problem => problem,
            }),
        }
    }

    /// Returns the split images.
    pub(crate) fn split_images(&self) -> Result<Split<f32>, DataError> {
        held_out(&self.path, self.images()?)
    }

    /// Returns the shape of square images that the rows could be, with one channel or three.
    fn likely_shape(&self) -> Result<Option<Shape>, DataError> {
        const LEAST: usize = 16;
        let length = if self.npy { row_length(&self.path)? } else { None };
        let square = |pixels: usize| Some(pixels.isqrt()).filter(|side| side * side == pixels && *side >= LEAST);
        let gray = |length: usize| square(length).map(|side| Shape([side, side, 1]));
        let color = |length: usize| square(length / 3).filter(|side| 3 * side * side == length);
        Ok(length.and_then(|length| gray(length).or_else(|| color(length).map(|side| Shape([side, side, 3])))))
    }
}

/// Returns a note as a remark that names flags.
fn remark(note: &Note) -> String {
    match note {
        Note::CountsRows { column } => {
            format!("{column} numbers the rows; if it is an index, select the other columns with --columns")
        }
        note => reworded(note),
    }
}
