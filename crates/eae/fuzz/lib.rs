//! Bytes to a file, and that to the reader of its format. See `run.sh`.

use std::fs;
use std::sync::OnceLock;

use tempfile::TempDir;

#[path = "../../eae-data/tests/support/readers.rs"]
mod data;
#[path = "../tests/support/readers.rs"]
mod model;

/// Whatever is in the file, its reader does not panic; what is wrong is said of a file that is named.
pub fn read(format: &str, bytes: &[u8]) {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder in TMPDIR"));
    // A name that a folder of images has use for; no other reader looks at it.
    let file = folder.path().join("file.png");
    fs::write(&file, bytes).expect("a file in TMPDIR");
    let (_, reader) = data::READERS.iter().chain(&model::READERS).find(|(name, _)| *name == format).expect("a format");
    if let Err(problem) = reader(&file) {
        assert!(problem.contains("file.png"), "no file is named: {problem}");
    }
}
