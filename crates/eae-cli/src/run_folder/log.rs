//! The log of a training, `metrics.jsonl`, with a line per epoch, one for the evaluation and one
//! for the end.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::METRICS;
use crate::failure::Failure;

/// The line of an epoch.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Epoch {
    pub(crate) epoch: usize,
    pub(crate) epochs: usize,
    pub(crate) mse: f64,
    pub(crate) entropy: f64,
    pub(crate) share: f64,
    pub(crate) learning_rate: f64,
    pub(crate) samples_per_second: f64,
    /// Error on held-out images, for the epochs after which it was measured.
    pub(crate) held_out_mse: Option<f64>,
}

/// The line for the end of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct End {
    /// Time in UTC.
    pub(crate) time: String,
    /// Version of the program that made the last step.
    pub(crate) version: String,
}

impl End {
    pub(crate) const KIND: &str = "end";

    pub(crate) fn now() -> Self {
        Self { time: httpdate::fmt_http_date(SystemTime::now()), version: env!("CARGO_PKG_VERSION").to_owned() }
    }

    /// Reads the end of a training; `None` if it has not ended.
    pub(crate) fn read(run: &Path) -> Result<Option<Self>, Failure> {
        let [line] = last_line(run, [Self::KIND])?;
        Ok(line.and_then(|line| serde_json::from_value(line).ok()))
    }
}

/// Returns the epochs in the log. Lines of other kinds and an incomplete last line are skipped.
pub(crate) fn epochs(run: &Path) -> Result<Vec<Epoch>, Failure> {
    read(run).map_err(|e| problem(run, &e)).map(|log| parse(&log))
}

/// Returns the last line of each kind, without the kind. An incomplete last line is skipped. The
/// log may not exist yet.
pub(crate) fn last_line<const N: usize>(run: &Path, kinds: [&str; N]) -> Result<[Option<Value>; N], Failure> {
    let log = match read(run) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => String::new(),
        log => log.map_err(|e| problem(run, &e))?,
    };
    Ok(kinds.map(|kind| last(&log, kind)))
}

fn read(run: &Path) -> io::Result<String> {
    fs::read_to_string(run.join(METRICS))
}

fn problem(run: &Path, problem: &io::Error) -> Failure {
    Failure::usage(format!("{}: {problem}", run.join(METRICS).display()))
}

fn last(log: &str, kind: &str) -> Option<Value> {
    let mut lines = log.lines().rev().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut line = lines.find(|line| line["kind"] == kind)?;
    line.as_object_mut()?.remove("kind");
    Some(line)
}

fn parse(text: &str) -> Vec<Epoch> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Returns the duration of the steps in seconds, from the speed of each epoch.
pub(crate) fn seconds(epochs: &[Epoch], images: usize) -> f64 {
    epochs.iter().map(|epoch| images as f64 / epoch.samples_per_second).filter(|seconds| seconds.is_finite()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_are_read_among_other_lines() {
        let line = |epoch: usize, speed: f64| {
            format!(
                r#"{{"kind":"epoch","epoch":{epoch},"epochs":9,"mse":5.5,"entropy":2.0,"penalty":-2.0,"share":1.0,"learning_rate":1e-3,"samples_per_second":{speed}}}"#
            )
        };
        let whole = [line(1, 50.0), line(2, 25.0), r#"{"kind":"evaluation","mse":1}"#.to_owned()].join("\n");
        let epochs = parse(&format!("{whole}\n{}", &line(3, 1.0)[..40]));
        assert_eq!((epochs.len(), epochs[1].epoch, epochs[1].epochs, epochs[1].mse), (2, 2, 9, 5.5));
        assert_eq!(seconds(&epochs, 100), 2.0 + 4.0);
        assert_eq!(seconds(&parse(&line(1, 0.0)), 100), 0.0);
    }
}
