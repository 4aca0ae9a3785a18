use std::io::Write;
use std::path::{Path, PathBuf};

use eae::data::{Table, write_npy};
use eae::run;
use ndarray::{Array2, ArrayView2};

use super::{extension, needs_parent};
use crate::failure::Failure;
use crate::table::refused;

/// Where codes go.
pub(crate) struct Codes {
    path: PathBuf,
    csv: bool,
}

impl Codes {
    /// As the name that a flag gives says. What can be known to fail does so now.
    pub(crate) fn new(flag: &str, path: &Path) -> Result<Self, Failure> {
        let csv = match extension(path) {
            Some("npy") => false,
            Some("csv") => true,
            _ => return Err(Failure::usage(format!("{flag} is {}, it must end in .npy or .csv", path.display()))),
        };
        needs_parent(path)?;
        Ok(Self { path: path.to_path_buf(), csv })
    }

    /// Writes codes `[n, latent]`: an array of 32-bit numbers, or text with a header and as many digits as it takes.
    pub(crate) fn write(&self, codes: ArrayView2<'_, f32>) -> Result<(), Failure> {
        let written = run::write_whole_with(&self.path, |file| {
            if !self.csv {
                return write_npy(file, codes);
            }
            let line = |fields: Vec<String>| fields.join(",");
            writeln!(file, "{}", line((0..codes.ncols()).map(|i| format!("z{i}")).collect()))?;
            codes
                .outer_iter()
                .try_for_each(|code| writeln!(file, "{}", line(code.iter().map(f32::to_string).collect())))
        });
        written.map_err(|e| Failure::other(format!("{}: {e}", self.path.display())))
    }

    /// Reads codes of `latent` finite numbers, from an array or text.
    pub(crate) fn read(path: &Path, latent: usize) -> Result<Array2<f32>, Failure> {
        let codes = Table::read(path).map_err(|e| refused(&e, "take the row out"))?.values;
        let wrong = |problem: String| Failure::usage(format!("{}: {problem}", path.display()));
        if codes.ncols() != latent {
            let found = codes.ncols();
            return Err(wrong(format!("codes of {found} numbers, the model takes {latent}")));
        }
        match codes.indexed_iter().find(|(_, z)| !(**z as f32).is_finite()) {
            Some(((row, column), z)) => {
                Err(wrong(format!("row {row}, column {column} (from 0) is {z}, a code's numbers must be finite")))
            }
            None => Ok(codes.mapv(|z| z as f32)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;
    use std::fs;

    #[test]
    fn codes_come_back_to_the_last_bit() {
        let folder = tempfile::tempdir().unwrap();
        let codes = array![[0.1_f32, -3.0], [1.0e-20, f32::MAX], [1.0 / 3.0, 0.0]];
        for name in ["codes.npy", "codes.csv"] {
            let path = folder.path().join(name);
            Codes::new("--out", &path).unwrap().write(codes.view()).unwrap();
            assert_eq!(Codes::read(&path, 2).unwrap(), codes);
            let error = Codes::read(&path, 3).unwrap_err().to_string();
            assert!(error.ends_with(": codes of 2 numbers, the model takes 3"), "{error}");
        }
        let text = fs::read_to_string(folder.path().join("codes.csv")).unwrap();
        assert!(text.starts_with("z0,z1\n0.1,-3\n"), "{text}");
    }

    #[test]
    fn numbers_that_are_none_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("codes.csv");
        fs::write(&path, "1,2\n3,nan\n").unwrap();
        let error = Codes::read(&path, 2).unwrap_err().to_string();
        assert!(error.contains("line 2, column 1") && error.contains("the value is missing"), "{error}");
        for (number, said) in [("1e39", "1000000000000000000000000000000000000000"), ("-inf", "-inf")] {
            fs::write(&path, format!("1,2\n3,{number}\n")).unwrap();
            let error = Codes::read(&path, 2).unwrap_err().to_string();
            assert!(
                error.ends_with(&format!(": row 1, column 1 (from 0) is {said}, a code's numbers must be finite")),
                "{error}"
            );
        }
        let error = Codes::new("--codes", Path::new("codes.txt")).err().unwrap().to_string();
        assert_eq!(error, "--codes is codes.txt, it must end in .npy or .csv");
    }
}
