use std::path::Path;

use ndarray::{ArrayView2, Axis, NdFloat};

use crate::file::to_train_on;
use crate::{Columns, DataError, Images, Index, Split, Table, TableOptions, columns, table};

/// The rows of a [`Table`] as vectors, each column brought to mean 0 and standard deviation 1 over the rows to train on; the
/// [`Columns`] bring what is decoded back. The last tenth of the rows, and at least one, is held out: shuffle a file that is
/// sorted in some way.
///
/// # Errors
///
/// If the file cannot be read or is no table, has fewer than three rows, a value that is not finite, or no column that varies.
pub fn from_table<F: NdFloat>(path: impl AsRef<Path>) -> Result<(Split<F>, Columns), DataError> {
    let path = path.as_ref();
    let table = read(path, &TableOptions::new())?;
    let found = table.values.nrows();
    if found < 3 {
        return Err(DataError::Rows { path: path.to_path_buf(), found });
    }
    let columns = Columns::fit(table.values.slice_axis(Axis(0), (..to_train_on(found)).into()), table.names);
    if columns.constant().count() == columns.len() {
        return Err(DataError::Constant { path: path.to_path_buf() });
    }
    if let Some(column) = (0..columns.len()).find(|&column| !columns.moments(column).1.is_finite()) {
        let values = table.values.column(column);
        let (row, &value) = values.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())).expect("rows");
        let (column, must) = (columns.describe(column).to_string(), TOO_FAR);
        return Err(DataError::Value { path: path.to_path_buf(), row, column, value, must });
    }
    Ok((split(path, table.values.view(), &columns)?, columns))
}

/// The same by the columns of a model, whose names must be those of the file if both have them: for data that it was not
/// trained on.
///
/// # Errors
///
/// If the file cannot be read or is no table, has other columns, or a value that is not finite. A single row is enough; it is
/// held out.
pub fn from_table_with<F: NdFloat>(path: impl AsRef<Path>, columns: &Columns) -> Result<Split<F>, DataError> {
    let path = path.as_ref();
    // A model that was trained on an index needs one.
    let has_index = columns.names().and_then(<[String]>::first).is_some_and(|name| table::is_index_name(name));
    let index = if has_index { Index::Keep } else { Index::Auto };
    let table = read(path, &TableOptions::new().index(index))?;
    let other = |found, expected| DataError::Columns { path: path.to_path_buf(), found, expected };
    let (found, expected) = (table.values.ncols(), columns.len());
    if found != expected {
        return Err(other(format!("{found} columns"), expected.to_string()));
    }
    if let (Some(names), Some(known)) = (table.names.as_deref(), columns.names())
        && let Some(column) = (0..expected).find(|&column| names[column] != known[column])
    {
        return Err(other(columns::described(Some(names), column), columns.describe(column).to_string()));
    }
    split(path, table.values.view(), columns)
}

/// Whether an array of NumPy is one of vectors and not of images.
///
/// # Errors
///
/// If the file cannot be read, or is no array of numbers.
pub fn is_of_vectors(path: impl AsRef<Path>) -> Result<bool, DataError> {
    Ok(table::array_shape(path.as_ref())?.len() == 2)
}

const TOO_FAR: &str = "so far from the rest that it is no number once the column is standardised; leave the row out";

/// A table of finite numbers.
fn read(path: &Path, options: &TableOptions) -> Result<Table, DataError> {
    let table = Table::read_with(path, options)?;
    let odd = table.values.indexed_iter().find(|(_, value)| !value.is_finite());
    match odd {
        None => Ok(table),
        Some(((row, column), &value)) => Err(DataError::Value {
            path: path.to_path_buf(),
            row,
            column: columns::described(table.names.as_deref(), column),
            value,
            must: "it must be finite; leave the row out, or fill in a value",
        }),
    }
}

