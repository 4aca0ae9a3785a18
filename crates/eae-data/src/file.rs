//! Files as bytes, packed with gzip or not.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use crate::DataError;

/// Reads the contents of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    fs::read(path).map_err(|reason| DataError::Read { path: path.to_path_buf(), reason })
}

/// Unpacks the contents of a file that may be packed, only as far as they are read: a packed file may be a thousand times
/// as long as it looks.
pub(crate) fn unpacked(file: &[u8]) -> Box<dyn Read + '_> {
    if file.starts_with(&[0x1f, 0x8b]) { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) }
}

/// Finds the first file of these names, packed or not.
pub(crate) fn find(folder: &Path, names: &[String], wanted: &'static str) -> Result<PathBuf, DataError> {
    let names: Vec<String> = names.iter().flat_map(|name| [format!("{name}.gz"), name.clone()]).collect();
    let path = names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    path.ok_or_else(|| DataError::Missing { folder: folder.to_path_buf(), names, wanted })
}

/// Returns the number of samples to train on: the last tenth, and at least one, is held out.
pub(crate) fn to_train_on(count: usize) -> usize {
    count - (count / 10).max(1)
}
