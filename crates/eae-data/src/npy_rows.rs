use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::npy::Element;
use crate::{DataError, Npy, NpyError};

/// Rows of a `.npy` file that are read in parts, for files that are larger than memory or shared by
/// several processes.
///
/// An array of one axis is a column.
#[derive(Debug, Clone)]
pub struct NpyRows {
    path: PathBuf,
    rows: usize,
    columns: usize,
    fortran: bool,
    element: Element,
    /// Number of bytes before the data.
    header: u64,
}

impl NpyRows {
    /// Reads the header of a file and checks the length of the file.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, is not an array of numbers with one or two axes, or has another
    /// length than its header states.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, DataError> {
        let path = path.as_ref();
        let unreadable = |reason| DataError::Read { path: path.to_owned(), reason };
        let broken = |problem| DataError::Npy { path: path.to_owned(), problem };
        let file = File::open(path).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let array = Npy::new(BufReader::new(file)).map_err(broken)?;
        let (rows, columns) = match *array.shape() {
            [rows] => (rows, 1),
            [rows, columns] => (rows, columns),
            ref shape => {
                let expected = "[rows] or [rows, columns]".to_owned();
                return Err(DataError::Shape { path: path.to_owned(), found: shape.to_vec(), expected });
            }
        };
        array.check_length(length).map_err(broken)?;
        let (fortran, (element, header)) = (array.is_fortran() && columns > 1, array.into_layout());
        Ok(Self { path: path.to_owned(), rows, columns, fortran, element, header })
    }

    /// Returns the number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Returns the number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Reads some rows, one after the other.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or a 64-bit float cannot represent an integer.
    ///
    /// # Panics
    ///
    /// If the range exceeds the rows.
    pub fn read(&self, rows: Range<usize>) -> Result<Vec<f64>, DataError> {
        assert!(rows.start <= rows.end && rows.end <= self.rows, "rows {rows:?} of {}", self.rows);
        let unreadable = |reason| DataError::Read { path: self.path.clone(), reason };
        let mut file = File::open(&self.path).map_err(unreadable)?;
        let mut values = vec![0.0; rows.len() * self.columns];
        if !self.fortran {
            self.run(&mut file, rows.start * self.columns, values.len(), |i, x| values[i] = x)?;
            return Ok(values);
        }
        for column in 0..self.columns {
            let first = column * self.rows + rows.start;
            self.run(&mut file, first, rows.len(), |i, x| values[i * self.columns + column] = x)?;
        }
        Ok(values)
    }

    /// Calls a function with the number and the value of consecutive elements of the file.
    fn run(
        &self,
        file: &mut File,
        first: usize,
        count: usize,
        mut each: impl FnMut(usize, f64),
    ) -> Result<(), DataError> {
        let unreadable = |reason| DataError::Read { path: self.path.clone(), reason };
        let size = self.element.size();
        file.seek(SeekFrom::Start(self.header + (first * size) as u64)).map_err(unreadable)?;
        let mut chunk = vec![0; size << 13];
        let mut done = 0;
        while done < count {
            let elements = (count - done).min(1 << 13);
            let bytes = &mut chunk[..elements * size];
            file.read_exact(bytes).map_err(unreadable)?;
            for (i, bytes) in bytes.chunks_exact(size).enumerate() {
                let position = first + done + i;
                let exact =
                    |value| DataError::Npy { path: self.path.clone(), problem: NpyError::Inexact { position, value } };
                each(done + i, self.element.widen(bytes).map_err(exact)?);
            }
            done += elements;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};
    use ndarray_npy::WriteNpyExt;

    use super::*;
    use crate::write_npy;

    #[test]
    fn parts_are_the_rows_of_the_array() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let x = Array2::from_shape_fn((20_001, 3), |(i, c)| (i * 7 + c) as f64 / 8.0);
        let check = |x: ArrayView2<'_, f64>| {
            let rows = NpyRows::open(&path).unwrap();
            assert_eq!((rows.rows(), rows.columns()), x.dim());
            for range in [0..0, 0..1, 5..9000, 19_999..20_001, 0..20_001] {
                let expected: Vec<f64> = x.slice_axis(Axis(0), Slice::from(range.clone())).iter().copied().collect();
                assert_eq!(rows.read(range).unwrap(), expected);
            }
        };
        write_npy(File::create(&path).unwrap(), x.view()).unwrap();
        check(x.view());
        write_npy(File::create(&path).unwrap(), x.mapv(|x| x as f32).view()).unwrap();
        check(x.view());
        // Fortran order.
        let columns = x.t().as_standard_layout().into_owned().reversed_axes();
        columns.write_npy(File::create(&path).unwrap()).unwrap();
        assert!(std::fs::read(&path).unwrap()[..200].windows(4).any(|text| text == b"True"));
        check(x.view());
        let whole: Array1<i32> = (0..20_001).collect();
        whole.write_npy(File::create(&path).unwrap()).unwrap();
        check(whole.mapv(f64::from).insert_axis(Axis(1)).view());
    }

    #[test]
    fn wrong_lengths_and_shapes_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let mut bytes = Vec::new();
        write_npy(&mut bytes, Array2::<f64>::zeros((4, 2)).view()).unwrap();
        std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        let error = NpyRows::open(&path).unwrap_err().to_string();
        assert!(error.contains("64 bytes, but only 63 follow"), "{error}");
        bytes.push(0);
        std::fs::write(&path, &bytes).unwrap();
        assert!(NpyRows::open(&path).unwrap_err().to_string().contains("but more follow"));
        write_npy(File::create(&path).unwrap(), ndarray::Array3::<f64>::zeros((2, 2, 2)).view()).unwrap();
        assert!(matches!(NpyRows::open(&path), Err(DataError::Shape { .. })));
        assert!(matches!(NpyRows::open(folder.path().join("none")), Err(DataError::Read { .. })));
    }
}
