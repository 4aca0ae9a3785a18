//! One file, one command.

pub(crate) mod sample;
pub(crate) mod train;
