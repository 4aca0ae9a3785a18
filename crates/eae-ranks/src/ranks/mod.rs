//! Processes that work together, and the messages between them.

mod aside;
mod channels;
mod counted;
mod disk;
mod one;
mod threads;
mod typed;

use std::path::PathBuf;

use thiserror::Error;

pub use aside::Aside;
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
