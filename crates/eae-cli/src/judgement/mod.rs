//! The quality of a trained model, as `eae evaluate`, `eae report` and `eae compare` judge it.

pub(crate) mod features;
mod print;
mod scores;

pub(crate) use print::print_samples;
pub(crate) use scores::{SOURCES, Scores};
