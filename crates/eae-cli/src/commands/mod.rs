//! One file, one command; `samples` is what the estimating ones share.

pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod divergence;
pub(crate) mod entropy;
pub(crate) mod evaluate;
pub(crate) mod mi;
pub(crate) mod report;
pub(crate) mod sample;
mod samples;
pub(crate) mod train;
