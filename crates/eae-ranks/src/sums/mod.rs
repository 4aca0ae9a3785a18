//! Sums that do not depend on the number of ranks.

mod moments;
mod running;
mod shards;
mod tree;

pub use moments::Moments;
pub(crate) use running::{mean, variance_of_mean};
pub use shards::Shards;
pub(crate) use shards::split;
pub use tree::tree_sum_over;
