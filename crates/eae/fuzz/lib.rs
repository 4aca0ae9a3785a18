//! Writes bytes to a file and passes it to the reader of its format. See `run.sh`.

use std::fs;
use std::sync::OnceLock;

use tempfile::TempDir;

#[path = "../../eae-data/tests/support/readers.rs"]
mod data;
#[path = "../tests/support/readers.rs"]
mod model;

/// Checks that the reader of a format does not panic, whatever the file holds, and that its error
/// names the file.
pub fn read(format: &str, bytes: &[u8]) {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder in TMPDIR"));
    // Folders of images need a file name with this extension. Other readers ignore the name.
    let file = folder.path().join("file.png");
    fs::write(&file, bytes).expect("a file in TMPDIR");
    let (_, reader) = data::READERS.iter().chain(&model::READERS).find(|(name, _)| *name == format).expect("a format");
    if let Err(problem) = reader(&file) {
        assert!(problem.contains("file.png"), "no file is named: {problem}");
    }
}
