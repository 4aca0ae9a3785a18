//! Tables from NumPy arrays.

use std::io::Read;

use ndarray::{Array2, ShapeBuilder};

use super::options::Missing;
use super::{Cell, CellProblem, Table, TableOptions, TableProblem};
use crate::{Npy, NpyError};

/// Reads an array of one axis, which is a column, or of two axes. If the length of the file in
/// bytes is known, memory for all elements is allocated once.
pub(super) fn read(reader: impl Read, length: Option<u64>, options: &TableOptions) -> Result<Table, TableProblem> {
    let array = Npy::new(reader)?;
    let (rows, columns) = match *array.shape() {
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        ref shape => return Err(TableProblem::Axes(shape.to_vec())),
    };
    if rows == 0 || columns == 0 {
        return Err(TableProblem::NoNumbers(array.shape().to_vec()));
    }
    let fortran = array.is_fortran() && columns > 1;
    // Trust the header only if the file has the length that the header implies.
    let is_whole = length.is_some_and(|length| array.file_length() == Some(length));
    let values =
        if is_whole { in_place(array, rows, columns, fortran) } else { growing(array, rows, columns, fortran) };
    let values = values.map_err(|e| match e {
        // Report the row and the column rather than the position in the file.
        NpyError::Inexact { position, value } => {
            let (row, column) =
                if fortran { (position % rows, position / rows) } else { (position / columns, position % columns) };
            TableProblem::Inexact { row, column, value }
        }
        e => e.into(),
    })?;
    if options.missing == Missing::Error
        && let Some(position) = values.iter().position(|value| value.is_nan())
    {
        let (row, column) = (position / columns, position % columns);
        let cell = Cell { line: None, row, column, name: None };
        return Err(TableProblem::Cell { cell, problem: CellProblem::Missing { text: "NaN".to_owned() } });
    }
    Ok(Table {
        categories: vec![None; columns],
        texts: vec![None; columns],
        values,
        names: None,
        notes: Vec::new(),
        lines: None,
        source: Default::default(),
    })
}

/// Stores each element in its final place as it is read.
fn in_place(array: Npy<impl Read>, rows: usize, columns: usize, fortran: bool) -> Result<Array2<f64>, NpyError> {
    let mut values = vec![0.0; rows * columns];
    if fortran {
        let (mut row, mut column) = (0, 0);
        array.for_each(|_, value| {
            values[row * columns + column] = value;
            row += 1;
            if row == rows {
                (row, column) = (0, column + 1);
            }
        })?;
    } else {
        array.for_each(|position, value| values[position] = value)?;
    }
    Ok(Array2::from_shape_vec((rows, columns), values).expect("as many as the shape says"))
}

