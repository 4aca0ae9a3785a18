//! Columns of files and labels in tables.

use std::borrow::Cow;
use std::iter;
use std::path::Path;

use eae::run::write_whole_with;

use super::csv::{quoted, write_lines};
use super::{extension, needs_parent};
use crate::dataset::Used;
use crate::failure::Failure;

/// The name of the column of files.
pub(crate) const FILE: &str = "file";
/// The name of the column of labels.
pub(crate) const LABEL: &str = "label";

/// The columns that name the rows of a table: `file` and `label`, if they are known.
#[derive(Default)]
pub(crate) struct Names<'a> {
    files: Option<&'a [String]>,
    labels: Option<Vec<Cow<'a, str>>>,
}

impl<'a> Names<'a> {
    pub(crate) fn of(used: &'a Used) -> Self {
        Self { files: used.files(), labels: used.labels() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_none() && self.labels.is_none()
    }

    /// Returns the names of the columns.
    pub(super) fn header(&self) -> Vec<&'static str> {
        let known = [(self.files.is_some(), FILE), (self.labels.is_some(), LABEL)];
        known.iter().filter(|(known, _)| *known).map(|(_, name)| *name).collect()
    }

    /// Returns the fields of a row.
    pub(super) fn row(&self, row: usize) -> Vec<String> {
        let file = self.files.map(|files| quoted(&files[row]));
        file.into_iter().chain(self.labels.as_ref().map(|labels| quoted(&labels[row]))).collect()
    }
}

/// Fails if the name of a table does not end in .csv.
pub(crate) fn needs_csv(flag: &str, path: &Path) -> Result<(), Failure> {
    if extension(path) != Some("csv") {
        return Err(Failure::usage(format!("{flag} is {}; the name must end in .csv", path.display())));
    }
    needs_parent(path)
}

/// Writes a table with a row per image: its number, its names, and its values in `columns`.
pub(crate) fn write_table(
    path: &Path,
    names: &Names<'_>,
    rows: usize,
    columns: &[(&str, &[f64])],
) -> Result<(), Failure> {
    let written = write_whole_with(path, |file| {
        let header = iter::once("row").chain(names.header()).chain(columns.iter().map(|(name, _)| *name));
        let rows = (0..rows).map(|row| {
            let values = columns.iter().map(|(_, values)| values[row].to_string());
            iter::once(row.to_string()).chain(names.row(row)).chain(values).collect()
        });
        write_lines(file, iter::once(header.map(str::to_owned).collect()).chain(rows))
    });
    written.map_err(|e| Failure::other(e).at(path))
}
