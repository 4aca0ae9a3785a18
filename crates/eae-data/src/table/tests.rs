use super::*;
use std::io::Write;

use ndarray::{Array2, array};
use ndarray_npy::{WritableElement, WriteNpyExt};

pub(super) fn read_as(bytes: impl AsRef<[u8]>, options: TableOptions) -> Result<Table, TableError> {
    Table::read_from(bytes.as_ref(), "x", &options)
}

pub(super) fn table(bytes: impl AsRef<[u8]>) -> Table {
    // The name of the file must not matter.
    let mut file = tempfile::Builder::new().suffix(".npy.csv").tempfile().unwrap();
    file.write_all(bytes.as_ref()).unwrap();
    let from_file = Table::read(file.path()).unwrap();
    assert_eq!(read_as(bytes, TableOptions::new()).unwrap().values, from_file.values);
    from_file
}

/// Returns the message after the name of the file, which must be present.
pub(super) fn said(bytes: impl AsRef<[u8]>) -> String {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes.as_ref()).unwrap();
    said_of(file.path())
}

fn said_of(path: &Path) -> String {
    let said = Table::read(path).unwrap_err().to_string();
    said.strip_prefix(&format!("{}: ", path.display())).unwrap().to_owned()
}

pub(super) fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes.as_ref()).unwrap();
    packed.finish().unwrap()
}

pub(super) fn npy<T: WritableElement, D: ndarray::Dimension>(array: &ndarray::Array<T, D>) -> Vec<u8> {
    let mut bytes = Vec::new();
    array.write_npy(&mut bytes).unwrap();
    bytes
}

#[test]
fn every_notation_is_read() {
    let expected = array![[1.0, -0.5, 2e-3], [2.0, 4.0, -6.25]];
    for text in [
        "1,-.5,2e-3\n2,4,-6.25\n",
        "1;-.5;2e-3\n+2;4.;-6.25",
        "1\t-.5\t2e-3\r\n2\t4\t-6.25\r\n",
        "  1   -0.5 \t 0.002  \n\n2 4\t-6.25",
        "\t1 -0.5 0.002\t\n 2 4 -6.25",
        "1\t-0.5\t0.002\t\n2\t4\t-6.25\t",
        "\u{feff}1 , -.5 ,2E-3\n \t\r\n2,4,-6.25",
        "% made by hand, 3 columns\n  # \"and\n1,-.5,2e-3\n\n\t% more\n2,4,-6.25\n#last",
        "1;-0,5;2e-3\n2;4;-6,25",
        "\"1\",\"-.5\",\"2e-3\"\n2, \"4\" ,-6.25",
    ] {
        let read = table(text);
        assert_eq!((&read.values, read.names), (&expected, None), "{text:?}");
        let (start, end) = text.split_at(8);
        assert_eq!(table([gzip(start), gzip(end)].concat()).values, expected);
    }
    assert_eq!(table("1\n2\n3").values, array![[1.0], [2.0], [3.0]]);
    assert_eq!(table("5").values, array![[5.0]]);
    assert_eq!(table("inf,-inf\nInfinity,0").values, array![[f64::INFINITY, -f64::INFINITY], [f64::INFINITY, 0.0]]);
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
        // One field that is not a number is enough, and the index of pandas has an empty name.
        ("2019,height\n1,2", ["2019", "height"]),
        (",height\n1,2", ["", "height"]),
        ("\theight\n1\t2", ["", "height"]),
        ("größe,高\n1,2", ["größe", "高"]),
        ("\"2019\",\"2020\"\n1,2", ["2019", "2020"]),
    ] {
        let table = read_as(text, TableOptions::new().index(Index::Keep)).unwrap();
        assert_eq!(table.names.as_deref(), Some(&names.map(String::from)[..]), "{text:?}");
        assert_eq!(table.values, array![[1.0, 2.0]]);
    }
    assert_eq!(table("x\n1\n2").names, Some(vec!["x".to_owned()]));
}

