//! The folder that a training leaves.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::{EpochReport, Observer};

/// The weights in a run folder.
pub const MODEL: &str = "model.safetensors";
/// One line of JSON for each epoch, and one for the evaluation.
pub const METRICS: &str = "metrics.jsonl";

/// Makes a new folder `parent/stem-1`, or with the next number that is free: nothing that is there is touched.
///
/// # Errors
///
/// If it cannot be made.
pub fn create_numbered(parent: impl AsRef<Path>, stem: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(&parent)?;
    for number in 1_u64.. {
        let folder = parent.as_ref().join(format!("{stem}-{number}"));
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| folder),
        }
    }
    unreachable!("some number is free")
}

/// Writes a file whole or not at all: to another in the same folder, which then takes its place.
///
/// # Errors
///
/// If it cannot be written; what was there is then as it was.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    write_whole_with(path, |file| file.write_all(content))
}

/// The same for content that is not in memory as it will be in the file.
///
/// # Errors
///
/// As [`write_whole`], and those of `write`.
pub fn write_whole_with(path: &Path, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> io::Result<()> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let written = File::create(&unfinished).and_then(|file| {
        let mut file = BufWriter::new(file);
        write(&mut file)?;
        file.into_inner()?.sync_all()?;
        fs::rename(&unfinished, path)
    });
    if written.is_err() {
        // What is wrong with the disk is already known.
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Appends to a file of JSON lines, each complete as soon as it is written.
#[derive(Debug)]
pub struct MetricsLog {
    file: File,
    /// The first line that could not be written: an observer must not stop a training for that, but it must be said.
    error: Option<io::Error>,
}

/// One line of a log, to be serialised: an object with `kind` before the fields of the content.
#[derive(Debug, Serialize)]
pub struct Line<'a, T> {
    kind: &'a str,
    #[serde(flatten)]
    content: &'a T,
}

impl<'a, T: Serialize> Line<'a, T> {
    /// The fields of `content`, which must have fields, marked as a `kind`.
    pub fn new(kind: &'a str, content: &'a T) -> Self {
        Self { kind, content }
    }
}

impl MetricsLog {
    /// Into [`METRICS`] of a run folder.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(folder.join(METRICS))?;
        Ok(Self { file, error: None })
    }

    /// The same for a training that is gone on with after so many epochs: lines of others, and a last one that was cut short,
    /// are taken out first.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or written.
    pub fn resume(folder: &Path, epochs: usize) -> io::Result<Self> {
        let path = folder.join(METRICS);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::open(folder),
            text => text?,
        };
        let of_before = |line: &&str| {
            let line: Result<serde_json::Value, _> = serde_json::from_str(line);
            line.is_ok_and(|line| {
                line["kind"] == "epoch" && line["epoch"].as_u64().is_some_and(|epoch| epoch <= epochs as u64)
            })
        };
        let lines: String = text.lines().filter(of_before).flat_map(|line| [line, "\n"]).collect();
        write_whole(&path, lines.as_bytes())?;
        Self::open(folder)
    }

    /// Writes one [`Line`].
    ///
    /// # Errors
    ///
    /// If it, or that of an epoch before, could not be written.
    pub fn write(&mut self, kind: &str, content: &impl Serialize) -> io::Result<()> {
        let written = self.append(kind, content);
        self.error.take().map_or(written, Err)
    }

    /// Whole or not at all: what is written when there is room again must not go on in a line that was cut short.
    fn append(&self, kind: &str, content: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_string(&Line::new(kind, content))?;
        line.push('\n');
        let mut file = &self.file;
        let before = file.metadata()?.len();
        file.write_all(line.as_bytes()).inspect_err(|_| {
            let _ = file.set_len(before);
        })
    }
}

impl Observer for MetricsLog {
    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        if let Err(error) = self.append("epoch", report) {
            self.error.get_or_insert(error);
        }
        ControlFlow::Continue(())
    }
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

    #[test]
    fn a_file_is_written_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write_whole(&path, b"first").unwrap();
        let failed = write_whole_with(&path, |file| {
            file.write_all(b"half of the sec")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        write_whole(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn lines_are_appended() {
        let folder = tempfile::tempdir().unwrap();
        for epoch in [1, 2] {
            let report = EpochReport {
                epoch,
                epochs: 2,
                mse: 1.5,
                entropy: 2.0,
                penalty: -2.0,
                share: 1.0,
                learning_rate: 1e-3,
                samples_per_second: 10.0,
            };
            assert!(MetricsLog::open(folder.path()).unwrap().epoch(&report).is_continue());
        }
        let text = fs::read_to_string(folder.path().join(METRICS)).unwrap();
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 2);
        assert_eq!(
            (&lines[1]["kind"], &lines[1]["epoch"], &lines[1]["mse"]),
            (&"epoch".into(), &2.into(), &1.5.into())
        );
    }
}
