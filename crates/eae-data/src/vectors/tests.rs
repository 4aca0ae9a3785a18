use super::*;
use std::io::Write;

use ndarray::{Array2, Array3, array};
use ndarray_npy::WriteNpyExt;

fn with<T>(bytes: impl AsRef<[u8]>, read: impl Fn(&Path) -> T) -> T {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes.as_ref()).unwrap();
    read(file.path())
}

fn from_table_with<F: NdFloat>(path: &Path, columns: &Columns) -> Result<Split<F>, DataError> {
    Ok(VectorFile::new(path).load_with(columns)?.0)
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
    let split = with("1 5\n3 5", |path| from_table_with::<f64>(path, &columns).unwrap());
    assert_eq!(split.train.pixels[[0, 0, 0, 0]], 0.0);
    assert!((split.test.pixels[[0, 0, 0, 0]] - 2_f64.sqrt()).abs() < 1e-15);
    assert_eq!(split.test.pixels[[0, 0, 1, 0]], 0.0);
    let wrong = |text: &str| said(text, |path| from_table_with::<f64>(path, &columns));
    assert_eq!(wrong("1 2 3\n4 5 6"), " has 3 columns, but the model was trained on 2");
    assert_eq!(
        wrong("a,c\n4,5\n6,7"),
        " lacks \"b\", on which the model was trained, and has \"c\" instead; add what is missing, or rename a column"
    );
    assert_eq!(
        wrong("a\n4\n6"),
        " lacks \"b\", on which the model was trained; add what is missing, or rename a column"
    );
    assert_eq!(
        wrong("a,b,a\n4,5,6\n6,7,8"),
        ": columns 0 and 2 are both called \"a\"; rename one of them, or leave it out"
    );
    // An index is not a column, unless the model was trained on one.
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
        let found = with(other, |path| file_at(&file, path).load_with::<f64>(&columns).unwrap().0).whole();
        let expected = with("a,b\n4,1\n9,2\n", |path| from_table_with::<f64>(path, &columns).unwrap()).whole();
        assert_eq!((found.pixels, found.labels), (expected.pixels, None));
        let said = VectorFile::new(path).load::<f64>().unwrap_err().to_string();
        assert!(
            said.ends_with("column 1 (\"kind\"), column 4 (\"note\") have text instead of numbers; choose columns of numbers: id,a,b"),
            "{said}"
        );
        // Without a choice of columns, text is an error, and an index is noted.
        let said = VectorFile::new(path).label(Some("kind".into())).load::<f64>().unwrap_err().to_string();
        assert!(said.contains("column 4 (\"note\"): \"x0\" is not a number"), "{said}");
        let (_, _, notes) = VectorFile::new(path).columns(Some("id,a".into())).load::<f64>().unwrap();
        assert_eq!(notes, [Note::CountsRows { column: "column 0 (\"id\")".into() }]);
        let said = file.columns(Some("a,c".into())).load::<f64>().unwrap_err().to_string();
        assert!(said.contains("there is no column \"c\""), "{said}");
    });
    let numbers = "y,x\n-1,2\n1,3\n-1,4\n0.5,9\n";
    let labels = with(numbers, |path| VectorFile::new(path).label(Some("y".into())).load::<f64>().unwrap().0).whole();
    assert_eq!(labels.labels, Some(vec![0, 2, 0, 1]));
    assert_eq!(labels.classes, Some(["-1", "0.5", "1"].map(str::to_owned).to_vec()));
    let many: String = (0..300).map(|i| format!("{i}.5,{i}\n")).collect();
    let said = with(many, |path| VectorFile::new(path).label(Some("0".into())).load::<f64>().unwrap_err().to_string());
    assert!(
        said.ends_with("column 0 has 300 different values, but a label can have at most 256; choose another column"),
        "{said}"
    );
}

fn file_at(file: &VectorFile, path: &Path) -> VectorFile {
    VectorFile { path: path.to_path_buf(), ..file.clone() }
}

#[test]
fn rows_without_a_value_are_left_out() {
    let text = "a,b,kind,c\n1,2,x,NA\n3,,x,1\n5,6,,1\n7,8,y,1\n9,1,y,1\n2,3,x,1\n";
    with(text, |path| {
        let file = VectorFile::new(path).columns(Some("a,b".into())).label(Some("kind".into()));
        assert!(file.load::<f64>().is_err());
        let file = file.drop_missing(true);
        let (split, columns, notes) = file.load::<f64>().unwrap();
        assert_eq!(notes, [Note::MissingLeftOut { rows: 2, of: 6 }]);
        assert_eq!(columns.restore(split.whole().pixels.view()).column(0).to_vec(), [1.0, 7.0, 9.0, 2.0]);
        let (split, notes) = file.load_with::<f64>(&columns).unwrap();
        assert_eq!((split.whole().labels, notes.len()), (Some(vec![0, 1, 1, 0]), 1));
    });
    let none = |path: &Path| VectorFile::new(path).drop_missing(true).load::<f64>().map(|_| ());
    assert!(said("a,b\n1,NA\n,2\n", none).starts_with(": each of the 2 rows lacks a value"));
}

#[test]
fn columns_with_one_name_are_refused() {
    let same = |path: &Path| from_table::<f64>(path).map(|_| ());
    let problem = ": columns 0 and 2 are both called \"x\"; rename one of them, or leave it out";
    assert_eq!(said("x,y,x\n1,2,3\n4,5,7\n6,7,9\n", same), problem);
    with("x,y,x\n1,2,3\n4,5,7\n6,7,9\n", |path| {
        assert!(VectorFile::new(path).columns(Some("1,2".into())).load::<f64>().is_ok());
    });
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
        said.ends_with("rows have 2 numbers, but images of this shape have 6; choose other columns or another shape"),
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
        wrong(&npy(&Array3::<f32>::zeros((2, 2, 2)))).starts_with(": the array has shape [2, 2, 2]; it must be [rows]")
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