#[test]
fn text_that_is_not_a_table() {
    let missing = "the value is missing; fill in a number, or keep missing values and leave out the rows that lack one";
    let text = "write a number like 2, -0.5 or 1e-3, leave the column out, or read text as categories";
    let percent = "take the percent signs out of the column, or leave the column out";
    let point = "write it with a decimal point and without separators of thousands";
    for (text, expected) in [
        ("1,2\n\n3,x1", format!("line 3, column 1 (from 0): \"x1\" is not a number; {text}")),
        ("a,b\nc,d\n1,2", format!("line 2, column 0 (\"a\"): \"c\" is not a number; {text}")),
        ("share,x,y\n50%,1,2", format!("line 2, column 0 (\"share\"): \"50%\" is not a number; {percent}")),
        ("1,50%,3\n2,40%,5", format!("line 1, column 1 (from 0): \"50%\" is not a number; {percent}")),
        (
            "1,2\n3,4 # no",
            "line 2, column 1 (from 0): \"4 # no\" is not a number; put the comment on a line of its own".into(),
        ),
        ("a,b\n\"1,5\",2", format!("line 2, column 0 (\"a\"): \"1,5\" is not a number; {point}")),
        ("a;b\n1,5,5;2", format!("line 2, column 0 (\"a\"): \"1,5,5\" is not a number; {point}")),
        ("1,2,3\n1,,3", format!("line 2, column 1 (from 0): {missing}")),
        ("1,,3\n1,2,3", format!("line 1, column 1 (from 0): {missing}")),
        ("1\t\t3\n1\t2\t3", format!("line 1, column 1 (from 0): {missing}")),
        ("1\t2\t3\n\t2\t3", format!("line 2, column 0 (from 0): {missing}")),
        ("a\tb\tc\n1\t2\t\t", format!("line 2, column 2 (\"c\"): {missing}")),
        ("1,2,\n", format!("line 1, column 2 (from 0): {missing}")),
        ("a b\n1 2\n1 ?", format!("line 3, column 1 (\"b\"): \"?\" means that {missing}")),
        (
            "1,2\n1 000,2",
            "line 2, column 0 (from 0): \"1 000\" is not a number; write it without separators of thousands".into(),
        ),
        (
            "a;b\n1;2\n1;2.5\n3;4\n1;2,5",
            "line 5, column 1 (\"b\"): \"2,5\" and \"2.5\" in line 3 mix decimal commas and decimal points; write one \
             of them throughout"
                .into(),
        ),
        (
            "%\n1,2\n1,2,3",
            "line 3: \"1,2,3\" has 3 fields between ','; it must have 2 like the first row, line 2".into(),
        ),
        ("1 2\n1", "line 2: \"1\" has 1 field between spaces; it must have 2 like the first row, line 1".into()),
        (
            "body mass age\n1 2\n",
            "line 2: \"1 2\" has 2 fields between spaces; it must have 3 like the header, line 1".into(),
        ),
        ("", "the file has no numbers; it must have a row for each sample".into()),
        ("\u{feff}\n\n", "the file has no numbers; it must have a row for each sample".into()),
        (
            "\nhello, you",
            "line 2, \"hello, you\", is a header with no numbers below it; it must be followed by rows".into(),
        ),
        (
            "\"a,b\n1,2",
            "line 1: a double quote is not closed in \"\\\"a,b\"; add the closing quote, or remove this one".into(),
        ),
        (
            "1\r2\r3\r",
            "line 1: the line contains a single carriage return; save the file with LF or CRLF line ends".into(),
        ),
        ("1,2\n1\0", "line 2: byte 2 is NUL, so this is not text; the file must be UTF-8 text or a .npy array".into()),
    ] {
        assert_eq!(said(text), expected, "{text:?}");
    }
    let latin = said(b"1,2\ngr\xf6sse");
    assert_eq!(latin, "line 2: byte 3 is 0xf6 (after \"gr\"), which is not UTF-8; save the file as UTF-8");
    assert!(said(format!("1,2\n1,{}", "ä".repeat(1000))).contains(&format!("\"{}\"... is not", "ä".repeat(60))));
    assert_eq!(said(b"\xff\xfe1\0,\x002\0\n\0"), "the file is UTF-16 text; save it as UTF-8");
    assert!(said(b"PK\x03\x04rest").starts_with("the file is a zip archive"));
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
fn headers_can_be_forced() {
    let numbers = "2019,2020\n1.5,2.25\n2.5,-3\n";
    let read = |header| read_as(numbers, TableOptions::new().header(header)).unwrap();
    assert_eq!((read(Header::Auto).values.nrows(), read(Header::No).values.nrows()), (3, 3));
    let with = read(Header::Yes);
    assert_eq!(with.names, Some(vec!["2019".to_owned(), "2020".to_owned()]));
    assert_eq!(with.values, array![[1.5, 2.25], [2.5, -3.0]]);
    assert_eq!(with.columns("2020").unwrap(), [1]);
    assert_eq!(read(Header::Auto).notes, [Note::NumericHeader { row: "2019,2020".to_owned(), line: 1 }]);
    assert_eq!((read(Header::No).notes, with.notes), (vec![], vec![]));
    assert_eq!(table("1,2\n3,4.5").notes, []);
    // Names that pandas writes for a frame without names.
    let noted = |text: &str| table(text).notes.iter().any(|note| matches!(note, Note::NumericHeader { .. }));
    assert!(noted("0,1\n0.5,1.5\n2.5,1.25\n") && noted("0,1,2\n5,7,9\n3,4,8\n"));
    assert!(!noted("0,1\n1,0\n1,1\n") && !noted("0,2\n0.5,1.5\n"));
    let text = read_as("a,b\n1,2", TableOptions::new().header(Header::No)).unwrap_err().to_string();
    assert!(text.starts_with("x: line 1, column 0 (from 0): \"a\" is not a number; "), "{text}");
}

#[test]
fn missing_values() {
    let text = "a,b,c\n1,NA,2\n3,4,-\n\n5,6,7\n#N/A,nan,null\n";
    let table = read_as(text, TableOptions::new().missing(Missing::Keep)).unwrap();
    assert_eq!(
        table.values.mapv(f64::is_nan),
        array![[false, true, false], [false, false, true], [false, false, false], [true, true, true]]
    );
    assert_eq!((table.complete_rows(&[0, 1]), table.complete_rows(&[0])), (vec![1, 2], vec![0, 1, 2]));
    assert_eq!((0..5).map(|row| table.line(row)).collect::<Vec<_>>(), [Some(2), Some(3), Some(5), Some(6), None]);
    let error = *table.require_complete(&[0, 2]).unwrap_err().problem;
    let TableProblem::Cell { cell, problem: CellProblem::Missing { .. } } = error else { panic!("{error}") };
    assert_eq!(cell, Cell { line: Some(3), row: 1, column: 2, name: Some("c".to_owned()) });
    assert!(table.require_complete(&[]).is_ok());
    assert!(said(text).starts_with("line 2, column 1 (\"b\"): \"NA\" means that the value is missing; "));
    let array = npy(&array![[1.0, 2.0], [3.0, f64::NAN]]);
    assert!(said(&array).starts_with("row 1, column 1 (from 0): \"NaN\" means that the value is missing; "));
    let array = read_as(&array, TableOptions::new().missing(Missing::Keep)).unwrap();
    assert_eq!((array.complete_rows(&[0, 1]), array.line(0)), (vec![0], None));
}

#[test]
fn columns_of_text() {
    let text = "x,color,size\n1,\"red, dark\",2\n2,blue,10\n3,NA,2.0\n4,\"red, dark\",large\n5,\"a \"\"b\"\"\",-0\n";
    let options = TableOptions::new().text(Text::Categories).missing(Missing::Keep);
    let table = read_as(text, options).unwrap();
    let labels = |labels: &[&str]| Some(labels.iter().map(|&label| label.to_owned()).collect::<Vec<_>>());
    let expected = [None, labels(&["a \"b\"", "blue", "red, dark"]), labels(&["0", "2", "10", "large"])];
    assert_eq!(table.categories, expected);
    assert_eq!(table.values.column(0).to_vec(), [1.0, 2.0, 3.0, 4.0, 5.0]);
    let color = table.values.column(1);
    assert!(color[2].is_nan());
    assert_eq!([color[0], color[1], color[3], color[4]], [2.0, 1.0, 2.0, 0.0]);
    assert_eq!(table.values.column(2).to_vec(), [1.0, 2.0, 1.0, 3.0, 0.0]);
    assert!(table.require_numbers(&[0]).is_ok());
    let error = *table.require_numbers(&[0, 2, 1]).unwrap_err().problem;
    let TableProblem::Cell { cell, problem: CellProblem::Text { text, .. } } = error else { panic!("{error}") };
    assert_eq!((cell.line, cell.column, text.as_str()), (Some(5), 2, "large"));
    // The order of the rows does not change the codes.
    let turned = read_as("size\nlarge\n10\n2\n0", options).unwrap();
    assert_eq!(
        (turned.categories[0].clone(), turned.values),
        (labels(&["0", "2", "10", "large"]), array![[3.0], [2.0], [1.0], [0.0]])
    );
}

#[test]
fn decimal_commas() {
    let read = table("a;b\n1,5;2\n3,5;4,25");
    assert_eq!(read.values, array![[1.5, 2.0], [3.5, 4.25]]);
    assert_eq!(read.notes, [Note::DecimalCommas { cell: "1,5".to_owned(), line: 2 }]);
    assert_eq!(table("1,5\t2,25").values, array![[1.5, 2.25]]);
    // Below one name there is one column.
    assert_eq!(table("height\n1,5\n2\n2,75").values, array![[1.5], [2.0], [2.75]]);
    let ambiguous = "1,5\n2,7\n-3,1\n";
    let read = table(ambiguous);
    assert_eq!(read.values, array![[1.0, 5.0], [2.0, 7.0], [-3.0, 1.0]]);
    assert_eq!(read.notes, [Note::OneColumnOrTwo { row: "1,5".to_owned() }]);
    let said_so = read_as(ambiguous, TableOptions::new().decimal(Decimal::Comma)).unwrap();
    assert_eq!(said_so.values, array![[1.5], [2.7], [-3.1]]);
    for plain in ["1,5\n2,7.5\n", "1, 5\n2, 7", "a,b\n1,5\n2,7", "1,5"] {
        assert_eq!(table(plain).notes, []);
    }
    let differ = table("1,5;x\n1,5;1.234".replace('x', "2")).notes;
    assert!(matches!(&differ[1], Note::DecimalsDiffer { comma_line: 1, point, point_line: 2, .. } if point == "1.234"));
    // A column of text may have both.
    let options = TableOptions::new().text(Text::Categories);
    assert_eq!(read_as("a;b\n1,5;x\n2.5;y\nz;1", options).unwrap().categories[0].as_ref().unwrap().len(), 3);
}

#[test]
fn the_first_line_of_excel_names_the_separator() {
    let values = array![[1.5, 2.0], [3.0, 4.0]];
    for text in [
        "sep=;\na;b\n1,5;2\n3;4",
        "\u{feff}\"sep=;\"\r\na;b\r\n1,5;2\r\n3;4\r\n",
        "sep=,\na,b\n1.5,2\n3,4",
        "sep=\t\na\tb\n1.5\t2\n3\t4",
        "sep=|\n\na|b\n1.5|2\n3|4",
    ] {
        let read = table(text);
        assert_eq!((&read.values, read.names.unwrap()), (&values, vec!["a".to_owned(), "b".to_owned()]), "{text:?}");
    }
    // The line decides which of two separators it is, and keeps its number.
    let row = "a,b\n1;5,2\n";
    assert!(said(row).starts_with("line 2: \"1;5,2\" has 2 fields between ';'; "));
    assert!(said(format!("sep=,\n{row}")).starts_with("line 3, column 0 (\"a\"): \"1;5\" is not a number; "));
    assert!(said(format!("sep=;\n{row}")).starts_with("line 3: \"1;5,2\" has 2 fields between ';'; "));
    assert_eq!(table("sep=,\n1,5\n2,7\n").notes, []);
    assert!(
        said("sep=;\na;b\n1;2;3;4").contains("line 3: \"1;2;3;4\" has 4 fields between ';'; it must have 2 like the ")
    );
    assert!(said("sep=;\n").starts_with("the file has no numbers"));
    assert!(said("a;b\nsep=;\n1;2").starts_with("line 2"));
}

#[test]
fn an_empty_last_column_is_left_out() {
    let keep = |text: &str| read_as(text, TableOptions::new().missing(Missing::Keep)).unwrap();
    let values = array![[7.0, 8.0], [9.0, 10.0]];
    for (text, notes) in [("a,b,\n7,8,\n9,10,", 1), ("7,8,\n9,10,", 1), (",a,b,\n0,7,8,\n1,9,10,\n", 2)] {
        let read = keep(text);
        assert_eq!((&read.values, read.categories.len(), read.notes.len()), (&values, 2, notes), "{text:?}");
        assert!(read.notes.contains(&Note::EmptyLeftOut) && read.names.is_none_or(|names| names == ["a", "b"]));
        assert_eq!(table(text).values, values, "{text:?}");
    }
    // A name or a value makes it a column with missing values.
    for text in ["a,b,c\n7,8,\n9,10,", "a,b,\n7,8,\n9,10,1", "a,,b\n7,,8\n9,,10", "7,8,NA\n9,10,NA"] {
        assert_eq!(keep(text).values.ncols(), 3, "{text:?}");
        assert!(read_as(text, TableOptions::new()).unwrap_err().to_string().contains("missing"), "{text:?}");
    }
}

#[test]
fn index_columns_are_left_out() {
    let values = array![[7.0, 8.0], [9.0, 10.0]];
    for text in [
        ",a,b\n0,7,8\n1,9,10",
        "Unnamed: 0,a,b\n5,7,8\n2,9,10",
        "\"\",\"a\",\"b\"\n\"1\",7,8\n\"2\",9,10",
        "\ta\tb\n0\t7\t8\n1\t9\t10",
    ] {
        let read = table(text);
        assert_eq!((&read.values, read.categories.len()), (&values, 2), "{text:?}");
        assert_eq!(read.columns("a,1").unwrap(), [0, 1]);
        assert!(matches!(&read.notes[..], [Note::IndexLeftOut { .. }]));
        let kept = read_as(text, TableOptions::new().index(Index::Keep)).unwrap();
        assert_eq!((kept.values.ncols(), kept.notes.len()), (3, 0));
    }
    for text in [",a\n0.5,7\n1,9", ",a\n1,7\n1,9", ",a\n-1,7\n0,9", "id,a\n0,7\n1,9", "0,7\n1,9"] {
        assert_eq!(table(text).values.ncols(), 2, "{text:?}");
    }
    // If the only column numbers the rows, it is kept.
    assert_eq!(table("\"\"\n0\n1").values, array![[0.0], [1.0]]);
}

#[test]
fn notes_are_sentences() {
    let text = ",a;b\n".replace(',', "") + "1,5;2\n2,5;1.5\n";
    let notes: Vec<String> = table(text).notes.iter().map(Note::to_string).collect();
    assert_eq!(
        notes,
        [
            "commas were read as decimal commas, the first one in \"1,5\", line 2",
            "\"1,5\" in line 2 has a decimal comma and \"1.5\" in line 3 was read with a decimal point; if its point \
         separates thousands, remove it",
        ]
    );
    let index = table(",a\n0,5\n1,6").notes[0].to_string();
    assert!(index.starts_with("the first column (\"\") only numbers the rows and was left out; "), "{index}");
    assert!(table("2019,2020\n1.5,2.25").notes[0].to_string().starts_with("line 1, \"2019,2020\", was read as a row"));
}

#[test]
fn other_formats_and_numbers_that_are_too_large_are_named() {
    for json in ["{\"a\": 1, \"b\": 2}\n{\"a\": 3, \"b\": 4}\n", "[[1, 2], [3, 4]]"] {
        assert!(said(json).starts_with("the file is JSON; convert it to text with one row per line"), "{}", said(json));
    }
    let too_large =
        "1e400 is too large for a 64-bit float, which ends at 1.8e308; use a larger unit, or remove the row";
    assert_eq!(said("a,b\n1,2\n3,1e400\n"), format!("line 3, column 1 (\"b\"): {too_large}"));
    assert_eq!(table("a,b\n1,2\n3,-inf\n").values[[1, 1]], f64::NEG_INFINITY);
    let piped = table("a|b\n1,5|2\n3|4\n");
    assert_eq!(piped.values, array![[1.5, 2.0], [3.0, 4.0]]);
    assert_eq!(piped.names.unwrap(), ["a", "b"]);
}
