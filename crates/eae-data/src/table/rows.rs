//! The rows of a text while they are read.

use ndarray::{Array2, Axis};

use super::cell::{Meaning, meaning, remedy};
use super::comments::Comments;
use super::fields::{Separator, fields, is_open, unquoted};
use super::labels::Labels;
use super::layout::{Layout, are_names, could_be_positions};
use super::lines::Lines;
use super::options::{Decimal, Header, Index, Missing, Text};
use super::row_names::RowNames;
use super::thousands::Thousands;
use super::{Cell, CellProblem, LineProblem, Note, Table, TableOptions, TableProblem};
use crate::npy::excerpt;

pub(super) struct Rows {
    options: TableOptions,
    layout: Layout,
    values: Vec<f64>,
    lines: Lines,
    rows: usize,
    columns: Vec<Column>,
    /// The names of the rows, if the header has no place for them.
    names: Option<RowNames>,
    /// The first row, if it consists of numbers.
    first: Option<String>,
    /// True if the last column has no content so far, and has no name. With names of rows, its
    /// name may be that of another column.
    last_is_empty: bool,
    /// The error for the first cell of such a column, in case that another one has content.
    gap: Option<TableProblem>,
    skipped: Comments,
    /// True if each row so far consists of two unsigned integers separated by only a comma.
    one_or_two: bool,
}

/// The state of a column.
#[derive(Default)]
struct Column {
    /// The labels, if it is a column of text.
    labels: Option<Labels>,
    /// The row and the content of its first cell of text.
    text: Option<(usize, String)>,
    /// The row and the content of its first cell with a decimal comma.
    comma: Option<(usize, String)>,
    /// The row and the content of its first cell with a decimal point, if commas could be decimal.
    point: Option<(usize, String)>,
    /// The numbers that may have separators of thousands, if commas could be decimal.
    thousands: Thousands,
}

impl Rows {
    pub(super) fn new(layout: Layout, options: TableOptions) -> Self {
        let columns = (0..layout.columns).map(|_| Column::default()).collect();
        let one_or_two =
            !layout.is_given && layout.separator == Separator::COMMA && layout.columns == 2 && layout.names.is_none();
        let names = layout.named.is_some().then(RowNames::default);
        let has_no_name = layout.names.as_ref().is_none_or(|names| names.last().is_some_and(String::is_empty));
        let last_is_empty = layout.columns > 1 && has_no_name || names.is_some();
        let (values, lines) = (Vec::new(), Lines::default());
        Self {
            options,
            layout,
            values,
            lines,
            rows: 0,
            columns,
            names,
            first: None,
            last_is_empty,
            gap: None,
            skipped: Comments::default(),
            one_or_two,
        }
    }

    /// Returns the separator of the fields.
    pub(super) fn separator(&self) -> Separator {
        self.layout.separator
    }

    /// Appends a row, which begins on this line.
    pub(super) fn push(&mut self, line: usize, row: &str) -> Result<(), TableProblem> {
        let mut found = 0;
        let mut is_name = self.names.is_some();
        for field in fields(row, self.layout.separator) {
            if is_open(field) {
                return Err(TableProblem::Line { line, problem: LineProblem::OpenQuote(excerpt(field)) });
            }
            if is_name {
                is_name = false;
                self.names.iter_mut().for_each(|names| names.push(field, self.layout.commas));
                continue;
            }
            if found < self.columns.len() {
                let value = if found + 1 == self.columns.len() && self.last_is_empty {
                    self.last_value(line, field)?
                } else {
                    self.value(line, found, field)?
                };
                self.values.push(value);
            } else if field.is_empty() && self.layout.separator == Separator::TAB {
                // A tab at the end of a line does not separate fields.
                continue;
            }
            found += 1;
        }
        if found != self.columns.len() {
            return Err(self.layout.ragged(line, found, row));
        }
        if self.rows == 0 && self.columns.iter().all(|column| column.text.is_none()) {
            self.first = Some(row.to_owned());
        }
        self.one_or_two &= self.one_or_two && is_one_or_two(row);
        self.lines.push(line);
        self.rows += 1;
        Ok(())
    }

    /// Skips a comment below the first row or the header.
    pub(super) fn skip(&mut self, line: usize, comment: &str) {
        self.skipped.push(line, comment, &self.layout, self.rows > 0);
    }

    /// Skips the comment above the first row.
    pub(super) fn skip_above(&mut self, line: usize, comment: &str) {
        self.skipped.push_above(line, comment, &self.layout);
    }

