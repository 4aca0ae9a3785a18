//! Text with one row per line.

use std::io::BufRead;

use super::fields::content;
use super::layout::{Layout, Numbered};
use super::rows::Rows;
use super::{Table, TableOptions, TableProblem};

/// Reads text line by line.
pub(super) fn read(mut reader: impl BufRead, options: &TableOptions) -> Result<Table, TableProblem> {
    let (mut text, mut line) = (Vec::new(), 0);
    // The layout is determined from the first two rows.
    let mut first: Option<Numbered> = None;
    let mut rows: Option<Rows> = None;
    while reader.read_until(b'\n', &mut text).map_err(TableProblem::Read)? > 0 {
        line += 1;
        if let Some(row) = content(&text, line == 1).map_err(|problem| TableProblem::Line { line, problem })? {
            if let Some(rows) = &mut rows {
                rows.push(line, row)?;
            } else if let Some(first) = first.take() {
                rows = Some(begin(&first, Some(&(line, row.to_owned())), options)?);
            } else {
                first = Some((line, row.to_owned()));
            }
        }
        text.clear();
    }
    match (rows, first) {
        (Some(rows), _) => rows,
        (None, Some(first)) => begin(&first, None, options)?,
        (None, None) => return Err(TableProblem::Empty),
    }
    .finish()
}

/// Determines the layout, and reads the first two rows except for a header.
fn begin(first: &Numbered, second: Option<&Numbered>, options: &TableOptions) -> Result<Rows, TableProblem> {
    let layout = Layout::new(first, second, options)?;
    let is_header = layout.names.is_some();
    let mut rows = Rows::new(layout, *options);
    for (line, row) in (!is_header).then_some(first).into_iter().chain(second) {
        rows.push(*line, row)?;
    }
    Ok(rows)
}
