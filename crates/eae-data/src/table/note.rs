use std::fmt;

use crate::npy::excerpt;

/// A decision of the reader that a user should see.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The first column only numbers the rows, and was left out. The other columns are counted
    /// without it.
    IndexLeftOut {
        /// The name of the column.
        name: String,
    },
    /// A column counts the rows: it may be an index that nothing can be learnt from.
    CountsRows {
        /// The column in words.
        column: String,
    },
    /// Commas were read as decimal ones.
    DecimalCommas {
        /// The first such cell.
        cell: String,
        /// Its line, from 1.
        line: usize,
    },
    /// Some columns have decimal commas and others decimal points.
    DecimalsDiffer {
        /// The first cell with a comma.
        comma: String,
        /// Its line, from 1.
        comma_line: usize,
        /// The first cell with a point.
        point: String,
        /// Its line, from 1.
        point_line: usize,
    },
    /// Each line is two integers with a comma between them, which could be one number with a
    /// decimal comma.
    OneColumnOrTwo {
        /// The first row.
        row: String,
    },
    /// The first row was read as numbers and could be names.
    NumericHeader {
        /// The row.
        row: String,
        /// Its line, from 1.
        line: usize,
    },
    /// The first row has text and was not read as names, because the second has text in the same
    /// columns.
    FirstRowHasText {
        /// The row.
        row: String,
        /// Its line, from 1.
        line: usize,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::IndexLeftOut { name } => write!(
                f,
                "the first column ({name:?}) only numbers the rows and was left out; columns are counted without it"
            ),
            Self::CountsRows { column } => {
                write!(f, "{column} counts the rows; if it is an index, leave it out, there is nothing to learn of it")
            }
            Self::DecimalCommas { cell, line } => {
                write!(f, "commas were read as decimal commas, the first one in {cell:?}, line {line}")
            }
            Self::DecimalsDiffer { comma, comma_line, point, point_line } => write!(
                f,
                "{comma:?} in line {comma_line} has a decimal comma and {point:?} in line {point_line} was read with a \
                 decimal point; if its point separates thousands, take it out"
            ),
            Self::OneColumnOrTwo { row } => write!(
                f,
                "{} was read as two columns of integers; if it is one number with a decimal comma, say so in the \
                 options or write a decimal point",
                excerpt(row)
            ),
            Self::NumericHeader { row, line } => write!(
                f,
                "line {line}, {}, was read as a row of numbers; if these are the names of the columns, say in the \
                 options that there is a header",
                excerpt(row)
            ),
            Self::FirstRowHasText { row, line } => write!(
                f,
                "line {line}, {}, was read as a row and not as names; if these are the names of the columns, say in \
                 the options that there is a header",
                excerpt(row)
            ),
        }
    }
}
