//! Damaged and malicious files of every format, each named after its defect. The tests of eae
//! include this file for the formats of that crate.

use std::fs;
use std::path::{Path, PathBuf};

use super::readers::READERS;

/// Returns the corpus of a format.
fn seeds(format: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(format);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn broken_files_are_errors_that_name_the_file() {
    for (format, read) in READERS {
        let (mut broken, mut valid) = (0, 0);
        for path in seeds(format) {
            let name = path.file_name().unwrap().to_str().unwrap();
            match read(&path) {
                Ok(()) if name.starts_with("valid-") => valid += 1,
                Err(problem) if !name.starts_with("valid-") => {
                    let said = problem.replacen(name, "", 1);
                    assert!(said.len() < problem.len() && said.contains(' '), "{format}/{name}: {problem}");
                    broken += 1;
                }
                other => panic!("{format}/{name}: {other:?}"),
            }
        }
        assert!(broken >= 3 && valid >= 1, "{format}: {broken} broken files and {valid} valid ones");
    }
}

/// A file that is cut short is either an error or still meaningful, never anything else.
#[test]
fn truncated_files_are_errors_or_valid() {
    let folder = tempfile::tempdir().unwrap();
    for (format, read) in READERS {
        for path in
            seeds(format).iter().filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("valid-"))
        {
            let (whole, cut) = (fs::read(path).unwrap(), folder.path().join(path.file_name().unwrap()));
            let step = (whole.len() / 50).max(1);
            for length in (0..whole.len()).step_by(step) {
                fs::write(&cut, &whole[..length]).unwrap();
                let said = read(&cut);
                // A table with fewer rows or a network with fewer layers is still valid, and a PNG
                // file is complete without the 12 bytes of its end.
                let harmless = match format {
                    "table" | "network" => true,
                    "image" => length + 12 >= whole.len(),
                    _ => false,
                };
                assert!(said.is_err() || harmless, "{format}: {length} of {path:?}");
            }
        }
    }
}
