use std::path::PathBuf;
use std::{fmt, io};

use thiserror::Error;

use crate::NpyError;
use crate::npy::excerpt;

/// A reason why a file is not a table of numbers.
#[derive(Debug, Error)]
#[error("{path}: {problem}")]
pub struct TableError {
    /// The file.
    pub path: PathBuf,
    /// The problem.
    pub problem: Box<TableProblem>,
}

impl TableError {
    /// Returns true if the problem is a cell of text.
    pub(crate) fn is_text(&self) -> bool {
        matches!(&*self.problem, TableProblem::Cell { problem: CellProblem::Text { .. }, .. })
    }
}

/// A problem of a file of numbers.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableProblem {
    /// The file does not exist or cannot be opened.
    #[error("cannot be opened: {0}")]
    Open(io::Error),
    /// The file cannot be read, or is compressed and damaged.
    #[error("cannot be read: {0}")]
    Read(io::Error),
    /// The file is compressed in another format than gzip.
    #[error("the file is a zip archive (.npz, .xlsx); it must be one array (.npy) or text (.csv)")]
    Zip,
    /// The array is damaged, or its elements are not numbers.
    #[error(transparent)]
    Npy(#[from] NpyError),
    /// The array is not a table.
    #[error("the array has shape {0:?}; it must be [rows] or [rows, columns]")]
    Axes(Vec<usize>),
    /// The array is empty.
    #[error("the array has shape {0:?} and no numbers; it must have a row for each sample")]
    NoNumbers(Vec<usize>),
    /// A 64-bit float cannot represent an integer.
    #[error("row {row}, column {column} (from 0) is {value}; it must be an integer that a 64-bit float can represent")]
    Inexact {
        /// The row.
        row: usize,
        /// The column.
        column: usize,
        /// The integer.
        value: i128,
    },
    /// A line of text is not a row.
    #[error("line {line}: {problem}")]
    Line {
        /// The line number, from 1.
        line: usize,
        /// The problem.
        problem: LineProblem,
    },
    /// There is a header without rows.
    #[error("line {line}, {text}, is a header with no numbers below it; it must be followed by rows")]
    HeaderAlone {
        /// The line number, from 1.
        line: usize,
        /// The beginning of the line.
        text: String,
    },
    /// There are no rows but comments, or only comments below a header.
    #[error(
        "line {line}, {text}, and all lines below it begin with '#' or '%' and were skipped as comments; if they are \
         rows, put the first field of each in double quotes"
    )]
    Comments {
        /// The line number of the first comment, from 1.
        line: usize,
        /// The beginning of the line.
        text: String,
    },
    /// The text has no rows.
    #[error("the file has no numbers; it must have a row for each sample")]
    Empty,
    /// The text is JSON.
    #[error(
        "the file is JSON; convert it to text with one row per line, for example with pandas.read_json(file, \
         lines=True).to_csv(\"table.csv\", index=False) for one object per line"
    )]
    Json,
    /// The text is encoded in 16-bit units.
    #[error("the file is UTF-16 text; save it as UTF-8")]
    Utf16,
    /// A cell is not a number.
    #[error("{cell}: {problem}")]
    Cell {
        /// The cell.
        cell: Cell,
        /// The problem.
        problem: CellProblem,
    },
}

/// The place of a value in a file.
///
/// Displayed as `line 3, column 1 ("age")`, or `row 2, column 1 (from 0)` in an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The line, from 1, or `None` in an array.
    pub line: Option<usize>,
    /// The row, from 0, without comments, blank lines and the header.
    pub row: usize,
    /// The column, from 0.
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
            None => write!(f, "column {} (from 0)", self.column),
        }
    }
}

/// A problem of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CellProblem {
    /// A value is missing.
    #[error(
        "{} missing; fill in a number, or keep missing values and leave out the rows that lack one",
        if .text.is_empty() { "the value is".to_owned() } else { format!("{text:?} means that the value is") }
    )]
    Missing {
        /// The text of the cell, such as an empty text or `NA`.
        text: String,
    },
    /// A cell is not a number.
    #[error("{} is not a number; {remedy}", excerpt(.text))]
    Text {
        /// The text, without the quotes around it.
        text: String,
        /// A remedy.
        remedy: &'static str,
    },
    /// A number is too large.
    #[error("{text} is too large for a 64-bit float, which ends at 1.8e308; use a larger unit, or remove the row")]
    TooLarge {
        /// The number.
        text: String,
    },
    /// A column mixes decimal commas and decimal points.
    #[error(
        "{text:?} and {other:?} in line {other_line} mix decimal commas and decimal points; write one of them throughout"
    )]
    Decimals {
        /// The number.
        text: String,
        /// An earlier number in the column.
        other: String,
        /// The line of the earlier number, from 1.
        other_line: usize,
    },
}

/// A problem of a line of text.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// The line is not text, or is UTF-16.
    #[error("byte {0} is NUL, so this is not text; the file must be UTF-8 text or a .npy array")]
    Nul(usize),
    /// The text has another encoding.
    #[error("byte {byte} is {value:#04x} (after {before:?}), which is not UTF-8; save the file as UTF-8")]
    Encoding {
        /// The position of the byte in the line, from 1.
        byte: usize,
        /// The byte.
        value: u8,
        /// The text before the byte.
        before: String,
    },
    /// The line ends are single carriage returns.
    #[error("the line contains a single carriage return; save the file with LF or CRLF line ends")]
    CarriageReturn,
    /// A quoted text does not end.
    #[error("a double quote is not closed in {0}; add the closing quote, or remove this one")]
    OpenQuote(String),
    /// A row has another length.
    #[error("{row} has {found} between {separator}; it must have {expected} like {first}, line {line}")]
    Ragged {
        /// The beginning of the row.
        row: String,
        /// The number of fields, in words.
        found: String,
        /// The separator, in words.
        separator: String,
        /// The expected number of fields.
        expected: usize,
        /// The row with the expected number: the header or the first row.
        first: &'static str,
        /// The line of that row.
        line: usize,
    },
}
