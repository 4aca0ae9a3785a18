//! Readers for each format that also check the result. The tests of broken files
//! (`suite/hostile.rs`) and the fuzzer (`crates/eae/fuzz/run.sh`) use them.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use eae_data::{
    Columns, DataError, Idx, ImageFolder, Missing, Source, Split, Table, TableOptions, Text, from_idx, from_npy,
    from_table, is_of_vectors, sample,
};

/// Reads a file, or returns a message with the problem.
pub(crate) type Reader = fn(&Path) -> Result<(), String>;

/// The reader of each format.
pub(crate) const READERS: [(&str, Reader); 4] = [("npy", npy), ("idx", idx), ("table", table), ("image", image)];

fn text(problem: impl Display) -> String {
    problem.to_string()
}

/// Reads images or vectors from a NumPy array.
fn npy(path: &Path) -> Result<(), String> {
    if is_of_vectors(path).map_err(text)? { table(path) } else { images(from_npy(path)) }
}

fn idx(path: &Path) -> Result<(), String> {
    if let Ok(Idx { shape, bytes }) = Idx::parse(&fs::read(path).map_err(text)?) {
        // If one axis has length 0, others may have any length.
        assert_eq!(shape.iter().map(|&length| length as u128).product::<u128>(), bytes.len() as u128);
    }
    images(from_idx(path))
}

/// Reads a table, with and without missing values and text.
fn table(path: &Path) -> Result<(), String> {
    if let Ok(table) = Table::read_with(path, &TableOptions::new().missing(Missing::Keep).text(Text::Categories)) {
        let every: Vec<usize> = (0..table.values.ncols()).collect();
        assert_eq!((table.categories.len(), every.is_empty()), (every.len(), false));
        let lines: Vec<_> = (0..table.values.nrows()).filter_map(|row| table.line(row)).collect();
        assert!(lines.windows(2).all(|pair| pair[0] < pair[1]));
        assert_eq!(table.complete_rows(&every).len() == table.values.nrows(), table.require_complete(&every).is_ok());
        for (&column, labels) in every.iter().zip(&table.categories) {
            assert_eq!(labels.is_none(), table.require_numbers(&[column]).is_ok());
            let count = labels.as_ref().map_or(f64::INFINITY, |labels| labels.len() as f64);
            assert!(table.values.column(column).iter().all(|code| code.is_nan() || labels.is_none() || *code < count));
        }
    }
    let Table { values, names, .. } = Table::read(path).map_err(text)?;
    assert!(!values.is_empty() && names.is_none_or(|names| names.len() == values.ncols()));
    let (split, columns) = from_table::<f32>(path).map_err(text)?;
    assert_eq!(split.train.len() + split.test.len(), values.nrows());
    assert_eq!(columns.len(), values.ncols());
    assert!([&split.train, &split.test].iter().all(|part| part.pixels.iter().all(|x| x.is_finite())));
    // A model stores the columns as text.
    let kept = serde_json::to_string(&columns).map_err(text)?;
    assert_eq!(serde_json::from_str::<Columns>(&kept).expect("what was kept"), columns);
    Ok(())
}

/// Reads an image in a folder, next to a valid one.
fn image(path: &Path) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(text)?;
    let set = folder.path().join("set");
    fs::create_dir(&set).map_err(text)?;
    fs::write(set.join("good.png"), include_bytes!("../corpus/image/valid-color.png")).map_err(text)?;
    fs::copy(path, set.join(path.file_name().expect("a file"))).map_err(text)?;
    let folder_of = ImageFolder::new(set, 8).strict(true);
    let split = folder_of.load::<f32>(&folder.path().join("cache"), &mut |_, _| {}).map_err(text)?;
    let train = sample::<f32>(&split.train, 9, 0).map_err(text)?;
    assert_eq!((train.dim(), split.test.pixels.dim()), ((1, 8, 8, 3), (1, 8, 8, 3)));
    assert!(train.iter().chain(&split.test.pixels).all(|x| (0.0..=1.0).contains(x)));
    Ok(())
}

/// Checks held-out and training images.
fn images(split: Result<Split<f32>, DataError>) -> Result<(), String> {
    let Split { train, test } = split.map_err(text)?;
    assert!(!train.is_empty() && !test.is_empty() && train.pixels.dim().1 > 0 && train.pixels.dim().2 > 0);
    assert_eq!(Source::<f32>::image_shape(&train.pixels.view()), Source::<f32>::image_shape(&test.pixels.view()));
    assert!(train.pixels.iter().chain(&test.pixels).all(|pixel| (0.0..=1.0).contains(pixel)));
    Ok(())
}
