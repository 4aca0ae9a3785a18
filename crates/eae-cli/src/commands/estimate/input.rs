use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use eae::data::{Missing, Table, TableError, TableOptions, Text};
use ndarray::{Array2, Axis};

use super::settings::Reading;
use crate::failure::Failure;
use crate::output::of_codes;
use crate::table::{refused, reworded};

/// A file, and the selection of its rows.
pub(super) struct Data {
    pub(super) table: Table,
    /// The name of the file in messages.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// The used rows of the table, in order.
    rows: Vec<usize>,
    /// Number of rows that were left out because they lack a value.
    pub(super) dropped: usize,
    /// The period of each column, or infinity.
    periods: Vec<f64>,
    drop_missing: bool,
}

impl Data {
    pub(super) fn read(path: &Path, reading: &Reading) -> Result<Self, Failure> {
        let options = TableOptions::new().header(reading.header.into()).missing(Missing::Keep).text(Text::Categories);
        let table = Table::read_with(path, &options).map_err(refuse)?;
        let name = if path == Path::new("-") { "standard input".to_owned() } else { path.display().to_string() };
        let rows = (0..table.values.nrows()).collect();
        let periods = periods(&table, &reading.period)?;
        let drop_missing = reading.drop_missing;
        Ok(Self { table, name, path: path.to_owned(), rows, dropped: 0, periods, drop_missing })
    }

    /// Returns the columns in a list. Without a list, returns all columns except those of a table
    /// of codes that name its rows.
    pub(super) fn columns(&self, list: Option<&str>) -> Result<Vec<usize>, Failure> {
        match list {
            Some(list) => self.table.columns(list).map_err(|e| Failure::usage(format!("{}: {e}", self.name))),
            None => Ok(self.codes().unwrap_or_else(|| (0..self.table.values.ncols()).collect())),
        }
    }

    /// Returns the columns in a list, and none without a list.
    pub(super) fn columns_if_any(&self, list: Option<&str>) -> Result<Vec<usize>, Failure> {
        list.map_or(Ok(Vec::new()), |list| self.columns(Some(list)))
    }

    fn codes(&self) -> Option<Vec<usize>> {
        of_codes(self.table.names.as_deref())
    }

    /// Leaves out the rows that lack a value in one of the columns if --drop-missing is given, and
    /// checks all others.
    pub(super) fn complete(&mut self, columns: &[usize]) -> Result<(), Failure> {
        if self.drop_missing {
            self.rows = self.table.complete_rows(columns);
            self.dropped = self.table.values.nrows() - self.rows.len();
            if self.rows.is_empty() {
                let all = if self.dropped == 1 {
                    "its only row lacks".to_owned()
                } else {
                    format!("each of its {} rows lacks", self.dropped)
                };
                let empty = |column: &&usize| self.table.values.column(**column).iter().all(|x| x.is_nan());
                let lacking = match columns.iter().find(empty) {
                    Some(&column) => format!("a value in {}, which is empty", self.table.describe(column)),
                    None => "a value in a used column".to_owned(),
                };
                return Err(Failure::usage(format!("{}: {all} {lacking}; choose other columns", self.name)));
            }
        } else {
            self.table.require_complete(columns).map_err(refuse)?;
        }
        self.finite(columns)
    }

    /// Refuses infinite numbers in the used rows of these columns.
    pub(super) fn finite(&self, columns: &[usize]) -> Result<(), Failure> {
        for &column in columns {
            let infinite = |row: &&usize| !self.table.values[[**row, column]].is_finite();
            if let Some(&row) = self.rows.iter().find(infinite) {
                let value = self.table.values[[row, column]];
                let cell = self.cell_of_table(row, column);
                return Err(Failure::usage(format!(
                    "{cell} is {value}; all numbers must be finite, so remove the row"
                )));
            }
        }
        Ok(())
    }

