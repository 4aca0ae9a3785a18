use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::data::NpyError;

/// Why a file is not a table of numbers.
#[derive(Debug, Error)]
#[error("{path}: {problem}")]
pub struct TableError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    #[source]
    pub problem: Box<TableProblem>,
}

/// What is wrong with a file of numbers.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableProblem {
    /// There is none, or it may not be read.
    #[error("cannot be opened: {0}")]
    Open(#[source] io::Error),
    /// The system could not read it, or it is packed and damaged.
    #[error("cannot be read: {0}")]
    Read(#[source] io::Error),
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
        #[source]
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
    /// A value that is missing.
    #[error("column {column} {name} is empty, it must be a number like 2, -0.5 or 1e-3")]
    Missing {
        /// Its column, from 0.
        column: usize,
        /// What that is called, or which there are.
        name: String,
    },
    /// A value that is something else.
    #[error(
        "column {column} {name} is {field}, it must be a number like 2, -0.5 or 1e-3, only the first line may be names"
    )]
    NoNumber {
        /// Its column, from 0.
        column: usize,
        /// What that is called, or which there are.
        name: String,
        /// What it is.
        field: String,
    },
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
