//! Estimates from rows that the ranks read in parts, bit-identical to those of one process.

mod divergence;
mod entropy;
mod error;
mod estimated;
mod information;
mod read;

pub use divergence::Divergence;
pub use entropy::Entropy;
pub use error::{Error, Result};
pub use estimated::{Estimated, Stage};
pub use information::MutualInformation;
pub(crate) use read::read_rows;

pub(crate) use self::estimated::Progress;
