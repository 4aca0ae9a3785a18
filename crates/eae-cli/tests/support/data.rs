//! Small data.

use std::fs;
use std::path::Path;

use eae::data::digits;
use ndarray::s;
use ndarray_npy::WriteNpyExt;

/// Writes the first 1000 of the digits as an array, of which the last 100 are held out: as many as
/// the quality of samples needs.
pub(crate) fn write_digits(path: &Path) {
    let pixels = digits::<f32>().train.pixels.slice_move(s![..1000, .., .., ..]);
    let bytes = pixels.permuted_axes([0, 3, 1, 2]).mapv(|x| (255.0 * x).round() as u8);
    bytes.as_standard_layout().write_npy(fs::File::create(path).unwrap()).unwrap();
}

/// A folder with [`write_digits`]' file in it.
pub(crate) fn with_digits() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_digits(&folder.path().join("digits.npy"));
    folder
}

/// A folder with a table and a network for it, whose training takes a moment: the model has one
/// kilobyte, which with what Adam remembers becomes more than two.
pub(crate) fn with_rows() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: usize| format!("{},{},{}\n", (i as f64).sin(), (1.7 * i as f64).cos(), i % 7);
    fs::write(folder.path().join("rows.csv"), (0..300).map(row).collect::<String>()).unwrap();
    fs::write(folder.path().join("net.toml"), "encoder = ['dense 4', 'tanh']\ndecoder = ['dense 3']\n").unwrap();
    folder
}
