//! Processes that work together, and the messages between them.

mod channels;
mod counted;
mod disk;
mod one;
mod threads;
mod typed;

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use bytemuck::Pod;
use thiserror::Error;

pub use counted::{Counted, Traffic};
pub use disk::Disk;
pub use one::One;
pub use threads::Threads;
pub use typed::Typed;

/// Processes that run the same program on different data and exchange bytes.
///
/// The methods with messages are *collective*: every rank must call the same ones in the same
/// order, and each call waits for the messages of the other ranks. Messages only move bytes, so
/// that no result depends on how a library adds numbers.
///
/// A rank that meets an error alone must not return while the others wait. Make the error common
/// with [`Typed::agree`], or call [`abort`](Ranks::abort).
pub trait Ranks {
    /// Returns the number of this rank, from 0.
    fn rank(&self) -> usize;

    /// Returns the number of ranks.
    fn size(&self) -> usize;

    /// Sends bytes to every rank. Returns the bytes of all ranks, in their order.
    ///
    /// # Errors
    ///
    /// [`RankError`].
    fn all_gather(&self, bytes: &[u8]) -> RankResult<Vec<Vec<u8>>>;

    /// Sends `bytes[r]` to rank `r`. Returns the bytes from all ranks, in their order.
    ///
    /// # Errors
    ///
    /// [`RankError`].
    ///
    /// # Panics
    ///
    /// Unless there is one message for each rank.
    fn all_to_all(&self, bytes: Vec<Vec<u8>>) -> RankResult<Vec<Vec<u8>>>;

    /// Returns the bytes that rank `root` passes. Those of the other ranks are ignored.
    ///
    /// # Errors
    ///
    /// [`RankError`].
    fn broadcast(&self, root: usize, bytes: Vec<u8>) -> RankResult<Vec<u8>>;

    /// Ends all ranks at once, with a message and an exit code.
    fn abort(&self, code: i32, message: &str) -> !;

    /// Writes bytes to a file while other ranks work, and returns its path. Returns `None` if the
    /// bytes should stay in memory, as always except on [`Disk`]. [`Typed::set_aside`] calls it.
    ///
    /// # Errors
    ///
    /// [`RankError::Disk`].
    fn write_aside(&self, _bytes: &[u8]) -> RankResult<Option<PathBuf>> {
        Ok(None)
    }
}

/// Numbers that were set aside by [`Typed::set_aside`].
#[derive(Debug)]
pub struct Aside<T>(Place<T>);

#[derive(Debug)]
enum Place<T> {
    Memory(Vec<T>),
    /// A file that is removed when the numbers are taken back.
    File(PathBuf),
}

/// Reads numbers from a file and removes it.
fn read<T: Pod>(path: PathBuf) -> RankResult<Vec<T>> {
    let failed = |source| RankError::Disk { path: path.clone(), source };
    let mut file = File::open(&path).map_err(failed)?;
    let bytes = file.metadata().map_err(failed)?.len() as usize;
    let mut numbers = vec![T::zeroed(); bytes / size_of::<T>()];
    file.read_exact(bytemuck::cast_slice_mut(&mut numbers)).map_err(failed)?;
    std::fs::remove_file(&path).map_err(failed)?;
    Ok(numbers)
}

/// A rank that ended before the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LostRank(
    /// The number of the rank.
    pub usize,
);

/// A reason why ranks cannot work together.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RankError {
    /// A rank ended while others waited for it.
    #[error("rank {} ended before the others; its own message says why", .0.0)]
    Lost(LostRank),
    /// An error of one rank, which all ranks return.
    #[error("rank {rank}: {message}")]
    Failed {
        /// The first rank with an error.
        rank: usize,
        /// The message of the error.
        message: String,
    },
    /// A temporary file cannot be written or read.
    #[error("the temporary file {} cannot be written or read: {source}; choose another folder or free space", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A message does not have the expected length.
    #[error("a message of {bytes} bytes does not fit its type; all ranks must run the same version of the program")]
    Garbled {
        /// The length of the message.
        bytes: usize,
    },
}

/// A result with a [`RankError`].
pub type RankResult<T> = std::result::Result<T, RankError>;
