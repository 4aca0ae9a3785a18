#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod estimates;
mod points;
mod ranks;
mod search;
mod sums;

pub use estimates::{Divergence, Entropy, Error, Estimated, MutualInformation, Result, Stage};
pub use knn_entropy;
pub use ndarray;
pub use points::{Array, Partition, Rows, row_range};
pub use ranks::{Aside, Counted, Disk, LostRank, One, RankError, RankResult, Ranks, Threads, Traffic, Typed};
pub use search::{Asked, Search};
pub use sums::{Moments, Shards, tree_sum_over};
