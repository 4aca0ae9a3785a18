use std::path::{Path, PathBuf};

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, NdFloat};

use crate::file::to_train_on;
use crate::number::narrow;
use crate::{Columns, DataError, Images, Index, Missing, Note, Split, Table, TableOptions, Text, columns, table};

/// Reads the rows of a [`Table`] as vectors, with all columns: [`VectorFile::load`].
///
/// # Errors
///
/// See [`VectorFile::load`].
pub fn from_table<F: NdFloat>(path: impl AsRef<Path>) -> Result<(Split<F>, Columns), DataError> {
    let (split, columns, _) = VectorFile::new(path.as_ref()).load()?;
    Ok((split, columns))
}

/// A table whose rows are vectors or images.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VectorFile {
    /// The file, as [`Table::read`] reads it.
    pub path: PathBuf,
    /// The columns to train on, as a list for [`Table::columns`]. The default is all columns except
    /// the label.
    pub columns: Option<String>,
    /// The column with the labels of the rows: up to 256 different numbers or texts.
    pub label: Option<String>,
    /// If true, rows without a value in a used column are left out. Otherwise they are an error.
    pub drop_missing: bool,
}

/// Rows, the names of their columns, and the notes of the reader.
type NamedRows = (Array2<f64>, Option<Vec<String>>, Vec<Note>);

/// Rows and their metadata.
struct Rows {
    values: Array2<f64>,
    names: Option<Vec<String>>,
    labels: Option<Vec<u8>>,
    classes: Option<Vec<String>>,
    notes: Vec<Note>,
}

