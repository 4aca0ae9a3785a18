//! The library's errors and notes about files of numbers, with flags as advice.

use std::collections::{HashMap, HashSet};

use eae::data::{CellProblem, DataError, Note, TableError, TableProblem};

use crate::failure::Failure;

/// Returns the failure for an error of a data set.
pub(crate) fn refused_data(error: DataError) -> Failure {
    match error {
        DataError::Table(error) => {
            let failure = refused(&error, "remove the row; `eae train --drop-missing` leaves such rows out");
            match &*error.problem {
                TableProblem::Cell { problem: CellProblem::Text { .. }, .. } => failure
                    .and("; `eae train --columns a,b,c` selects columns, and --label NAME names a column of classes"),
                _ => failure,
            }
        }
        error @ DataError::Texts { .. } => Failure::usage(error.to_string().replace(
            "choose columns of numbers: ",
            "name a column of classes with `eae train --label`, and select the numbers with --columns ",
        )),
        error => Failure::usage(error),
    }
}

/// Returns the failure for an error of a table. `instead` is the alternative to filling in a
/// missing value.
pub(crate) fn refused(error: &TableError, instead: &str) -> Failure {
    let path = match error.path.display().to_string() {
        name if name == "-" => "standard input".to_owned(),
        name => name,
    };
    Failure::usage(match &*error.problem {
        TableProblem::Cell { cell, problem: CellProblem::Missing { text } } => {
            let what =
                if text.is_empty() { "the value is".to_owned() } else { format!("{text:?} means that the value is") };
            format!("{path}, {cell}: {what} missing; fill it in, or {instead}")
        }
        TableProblem::Cell { cell, problem: CellProblem::Text { text, remedy } } => {
            let remedy =
                remedy.replace(", leave the column out, or read text as categories", ", or leave the column out");
            format!("{path}, {cell}: {text:?} is not a number; {remedy}")
        }
        TableProblem::Cell { cell, problem } => format!("{path}, {cell}: {problem}"),
        TableProblem::Line { line, problem } => format!("{path}, line {line}: {problem}"),
        problem => format!("{path}: {problem}"),
    })
}

/// Returns a note about a decision of the reader, with the flag that overrides it.
pub(crate) fn reworded(note: &Note) -> String {
    match note {
        Note::NumericHeader { row, line } => format!(
            "line {line}, {row:?}, was read as a row of numbers; if these are the names of the columns, use --header yes"
        ),
        Note::FirstRowHasText { row, line } => format!(
            "line {line}, {row:?}, was read as a row of data; if these are the names of the columns, use --header yes"
        ),
        Note::OneColumnOrTwo { row } => format!(
            "{row:?} was read as two columns of integers; if it is one number with a decimal comma, write a decimal point"
        ),
        note => note.to_string(),
    }
}

/// Returns the place in `names` of each name in `order`, or `None` unless both have the same names,
/// each of them once.
pub(crate) fn matched<N: AsRef<str>, M: AsRef<str>>(order: &[N], names: &[M]) -> Option<Vec<usize>> {
    let mut of_names = HashMap::new();
    for (place, name) in names.iter().enumerate() {
        of_names.insert(name.as_ref(), place);
    }
    let place = |name: &N| of_names.get(name.as_ref()).copied();
    let places = order.iter().map(place).collect::<Option<Vec<usize>>>()?;
    let distinct = places.iter().collect::<HashSet<_>>().len();
    (distinct == order.len() && distinct == names.len()).then_some(places)
}
