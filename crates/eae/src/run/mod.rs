//! The folder of a training run: its file names, atomic writes and its log.

mod log;

use std::path::{Path, PathBuf};
use std::{fs, io};

pub use log::{Line, METRICS, MetricsLog};
pub use nn_layers::{write_whole, write_whole_with};

/// Name of the file with the weights in a run folder.
pub const MODEL: &str = "model.safetensors";

/// Creates a new folder `parent/stem-1`, or one with the next free number. Existing files and
/// folders are not touched.
///
/// # Errors
///
/// If the folder cannot be created.
pub fn create_numbered(parent: impl AsRef<Path>, stem: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(&parent)?;
    for number in 1_u64.. {
        let folder = parent.as_ref().join(format!("{stem}-{number}"));
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| folder),
        }
    }
    unreachable!("a free number exists")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_numbered_and_never_reused() {
        let parent = tempfile::tempdir().unwrap();
        let parent = parent.path().join("runs");
        assert_eq!(create_numbered(&parent, "a").unwrap(), parent.join("a-1"));
        fs::write(parent.join("a-2"), "a file").unwrap();
        assert_eq!(create_numbered(&parent, "a").unwrap(), parent.join("a-3"));
        assert!(create_numbered(parent.join("a-2"), "b").is_err());
    }
}