impl VectorFile {
    /// Creates a data set of all columns of a table, as numbers.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), columns: None, label: None, drop_missing: false }
    }

    /// Sets the columns to train on.
    #[must_use]
    pub fn columns(self, columns: Option<String>) -> Self {
        Self { columns, ..self }
    }

    /// Sets the column with the labels.
    #[must_use]
    pub fn label(self, label: Option<String>) -> Self {
        Self { label, ..self }
    }

    /// Sets whether rows without a value in a used column are left out.
    #[must_use]
    pub fn drop_missing(self, drop_missing: bool) -> Self {
        Self { drop_missing, ..self }
    }

    /// Loads the rows as vectors. Each column is standardized to mean 0 and standard deviation 1
    /// over the training rows, and the [`Columns`] convert decoded values back. The last tenth of
    /// the rows, at least one, is held out. Shuffle a file that is sorted in some way. The notes
    /// are decisions of the reader that a user should see.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not a table, lacks a column, has fewer than three rows, a
    /// value that is not finite or two columns with one name, or if no column varies.
    pub fn load<F: NdFloat>(&self) -> Result<(Split<F>, Columns, Vec<Note>), DataError> {
        let path = &self.path;
        let mut rows = self.rows()?;
        if let Some((name, first, second)) = rows.names.as_deref().and_then(same_name) {
            return Err(DataError::SameName { path: path.clone(), name, first, second });
        }
        let found = rows.values.nrows();
        if found < 3 {
            return Err(DataError::Rows { path: path.clone(), found });
        }
        let to_fit = rows.values.slice_axis(Axis(0), (..to_train_on(found)).into());
        let columns = Columns::fit(to_fit, rows.names.take());
        if columns.constant().count() == columns.len() {
            return Err(DataError::Constant { path: path.clone() });
        }
        if let Some(column) = (0..columns.len()).find(|&column| !columns.moments(column).1.is_finite()) {
            let values = rows.values.column(column);
            let (row, &value) = values.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).expect("rows");
            let (column, must) = (columns.describe(column).to_string(), TOO_FAR);
            return Err(DataError::Value { path: path.clone(), row, column, value, must });
        }
        let counts = (0..columns.len()).filter(|&column| counts_rows(rows.values.column(column)));
        let counting = counts.map(|column| Note::CountsRows { column: columns.describe(column).to_string() });
        let notes = rows.notes.drain(..).chain(counting).collect();
        Ok((split(path, rows, &columns)?, columns, notes))
    }

    /// Loads the rows with the columns of a model, for data on which it was not trained. If both
    /// have names, columns are matched by name, and other columns are ignored. The notes are about
    /// rows that were left out.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not a table, lacks a column, has two columns with the name
    /// of one, or a value that is not finite. A single row is allowed and is held out.
    pub fn load_with<F: NdFloat>(&self, columns: &Columns) -> Result<(Split<F>, Vec<Note>), DataError> {
        let path = &self.path;
        let mut rows = self.rows_of(columns)?;
        let (found, expected) = (rows.values.ncols(), columns.len());
        if found != expected {
            let found = table::counted(found, "column");
            return Err(DataError::Columns { path: path.clone(), found, expected: expected.to_string() });
        }
        rows.notes.retain(|note| matches!(note, Note::MissingLeftOut { .. }));
        let notes = std::mem::take(&mut rows.notes);
        Ok((split(path, rows, columns)?, notes))
    }

    /// Returns the chosen columns in their own units, one row for each row of the file that is not
    /// left out, their names, if the file has names, and the notes of the reader.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not a table, lacks a column, or has a value that is not
    /// finite.
    pub fn values(&self) -> Result<NamedRows, DataError> {
        let Rows { values, names, notes, .. } = self.rows()?;
        Ok((values, names, notes))
    }

    /// Reads all rows as images `[height, width, channels]`, stored one channel after the other,
    /// each row by row. The values are from 0 to 1, or integers from 0 to 255.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not a table, or its rows are not images of this shape.
    pub fn images<F: NdFloat>(&self, [height, width, channels]: [usize; 3]) -> Result<Images<F>, DataError> {
        let path = &self.path;
        let Rows { values, labels, classes, .. } = self.rows()?;
        let (count, found) = values.dim();
        let wanted = height * width * channels;
        if found != wanted {
            return Err(DataError::RowLength { path: path.clone(), found, expected: wanted });
        }
        let bytes = values.iter().any(|&x| x > 1.0) && values.iter().all(|&x| x.fract() == 0.0);
        let largest = if bytes { 255.0 } else { 1.0 };
        if let Some(((image, _), &value)) = values.indexed_iter().find(|(_, x)| !(0.0..=largest).contains(*x)) {
            let remedy = "or all pixels must be integers from 0 to 255".to_owned();
            return Err(DataError::Pixel { path: path.clone(), image, value, remedy });
        }
        let pixels = values.mapv(|x| narrow::<F>(x / largest));
        let pixels = pixels.into_shape_with_order((count, channels, height, width)).expect("as many pixels");
        let pixels = pixels.permuted_axes([0, 2, 3, 1]).as_standard_layout().into_owned();
        Ok(Images::new(pixels).labels(labels).classes(classes))
    }

    /// Returns the chosen columns and the labels.
    fn rows(&self) -> Result<Rows, DataError> {
        if self.columns.is_none() && self.label.is_none() && !self.drop_missing {
            match Table::read(&self.path) {
                Ok(table) => {
                    let all = Vec::from_iter(0..table.values.ncols());
                    return self.of(table, &all, None);
                }
                // The table is read again for all columns of text.
                Err(error) if error.is_text() && self.path != Path::new("-") => {}
                Err(error) => return Err(error.into()),
            }
        }
        let table = self.read(Index::Auto)?;
        let list = |list: &str| self.list(&table, list);
        let label = self.label.as_deref().map(list).transpose()?;
        let label = match label.as_deref() {
            None => None,
            Some(&[column]) => Some(column),
            Some(_) => return Err(DataError::LabelColumns { path: self.path.clone() }),
        };
        let columns = match &self.columns {
            Some(columns) => list(columns)?,
            None => (0..table.values.ncols()).filter(|&column| Some(column) != label).collect(),
        };
        self.of(table, &columns, label)
    }

    /// Returns the columns of a model, and the labels if the file has them.
    fn rows_of(&self, columns: &Columns) -> Result<Rows, DataError> {
        // A model that was trained on an index needs one.
        let has_index = columns.names().and_then(<[String]>::first).is_some_and(|name| table::is_index_name(name));
        let index = if has_index { Index::Keep } else { Index::Auto };
        let table = self.read(index)?;
        let label = self.label.as_deref().and_then(|label| table.columns(label).ok());
        let label = label.and_then(|columns| columns.first().copied());
        let by_name = match (table.names.as_deref(), columns.names()) {
            (Some(found), Some(known)) => self.places(found, known, label)?,
            _ => None,
        };
        let chosen = match (by_name, &self.columns) {
            (Some(columns), _) => columns,
            (None, Some(columns)) if table.names.is_none() => self.list(&table, columns)?,
            _ => (0..table.values.ncols()).filter(|&column| Some(column) != label).collect(),
        };
        self.of(table, &chosen, label)
    }

    /// Returns the place in `found` of each of the names of a model, which `known` lists. Returns
    /// `None` if columns without a name can only be matched by their order.
    fn places(
        &self,
        found: &[String],
        known: &[String],
        label: Option<usize>,
    ) -> Result<Option<Vec<usize>>, DataError> {
        let path = || self.path.clone();
        if let Some((name, first, second)) = same_name(found).filter(|(name, ..)| known.contains(name)) {
            return Err(DataError::SameName { path: path(), name, first, second });
        }
        if same_name(known).is_some() || known.iter().filter(|name| name.is_empty()).count() > 1 {
            return Ok(None);
        }
        let place = |name: &String| found.iter().position(|other| other == name);
        let missing: Vec<&str> = known.iter().filter(|name| place(name).is_none()).map(String::as_str).collect();
        if missing.is_empty() {
            return Ok(Some(known.iter().filter_map(place).collect()));
        }
        let others = found.iter().enumerate().filter(|(column, name)| Some(*column) != label && !known.contains(name));
        let others: Vec<&str> = others.map(|(_, name)| name.as_str()).collect();
        Err(DataError::MissingColumns { path: path(), missing: listed(&missing), others: listed(&others) })
    }

    fn read(&self, index: Index) -> Result<Table, DataError> {
        let options = TableOptions::new().index(index).text(Text::Categories).missing(Missing::Keep);
        Ok(Table::read_with(&self.path, &options)?)
    }

    /// Leaves out the rows that lack a value in a column or the label.
    fn complete(&self, table: Table, columns: &[usize], label: Option<usize>) -> Result<Table, DataError> {
        let used: Vec<usize> = columns.iter().copied().chain(label).collect();
        let (kept, of) = (table.complete_rows(&used), table.values.nrows());
        match of - kept.len() {
            0 => Ok(table),
            rows if rows == of => Err(DataError::NoCompleteRow { path: self.path.clone(), rows }),
            rows => Ok(table.only(&kept, Note::MissingLeftOut { rows, of })),
        }
    }

    fn list(&self, table: &Table, list: &str) -> Result<Vec<usize>, DataError> {
        table.columns(list).map_err(|problem| DataError::Choice { path: self.path.clone(), problem })
    }

    /// Returns the finite numbers of some columns, and the labels of another.
    fn of(&self, table: Table, columns: &[usize], label: Option<usize>) -> Result<Rows, DataError> {
        let is_text = |column: &&usize| table.categories[**column].is_some();
        let texts: Vec<usize> = columns.iter().filter(is_text).copied().collect();
        if texts.len() > 1 {
            let numbers: Vec<usize> = columns.iter().filter(|column| !is_text(column)).copied().collect();
            return Err(DataError::Texts {
                path: self.path.clone(),
                texts: texts.iter().map(|&column| table.describe(column)).collect::<Vec<_>>().join(", "),
                numbers: choice(&numbers, table.names.as_deref()),
            });
        }
        table.require_numbers(columns)?;
        let table = if self.drop_missing { self.complete(table, columns, label)? } else { table };
        table.require_complete(columns)?;
        let (labels, classes) = match label {
            Some(column) => {
                table.require_complete(&[column])?;
                let (labels, classes) = labels(&self.path, &table, column)?;
                (Some(labels), classes)
            }
            None => (None, None),
        };
        let values = table.values.select(Axis(1), columns).as_standard_layout().into_owned();
        let names = table.names.map(|names| columns.iter().map(|&column| names[column].clone()).collect());
        let odd = values.indexed_iter().find(|(_, value)| !value.is_finite());
        if let Some(((row, column), &value)) = odd {
            return Err(DataError::Value {
                path: self.path.clone(),
                row,
                column: columns::described(names.as_deref(), column),
                value,
                must: "but values must be finite; leave the row out or fill in a value",
            });
        }
        Ok(Rows { values, names, labels, classes, notes: table.notes })
    }
}