fn split<F: NdFloat>(path: &Path, rows: ArrayView2<'_, f64>, columns: &Columns) -> Result<Split<F>, DataError> {
    let to_train_on = to_train_on(rows.nrows());
    let part = |first: usize, rows: ArrayView2<'_, f64>| {
        let pixels = columns.standardize(rows);
        match pixels.indexed_iter().find(|(_, value): &(_, &F)| !value.is_finite()) {
            None => Ok(Images::new(pixels)),
            Some(((row, _, column, _), _)) => Err(DataError::Value {
                path: path.to_path_buf(),
                row: first + row,
                column: columns.describe(column).to_string(),
                value: rows[[row, column]],
                must: TOO_FAR,
            }),
        }
    };
    let (train, test) = rows.split_at(Axis(0), to_train_on);
    Ok(Split { train: part(0, train)?, test: part(to_train_on, test)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use ndarray::{Array2, Array3, array};
    use ndarray_npy::WriteNpyExt;

    fn with<T>(bytes: impl AsRef<[u8]>, read: impl Fn(&Path) -> T) -> T {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes.as_ref()).unwrap();
        read(file.path())
    }

    /// The error, which has the file's name, without that.
    fn said<T: std::fmt::Debug>(bytes: impl AsRef<[u8]>, read: impl Fn(&Path) -> Result<T, DataError>) -> String {
        with(bytes, |path| {
            let said = read(path).unwrap_err().to_string();
            said.strip_prefix(&path.display().to_string()).unwrap_or_else(|| panic!("{said}")).to_owned()
        })
    }

    fn npy<T: ndarray_npy::WritableElement, D: ndarray::Dimension>(array: &ndarray::Array<T, D>) -> Vec<u8> {
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn text_and_arrays_are_standardised_and_come_back() {
        let rows = Array2::from_shape_fn((21, 3), |(i, j)| [1.7e9 + i as f64, -2.5, (i * i % 7) as f64][j]);
        let mut text = String::from("time,\"an, other\",x\n");
        rows.outer_iter().for_each(|row| text.push_str(&format!("{},{},{}\n", row[0], row[1], row[2])));
        for (bytes, names) in [(text.into_bytes(), Some("an, other")), (npy(&rows), None)] {
            let (split, columns) = with(bytes, |path| from_table::<f32>(path).unwrap());
            assert_eq!((split.train.pixels.dim(), split.test.pixels.dim()), ((19, 1, 3, 1), (2, 1, 3, 1)));
            assert_eq!(columns.names().map(|names| names[1].as_str()), names);
            // As numpy's mean and std(ddof=1) of range(19) have it.
            let (mean, deviation) = columns.moments(0);
            assert!(mean == 1.7e9 + 9.0 && (deviation - 5.627314338711377).abs() < 1e-14, "{mean} {deviation}");
            assert_eq!(columns.constant().collect::<Vec<_>>(), [1]);
            let mean = split.train.pixels.mean_axis(Axis(0)).unwrap();
            assert!(mean.iter().all(|x| x.abs() < 1e-6), "{mean}");
            // Of seconds since 1970 a 32-bit number knows 2 minutes; standardised they keep their seconds.
            let back = columns.restore(split.test.pixels.view());
            assert!((&back - &rows.slice_axis(Axis(0), (19..).into())).iter().all(|e| e.abs() < 1e-5), "{back}");
        }
    }

    #[test]
    fn by_the_columns_of_a_model() {
        let (_, columns) = with("a,b\n0,1\n2,1\n9,9", |path| from_table::<f64>(path).unwrap());
        assert_eq!((columns.moments(0).0, columns.moments(1)), (1.0, (1.0, 0.0)));
        let split = with("1 5\n3 5", |path| from_table_with::<f64>(path, &columns).unwrap());
        assert_eq!(split.train.pixels[[0, 0, 0, 0]], 0.0);
        assert!((split.test.pixels[[0, 0, 0, 0]] - 2_f64.sqrt()).abs() < 1e-15);
        assert_eq!(split.test.pixels[[0, 0, 1, 0]], 0.0);
        let wrong = |text: &str| said(text, |path| from_table_with::<f64>(path, &columns));
        assert_eq!(wrong("1 2 3\n4 5 6"), " has 3 columns, the model was trained on 2");
        assert_eq!(wrong("a,c\n4,5\n6,7"), " has column 1 (\"c\"), the model was trained on column 1 (\"b\")");
        // An index is no column, unless the model was trained on one.
        let (indexed, plain) = (",a,b\n7,1,5\n4,3,5\n9,3,5", "a,b\n1,5\n3,5\n3,5");
        let rows = |text: &str| with(text, |path| from_table_with::<f64>(path, &columns).unwrap()).train.pixels;
        assert_eq!(rows(indexed), rows(plain));
        let names = ["", "a", "b"].map(str::to_owned).to_vec();
        let columns_with = Columns::fit(array![[0.0, 1.0, 1.0], [1.0, 2.0, 5.0]].view(), Some(names));
        assert_eq!(with(indexed, |path| from_table_with::<f64>(path, &columns_with).unwrap()).train.pixels.dim().2, 3);
        let one = with("4,5", |path| from_table_with::<f64>(path, &columns).unwrap());
        assert_eq!((one.train.len(), one.test.len()), (0, 1));
    }

    #[test]
    fn what_cannot_be_learnt_from_is_named() {
        let wrong = |bytes: &[u8]| said(bytes, |path| from_table::<f32>(path));
        let finite = "it must be finite; leave the row out, or fill in a value";
        assert!(
            wrong(b"a,b\n1,2\n\n3,nan\n5,6").starts_with(": line 4, column 1 (\"b\"): \"nan\" means that the value is")
        );
        assert_eq!(wrong(b"1 2\n-inf 4\n5 6"), format!(": row 1 (from 0), column 0 is -inf, {finite}"));
        assert!(
            wrong(&npy(&array![[0.0, 1.0], [f64::NAN, 2.0]]))
                .starts_with(": row 1, column 0 (counted from 0): \"NaN\"")
        );
        assert!(wrong(b"a,b\n1,2\n3,\n5,6").starts_with(": line 3, column 1 (\"b\"): the value is missing"));
        assert!(wrong(b"1,2\n3,red\n5,6").starts_with(": line 2, column 1 (counted from 0): \"red\" is not a number"));
        assert!(wrong(b"1,2\n3\n5,6").starts_with(": line 2: \"3\" has 1 field"));
        assert!(wrong(b"1,2\n1,2\n5,6").ends_with(": in each column all rows are alike, there is nothing to learn"));
        assert!(wrong(b"1,2\n3,4").starts_with(": 2 rows, there must be at least 3"));
        assert!(
            wrong(&npy(&Array3::<f32>::zeros((2, 2, 2))))
                .starts_with(": an array of shape [2, 2, 2], it must be [rows]")
        );
        let far = wrong(b"1,2\n3,4\n1e60,4");
        assert!(far.starts_with(": row 2 (from 0), column 0 is 1"), "{far}");
        assert!(far.ends_with("no number once the column is standardised; leave the row out"), "{far}");
        // Each is a number, but not their deviation, which a model could not keep.
        let far = wrong(b"-1.7e308,4\n1.7e308,4\n1,2");
        assert!(far.starts_with(": row 1 (from 0), column 0 is 1") && far.contains("so far from the rest"), "{far}");
        let missing = from_table::<f32>("no such file.csv").unwrap_err().to_string();
        assert!(missing.starts_with("no such file.csv: cannot be opened: "));
    }

    #[test]
    fn arrays_of_two_axes() {
        assert!(with(npy(&Array2::<f32>::zeros((3, 2))), |path| is_of_vectors(path).unwrap()));
        assert!(!with(npy(&Array3::<u8>::zeros((3, 2, 2))), |path| is_of_vectors(path).unwrap()));
        assert!(said("1,2\n3,4", |path| is_of_vectors(path)).contains("an array of NumPy (.npy) starts with"));
    }
}
