//! Tables of numbers from files: `.npy` arrays, or text with a row in each line, either of them gzipped or not. What is
//! in a file decides how it is read, its name does not.
//!
//! Everything is read in one pass and nothing is allocated on the word of a header, so pipes work, and a broken file
//! costs no more memory than it is long.

mod choice;
mod error;
mod text;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use ndarray::{Array2, ShapeBuilder};

use super::{Npy, NpyError};

pub use choice::ChoiceError;
pub use error::{LineProblem, TableError, TableProblem};

/// Samples from a file.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// A sample in each row, which lies together in memory. At least one row and one column.
    pub values: Array2<f64>,
    /// What the header line calls the columns, a name for each. An array has no header.
    pub names: Option<Vec<String>>,
}

impl Table {
    /// Reads a table from an array or from text; the first line of a text is a header if one of its fields is not a number.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is no table of numbers.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, TableError> {
        let path = path.as_ref();
        let table = open(path).and_then(|(magic, reader)| match magic[..] {
            [0x93, b'N', b'U', b'M', b'P', b'Y'] => read_array(reader),
            [b'P', b'K', 3, 4, ..] => Err(TableProblem::Zip),
            _ => text::read(reader),
        });
        table.map_err(|problem| TableError { path: path.to_path_buf(), problem: Box::new(problem) })
    }
}

/// The shape of an array of NumPy.
///
/// # Errors
///
/// If the file cannot be read, or is no array of numbers.
pub(super) fn array_shape(path: &Path) -> Result<Vec<usize>, TableError> {
    let shape = open(path).and_then(|(_, reader)| Ok(Npy::new(reader)?.shape().to_vec()));
    shape.map_err(|problem| TableError { path: path.to_path_buf(), problem: Box::new(problem) })
}

/// The first bytes of what is in the file, unpacked, and a reader that starts with them.
fn open(path: &Path) -> Result<(Vec<u8>, Box<dyn BufRead>), TableProblem> {
    let file = File::open(path).map_err(TableProblem::Open)?;
    let (magic, reader) = peek(BufReader::new(file))?;
    if magic.starts_with(&[0x1f, 0x8b]) {
        peek(BufReader::new(Unpacked(MultiGzDecoder::new(reader))))
    } else {
        Ok((magic, reader))
    }
}

/// A pipe may hand out one byte at a time and cannot go back, hence no `fill_buf` and no seeking.
fn peek(mut reader: impl BufRead + 'static) -> Result<(Vec<u8>, Box<dyn BufRead>), TableProblem> {
    let mut magic = Vec::new();
    reader.by_ref().take(6).read_to_end(&mut magic).map_err(TableProblem::Read)?;
    Ok((magic.clone(), Box::new(Cursor::new(magic).chain(reader))))
}

/// Says that it is the packing that is broken.
struct Unpacked<R>(MultiGzDecoder<R>);

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes).map_err(|e| io::Error::new(e.kind(), format!("broken gzip stream ({e}), pack it again")))
    }
}