    /// Returns the value of a cell of a last column that has been empty so far.
    fn last_value(&mut self, line: usize, field: &str) -> Result<f64, TableProblem> {
        let value = self.value(line, self.columns.len() - 1, field);
        if field.is_empty() {
            return Ok(value.unwrap_or_else(|gap| {
                self.gap.get_or_insert(gap);
                f64::NAN
            }));
        }
        self.last_is_empty = false;
        self.gap.take().map_or(value, Err)
    }

    fn value(&mut self, line: usize, column: usize, field: &str) -> Result<f64, TableProblem> {
        let text = unquoted(field);
        let (rows, width, commas) = (self.rows, self.columns.len(), self.layout.commas);
        let state = &mut self.columns[column];
        let problem = match meaning(&text, commas) {
            Meaning::Number(value) if value.is_infinite() && text.bytes().any(|byte| byte.is_ascii_digit()) => {
                CellProblem::TooLarge { text: text.into_owned() }
            }
            Meaning::Number(value) => {
                if commas {
                    state.thousands.push(rows, &text);
                    if state.point.is_none() && text.contains('.') {
                        state.point = Some((rows, text.into_owned()));
                    }
                }
                return Ok(state.labels.as_mut().map_or(value, |labels| labels.code_of_number(value)));
            }
            Meaning::Comma(value) => {
                state.thousands.push(rows, &text);
                state.comma.get_or_insert_with(|| (rows, text.into_owned()));
                return Ok(state.labels.as_mut().map_or(value, |labels| labels.code_of_number(value)));
            }
            Meaning::Missing if self.options.missing == Missing::Keep => return Ok(f64::NAN),
            Meaning::Missing => CellProblem::Missing { text: text.into_owned() },
            Meaning::Text if self.options.text == Text::Categories => {
                let labels = state.labels.get_or_insert_with(|| {
                    // The numbers above the first text are labels, too.
                    let mut labels = Labels::default();
                    let above = self.values.iter_mut().skip(column).step_by(width);
                    above.filter(|value| !value.is_nan()).for_each(|value| *value = labels.code_of_number(*value));
                    labels
                });
                let code = labels.code(&text);
                state.text.get_or_insert_with(|| (rows, text.into_owned()));
                return Ok(code);
            }
            Meaning::Text => CellProblem::Text { remedy: remedy(&text), text: text.into_owned() },
        };
        Err(TableProblem::Cell { cell: self.cell(line, self.rows, column), problem })
    }

    fn cell(&self, line: usize, row: usize, column: usize) -> Cell {
        let name = self.layout.names.as_ref().map(|names| names[column].clone());
        Cell { line: Some(line), row, column, name }
    }

    /// Creates a table from the rows, of which there must be at least one.
    pub(super) fn finish(mut self) -> Result<Table, TableProblem> {
        let mut notes: Vec<Note> = self.layout.note.take().into_iter().collect();
        if let Some(names) = self.names.take() {
            // A separator at the end of every line looks like names, too.
            let note = names.note().filter(|_| !self.last_is_empty);
            notes.push(note.ok_or_else(|| self.layout.ragged(0, 0, ""))?);
        }
        notes.extend(self.skipped.note.take());
        self.check_decimals(&mut notes)?;
        notes.extend(self.note_of_first_row());
        let width = self.columns.len();
        let (mut categories, mut texts) = (Vec::new(), Vec::new());
        for (column, Column { labels, text, .. }) in self.columns.into_iter().enumerate() {
            let labels = labels.map(|labels| {
                let (labels, codes) = labels.sorted();
                let codes_of_column = self.values.iter_mut().skip(column).step_by(width);
                codes_of_column.filter(|code| !code.is_nan()).for_each(|code| *code = codes[*code as usize] as f64);
                labels
            });
            categories.push(labels);
            texts.push(text);
        }
        let values = Array2::from_shape_vec((self.rows, width), self.values).expect("whole rows");
        let (names, lines) = (self.layout.names, Some(self.lines));
        let mut table = Table { values, names, categories, notes, texts, lines, source: Default::default() };
        // A separator at the end of every line.
        if self.last_is_empty && (table.names.is_some() || self.rows > 1) {
            table.leave_out(width - 1);
            table.notes.push(Note::EmptyLeftOut);
        } else if let Some(gap) = self.gap {
            return Err(gap);
        }
        let is_index = self.options.index == Index::Auto
            && table.values.ncols() > 1
            && table.categories[0].is_none()
            && table.names.as_ref().is_some_and(|names| is_index_name(&names[0]))
            && numbers_rows(table.values.column(0).iter());
        if is_index {
            let name = table.leave_out(0);
            table.notes.push(Note::IndexLeftOut { name });
        }
        Ok(table)
    }