    /// Arranges the rows by series and returns the number of rows of each. A series has one value
    /// in the column `group`. It ends where a row lacks a value in one of `columns`, because
    /// leaving the row out would join times that are not adjacent.
    pub(super) fn series(&mut self, columns: &[usize], group: Option<usize>) -> Result<Vec<usize>, Failure> {
        let complete = self.table.complete_rows(columns);
        let lacks = |row: &usize| complete.binary_search(row).is_err();
        let rows = self.table.values.nrows();
        if let Some(row) = (0..rows).find(lacks).filter(|_| !self.drop_missing) {
            return Err(Failure::usage(format!(
                "{}, {}: a value is missing, but a series needs one at every step; fill the gaps, or cut the series there \
                 with --drop-missing",
                self.name,
                self.row_of_table(row)
            )));
        }
        let (mut groups, mut places) = (Vec::new(), HashMap::new());
        for row in 0..rows {
            let value = group.map_or(0, |column| self.table.values[[row, column]].to_bits());
            let place = *places.entry(value).or_insert(groups.len());
            if place == groups.len() {
                groups.push(Vec::new());
            }
            groups[place].push(row);
        }
        let parts: Vec<&[usize]> =
            groups.iter().flat_map(|rows| rows.split(lacks)).filter(|part| !part.is_empty()).collect();
        self.rows = parts.concat();
        self.dropped = rows - self.rows.len();
        Ok(parts.iter().map(|part| part.len()).collect())
    }

    /// Refuses columns of text.
    pub(super) fn require_numbers(&self, columns: &[usize]) -> Result<(), Failure> {
        self.table.require_numbers(columns).map_err(refuse)
    }

    /// Keeps the first of several rows that are equal in these columns, and returns the number of
    /// removed rows.
    pub(super) fn drop_duplicates(&mut self, columns: &[usize]) -> usize {
        let before = self.rows.len();
        let mut seen = HashSet::new();
        // Adding 0 makes -0 equal to 0.
        let key =
            |row: usize| columns.iter().map(|&c| (self.table.values[[row, c]] + 0.0).to_bits()).collect::<Vec<_>>();
        self.rows.retain(|&row| seen.insert(key(row)));
        before - self.rows.len()
    }

    /// Returns the file and the number of rows that were left out.
    pub(super) fn source(&self) -> (&Path, usize) {
        (&self.path, self.dropped)
    }

    /// Returns the number of used rows.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns the used rows of some columns.
    pub(super) fn values(&self, columns: &[usize]) -> Array2<f64> {
        // Columns come first, because a table can have many more than are used.
        self.table.values.select(Axis(1), columns).select(Axis(0), &self.rows)
    }

    /// Returns the periods of some columns.
    pub(super) fn periods(&self, columns: &[usize]) -> Vec<f64> {
        columns.iter().map(|&column| self.periods[column]).collect()
    }

    /// Returns the name of a column, or its number.
    pub(super) fn column(&self, column: usize) -> String {
        match &self.table.names {
            Some(names) if !names[column].is_empty() => names[column].clone(),
            _ => column.to_string(),
        }
    }

    /// Returns the line of a used row as text: `line 17`.
    pub(super) fn row(&self, row: usize) -> String {
        self.row_of_table(self.rows[row])
    }

    /// Returns the place of a value as text: `data.csv, line 17, column 2 ("age")`.
    pub(super) fn cell(&self, row: usize, column: usize) -> String {
        self.cell_of_table(self.rows[row], column)
    }

    fn row_of_table(&self, row: usize) -> String {
        self.table.line(row).map_or_else(|| format!("row {row} (from 0)"), |line| format!("line {line}"))
    }

    fn cell_of_table(&self, row: usize, column: usize) -> String {
        format!("{}, {}, {}", self.name, self.row_of_table(row), self.table.describe(column))
    }

    /// Returns notes about the decisions of the reader and the rows that were left out.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes: Vec<String> =
            self.table.notes.iter().map(|note| format!("{}: {}", self.name, reworded(note))).collect();
        if self.dropped > 0 {
            let (total, dropped) = (self.table.values.nrows(), self.dropped);
            let lack = if dropped == 1 { "lacks a value and was" } else { "lack a value and were" };
            notes.push(format!("{}: {dropped} of {total} rows {lack} left out", self.name));
        }
        notes
    }
}

fn refuse(error: TableError) -> Failure {
    refused(&error, "use --drop-missing to leave such rows out")
}

/// Parses `COLUMN=LENGTH` into the period of each column.
fn periods(table: &Table, given: &[String]) -> Result<Vec<f64>, Failure> {
    let mut periods = vec![f64::INFINITY; table.values.ncols()];
    for given in given {
        let bad = |why: &str| Failure::usage(format!("--period is {given:?}; {why}"));
        let (column, length) =
            given.rsplit_once('=').ok_or_else(|| bad("expected COLUMN=LENGTH, such as angle=360"))?;
        let length: f64 = length.trim().parse().map_err(|_| bad("the length must be a number"))?;
        if !(length.is_finite() && length >= 1e-300) {
            return Err(bad("the length must be a finite number above 0"));
        }
        for column in table.columns(column).map_err(|e| bad(&e.to_string()))? {
            periods[column] = length;
        }
    }
    Ok(periods)
}
