//! The check that no output of a command replaces one of its inputs or another of its outputs.

use std::path::{Path, PathBuf};

use crate::dataset::Data;
use crate::failure::Failure;

/// A file or folder that a command reads.
pub(crate) struct Input {
    path: PathBuf,
    /// Extensions of files that can lie in a folder of data without being a part of it.
    beside: &'static [&'static str],
    /// Description in messages, such as `the data to encode`.
    what: String,
}

/// Extensions of the files that the program writes, the only one of a picture last.
const WRITTEN: [&str; 6] = ["csv", "npy", "safetensors", "onnx", "html", "png"];

impl Input {
    pub(crate) fn file(path: &Path, what: impl Into<String>) -> Self {
        Self { path: path.to_path_buf(), beside: &[], what: what.into() }
    }

    /// Returns the file or folder of a data set, if there is one.
    pub(crate) fn data(data: Option<&Data>, what: impl Into<String>) -> Option<Self> {
        let data = data?;
        let beside = if data.is_folder() { &WRITTEN[..WRITTEN.len() - 1] } else { &WRITTEN };
        Some(Self { path: data.path()?.to_path_buf(), beside, what: what.into() })
    }

    /// Returns the reason why an output would replace the input.
    fn is_replaced_by(&self, output: &Path) -> Option<String> {
        let [input, output] = [&self.path, output].map(identity);
        if input == output {
            return Some(format!("which is {}", self.what));
        }
        // A file beside the data, such as a table of its codes, can be written again.
        let is_beside = self.beside.iter().any(|known| output.extension().is_some_and(|end| end == *known));
        let replaces = !is_beside && output.is_file() && output.starts_with(&input);
        replaces.then(|| format!("which is a file of {}", self.what))
    }
}

/// Fails if an output, given with its flag, would replace an input or another output. Commands call
/// it before they work, because the content of a replaced file is lost.
pub(crate) fn keep(outputs: &[(&str, Option<&Path>)], inputs: impl IntoIterator<Item = Input>) -> Result<(), Failure> {
    let outputs = Vec::from_iter(outputs.iter().filter_map(|&(flag, path)| Some((flag, path?))));
    for (i, (flag, path)) in outputs.iter().enumerate() {
        if let Some((first, _)) = outputs[..i].iter().find(|(_, other)| identity(other) == identity(path)) {
            let path = path.display();
            return Err(Failure::usage(format!("{first} and {flag} are both {path}; choose two files")));
        }
    }
    for input in inputs {
        for (flag, path) in &outputs {
            if let Some(reason) = input.is_replaced_by(path) {
                let path = path.display();
                return Err(Failure::usage(format!("{flag} is {path}, {reason}; choose another file")));
            }
        }
    }
    Ok(())
}

/// Returns a path that is equal for all names of a file. A file that does not exist yet has the
/// canonical path of its folder.
fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        match (folder.canonicalize(), path.file_name()) {
            (Ok(folder), Some(name)) => folder.join(name),
            _ => path.to_path_buf(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn kept(outputs: &[&Path], inputs: Vec<Input>) -> Result<(), String> {
        let flags = ["--out", "--names"];
        let outputs = Vec::from_iter(flags.into_iter().zip(outputs.iter().map(|path| Some(*path))));
        keep(&outputs, inputs).map_err(|problem| problem.to_string())
    }

    #[test]
    fn all_names_of_a_file_are_recognized() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("x.csv"), "1").unwrap();
        fs::create_dir(at("sub")).unwrap();
        for name in ["x.csv", "./x.csv", "sub/../x.csv"] {
            let path = at(name);
            let refused = kept(&[&path], vec![Input::file(&at("x.csv"), "the codes")]);
            assert_eq!(refused, Err(format!("--out is {}, which is the codes; choose another file", path.display())));
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(at("x.csv"), at("link.csv")).unwrap();
            assert!(kept(&[&at("link.csv")], vec![Input::file(&at("x.csv"), "the codes")]).is_err());
        }
        // Outputs need not exist.
        let refused = kept(&[&at("new.csv"), &at("sub/../new.csv")], vec![]);
        assert!(refused.unwrap_err().starts_with("--out and --names are both "));
        assert_eq!(kept(&[&at("new.csv"), &at("sub/new.csv")], vec![Input::file(&at("x.csv"), "the codes")]), Ok(()));
    }

    #[test]
    fn images_in_a_folder_of_data_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("cats")).unwrap();
        for name in ["cats/a.png", "codes.csv"] {
            fs::write(at(name), "x").unwrap();
        }
        let data = format!("images:{}", folder.path().display()).parse().unwrap();
        let out = |name: &str| kept(&[&at(name)], Vec::from_iter(Input::data(Some(&data), "the data to encode")));
        assert!(out("cats/a.png").unwrap_err().ends_with("which is a file of the data to encode; choose another file"));
        assert_eq!((out("codes.csv"), out("cats/b.png")), (Ok(()), Ok(())));
        // In a folder of another kind of data, a picture is not data.
        let data = format!("mnist:{}", folder.path().display()).parse().unwrap();
        let out = |name: &str| kept(&[&at(name)], Vec::from_iter(Input::data(Some(&data), "the data to encode")));
        fs::write(at("t10k-labels-idx1-ubyte"), "x").unwrap();
        assert_eq!(out("cats/a.png"), Ok(()));
        assert!(out("t10k-labels-idx1-ubyte").is_err());
    }
}
