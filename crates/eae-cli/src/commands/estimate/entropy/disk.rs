//! The entropy of files that are larger than memory.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use clap::Args;
use eae::data::NpyRows;
use eae_ranks::{Disk, Entropy, Error, Estimated, RankError, Rows, Stage};
use knn_entropy::{ClosePoints, Norm};

use super::budget::Estimate;
use crate::allocator::return_freed_memory;
use crate::failure::Failure;
use crate::progress::Bar;

/// The flags for files that are larger than memory.
#[derive(Args)]
pub(super) struct Large {
    /// Largest amount of memory for the program, such as 500M or 4G. If the rows of a .npy file
    /// need more, they are divided into parts in temporary files, and only one part at a time is in
    /// memory. The entropy is the same [default: 4G for files of more than 1G, otherwise no limit].
    #[arg(long, value_name = "BYTES")]
    memory: Option<Bytes>,
    /// Folder for the temporary files of --memory, which take about three times the size of the
    /// file, and up to six times in many dimensions [default: the folder of the file].
    #[arg(long, value_name = "FOLDER")]
    scratch: Option<PathBuf>,
}

/// Number of bytes of a file, as 64-bit floats, above which memory is limited by default.
const LARGE: usize = 1 << 30;

/// Default limit for large files.
const USUAL: usize = 4 << 30;

/// A number of bytes on the command line.
#[derive(Clone, Copy)]
struct Bytes(usize);

impl FromStr for Bytes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, unit) = match text.trim().trim_end_matches(['B', 'b']) {
            text if text.ends_with(['K', 'k']) => (&text[..text.len() - 1], 1 << 10),
            text if text.ends_with(['M', 'm']) => (&text[..text.len() - 1], 1 << 20),
            text if text.ends_with(['G', 'g']) => (&text[..text.len() - 1], 1 << 30),
            text => (text, 1),
        };
        let number: Option<usize> = number.parse().ok().filter(|number| *number > 0);
        let bytes = number.and_then(|number| number.checked_mul(unit)).map(Self);
        bytes.ok_or_else(|| "expected a number of bytes such as 500M or 4G".to_owned())
    }
}

/// Rows that are divided into parts.
pub(super) struct Parts {
    rows: NpyFile,
    count: usize,
    scratch: PathBuf,
}

impl Large {
    /// Decides if a file is divided into parts, and returns `None` if it fits into memory, with
    /// `k` neighbors. `obstacle` is a flag that needs all rows at once.
    pub(super) fn parts(&self, file: &Path, k: usize, obstacle: Option<&str>) -> Result<Option<Parts>, Failure> {
        let name = file.display();
        let asked = self.memory.is_some();
        if file.extension().is_none_or(|extension| extension != "npy") {
            let wrong = asked.then(|| Failure::usage(format!("{name}: --memory needs a .npy file; convert the file")));
            return wrong.map_or(Ok(None), Err);
        }
        // Without the flag, the usual reader reports the error.
        let rows = match NpyRows::open(file) {
            Ok(rows) => rows,
            Err(error) if asked => return Err(Failure::usage(error)),
            Err(_) => return Ok(None),
        };
        let (n, d) = (rows.rows(), rows.columns());
        let limit = match self.memory {
            Some(Bytes(limit)) => limit,
            None if n.saturating_mul(8 * d) > LARGE => USUAL,
            None => return Ok(None),
        };
        let count = Estimate { rows: n, columns: d, k: k.min(n) }.parts(limit);
        match obstacle {
            _ if count == Ok(1) => return Ok(None),
            Some(flag) if asked => {
                return Err(Failure::usage(format!(
                    "{name}: the rows do not fit into the memory that --memory allows, and {flag} needs all of them at once; \
                     raise --memory, or leave out {flag}"
                )));
            }
            Some(_) => return Ok(None),
            None => {}
        }
        let count = count.map_err(|least| {
            let least = least.div_ceil(1 << 20);
            Failure::usage(format!("{name}: --memory is too little for {n} rows; use --memory {least}M or more"))
        })?;
        let beside = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let scratch = self.scratch.clone().unwrap_or_else(|| beside.to_owned());
        Ok(Some(Parts { rows: NpyFile(rows), count, scratch }))
    }
}

impl Parts {
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Returns the numbers of rows and of columns.
    pub(super) fn dim(&self) -> (usize, usize) {
        (self.rows.len(), self.rows.dimension())
    }

    /// Estimates the entropy, with a progress bar.
    pub(super) fn estimate(
        &self,
        file: &Path,
        k: usize,
        norm: Norm,
        close_points: ClosePoints,
    ) -> Result<Estimated, Failure> {
        return_freed_memory();
        let progress = Progress { parts: self.count, state: Mutex::new((Bar::new(false), HashMap::new())) };
        let report = |stage| progress.finished(stage);
        // More questions at once would need more memory than the points of a part.
        let questions = self.rows.len().div_ceil(self.count) as u64;
        let entropy = Entropy::new(k).norm(norm).close_points(close_points).at_once(questions).progress(&report);
        let all = Disk::run(self.count, &self.scratch, |ranks| {
            // The local values of all parts together may be larger than memory.
            let mut estimated = entropy.estimate(ranks, &self.rows)?;
            estimated.local = Vec::new();
            Ok(estimated)
        });
        drop(progress);
        let all = all.map_err(|error| Failure::other(error).and("; --scratch sets the folder"))?;
        // Parts that waited for the one with an error know only that it ended.
        let lost = |result: &Result<Estimated, Error>| matches!(result, Err(Error::Ranks(RankError::Lost(_))));
        let first = all.into_iter().min_by_key(lost).expect("there is a part");
        first.map_err(|error| match error {
            Error::Estimate(knn_entropy::Error::ZeroK) => Failure::usage("--k is 0; it must be at least 1"),
            Error::Estimate(error) => Failure::usage(format!("{}: {error}", file.display())),
            Error::Ranks(RankError::Failed { message, .. }) => Failure::usage(message),
            error => Failure::other(error).and("; --scratch sets the folder"),
        })
    }
}

struct NpyFile(NpyRows);

impl Rows for NpyFile {
    fn len(&self) -> usize {
        self.0.rows()
    }

    fn dimension(&self) -> usize {
        self.0.columns()
    }

    fn read(&self, rows: Range<usize>) -> Result<Vec<f64>, String> {
        self.0.read(rows).map_err(|error| error.to_string())
    }
}

/// The progress of all parts: a bar on a terminal, and a line per stage elsewhere.
struct Progress {
    parts: usize,
    /// The number of parts that have finished each stage.
    state: Mutex<(Bar, HashMap<Stage, usize>)>,
}

/// Number of stages of an estimate.
const STAGES: usize = 4;

impl Progress {
    fn finished(&self, stage: Stage) {
        let (bar, counts) = &mut *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(stage).or_insert(0);
        *count += 1;
        let count = *count;
        if bar.in_lines && count == self.parts {
            errln!("{stage}: all {count} parts");
        }
        let done = counts.values().sum();
        bar.show(done, STAGES * self.parts, &[format!("{stage} part {count} of {}", self.parts)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_memory() {
        let bytes = |text: &str| Bytes::from_str(text).map(|bytes| bytes.0).ok();
        assert_eq!(
            [bytes("4G"), bytes("500MB"), bytes("7k"), bytes("12")],
            [4 << 30, 500 << 20, 7 << 10, 12].map(Some)
        );
        assert_eq!([bytes(""), bytes("0"), bytes("G"), bytes("-1M"), bytes("99999999999G")], [None; 5]);
    }
}
