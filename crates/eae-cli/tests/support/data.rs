//! Small data sets.

use std::fs;
use std::path::Path;

use eae::data::digits;
use ndarray::s;
use ndarray_npy::WriteNpyExt;

/// Writes the first 1000 digits as an array. The last 100 are held out, which is enough to measure
/// the quality of samples.
pub(crate) fn write_digits(path: &Path) {
    let pixels = digits::<f32>().train.pixels.slice_move(s![..1000, .., .., ..]);
    let bytes = pixels.permuted_axes([0, 3, 1, 2]).mapv(|x| (255.0 * x).round() as u8);
    bytes.as_standard_layout().write_npy(fs::File::create(path).unwrap()).unwrap();
}

/// Creates a folder with the file of [`write_digits`].
pub(crate) fn with_digits() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_digits(&folder.path().join("digits.npy"));
    folder
}

/// Arguments of a training on the table of [`with_rows`].
pub(crate) const TRAIN_ROWS: [&str; 9] =
    ["train", "--data", "csv:rows.csv", "--model", "net.toml", "--latent", "2", "--batch", "45"];

/// Creates a folder with a table and a small network, which is trained in a moment. The model has
/// one kilobyte, and more than two with the state of Adam.
pub(crate) fn with_rows() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: usize| format!("{},{},{}\n", (i as f64).sin(), (1.7 * i as f64).cos(), i % 7);
    fs::write(folder.path().join("rows.csv"), (0..300).map(row).collect::<String>()).unwrap();
    fs::write(folder.path().join("net.toml"), "encoder = ['dense 4', 'tanh']\ndecoder = ['dense 3']\n").unwrap();
    folder
}
