//! Text with a row in each line.

use std::io::BufRead;
use std::iter;

use ndarray::Array2;

use super::{LineProblem, Table, TableProblem, counted};
use crate::data::npy::excerpt;

/// What stands between the fields of a line. Spaces may be around any of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    Byte(u8),
    Whitespace,
}

impl Separator {
    /// The first that a line has counts: a comma may be in a field between semicolons, a space in any.
    const ALL: [Self; 4] = [Self::Byte(b';'), Self::Byte(b','), Self::Byte(b'\t'), Self::Whitespace];

    /// Where the first field ends, if it is not the last.
    fn find(self, line: &str) -> Option<usize> {
        find_unquoted(line, |byte| match self {
            Self::Byte(separator) => byte == separator,
            Self::Whitespace => byte.is_ascii_whitespace(),
        })
    }

    fn in_line(line: &str) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |&separator| separator == Self::Whitespace || separator.find(line).is_some())
    }

    /// The one that makes a line a row of numbers. A missing number is a mistake in such a row, it makes it no header.
    fn of_numbers(line: &str) -> Option<Self> {
        let is_number = |field: &str| field.is_empty() || unquote(field).parse::<f64>().is_ok();
        Self::in_line(line).find(|&separator| fields(line, separator).all(is_number))
    }
}

fn find_unquoted(line: &str, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let mut quoted = false;
    line.bytes().position(|byte| {
        quoted ^= byte == b'"';
        !quoted && wanted(byte)
    })
}

/// The fields of a line, without the spaces around them.
pub(super) fn fields(line: &str, separator: Separator) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    iter::from_fn(move || {
        let line = match separator {
            Separator::Byte(_) => rest?,
            Separator::Whitespace => rest?.trim_ascii_start(),
        };
        let end = separator.find(line);
        rest = end.map(|end| &line[end + 1..]);
        Some(line[..end.unwrap_or(line.len())].trim_ascii())
    })
}

/// Without the double quotes around it.
fn unquote(field: &str) -> &str {
    field.strip_prefix('"').and_then(|field| field.strip_suffix('"')).unwrap_or(field)
}

/// In quotes, a double quote is written twice.
pub(super) fn name(field: &str) -> String {
    if field.starts_with('"') { unquote(field).replace("\"\"", "\"") } else { field.to_owned() }
}

/// What a line says: no comment, no byte order mark, no end of line.
fn content(line: &[u8]) -> Result<&str, LineProblem> {
    if let Some(place) = line.iter().position(|&byte| byte == 0) {
        return Err(LineProblem::Nul(place + 1));
    }
    let text = str::from_utf8(line).map_err(|e| {
        let place = e.valid_up_to();
        let before = String::from_utf8_lossy(&line[place.saturating_sub(20)..place]).into_owned();
        LineProblem::Encoding { byte: place + 1, value: line[place], before }
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let text = &text[..find_unquoted(text, |byte| matches!(byte, b'#' | b'%')).unwrap_or(text.len())];
    // A tab in front is left: above pandas' index, it is an empty name.
    let text = text.trim_ascii_end();
    if text.contains('\r') {
        return Err(LineProblem::CarriageReturn);
    }
    if text.bytes().filter(|&byte| byte == b'"').count() % 2 == 1 {
        return Err(LineProblem::OpenQuote(excerpt(text)));
    }
    Ok(text)
}

/// How the rows of a text look, known from the first that is all numbers.
struct Layout {
    separator: Separator,
    names: Option<Vec<String>>,
    /// Of the line that decided on the number of columns: the header, or else the first row.
    line: usize,
    columns: usize,
}

impl Layout {
    /// From the first row, and a line above it that is no row.
    fn new(header: Option<(usize, String)>, line: usize, row: &str) -> Self {
        // If no separator makes it one of numbers, any serves to say which field is none.
        let separator = Separator::of_numbers(row).or_else(|| Separator::in_line(row).next());
        let separator = separator.unwrap_or(Separator::Whitespace);
        match header {
            Some((line, header)) => {
                let names: Vec<String> = fields(&header, separator).map(name).collect();
                Self { separator, line, columns: names.len(), names: Some(names) }
            }
            None => Self { separator, line, columns: fields(row, separator).count(), names: None },
        }
    }

    /// Appends a row to the values.
    fn parse(&self, row: &str, values: &mut Vec<f64>) -> Result<(), LineProblem> {
        let mut found = 0;
        for field in fields(row, self.separator) {
            if found < self.columns {
                values.push(unquote(field).parse().map_err(|_| self.no_number(found, field))?);
            }
            found += 1;
        }
        if found == self.columns { Ok(()) } else { Err(self.ragged(found, row)) }
    }

    fn no_number(&self, column: usize, field: &str) -> LineProblem {
        let name = match &self.names {
            Some(names) => format!("({:?})", names[column]),
            None => format!("(of 0 to {})", self.columns - 1),
        };
        match field {
            "" => LineProblem::Missing { column, name },
            _ => LineProblem::NoNumber { column, name, field: excerpt(field) },
        }
    }

    fn ragged(&self, found: usize, row: &str) -> LineProblem {
        let separator = match self.separator {
            Separator::Byte(b'\t') => "tabs".to_owned(),
            Separator::Byte(byte) => format!("{:?}", char::from(byte)),
            Separator::Whitespace => "spaces".to_owned(),
        };
        let first = if self.names.is_some() { "the header" } else { "the first row" };
        let (row, found) = (excerpt(row), counted(found, "field"));
        LineProblem::Ragged { row, found, separator, expected: self.columns, first, line: self.line }
    }
}

/// Reads text line by line.
pub(super) fn read(mut reader: impl BufRead) -> Result<Table, TableProblem> {
    let (mut text, mut line) = (Vec::new(), 0);
    let (mut header, mut layout) = (None, None);
    let mut values = Vec::new();
    while reader.read_until(b'\n', &mut text).map_err(TableProblem::Read)? > 0 {
        line += 1;
        let at = |problem| TableProblem::Line { line, problem };
        let row = content(&text).map_err(at)?;
        if row.is_empty() {
            // A comment, perhaps.
        } else if layout.is_none() && header.is_none() && Separator::of_numbers(row).is_none() {
            header = Some((line, row.to_owned()));
        } else {
            let layout = layout.get_or_insert_with(|| Layout::new(header.take(), line, row));
            layout.parse(row, &mut values).map_err(at)?;
        }
        text.clear();
    }
    let Some(Layout { names, columns, .. }) = layout else {
        return Err(match header {
            Some((line, text)) => TableProblem::HeaderAlone { line, text: excerpt(&text) },
            None => TableProblem::Empty,
        });
    };
    let values = Array2::from_shape_vec((values.len() / columns, columns), values).expect("whole rows");
    Ok(Table { values, names })
}
