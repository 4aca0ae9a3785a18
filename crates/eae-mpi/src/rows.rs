//! Files whose rows each rank reads in part.

use std::ops::Range;
use std::path::{Path, PathBuf};

use eae_data::NpyRows;
use eae_ranks::{Ranks, Rows, Typed};

use crate::failure::Failure;

/// The rows of a `.npy` file.
pub(crate) struct NpyFile(NpyRows);

impl NpyFile {
    /// Opens a file on every rank.
    pub(crate) fn open(ranks: &dyn Ranks, path: &Path) -> Result<Self, Failure> {
        let rows = ranks.agree(NpyRows::open(path))?;
        // A node can have another file of the same name.
        let shapes = ranks.all_gather_one([rows.rows() as u64, rows.columns() as u64])?;
        if let Some(rank) = shapes.iter().position(|shape| *shape != shapes[0]) {
            return Err(Failure::common(format!(
                "{} has shape {:?} on rank 0 and {:?} on rank {rank}; put the same file on every node",
                path.display(),
                shapes[0],
                shapes[rank]
            )));
        }
        Ok(Self(rows))
    }

    pub(crate) fn open_all(ranks: &dyn Ranks, paths: &[PathBuf]) -> Result<Vec<Self>, Failure> {
        paths.iter().map(|path| Self::open(ranks, path)).collect()
    }
}

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
