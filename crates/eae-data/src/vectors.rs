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
}

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
        Self { path: path.into(), columns: None, label: None }
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

    /// Loads the rows as vectors. Each column is standardized to mean 0 and standard deviation 1
    /// over the training rows, and the [`Columns`] convert decoded values back. The last tenth of
    /// the rows, at least one, is held out. Shuffle a file that is sorted in some way. The notes
    /// are decisions of the reader that a user should see.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not a table, lacks a column, has fewer than three rows or a
    /// value that is not finite, or if no column varies.
    pub fn load<F: NdFloat>(&self) -> Result<(Split<F>, Columns, Vec<Note>), DataError> {
        let path = &self.path;
        let mut rows = self.rows()?;
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
    /// have names, columns are matched by name, and other columns are ignored.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not a table, has other columns, or a value that is not
    /// finite. A single row is allowed and is held out.
    pub fn load_with<F: NdFloat>(&self, columns: &Columns) -> Result<Split<F>, DataError> {
        let path = &self.path;
        let rows = self.rows_of(columns)?;
        let other = |found, expected| DataError::Columns { path: path.clone(), found, expected };
        let (found, expected) = (rows.values.ncols(), columns.len());
        if found != expected {
            return Err(other(format!("{found} column{}", if found == 1 { "" } else { "s" }), expected.to_string()));
        }
        if let (Some(names), Some(known)) = (rows.names.as_deref(), columns.names())
            && let Some(column) = (0..expected).find(|&column| names[column] != known[column])
        {
            return Err(other(columns::described(Some(names), column), columns.describe(column).to_string()));
        }
        split(path, rows, columns)
    }

    /// Returns the chosen columns in their own units, one row for each row of the file, and their
    /// names, if the file has names.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is not a table, lacks a column, or has a value that is not
    /// finite.
    pub fn values(&self) -> Result<(Array2<f64>, Option<Vec<String>>), DataError> {
        let Rows { values, names, .. } = self.rows()?;
        Ok((values, names))
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
        if self.columns.is_none() && self.label.is_none() {
            let table = Table::read(&self.path)?;
            let all = Vec::from_iter(0..table.values.ncols());
            return self.of(table, &all, None);
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
        let place = |name: &String| table.names.as_ref()?.iter().position(|known| known == name);
        let by_name = columns.names().and_then(|names| names.iter().map(place).collect::<Option<Vec<_>>>());
        let chosen = match (by_name, &self.columns) {
            (Some(columns), _) => columns,
            (None, Some(columns)) if table.names.is_none() => self.list(&table, columns)?,
            _ => (0..table.values.ncols()).filter(|&column| Some(column) != label).collect(),
        };
        self.of(table, &chosen, label)
    }

    fn read(&self, index: Index) -> Result<Table, DataError> {
        let options = TableOptions::new().index(index).text(Text::Categories).missing(Missing::Keep);
        Ok(Table::read_with(&self.path, &options)?)
    }

    fn list(&self, table: &Table, list: &str) -> Result<Vec<usize>, DataError> {
        table.columns(list).map_err(|problem| DataError::Choice { path: self.path.clone(), problem })
    }

    /// Returns the finite numbers of some columns, and the labels of another.
    fn of(&self, table: Table, columns: &[usize], label: Option<usize>) -> Result<Rows, DataError> {
        table.require_numbers(columns)?;
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

    /// Returns the error without the name of the file, which must be present.
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
    fn text_and_arrays_are_standardized_and_restored() {
        let rows = Array2::from_shape_fn((21, 3), |(i, j)| [1.7e9 + i as f64, -2.5, (i * i % 7) as f64][j]);
        let mut text = String::from("time,\"an, other\",x\n");
        rows.outer_iter().for_each(|row| text.push_str(&format!("{},{},{}\n", row[0], row[1], row[2])));
        for (bytes, names) in [(text.into_bytes(), Some("an, other")), (npy(&rows), None)] {
            let (split, columns) = with(bytes, |path| from_table::<f32>(path).unwrap());
            assert_eq!((split.train.pixels.dim(), split.test.pixels.dim()), ((19, 1, 3, 1), (2, 1, 3, 1)));
            assert_eq!(columns.names().map(|names| names[1].as_str()), names);
            // The mean and std(ddof=1) of range(19) by numpy.
            let (mean, deviation) = columns.moments(0);
            assert!(mean == 1.7e9 + 9.0 && (deviation - 5.627314338711377).abs() < 1e-14, "{mean} {deviation}");
            assert_eq!(columns.constant().collect::<Vec<_>>(), [1]);
            let mean = split.train.pixels.mean_axis(Axis(0)).unwrap();
            assert!(mean.iter().all(|x| x.abs() < 1e-6), "{mean}");
            // For seconds since 1970, a 32-bit float has a resolution of 2 minutes. Standardized
            // values keep the seconds.
            let back = columns.restore(split.test.pixels.view());
            assert!((&back - &rows.slice_axis(Axis(0), (19..).into())).iter().all(|e| e.abs() < 1e-5), "{back}");
        }
    }

    #[test]
    fn rows_are_loaded_with_the_columns_of_a_model() {
        let (_, columns) = with("a,b\n0,1\n2,1\n9,9", |path| from_table::<f64>(path).unwrap());
        assert_eq!((columns.moments(0).0, columns.moments(1)), (1.0, (1.0, 0.0)));
        let split = with("1 5\n3 5", |path| VectorFile::new(path).load_with::<f64>(&columns).unwrap());
        assert_eq!(split.train.pixels[[0, 0, 0, 0]], 0.0);
        assert!((split.test.pixels[[0, 0, 0, 0]] - 2_f64.sqrt()).abs() < 1e-15);
        assert_eq!(split.test.pixels[[0, 0, 1, 0]], 0.0);
        let wrong = |text: &str| said(text, |path| VectorFile::new(path).load_with::<f64>(&columns));
        assert_eq!(wrong("1 2 3\n4 5 6"), " has 3 columns, but the model was trained on 2");
        assert_eq!(wrong("a,c\n4,5\n6,7"), " has column 1 (\"c\"), but the model was trained on column 1 (\"b\")");
        // An index is not a column, unless the model was trained on one.
        let (indexed, plain) = (",a,b\n7,1,5\n4,3,5\n9,3,5", "a,b\n1,5\n3,5\n3,5");
        let rows =
            |text: &str| with(text, |path| VectorFile::new(path).load_with::<f64>(&columns).unwrap()).train.pixels;
        assert_eq!(rows(indexed), rows(plain));
        let names = ["", "a", "b"].map(str::to_owned).to_vec();
        let columns_with = Columns::fit(array![[0.0, 1.0, 1.0], [1.0, 2.0, 5.0]].view(), Some(names));
        assert_eq!(
            with(indexed, |path| VectorFile::new(path).load_with::<f64>(&columns_with).unwrap()).train.pixels.dim().2,
            3
        );
        let one = with("4,5", |path| VectorFile::new(path).load_with::<f64>(&columns).unwrap());
        assert_eq!((one.train.len(), one.test.len()), (0, 1));
    }

    #[test]
    fn chosen_columns_and_labels() {
        let head = "id,kind,a,b,note\n";
        let row = |i: usize| format!("{i},{},{},{},x{i}\n", ["oak", "elm", "ash"][i % 3], i * i, (7 * i) % 5);
        let text = head.to_owned() + &(0..30).map(row).collect::<String>();
        with(&text, |path| {
            let file = VectorFile::new(path).columns(Some("a,b".into())).label(Some("kind".into()));
            let (split, columns, notes) = file.load::<f64>().unwrap();
            assert_eq!((split.train.pixels.dim(), split.test.labels), ((27, 1, 2, 1), Some(vec![2, 1, 0])));
            assert_eq!(split.train.classes, Some(["ash", "elm", "oak"].map(str::to_owned).to_vec()));
            assert_eq!((columns.names().unwrap(), notes), (&["a".to_owned(), "b".to_owned()][..], vec![]));
            // A model finds its columns by name, in any order.
            let other = "b,color,a\n1,red,4\n2,blue,9\n";
            let found = with(other, |path| file_at(&file, path).load_with::<f64>(&columns).unwrap()).whole();
            let expected =
                with("a,b\n4,1\n9,2\n", |path| VectorFile::new(path).load_with::<f64>(&columns).unwrap()).whole();
            assert_eq!((found.pixels, found.labels), (expected.pixels, None));
            // Without a choice of columns, text is an error, and an index is noted.
            let said = VectorFile::new(path).label(Some("kind".into())).load::<f64>().unwrap_err().to_string();
            assert!(said.contains("column 4 (\"note\"): \"x0\" is not a number"), "{said}");
            let (_, _, notes) = VectorFile::new(path).columns(Some("id,a".into())).load::<f64>().unwrap();
            assert_eq!(notes, [Note::CountsRows { column: "column 0 (\"id\")".into() }]);
            let said = file.columns(Some("a,c".into())).load::<f64>().unwrap_err().to_string();
            assert!(said.contains("there is no column \"c\""), "{said}");
        });
        let numbers = "y,x\n-1,2\n1,3\n-1,4\n0.5,9\n";
        let labels =
            with(numbers, |path| VectorFile::new(path).label(Some("y".into())).load::<f64>().unwrap().0).whole();
        assert_eq!(labels.labels, Some(vec![0, 2, 0, 1]));
        assert_eq!(labels.classes, Some(["-1", "0.5", "1"].map(str::to_owned).to_vec()));
        let many: String = (0..300).map(|i| format!("{i}.5,{i}\n")).collect();
        let said =
            with(many, |path| VectorFile::new(path).label(Some("0".into())).load::<f64>().unwrap_err().to_string());
        assert!(
            said.ends_with(
                "column 0 has 300 different values, but a label can have at most 256; choose another column"
            ),
            "{said}"
        );
    }

    fn file_at(file: &VectorFile, path: &Path) -> VectorFile {
        VectorFile { path: path.to_path_buf(), ..file.clone() }
    }

    #[test]
    fn rows_as_images() {
        let text = "label,p0,p1,p2,p3,p4,p5\n7,0,51,102,153,204,255\n3,255,0,0,0,0,0\n";
        let images =
            |text: &str| with(text, |path| VectorFile::new(path).label(Some("label".into())).images::<f64>([2, 3, 1]));
        let read = images(text).unwrap();
        assert_eq!((read.pixels.dim(), read.labels), ((2, 2, 3, 1), Some(vec![7, 3])));
        let row: Vec<f64> = read.pixels.index_axis(Axis(0), 0).iter().copied().collect();
        assert_eq!(row, [0, 51, 102, 153, 204, 255].map(|byte| f64::from(byte) / 255.0));
        let said = images("label,p0,p1\n1,2,3\n").unwrap_err().to_string();
        assert!(
            said.ends_with(
                "rows have 2 numbers, but images of this shape have 6; choose other columns or another shape"
            ),
            "{said}"
        );
        let said = images(&text.replace("153", "1530")).unwrap_err().to_string();
        assert!(said.contains("image 0 has a pixel that is 1530"), "{said}");
    }

    #[test]
    fn unusable_data_are_errors() {
        let wrong = |bytes: &[u8]| said(bytes, |path| from_table::<f32>(path));
        let finite = "but values must be finite; leave the row out or fill in a value";
        assert!(
            wrong(b"a,b\n1,2\n\n3,nan\n5,6").starts_with(": line 4, column 1 (\"b\"): \"nan\" means that the value is")
        );
        assert_eq!(wrong(b"1 2\n-inf 4\n5 6"), format!(": row 1 (from 0), column 0 is -inf, {finite}"));
        assert!(wrong(&npy(&array![[0.0, 1.0], [f64::NAN, 2.0]])).starts_with(": row 1, column 0 (from 0): \"NaN\""));
        assert!(wrong(b"a,b\n1,2\n3,\n5,6").starts_with(": line 3, column 1 (\"b\"): the value is missing"));
        assert!(wrong(b"1,2\n3,red\n5,6").starts_with(": line 2, column 1 (from 0): \"red\" is not a number"));
        assert!(wrong(b"1,2\n3\n5,6").starts_with(": line 2: \"3\" has 1 field"));
        assert!(wrong(b"1,2\n1,2\n5,6").ends_with(": every column is constant, so there is nothing to learn"));
        assert!(wrong(b"1,2\n3,4").starts_with(": there are 2 rows, but at least 3 are needed"));
        assert!(
            wrong(&npy(&Array3::<f32>::zeros((2, 2, 2))))
                .starts_with(": the array has shape [2, 2, 2]; it must be [rows]")
        );
        let far = wrong(b"1,2\n3,4\n1e60,4");
        assert!(far.starts_with(": row 2 (from 0), column 0 is 1"), "{far}");
        assert!(far.ends_with("it overflows when the column is standardized; leave the row out"), "{far}");
        // Each value is finite, but their deviation is not.
        let far = wrong(b"-1.7e308,4\n1.7e308,4\n1,2");
        assert!(far.starts_with(": row 1 (from 0), column 0 is 1") && far.contains("so far from the rest"), "{far}");
        let missing = from_table::<f32>("no such file.csv").unwrap_err().to_string();
        assert!(missing.starts_with("no such file.csv: cannot be opened: "));
    }

    #[test]
    fn arrays_of_two_axes() {
        assert!(with(npy(&Array2::<f32>::zeros((3, 2))), |path| is_of_vectors(path).unwrap()));
        assert!(!with(npy(&Array3::<u8>::zeros((3, 2, 2))), |path| is_of_vectors(path).unwrap()));
        assert!(said("1,2\n3,4", |path| is_of_vectors(path)).contains("this is not a NumPy array (.npy)"));
    }
}
