use std::fs::{self, File};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::Path;

use serde::Serialize;

use super::write_whole;
use crate::{EpochReport, Float, Observer};

/// Name of the log file, which holds one line of JSON per epoch and one for the evaluation.
pub const METRICS: &str = "metrics.jsonl";

/// Appends lines to a JSON lines file. Each line is complete as soon as it is written.
#[derive(Debug)]
pub struct MetricsLog {
    file: File,
    /// The first write error. An observer must not stop a training because of it, but the caller
    /// must learn of it.
    error: Option<io::Error>,
}

/// One line of a log, which serializes as an object with `kind` before the fields of the content.
#[derive(Debug, Serialize)]
pub struct Line<'a, T> {
    kind: &'a str,
    #[serde(flatten)]
    content: &'a T,
}

impl<'a, T: Serialize> Line<'a, T> {
    /// Creates a line from the fields of `content`, which must be a struct or a map, and a `kind`.
    pub fn new(kind: &'a str, content: &'a T) -> Self {
        Self { kind, content }
    }
}

impl MetricsLog {
    /// Opens the file [`METRICS`] in a run folder.
    ///
    /// # Errors
    ///
    /// If the file cannot be opened.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let file = File::options().create(true).append(true).open(folder.join(METRICS))?;
        Ok(Self { file, error: None })
    }

    /// Opens the log of a training that resumes after this number of epochs. Lines of later epochs
    /// and an incomplete last line are removed first.
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

    /// Writes one line of the given `kind`.
    ///
    /// # Errors
    ///
    /// If the line, or the line of an earlier epoch, could not be written.
    pub fn write(&mut self, kind: &str, content: &impl Serialize) -> io::Result<()> {
        let written = self.append(kind, content);
        self.error.take().map_or(written, Err)
    }

    /// Appends a complete line or nothing, so that after a full disk the next line does not
    /// continue a partial one.
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

impl<F: Float> Observer<F> for MetricsLog {
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
    fn lines_are_appended() {
        let folder = tempfile::tempdir().unwrap();
        for epoch in [1, 2] {
            let report = EpochReport {
                epoch,
                epochs: 2,
                mse: 1.5,
                entropy: 2.0,
                penalty: -2.0,
                penalty_weight: 1.0,
                learning_rate: 1e-3,
                samples_per_second: 10.0,
                held_out_mse: Some(2.5),
            };
            let mut log = MetricsLog::open(folder.path()).unwrap();
            assert!(Observer::<f32>::epoch(&mut log, &report).is_continue());
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
