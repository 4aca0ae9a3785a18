//! Files of every format that are broken in some way, or made to do harm, each named after its
//! fault.

use std::fs;
use std::path::{Path, PathBuf};

use super::readers::READERS;

/// The corpus of a format.
fn seeds(format: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus").join(format);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn broken_files_are_errors_that_name_them_and_valid_ones_are_none() {
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

/// A file that ends anywhere is an error, or what there is of it makes sense; it is never more than
/// that.
#[test]
fn valid_files_cut_short_anywhere() {
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
                // Rows that are left out are no damage, and a PNG file is whole but for the 12 bytes of its end.
                let harmless = match format {
                    "table" => true,
                    "image" => length + 12 >= whole.len(),
                    _ => false,
                };
                assert!(said.is_err() || harmless, "{format}: {length} of {path:?}");
            }
        }
    }
}
