//! Text with one row per line.

use std::io::BufRead;

use super::fields::{Content, Given, Separator, content};
use super::layout::{Layout, Numbered};
use super::quoted::continued;
use super::rows::Rows;
use super::{Table, TableOptions, TableProblem};
use crate::npy::excerpt;

/// Reads text line by line.
pub(super) fn read(mut reader: impl BufRead, options: &TableOptions) -> Result<Table, TableProblem> {
    let (mut text, mut line) = (Vec::new(), 0);
    // The layout is determined from the first two rows.
    let mut first: Option<Numbered> = None;
    let mut separator = None;
    let mut rows: Option<Rows> = None;
    // The last comment above the first row, which may be a header.
    let mut above: Option<Numbered> = None;
    // The comments above the first row, then those between the first two rows.
    let mut comments: Vec<Numbered> = Vec::new();
    while reader.read_until(b'\n', &mut text).map_err(TableProblem::Read)? > 0 {
        line += 1;
        match content(&text, line == 1).map_err(|problem| TableProblem::Line { line, problem })? {
            Content::Row(row) if line == 1 && Separator::named_by(row).is_some() => {
                separator = Separator::named_by(row);
            }
            Content::Row(row) => {
                let start = line;
                let mut whole = None;
                if row.contains('"') {
                    let given = Given { separator, decimal: options.decimal };
                    let separators = rows.as_ref().map_or_else(|| given.separators(row), |rows| vec![rows.separator()]);
                    whole = continued(row, &separators, &mut reader, &mut line)?;
                }
                let row = whole.as_deref().unwrap_or(row);
                if let Some(rows) = &mut rows {
                    rows.push(start, row)?;
                } else if let Some(first) = first.take() {
                    let second = (start, row.to_owned());
                    let mut begun = begin(&first, Some(&second), separator, &comments, options)?;
                    above.take().into_iter().for_each(|(line, comment)| begun.skip_above(line, &comment));
                    rows = Some(begun);
                } else {
                    if row.starts_with(['{', '[']) {
                        return Err(TableProblem::Json);
                    }
                    first = Some((start, row.to_owned()));
                    above = comments.pop();
                    comments.clear();
                }
            }
            Content::Comment(comment) => {
                let comment = String::from_utf8_lossy(comment);
                match &mut rows {
                    Some(rows) => rows.skip(line, &comment),
                    None => comments.push((line, comment.into_owned())),
                }
            }
            Content::Blank => {}
        }
        text.clear();
    }
    match (rows, first) {
        (Some(rows), _) => rows,
        (None, Some(first)) => begin(&first, None, separator, &comments, options)?,
        (None, None) => return Err(only(&comments).unwrap_or(TableProblem::Empty)),
    }
    .finish()
}

/// Determines the layout, and reads the first two rows except for a header, with the comments
/// between them.
fn begin(
    first: &Numbered,
    second: Option<&Numbered>,
    separator: Option<Separator>,
    comments: &[Numbered],
    options: &TableOptions,
) -> Result<Rows, TableProblem> {
    let layout = Layout::new(first, second, separator, options).map_err(|problem| match problem {
        TableProblem::HeaderAlone { .. } => only(comments).unwrap_or(problem),
        problem => problem,
    })?;
    let is_header = layout.names.is_some();
    let mut rows = Rows::new(layout, *options);
    if !is_header {
        rows.push(first.0, &first.1)?;
    }
    comments.iter().for_each(|(line, comment)| rows.skip(*line, comment));
    if let Some((line, row)) = second {
        rows.push(*line, row)?;
    }
    Ok(rows)
}

/// Returns the error for a text in which comments take the place of all rows.
fn only(comments: &[Numbered]) -> Option<TableProblem> {
    let (line, text) = comments.first()?;
    Some(TableProblem::Comments { line: *line, text: excerpt(text) })
}
