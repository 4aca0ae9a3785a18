//! The commands, one per file. `estimate` has the commands that estimate from files, and `shell`
//! those for completions and manual pages.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod estimate;
pub(crate) mod evaluate;
pub(crate) mod export;
pub(crate) mod features;
#[cfg(feature = "gpu")]
pub(crate) mod gpu;
pub(crate) mod info;
pub(crate) mod interpolate;
pub(crate) mod quality;
pub(crate) mod reconstruct;
pub(crate) mod report;
pub(crate) mod sample;
#[cfg(feature = "serve")]
pub(crate) mod serve;
pub(crate) mod shell;
pub(crate) mod train;
pub(crate) mod traverse;