/// Reads an array of one axis, which is a column, or of two.
fn read_array(reader: impl Read) -> Result<Table, TableProblem> {
    let array = Npy::new(reader)?;
    let (rows, columns) = match *array.shape() {
        [rows] => (rows, 1),
        [rows, columns] => (rows, columns),
        ref shape => return Err(TableProblem::Axes(shape.to_vec())),
    };
    if rows == 0 || columns == 0 {
        return Err(TableProblem::NoNumbers(array.shape().to_vec()));
    }
    let fortran = array.is_fortran();
    let values = array.values(|value| value).map_err(|e| match e {
        // By row and column rather than by its position in the file.
        NpyError::Inexact { position, value } => {
            let (row, column) =
                if fortran { (position % rows, position / rows) } else { (position / columns, position % columns) };
            TableProblem::Inexact { row, column, value }
        }
        e => e.into(),
    })?;
    let values = Array2::from_shape_vec((rows, columns).set_f(fortran), values).expect("as many as the shape says");
    let values = if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() };
    Ok(Table { values, names: None })
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    use ndarray::{Array1, Array3, arr0, array};
    use ndarray_npy::{WritableElement, WriteNpyExt};

    fn read_bytes(bytes: &[u8]) -> Result<Table, TableError> {
        // What it is called has no say.
        let mut file = tempfile::Builder::new().suffix(".npy.csv").tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Table::read(file.path())
    }

    pub(super) fn table(bytes: impl AsRef<[u8]>) -> Table {
        read_bytes(bytes.as_ref()).unwrap()
    }

    /// The sentence after the name of the file, which is there.
    fn said(bytes: impl AsRef<[u8]>) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes.as_ref()).unwrap();
        said_of(file.path())
    }

    fn said_of(path: &Path) -> String {
        let said = Table::read(path).unwrap_err().to_string();
        said.strip_prefix(&format!("{}: ", path.display())).unwrap().to_owned()
    }

    fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(bytes.as_ref()).unwrap();
        packed.finish().unwrap()
    }

    fn npy<T: WritableElement, D: ndarray::Dimension>(array: &ndarray::Array<T, D>) -> Vec<u8> {
        let mut bytes = Vec::new();
        array.write_npy(&mut bytes).unwrap();
        bytes
    }

    /// Version 1 of the format, as NumPy writes it but for the padding.
    fn raw_npy(dictionary: &str, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(dictionary.len() + 1).unwrap().to_le_bytes();
        [b"\x93NUMPY\x01\x00", &length[..], dictionary.as_bytes(), b"\n", data].concat()
    }

    #[test]
    fn text_in_every_way_of_writing_it() {
        let expected = array![[1.0, -0.5, 2e-3], [2.0, 4.0, -6.25]];
        for text in [
            "1,-.5,2e-3\n2,4,-6.25\n",
            "1;-.5;2e-3\n+2;4.;-6.25",
            "1\t-.5\t2e-3\r\n2\t4\t-6.25\r\n",
            "  1   -0.5 \t 0.002  \n\n2 4\t-6.25",
            "\t1 -0.5 0.002\t\n 2 4 -6.25",
            "1\t-0.5\t0.002\t\n2\t4\t-6.25\t",
            "\u{feff}1 , -.5 ,2E-3\n \t\r\n2,4,-6.25",
            "% made by hand, 3 columns\n# \"and\n1,-.5,2e-3 # the \"first\n\n2,4,-6.25%last",
            "\"1\",\"-.5\",\"2e-3\"\n2, \"4\" ,-6.25",
        ] {
            let read = table(text);
            assert_eq!((&read.values, read.names), (&expected, None), "{text:?}");
            let (start, end) = text.split_at(8);
            assert_eq!(table([gzip(start), gzip(end)].concat()).values, expected);
        }
        assert_eq!(table("1\n2\n3").values, array![[1.0], [2.0], [3.0]]);
        assert_eq!(table("5").values, array![[5.0]]);
        let odd = table("nan,inf,-inf\n1e400,NaN,0").values;
        assert!(odd[[0, 0]].is_nan() && odd[[1, 1]].is_nan());
        assert_eq!((odd[[0, 1]], odd[[0, 2]], odd[[1, 0]]), (f64::INFINITY, f64::NEG_INFINITY, f64::INFINITY));
    }

    #[test]
    fn headers() {
        for (text, names) in [
            ("age,height\n1,2", ["age", "height"]),
            ("\u{feff}% units\n\n age , height \r\n1,2\r\n", ["age", "height"]),
            ("\"an \"\"age\"\", it is\";\"100 % # high\"\n1;2", ["an \"age\", it is", "100 % # high"]),
            ("\"an age\"   height\n1 2", ["an age", "height"]),
            // The separator is that of the numbers.
            ("body, mass\tage\n1\t2", ["body, mass", "age"]),
            // One field that is not a number is enough, and pandas calls its index nothing.
            ("2019,height\n1,2", ["2019", "height"]),
            (",height\n1,2", ["", "height"]),
            ("\theight\n1\t2", ["", "height"]),
            ("größe,高\n1,2", ["größe", "高"]),
        ] {
            let table = table(text);
            assert_eq!(table.names.as_deref(), Some(&names.map(String::from)[..]), "{text:?}");
            assert_eq!(table.values, array![[1.0, 2.0]]);
        }
        assert_eq!(table("x\n1\n2").names, Some(vec!["x".to_owned()]));
    }

    #[test]
    fn text_that_is_no_table() {
        let empty = "is empty, it must be a number like 2, -0.5 or 1e-3";
        let number = "it must be a number like 2, -0.5 or 1e-3, only the first line may be names";
        for (text, expected) in [
            ("1,2\n\n3,x1 # no", format!("line 3: column 1 (of 0 to 1) is \"x1\", {number}")),
            ("a b\n1 2\n1 ?", format!("line 3: column 1 (\"b\") is \"?\", {number}")),
            ("a,b\nc,d\n1,2", format!("line 2: column 0 (\"a\") is \"c\", {number}")),
            ("1;2\n1,5;2", format!("line 2: column 0 (of 0 to 1) is \"1,5\", {number}")),
            ("a;b\n1,5;2", format!("line 2: column 0 (\"a\") is \"1,5\", {number}")),
            ("1,2,3\n1,,3", format!("line 2: column 1 (of 0 to 2) {empty}")),
            ("1,,3\n1,2,3", format!("line 1: column 1 (of 0 to 2) {empty}")),
            ("1\t\t3\n1\t2\t3", format!("line 1: column 1 (of 0 to 2) {empty}")),
            ("1\t2\t3\n\t2\t3", format!("line 2: column 0 (of 0 to 2) {empty}")),
            ("1,2,\n", format!("line 1: column 2 (of 0 to 2) {empty}")),
            ("1,2\n1 000,2", format!("line 2: column 0 (of 0 to 1) is \"1 000\", {number}")),
            (
                "%\n1,2\n1,2,3",
                "line 3: \"1,2,3\" has 3 fields between ',', it must have 2 like the first row, line 2".into(),
            ),
            ("1 2\n1", "line 2: \"1\" has 1 field between spaces, it must have 2 like the first row, line 1".into()),
            (
                "body mass age\n1 2\n",
                "line 2: \"1 2\" has 2 fields between spaces, it must have 3 like the header, line 1".into(),
            ),
            ("", "no numbers, it must have a row for each sample".into()),
            ("\u{feff}\n# 1,2\n\n", "no numbers, it must have a row for each sample".into()),
            (
                "\nhello, you",
                "line 2, \"hello, you\", is a header with no numbers below it, it must be followed by rows".into(),
            ),
            (
                "\"a,b\n1,2",
                "line 1: a double quote is not closed in \"\\\"a,b\", each must be, in the same line".into(),
            ),
            ("1\r2\r3\r", "line 1: a carriage return is within the line, lines must end with a line feed".into()),
            ("1,2\n1\0", "line 2: byte 2 is NUL, so this is no text, it must be UTF-8 text or a .npy array".into()),
        ] {
            assert_eq!(said(text), expected, "{text:?}");
        }
        let latin = said(b"1,2\ngr\xf6sse");
        assert_eq!(latin, "line 2: byte 3 is 0xf6 (after \"gr\"), it must be UTF-8 text, save it as that");
        assert!(said(format!("1,2\n1,{}", "ä".repeat(1000))).contains(&format!("\"{}\"...", "ä".repeat(60))));
        assert!(said(b"PK\x03\x04rest").starts_with("a zip archive"));
    }

    #[test]
    fn files_that_cannot_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none.csv");
        assert!(said_of(&missing).starts_with("cannot be opened: "));
        assert!(said_of(folder.path()).starts_with("cannot be "));
        let rows = "1.25,2.5\n".repeat(1000);
        for bytes in [rows.into_bytes(), npy(&Array2::<f64>::ones((100, 3)))] {
            let mut packed = gzip(bytes);
            for length in 2..packed.len() {
                let said = said(&packed[..length]);
                assert!(said.starts_with("cannot be read: broken gzip stream ("), "{length}: {said}");
            }
            let last = packed.len() - 5;
            packed[last] ^= 1;
            assert!(said(&packed).contains("broken gzip stream"));
        }
    }

    #[test]
    fn arrays_of_every_type() {
        fn check<T: WritableElement + Copy>(numbers: [T; 6], expected: [f64; 6]) {
            let expected = Array2::from_shape_vec((2, 3), expected.to_vec()).unwrap();
            let array = Array2::from_shape_vec((2, 3), numbers.to_vec()).unwrap();
            assert_eq!(table(npy(&array)).values, expected);
            // Fortran order, and gzipped.
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
    fn arrays_longer_than_a_piece() {
        let array = Array2::from_shape_fn((30_011, 3), |(i, j)| (3 * i + j) as f64);
        assert_eq!(table(npy(&array)).values, array);
        assert_eq!(table(gzip(npy(&array.t().to_owned()))).values, array.t());
        assert_eq!(table(npy(&array.mapv(|x| x as i16))).values[[10_000, 2]], 30_002.0);
    }

    #[test]
    fn arrays_that_are_no_table() {
        let one = |shape: &str, descr: &str, data: &[u8]| {
            said(raw_npy(&format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"), data))
        };
        let shape = "it must be [rows] or [rows, columns]";
        assert_eq!(said(npy(&Array3::<f32>::zeros((1, 2, 3)))), format!("an array of shape [1, 2, 3], {shape}"));
        assert_eq!(said(npy(&arr0(1.0))), format!("an array of shape [], {shape}"));
        for empty in ["(0,)", "(3, 0)", "(0, 18446744073709551615)"] {
            assert!(one(empty, "'<f8'", b"").ends_with("has no numbers, it must have a row for each sample"));
        }
        for kind in ["<f2", "<c16", "|b1", "|O", "<U3", "<M8[ns]", "|f8", "f8", "", "|S0"] {
            let said = one("(1,)", &format!("'{kind}'"), &[0; 16]);
            // The bracket in a type of dates is taken for a record's.
            assert!(said.contains(kind) && said.contains(" numbers") || said.contains("astype(float)"), "{said}");
        }
        let said_of_record = one("(1,)", "[('x', '<f8'), ('y', '<f8')]", &[0; 16]);
        assert!(said_of_record.starts_with("the .npy header \"{'descr': [('x', '<f8')"), "{said_of_record}");

        let only = |found| {
            format!("the header says shape [2, 3] of <f8, which is 48 bytes, but {found} follow, save it again")
        };
        let whole = npy(&Array2::<f64>::ones((2, 3)));
        let start = whole.len() - 48;
        for length in 6..whole.len() {
            let said = said(&whole[..length]);
            if length < start {
                assert_eq!(said, "the file ends within its .npy header, save it again");
            } else {
                assert_eq!(said, only(format!("only {}", length - start)));
            }
        }
        assert_eq!(said([&whole[..], &[0]].concat()), only("more".to_owned()));
        assert_eq!(said([&whole[..], &whole[..]].concat()), only("more".to_owned()));

        let array = array![[1, 2, 3], [4, 5, (1_i64 << 53) + 1]];
        let exact = "column 2 (from 0) is 9007199254740993, it must be an integer that a 64-bit float holds";
        assert_eq!(said(npy(&array)), format!("row 1, {exact}"));
        let columns_first = said(npy(&array![[1, 4], [2, 5], [(1_i64 << 53) + 1, 6]].reversed_axes()));
        assert_eq!(columns_first, format!("row 0, {exact}"));
        assert!(said(npy(&array![i64::MAX])).contains("row 0, column 0 (from 0) is 9223372036854775807,"));
        assert!(said(npy(&array![u64::MAX])).contains("is 18446744073709551615,"));
    }

    #[test]
    fn headers_that_lie() {
        // Nothing is allocated for them.
        for shape in ["(4611686018427387904,)", "(18446744073709551615, 18446744073709551615)", "(1000000000000, 2)"] {
            let dictionary = format!("{{'descr': '<f8', 'fortran_order': True, 'shape': {shape}}}");
            assert!(said(raw_npy(&dictionary, &[0; 24])).ends_with("but only 24 follow, save it again"));
        }
        assert_eq!(said(b"\x93NUMPY\x02\0\xff\xff\xff\xff{}"), "the file ends within its .npy header, save it again");
        assert!(said(b"\x93NUMPY\x07\0\x01\0{}").starts_with("an array in version 7 of the .npy format"));
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
            assert!(said.ends_with("is not that of an array of numbers"), "{said}");
        }
        // Versions 2 and 3 have a longer length.
        let dictionary = b"{'descr': '>f4', 'fortran_order': False, 'shape': (1, 1)}\n";
        for version in [2, 3] {
            let length = u32::try_from(dictionary.len()).unwrap().to_le_bytes();
            let start = [0x93, b'N', b'U', b'M', b'P', b'Y', version, 0];
            let bytes = [&start[..], &length, dictionary, &0.1_f32.to_be_bytes()].concat();
            assert_eq!(table(bytes).values, array![[f64::from(0.1_f32)]]);
        }
    }
}
