//! Files of vectors, in the units of the training data.

use std::io;
use std::path::Path;

use eae::data::{Columns, write_npy};
use eae::run::write_whole;
use ndarray::Array2;

use crate::failure::Failure;

/// Writes vectors in the units of the table: text with the table's header if the file ends in .csv,
/// or else a NumPy array `[rows, columns]` of 64-bit numbers.
pub(super) fn write(path: &Path, columns: &Columns, rows: &Array2<f64>) -> Result<(), Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::other(e).at(path);
    let mut bytes = Vec::new();
    if is_csv(path) {
        csv(rows, columns, &mut bytes).map_err(|e| failed(&e))?;
    } else {
        write_npy(&mut bytes, rows.view()).map_err(|e| failed(&e))?;
    }
    write_whole(path, &bytes).map_err(|e| failed(&e))
}

/// Returns true if the name ends in .csv.
fn is_csv(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "csv")
}

fn csv(rows: &Array2<f64>, columns: &Columns, out: &mut impl io::Write) -> io::Result<()> {
    let header = columns.names().map(|names| names.iter().map(|name| quoted(name)).collect());
    // The shortest text that is read as the same number.
    let field = |(column, value): (usize, &f64)| match value.fract() == 0.0 && columns.whole().contains(&column) {
        true => format!("{value}"),
        false => format!("{value:?}"),
    };
    let rows = rows.outer_iter().map(|row| row.iter().enumerate().map(field).collect());
    write_lines(out, header.into_iter().chain(rows))
}

/// Writes lines of fields.
pub(super) fn write_lines(out: &mut impl io::Write, mut lines: impl Iterator<Item = Vec<String>>) -> io::Result<()> {
    lines.try_for_each(|fields| writeln!(out, "{}", fields.join(",")))
}

/// Quotes a name if it has special characters.
pub(super) fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    if name.chars().all(plain) { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::data::Table;
    use ndarray::array;

    #[test]
    fn text_is_read_back_exactly() {
        let rows = array![[0.1, 1e-300, 5.0], [2.0 / 3.0, 3e300, 5.0], [1e22, -7.0, 5.0]];
        let file = tempfile::Builder::new().suffix(".csv").tempfile().unwrap();
        for names in [None, Some(["größe", "a \"b\", c;d # e", "%"].map(str::to_owned).to_vec())] {
            let columns = Columns::fit(rows.view(), names.clone());
            let mut text = Vec::new();
            csv(&rows, &columns, &mut text).unwrap();
            std::fs::write(file.path(), text).unwrap();
            let read = Table::read(file.path()).unwrap();
            assert_eq!((read.values, read.names), (rows.clone(), names));
        }
        let column = Columns::fit(array![[1.0], [2.0]].view(), Some(vec!["two words".to_owned()]));
        write(file.path(), &column, &array![[1.0], [2.0]]).unwrap();
        let read = Table::read(file.path()).unwrap();
        assert_eq!(read.names.as_deref(), column.names());
        assert_eq!(read.values, array![[1.0], [2.0]]);
    }
}