/// Returns a name that is not empty and that two columns have, with the columns.
fn same_name(names: &[String]) -> Option<(String, usize, usize)> {
    let named = names.iter().enumerate().filter(|(_, name)| !name.is_empty());
    let twice = |(second, name): (usize, &String)| {
        let first = names[..second].iter().position(|other| other == name)?;
        Some((name.clone(), first, second))
    };
    named.into_iter().find_map(twice)
}

/// Returns names as text, shortened if there are many.
fn listed(names: &[&str]) -> String {
    const MOST: usize = 10;
    let quoted: Vec<String> = names.iter().take(MOST).map(|name| format!("{name:?}")).collect();
    let more = names.len().saturating_sub(MOST);
    format!("{}{}", quoted.join(", "), if more > 0 { format!(" and {more} more") } else { String::new() })
}

/// Returns columns as a list for [`Table::columns`], by name if this is plain.
fn choice(columns: &[usize], names: Option<&[String]>) -> String {
    let is_plain = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic()) && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    match names.filter(|names| columns.iter().all(|&column| is_plain(&names[column])) && same_name(names).is_none()) {
        Some(names) => columns.iter().map(|&column| names[column].clone()).collect::<Vec<_>>().join(","),
        None => columns.iter().map(usize::to_string).collect::<Vec<_>>().join(","),
    }
}

