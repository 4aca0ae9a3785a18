//! Measures of quality for `eae evaluate`, `eae report` and `eae compare`.

mod features;
pub(crate) mod labels;
mod print;
mod scores;

pub(crate) use features::FeaturesFlag;
pub(crate) use print::print_samples;
pub(crate) use scores::{SOURCES, Scores};