/// Reads data that may end at any point. The transpose of an array in Fortran order is a second
/// copy.
fn growing(array: Npy<impl Read>, rows: usize, columns: usize, fortran: bool) -> Result<Array2<f64>, NpyError> {
    let values = array.values(|value| value)?;
    let values = Array2::from_shape_vec((rows, columns).set_f(fortran), values).expect("as many as the shape says");
    Ok(if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{gzip, npy, said, table};
    use ndarray::{Array1, Array2, Array3, arr0, array};
    use ndarray_npy::WritableElement;

    /// Writes version 1 of the format like NumPy, except for the padding.
    fn raw_npy(dictionary: &str, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(dictionary.len() + 1).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], dictionary.as_bytes(), b"\n", data].concat()
    }

    #[test]
    fn arrays_of_every_type() {
        fn check<T: WritableElement + Copy>(numbers: [T; 6], expected: [f64; 6]) {
            let expected = Array2::from_shape_vec((2, 3), expected.to_vec()).unwrap();
            let array = Array2::from_shape_vec((2, 3), numbers.to_vec()).unwrap();
            assert_eq!(table(npy(&array)).values, expected);
            // Fortran order, and gzip compression.
            let read = table(gzip(npy(&array.reversed_axes()))).values;
            assert_eq!(read, expected.t());
            assert!(read.is_standard_layout());
            // The other byte order.
            let mut bytes = npy(&Array1::from(numbers.to_vec()));
            let order = bytes.iter().position(|&byte| byte == b'<' || byte == b'|').unwrap();
            if bytes[order] == b'<' {
                bytes[order] = b'>';
                let data = bytes.len() - 6 * size_of::<T>();
                bytes[data..].chunks_exact_mut(size_of::<T>()).for_each(<[u8]>::reverse);
            }
            let read = table(bytes);
            assert_eq!(read.values.column(0), Array1::from_iter(expected));
            assert_eq!((read.values.dim(), read.names), ((6, 1), None));
        }
        let ones = [0.0, 1.0, 2.0, 3.0];
        let and = |a: f64, b: f64| [ones[0], ones[1], ones[2], ones[3], a, b];
        check(and(-1e-300, f64::MAX), and(-1e-300, f64::MAX));
        check([0.0, 1.0, 2.0, 3.0, 0.1, f32::MIN], and(f64::from(0.1_f32), f64::from(f32::MIN)));
        check([0, 1, 2, 3, i8::MIN, i8::MAX], and(-128.0, 127.0));
        check([0, 1, 2, 3, i16::MIN, i16::MAX], and(-32768.0, 32767.0));
        check([0, 1, 2, 3, i32::MIN, i32::MAX], and(-2147483648.0, 2147483647.0));
        check([0, 1, 2, 3, i64::MIN, -(1 << 53)], and(-9223372036854775808.0, -9007199254740992.0));
        check([0, 1, 2, 3, u8::MIN, u8::MAX], and(0.0, 255.0));
        check([0, 1, 2, 3, u16::MIN, u16::MAX], and(0.0, 65535.0));
        check([0, 1, 2, 3, u32::MIN, u32::MAX], and(0.0, 4294967295.0));
        check([0, 1, 2, 3, 1 << 63, 1_u64 << 53], and(9223372036854775808.0, 9007199254740992.0));
    }

    #[test]
    fn arrays_longer_than_a_chunk() {
        let array = Array2::from_shape_fn((30_011, 3), |(i, j)| (3 * i + j) as f64);
        assert_eq!(table(npy(&array)).values, array);
        // Fortran order, in a file of known length and in one of unknown length.
        let transposed = npy(&array.t().to_owned());
        assert!(transposed.starts_with(b"\x93NUMPY") && transposed[..100].windows(4).any(|word| word == b"True"));
        assert_eq!(table(&transposed).values, array.t());
        assert_eq!(table(gzip(&transposed)).values, array.t());
        assert_eq!(table(npy(&array.mapv(|x| x as i16))).values[[10_000, 2]], 30_002.0);
    }

    #[test]
    fn arrays_that_are_not_tables() {
        let one = |shape: &str, descr: &str, data: &[u8]| {
            said(raw_npy(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"), data))
        };
        let shape = "it must be [rows] or [rows, columns]";
        assert_eq!(said(npy(&Array3::<f32>::zeros((1, 2, 3)))), format!("the array has shape [1, 2, 3]; {shape}"));
        assert_eq!(said(npy(&arr0(1.0))), format!("the array has shape []; {shape}"));
        for empty in ["(0,)", "(3, 0)", "(0, 18446744073709551615)"] {
            assert!(one(empty, "'<f8'", b"").ends_with("and no numbers; it must have a row for each sample"));
        }
        for kind in ["<f2", "<c16", "|b1", "|O", "<U3", "<M8[ns]", "|f8", "f8", "", "|S0"] {
            let said = one("(1,)", &format!("'{kind}'"), &[0; 16]);
            // The bracket in a date type looks like that of a record.
            let has_remedy = said.contains("astype(float)") || said.contains("a.imag");
            assert!(said.contains(kind) && (said.contains(" numbers") || has_remedy), "{said}");
            // Conversion would drop the imaginary part.
            assert!(!(kind.contains('c') && said.contains("astype")), "{said}");
            // Conversion fails for objects and text.
            assert!(!(kind.contains(['O', 'U', 'S']) && said.contains("astype")), "{said}");
        }
        let said_of_record = one("(1,)", "[('x', '<f8'), ('y', '<f8')]", &[0; 16]);
        assert!(said_of_record.starts_with("the .npy header \"{'descr': [('x', '<f8')"), "{said_of_record}");

        let only = |found| {
            format!("the header says shape [2, 3] of <f8, which is 48 bytes, but {found} follow; save it again")
        };
        let whole = npy(&Array2::<f64>::ones((2, 3)));
        let start = whole.len() - 48;
        for length in 6..whole.len() {
            let said = said(&whole[..length]);
            if length < start {
                assert_eq!(said, "the file ends within its .npy header; save it again");
            } else {
                assert_eq!(said, only(format!("only {}", length - start)));
            }
        }
        assert_eq!(said([&whole[..], &[0]].concat()), only("more".to_owned()));
        assert_eq!(said([&whole[..], &whole[..]].concat()), only("more".to_owned()));

        let array = array![[1, 2, 3], [4, 5, (1_i64 << 53) + 1]];
        let exact = "column 2 (from 0) is 9007199254740993; it must be an integer that a 64-bit float can represent";
        assert_eq!(said(npy(&array)), format!("row 1, {exact}"));
        let columns_first = said(npy(&array![[1, 4], [2, 5], [(1_i64 << 53) + 1, 6]].reversed_axes()));
        assert_eq!(columns_first, format!("row 0, {exact}"));
        assert!(said(npy(&array![i64::MAX])).contains("row 0, column 0 (from 0) is 9223372036854775807;"));
        assert!(said(npy(&array![u64::MAX])).contains("is 18446744073709551615;"));
    }

    #[test]
    fn false_headers_are_errors() {
        // False headers do not cause allocations.
        for shape in ["(4611686018427387904,)", "(18446744073709551615, 18446744073709551615)", "(1000000000000, 2)"] {
            let dictionary = format!("{{'descr': '<f8', 'fortran_order': True, 'shape': {shape}}}");
            assert!(said(raw_npy(&dictionary, &[0; 24])).ends_with("but only 24 follow; save it again"));
        }
        assert_eq!(said(b"\x93NUMPY\x02\0\xff\xff\xff\xff{}"), "the file ends within its .npy header; save it again");
        assert!(said(b"\x93NUMPY\x07\0\x01\0{}").starts_with("the array has version 7 of the .npy format"));
        for dictionary in [
            "",
            "{}",
            "\u{e4}",
            "{'shape': (1,)}",
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}",
            "{'descr': set(), 'fortran_order': False, 'shape': 1}",
            &"[".repeat(60_000),
            &"(1,".repeat(20_000),
        ] {
            let said = said(raw_npy(dictionary, &[0; 8]));
            assert!(said.ends_with("does not describe an array of numbers; save one with numpy.save"), "{said}");
        }
        // Versions 2 and 3 have a longer length field.
        let dictionary = b"{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1)}\n";
        for version in [2, 3] {
            let length = u32::try_from(dictionary.len()).unwrap().to_le_bytes();
            let start = [0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
            let bytes = [&start[..], &length, dictionary, &0.1_f32.to_be_bytes()].concat();
            assert_eq!(table(bytes).values, array![[f64::from(0.1_f32)]]);
        }
    }
}