/// Returns the labels in a column, and their names unless they are integers from 0 to 255.
fn labels(path: &Path, table: &Table, column: usize) -> Result<(Vec<u8>, Option<Vec<String>>), DataError> {
    let values = table.values.column(column);
    let few = |count: usize| match count {
        0..=256 => Ok(()),
        found => Err(DataError::Classes { path: path.to_path_buf(), column: table.describe(column), found, most: 256 }),
    };
    if let Some(classes) = &table.categories[column] {
        few(classes.len())?;
        return Ok((values.mapv(|x| x as u8).to_vec(), Some(classes.clone())));
    }
    if values.iter().all(|x| (0.0..256.0).contains(x) && x.fract() == 0.0) {
        return Ok((values.mapv(|x| x as u8).to_vec(), None));
    }
    let mut distinct = values.to_vec();
    distinct.sort_by(f64::total_cmp);
    distinct.dedup();
    few(distinct.len())?;
    let place = |x: &f64| distinct.iter().position(|known| known == x).expect("one of them") as u8;
    Ok((values.iter().map(place).collect(), Some(distinct.iter().map(f64::to_string).collect())))
}

/// Returns true if a column counts its rows upwards by one.
fn counts_rows(values: ArrayView1<'_, f64>) -> bool {
    const LEAST: usize = 20;
    let first = values[0];
    let counts = || values.iter().enumerate().all(|(row, &value)| value == first + row as f64);
    values.len() >= LEAST && [0.0, 1.0].contains(&first) && counts()
}

/// Returns true if a NumPy array contains vectors and not images.
///
/// # Errors
///
/// If the file cannot be read, or is not an array of numbers.
pub fn is_of_vectors(path: impl AsRef<Path>) -> Result<bool, DataError> {
    Ok(table::array_shape(path.as_ref())?.len() == 2)
}

/// Returns the number of values in a row of a NumPy array, if it contains vectors.
///
/// # Errors
///
/// If the file cannot be read, or is not an array of numbers.
pub fn row_length(path: impl AsRef<Path>) -> Result<Option<usize>, DataError> {
    match table::array_shape(path.as_ref())?[..] {
        [_, length] => Ok(Some(length)),
        _ => Ok(None),
    }
}

const TOO_FAR: &str = "so far from the rest that it overflows when the column is standardized; leave the row out";

fn split<F: NdFloat>(path: &Path, rows: Rows, columns: &Columns) -> Result<Split<F>, DataError> {
    let Rows { values, labels, classes, .. } = rows;
    let to_train_on = to_train_on(values.nrows());
    let part = |first: usize, rows: ArrayView2<'_, f64>| {
        let pixels = columns.standardize(rows);
        let labels = labels.as_ref().map(|labels| labels[first..first + rows.nrows()].to_vec());
        match pixels.indexed_iter().find(|(_, value): &(_, &F)| !value.is_finite()) {
            None => Ok(Images::new(pixels).labels(labels).classes(classes.clone())),
            Some(((row, _, column, _), _)) => Err(DataError::Value {
                path: path.to_path_buf(),
                row: first + row,
                column: columns.describe(column).to_string(),
                value: rows[[row, column]],
                must: TOO_FAR,
            }),
        }
    };
    let (train, test) = values.view().split_at(Axis(0), to_train_on);
    Ok(Split { train: part(0, train)?, test: part(to_train_on, test)? })
}

#[cfg(test)]
mod tests;
