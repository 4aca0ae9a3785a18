//! How good a trained model is: what `eae evaluate`, `eae report` and `eae compare` judge it by.

pub(crate) mod features;
mod print;
mod scores;

pub(crate) use print::print_samples;
pub(crate) use scores::{SOURCES, Scores};
