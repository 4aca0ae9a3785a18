//! Tables of numbers from files: `.npy` arrays, or text with one row per line, gzipped or not. Only
//! fields in double quotes may have line breaks. The content of a file determines the format, not
//! its name.
//!
//! Files are read in one pass, and headers cannot cause allocations, so pipes work, and a damaged
//! file needs no more memory than its size.

mod array;
mod cell;
mod choice;
mod comments;
mod error;
mod fields;
mod input;
mod labels;
mod layout;
mod lines;
mod nearest;
mod note;
mod options;
mod quoted;
mod row_names;
mod rows;
#[cfg(test)]
mod tests;
mod text;
mod thousands;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ndarray::{Array2, Axis};

use crate::{Npy, columns};
use input::Input;
use lines::Lines;

pub use choice::{ChoiceError, ChoiceProblem};
pub use error::{Cell, CellProblem, LineProblem, TableError, TableProblem};
pub use note::Note;
pub use options::{Decimal, Header, Index, Missing, TableOptions, Text};
pub(crate) use rows::is_index_name;

/// Samples from a file.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Table {
    /// The samples, one per row, in row-major order. There is at least one row and one column.
    pub values: Array2<f64>,
    /// The names of the columns in the header. An array does not have a header.
    pub names: Option<Vec<String>>,
    /// For each column of text its distinct labels: numbers first, sorted by value, then text,
    /// sorted by characters. The values of such a column are the indices of the labels, from 0.0.
    ///
    /// Only [`Text::Categories`] creates such columns. Numbers in them are labels by value: `1` and
    /// `1.0` are the same label.
    pub categories: Vec<Option<Vec<String>>>,
    /// Decisions of the reader that a user should see.
    pub notes: Vec<Note>,
    /// The row and the content of the first cell that is not a number, for each column of text.
    texts: Vec<Option<(usize, String)>>,
    /// The line numbers, for a text.
    lines: Option<Lines>,
    /// The file, for error messages.
    source: PathBuf,
}

impl Table {
    /// Reads a table from an array or from text, with the default [`TableOptions`].
    ///
    /// The path `-` is standard input. A file with that name is `./-`.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not a table of numbers.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, TableError> {
        Self::read_with(path, &TableOptions::default())
    }

    /// Reads a table with options, otherwise like [`read`](Table::read).
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not a table that the options allow.
    pub fn read_with(path: impl AsRef<Path>, options: &TableOptions) -> Result<Self, TableError> {
        let path = path.as_ref();
        if path == Path::new("-") {
            return Self::read_from(io::stdin().lock(), "standard input", options);
        }
        Self::from_input(Input::open(path), path, options)
    }

    /// Reads a table from bytes in any of the formats. `name` identifies the bytes in errors.
    ///
    /// # Errors
    ///
    /// If the bytes cannot be read, or are not a table that the options allow.
    pub fn read_from(reader: impl Read, name: impl AsRef<Path>, options: &TableOptions) -> Result<Self, TableError> {
        Self::from_input(Input::new(reader, None), name.as_ref(), options)
    }

    fn from_input(
        input: Result<Input<'_>, TableProblem>,
        source: &Path,
        options: &TableOptions,
    ) -> Result<Self, TableError> {
        let table = input.and_then(|Input { magic, reader, length }| match magic[..] {
            [0x93, b'N', b'U', b'M', b'P', b'Y'] => array::read(reader, length, options),
            [b'P', b'K', 3, 4, ..] => Err(TableProblem::Zip),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Err(TableProblem::Utf16),
            _ => text::read(reader, options),
        });
        match table {
            Ok(table) => Ok(Self { source: source.to_path_buf(), ..table }),
            Err(problem) => Err(TableError { path: source.to_path_buf(), problem: Box::new(problem) }),
        }
    }

    /// Returns the line of a row in the file, from 1. Comments, blank lines and the header are
    /// counted. Returns `None` for an array.
    pub fn line(&self, row: usize) -> Option<usize> {
        self.lines.as_ref()?.line(row)
    }

    /// Describes a column for a sentence: `column 2 ("age")`, counted from 0.
    pub fn describe(&self, column: usize) -> String {
        columns::described(self.names.as_deref(), column)
    }

    /// Returns the rows without missing values in these columns, in order.
    ///
    /// # Panics
    ///
    /// If a column does not exist.
    pub fn complete_rows(&self, columns: &[usize]) -> Vec<usize> {
        let is_complete = |row: &usize| columns.iter().all(|&column| !self.values[[*row, column]].is_nan());
        (0..self.values.nrows()).filter(is_complete).collect()
    }

    /// Keeps only these rows, and adds a note.
    pub(crate) fn only(mut self, rows: &[usize], note: Note) -> Self {
        self.values = self.values.select(Axis(0), rows);
        self.lines = self.lines.map(|lines| lines.only(rows));
        self.notes.push(note);
        self
    }

    /// Checks that these columns have no missing values, for a table read with [`Missing::Keep`].
    ///
    /// # Errors
    ///
    /// If one of these columns has a missing value. The error names the first such row.
    ///
    /// # Panics
    ///
    /// If a column does not exist.
    pub fn require_complete(&self, columns: &[usize]) -> Result<(), TableError> {
        let missing = |row: usize| columns.iter().copied().find(|&column| self.values[[row, column]].is_nan());
        match (0..self.values.nrows()).find_map(|row| Some((row, missing(row)?))) {
            None => Ok(()),
            Some((row, column)) => Err(self.error(row, column, CellProblem::Missing { text: String::new() })),
        }
    }

    /// Checks that these columns have no text, for a table read with [`Text::Categories`].
    ///
    /// # Errors
    ///
    /// If one of these columns has text. The error names the first cell of the first such column.
    ///
    /// # Panics
    ///
    /// If a column does not exist.
    pub fn require_numbers(&self, columns: &[usize]) -> Result<(), TableError> {
        match columns.iter().find_map(|&column| Some((column, self.texts[column].as_ref()?))) {
            None => Ok(()),
            Some((column, (row, text))) => {
                let problem = CellProblem::Text { text: text.clone(), remedy: cell::remedy(text) };
                Err(self.error(*row, column, problem))
            }
        }
    }

    fn error(&self, row: usize, column: usize, problem: CellProblem) -> TableError {
        let name = self.names.as_ref().map(|names| names[column].clone());
        let cell = Cell { line: self.line(row), row, column, name };
        TableError { path: self.source.clone(), problem: Box::new(TableProblem::Cell { cell, problem }) }
    }
}

/// Returns the shape of a NumPy array.
///
/// # Errors
///
/// If the file cannot be read, or is not an array of numbers.
pub(crate) fn array_shape(path: &Path) -> Result<Vec<usize>, TableError> {
    let shape = Input::open(path).and_then(|input| Ok(Npy::new(input.reader)?.shape().to_vec()));
    shape.map_err(|problem| TableError { path: path.to_path_buf(), problem: Box::new(problem) })
}

/// Returns a number and a noun, with a plural in "s" unless the number is 1.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
