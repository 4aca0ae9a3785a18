//! Finding and reading whole files.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{DataError, Idx};

/// Reads the contents of a file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, DataError> {
    fs::read(path).map_err(|reason| DataError::Read { path: path.to_path_buf(), reason })
}

/// Reads an IDX file.
pub(crate) fn read_idx(path: &Path) -> Result<Idx, DataError> {
    Idx::parse(&read(path)?).map_err(|problem| DataError::Idx { path: path.to_path_buf(), problem })
}

/// Finds the first file with one of these names, gzipped or not.
pub(crate) fn find(folder: &Path, names: &[String], wanted: &'static str) -> Result<PathBuf, DataError> {
    let names: Vec<String> = names.iter().flat_map(|name| [format!("{name}.gz"), name.clone()]).collect();
    let path = names.iter().map(|name| folder.join(name)).find(|path| path.exists());
    path.ok_or_else(|| DataError::Missing { folder: folder.to_path_buf(), names, wanted })
}

/// Returns the number of samples for training. The last tenth, at least one, is held out.
pub(crate) fn to_train_on(count: usize) -> usize {
    count - (count / 10).max(1)
}
