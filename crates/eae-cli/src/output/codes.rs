use std::iter;
use std::path::{Path, PathBuf};

use eae::data::{Table, TableOptions, Text, write_npy};
use eae::run;
use ndarray::{Array2, ArrayView2, Axis};

use super::csv::write_lines;
use super::names::{FILE, LABEL, Names};
use super::{extension, needs_parent};
use crate::failure::Failure;
use crate::table::refused;

/// A file for codes.
pub(crate) struct Codes {
    path: PathBuf,
    csv: bool,
}

impl Codes {
    /// Checks the name that a flag gives, so that writing fails before the work is done.
    pub(crate) fn new(flag: &str, path: &Path) -> Result<Self, Failure> {
        let csv = match extension(path) {
            Some("npy") => false,
            Some("csv") => true,
            _ => {
                return Err(Failure::usage(format!("{flag} is {}; the name must end in .npy or .csv", path.display())));
            }
        };
        needs_parent(path)?;
        Ok(Self { path: path.to_path_buf(), csv })
    }

    /// Returns true for a table, which can have columns of names.
    pub(crate) fn is_table(&self) -> bool {
        self.csv
    }

    /// Writes codes `[n, latent]` as an array of 32-bit numbers, or as text with a header that is
    /// read back exactly.
    pub(crate) fn write(&self, codes: ArrayView2<'_, f32>) -> Result<(), Failure> {
        self.write_named(codes, &Names::default())
    }

    /// Writes codes as [`write`](Codes::write) does, with columns of names first in a text file.
    pub(crate) fn write_named(&self, codes: ArrayView2<'_, f32>, names: &Names<'_>) -> Result<(), Failure> {
        let written = run::write_whole_with(&self.path, |file| {
            if !self.csv {
                return write_npy(file, codes);
            }
            let header = names.header().into_iter().map(str::to_owned).chain((0..codes.ncols()).map(column));
            let rows = codes.outer_iter().enumerate();
            let rows = rows.map(|(row, code)| [names.row(row), code.iter().map(f32::to_string).collect()].concat());
            write_lines(file, iter::once(header.collect()).chain(rows))
        });
        written.map_err(|e| Failure::other(e).at(&self.path))
    }

    /// Reads codes of `latent` finite numbers from an array or text, without the columns of names
    /// of [`write_named`](Codes::write_named).
    pub(crate) fn read(path: &Path, latent: usize) -> Result<Array2<f32>, Failure> {
        let refuse = |e| refused(&e, "remove the row");
        let table = Table::read_with(path, &TableOptions::new().text(Text::Categories)).map_err(refuse)?;
        let columns = of_codes(table.names.as_deref()).unwrap_or_else(|| (0..table.values.ncols()).collect());
        table.require_numbers(&columns).map_err(refuse)?;
        let codes = table.values.select(Axis(1), &columns);
        let wrong = |problem: String| Failure::usage(format!("{}: {problem}", path.display()));
        if codes.ncols() != latent {
            let found = codes.ncols();
            return Err(wrong(format!(
                "the codes have {found} numbers, but the latent dimension of the model is {latent}"
            )));
        }
        match codes.indexed_iter().find(|(_, z)| !(**z as f32).is_finite()) {
            Some(((row, column), z)) => {
                Err(wrong(format!("row {row}, column {column} (from 0) is {z}; codes must be finite")))
            }
            None => Ok(codes.mapv(|z| z as f32)),
        }
    }
}

/// Returns the name of a column of codes.
fn column(number: usize) -> String {
    format!("z{number}")
}

/// Returns the columns of codes of a table with the header `file`, `label` or both, followed by
/// `z0`, `z1` and so on.
pub(crate) fn of_codes(names: Option<&[String]>) -> Option<Vec<usize>> {
    let names = names?;
    let named = names.iter().take_while(|name| [FILE, LABEL].contains(&name.as_str())).count();
    let codes = &names[named..];
    let are_codes = named > 0 && !codes.is_empty() && codes.iter().enumerate().all(|(i, name)| *name == column(i));
    are_codes.then(|| (named..names.len()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use std::fs;

    #[test]
    fn codes_are_read_back_exactly() {
        let folder = tempfile::tempdir().unwrap();
        let codes = array![[0.1_f32, -3.0], [1.0e-20, f32::MAX], [1.0 / 3.0, 0.0]];
        for name in ["codes.npy", "codes.csv"] {
            let path = folder.path().join(name);
            Codes::new("--out", &path).unwrap().write(codes.view()).unwrap();
            assert_eq!(Codes::read(&path, 2).unwrap(), codes);
            let error = Codes::read(&path, 3).unwrap_err().to_string();
            assert!(
                error.ends_with(": the codes have 2 numbers, but the latent dimension of the model is 3"),
                "{error}"
            );
        }
        let text = fs::read_to_string(folder.path().join("codes.csv")).unwrap();
        assert!(text.starts_with("z0,z1\n0.1,-3\n"), "{text}");
    }

    #[test]
    fn values_that_are_not_finite_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes.csv");
        fs::write(&path, "1,2\n3,nan\n").unwrap();
        let error = Codes::read(&path, 2).unwrap_err().to_string();
        assert!(error.contains("line 2, column 1") && error.contains("the value is missing"), "{error}");
        for (number, shown) in [("1e39", "1000000000000000000000000000000000000000"), ("-inf", "-inf")] {
            fs::write(&path, format!("1,2\n3,{number}\n")).unwrap();
            let error = Codes::read(&path, 2).unwrap_err().to_string();
            assert!(
                error.ends_with(&format!(": row 1, column 1 (from 0) is {shown}; codes must be finite")),
                "{error}"
            );
        }
        let error = Codes::new("--codes", Path::new("codes.txt")).err().unwrap().to_string();
        assert_eq!(error, "--codes is codes.txt; the name must end in .npy or .csv");
    }
}
