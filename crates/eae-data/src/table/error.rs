use std::path::PathBuf;
use std::{fmt, io};

use thiserror::Error;

use crate::NpyError;
use crate::npy::excerpt;

/// Why a file is not a table of numbers.
#[derive(Debug, Error)]
#[error("{path}: {problem}")]
pub struct TableError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Box<TableProblem>,
}

/// What is wrong with a file of numbers.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableProblem {
    /// There is none, or it may not be read.
    #[error("cannot be opened: {0}")]
    Open(io::Error),
    /// The system could not read it, or it is packed and damaged.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// Packed in another way than with gzip.
    #[error("a zip archive (.npz, .xlsx), it must be one array (.npy) or text (.csv)")]
    Zip,
    /// A damaged array, or one of other things than numbers.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// An array that is no table.
    #[error("an array of shape {0:?}, it must be [rows] or [rows, columns]")]
    Axes(Vec<usize>),
    /// An array of nothing.
    #[error("an array of shape {0:?} has no numbers, it must have a row for each sample")]
    NoNumbers(Vec<usize>),
    /// An integer between two floating-point numbers.
    #[error("row {row}, column {column} (from 0) is {value}, it must be an integer that a 64-bit float holds")]
    Inexact {
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// The integer.
        value: i128,
    },
    /// A line of text that is no row.
    #[error("line {line}: {problem}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What is wrong with it.
        problem: LineProblem,
    },
    /// Names without rows.
    #[error("line {line}, {text}, is a header with no numbers below it, it must be followed by rows")]
    HeaderAlone {
        /// Its number, from 1.
        line: usize,
        /// How it begins.
        text: String,
    },
    /// A text without rows.
    #[error("no numbers, it must have a row for each sample")]
    Empty,
    /// Text in 16-bit units.
    #[error("UTF-16 text; save it as UTF-8")]
    Utf16,
    /// A cell that is no number.
    #[error("{cell}: {problem}")]
    Cell {
        /// The cell.
        cell: Cell,
        /// What is wrong with it.
        problem: CellProblem,
    },
}

/// The place of a value in a file.
///
/// Displayed as `line 3, column 1 ("age")`, or `row 2, column 1 (counted from 0)` in an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its line, from 1; an array has none.
    pub line: Option<usize>,
    /// Its row, from 0. Comments, blank lines and the header are not counted.
    pub row: usize,
    /// Its column, from 0.
    pub column: usize,
    /// The name of the column, if there is a header.
    pub name: Option<String>,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}, ")?,
            None => write!(f, "row {}, ", self.row)?,
        }
        match &self.name {
            Some(name) => write!(f, "column {} ({name:?})", self.column),
            None => write!(f, "column {} (counted from 0)", self.column),
        }
    }
}

/// The fault of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CellProblem {
    /// A missing value.
    #[error(
        "{} missing; fill in a number, or keep missing values and leave the rows out that lack one",
        if .text.is_empty() { "the value is".to_owned() } else { format!("{text:?} means that the value is") }
    )]
    Missing {
        /// The text of the cell, such as nothing or `NA`.
        text: String,
    },
    /// Something else than a number.
    #[error("{} is not a number; {remedy}", excerpt(.text))]
    Text {
        /// The text, without the quotes around it.
        text: String,
        /// A way out.
        remedy: &'static str,
    },
    /// A number with a decimal comma in a column with decimal points, or the other way around.
    #[error(
        "{text:?} and {other:?} in line {other_line} mix decimal commas and decimal points; write one of them throughout"
    )]
    Decimals {
        /// The number.
        text: String,
        /// An earlier one in its column.
        other: String,
        /// That one's line, from 1.
        other_line: usize,
    },
}

/// What is wrong with a line of text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// Something else than text, or text of two bytes for each character.
    #[error("byte {0} is NUL, so this is no text, it must be UTF-8 text or a .npy array")]
    Nul(usize),
    /// Text in another encoding.
    #[error("byte {byte} is {value:#04x} (after {before:?}), it must be UTF-8 text, save it as that")]
    Encoding {
        /// Its number in the line, from 1.
        byte: usize,
        /// The byte.
        value: u8,
        /// What stands before it.
        before: String,
    },
    /// The ends of lines are those of old machines.
    #[error("a carriage return is within the line, lines must end with a line feed")]
    CarriageReturn,
    /// A text that goes on in the next line.
    #[error("a double quote is not closed in {0}, each must be, in the same line")]
    OpenQuote(String),
    /// A row of another length.
    #[error("{row} has {found} between {separator}, it must have {expected} like {first}, line {line}")]
    Ragged {
        /// How it begins.
        row: String,
        /// How many fields it has, in words.
        found: String,
        /// What stands between them, in words.
        separator: String,
        /// How many it must have.
        expected: usize,
        /// What has as many: the header or the first row.
        first: &'static str,
        /// In which line that is.
        line: usize,
    },
}