    /// Checks that a column of numbers does not mix decimal commas and decimal points, and adds
    /// notes about those that can be read in two ways.
    fn check_decimals(&self, notes: &mut Vec<Note>) -> Result<(), TableProblem> {
        let line = |row: usize| self.lines.line(row).expect("a row that was read");
        let numbers = || self.columns.iter().enumerate().filter(|(_, column)| column.labels.is_none());
        for (column, state) in numbers() {
            if let (Some((comma_row, comma)), Some((point_row, point))) = (&state.comma, &state.point) {
                let ((first_row, first), (row, text)) = if comma_row < point_row {
                    ((comma_row, comma), (point_row, point))
                } else {
                    ((point_row, point), (comma_row, comma))
                };
                let problem =
                    CellProblem::Decimals { text: text.clone(), other: first.clone(), other_line: line(*first_row) };
                return Err(TableProblem::Cell { cell: self.cell(line(*row), *row, column), problem });
            }
        }
        let comma = numbers().filter_map(|(_, state)| state.comma.as_ref()).min_by_key(|(row, _)| *row);
        let point = numbers().filter_map(|(_, state)| state.point.as_ref()).min_by_key(|(row, _)| *row);
        if let Some((comma_row, comma)) = comma {
            let (comma, comma_line) = (comma.clone(), line(*comma_row));
            notes.push(Note::DecimalCommas { cell: comma.clone(), line: comma_line });
            if let Some((row, point)) = point {
                let point = point.clone();
                notes.push(Note::DecimalsDiffer { comma, comma_line, point, point_line: line(*row) });
            }
        }
        let thousands = numbers().filter_map(|(_, state)| state.thousands.first());
        notes.extend(thousands.map(|(row, cell)| Note::Thousands { cell: cell.to_owned(), line: line(row) }));
        Ok(())
    }

    /// Returns a note if a first row of numbers could have another meaning.
    fn note_of_first_row(&self) -> Option<Note> {
        let row = self.first.clone()?;
        if self.one_or_two && self.options.decimal == Decimal::Auto && self.rows > 1 {
            return Some(Note::OneColumnOrTwo { row });
        }
        let width = self.columns.len();
        let mut all = self.values.chunks_exact(width);
        let first = all.next()?;
        let could_be_names = self.options.header == Header::Auto
            && self.layout.names.is_none()
            && self.rows > 1
            && width > 1
            && self.columns.iter().all(|column| column.labels.is_none())
            && all.all(|row| are_names(first, row) || could_be_positions(first, row));
        could_be_names.then(|| Note::NumericHeader { row, line: self.lines.line(0).expect("the first row") })
    }
}

impl Table {
    /// Removes a column, and returns its name.
    fn leave_out(&mut self, column: usize) -> String {
        self.values.remove_index(Axis(1), column);
        // The removal leaves a gap at the end of each row.
        self.values = self.values.as_standard_layout().into_owned();
        self.categories.remove(column);
        self.texts.remove(column);
        self.names.as_mut().map(|names| names.remove(column)).unwrap_or_default()
    }
}

/// Returns true if a row could be one number with a decimal comma.
fn is_one_or_two(row: &str) -> bool {
    let is_integer = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let row = row.trim_ascii();
    row.strip_prefix('-').unwrap_or(row).split_once(',').is_some_and(|(a, b)| is_integer(a) && is_integer(b))
}

/// Returns true if a column with this name numbers the rows, as written by pandas and R.
pub(crate) fn is_index_name(name: &str) -> bool {
    name.is_empty() || name.starts_with("Unnamed: 0")
}

/// Returns true if all values are distinct integers from 0 on.
pub(super) fn numbers_rows<'a>(values: impl Iterator<Item = &'a f64>) -> bool {
    let mut values: Vec<f64> = values.copied().collect();
    let integers = values.iter().all(|&value| value >= 0.0 && value.is_finite() && value.fract() == 0.0);
    values.sort_unstable_by(f64::total_cmp);
    integers && values.windows(2).all(|pair| pair[0] < pair[1])
}
