use std::fmt;

use crate::npy::excerpt;

/// A decision of the reader that a user should see.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The first column only numbers the rows and was left out. The other columns are counted
    /// without it.
    IndexLeftOut {
        /// The name of the column.
        name: String,
    },
    /// The rows have one field more than the header. The first field is the name of the row and was
    /// left out. Columns are counted without it.
    RowNamesLeftOut {
        /// The name of the first row.
        first: String,
    },
    /// The last column has no name and no value and was left out: every line ends with a separator.
    EmptyLeftOut,
    /// Rows that lack a value were left out.
    MissingLeftOut {
        /// The number of such rows.
        rows: usize,
        /// The number of all rows.
        of: usize,
    },
    /// A column counts the rows. It may be an index, from which nothing can be learned.
    CountsRows {
        /// The column in words.
        column: String,
    },
    /// Lines below the first row begin like comments and were skipped, but could be rows.
    CommentsSkipped {
        /// The number of such lines.
        lines: usize,
        /// The first such line.
        text: String,
        /// The number of the first such line, from 1.
        line: usize,
    },
    /// Commas were read as decimal commas.
    DecimalCommas {
        /// The first such cell.
        cell: String,
        /// The line, from 1.
        line: usize,
    },
    /// Some columns have decimal commas, and others have decimal points.
    DecimalsDiffer {
        /// The first cell with a comma.
        comma: String,
        /// The line of this cell, from 1.
        comma_line: usize,
        /// The first cell with a point.
        point: String,
        /// The line of this cell, from 1.
        point_line: usize,
    },
    /// The points or commas of a column were read as decimal points or commas but may separate
    /// thousands.
    Thousands {
        /// The first cell with one.
        cell: String,
        /// The line of this cell, from 1.
        line: usize,
    },
    /// Each line has two integers separated by a comma, which could be one number with a decimal
    /// comma.
    OneColumnOrTwo {
        /// The first row.
        row: String,
    },
    /// The first row was read as numbers but could be names.
    NumericHeader {
        /// The row.
        row: String,
        /// The line, from 1.
        line: usize,
    },
    /// The first row has text but was not read as names, because the second row has text in the
    /// same columns.
    FirstRowHasText {
        /// The row.
        row: String,
        /// The line, from 1.
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
            Self::RowNamesLeftOut { first } => write!(
                f,
                "the rows have one field more than the header, so the first one ({first:?} in the first row) was taken \
                 for the name of the row and left out; columns are counted without it"
            ),
            Self::EmptyLeftOut => f.write_str(
                "the last column has no name and no value and was left out; every line ends with a separator",
            ),
            Self::MissingLeftOut { rows, of } => {
                let lack = if *rows == 1 { "lacks a value and was" } else { "lack a value and were" };
                write!(f, "{rows} of {of} rows {lack} left out")
            }
            Self::CountsRows { column } => {
                write!(
                    f,
                    "{column} counts the rows; if it is an index, leave it out, because there is nothing to learn from it"
                )
            }
            Self::CommentsSkipped { lines: 1, text, line } => write!(
                f,
                "line {line}, {}, begins with '#' or '%' and was skipped as a comment; if it is a row, put its first \
                 field in double quotes",
                excerpt(text)
            ),
            Self::CommentsSkipped { lines, text, line } => write!(
                f,
                "{lines} lines that could be rows begin with '#' or '%' and were skipped as comments, the first one \
                 line {line}, {}; if they are rows, put the first field of each in double quotes",
                excerpt(text)
            ),
            Self::DecimalCommas { cell, line } => {
                write!(f, "commas were read as decimal commas, the first one in {cell:?}, line {line}")
            }
            Self::DecimalsDiffer { comma, comma_line, point, point_line } => write!(
                f,
                "{comma:?} in line {comma_line} has a decimal comma and {point:?} in line {point_line} was read with a \
                 decimal point; if its point separates thousands, remove it"
            ),
            Self::Thousands { cell, line } => {
                let mark = if cell.contains(',') { "comma" } else { "point" };
                write!(
                    f,
                    "{cell:?} in line {line} was read with a decimal {mark}, but the other numbers of its column have \
                     three digits after a {mark} or are integers below 1000; if the {mark}s separate thousands, write \
                     the numbers without them"
                )
            }
            Self::OneColumnOrTwo { row } => write!(
                f,
                "{} was read as two columns of integers; if it is one number with a decimal comma, set this in the \
                 options or write a decimal point",
                excerpt(row)
            ),
            Self::NumericHeader { row, line } => write!(
                f,
                "line {line}, {}, was read as a row of numbers; if these are the names of the columns, set in the \
                 options that there is a header",
                excerpt(row)
            ),
            Self::FirstRowHasText { row, line } => write!(
                f,
                "line {line}, {}, was read as a row and not as names; if these are the names of the columns, set in \
                 the options that there is a header",
                excerpt(row)
            ),
        }
    }
}
