//! Exact nearest-neighbor searches behind one trait.

mod auto;
mod blocked;
mod brute_force;
mod counts;
mod filter;
mod first;
mod kd_tree;
mod line;
mod lists;
mod nearest;
mod pairs;
mod places;
mod rows;
mod search;
mod sorted;
mod sweep;
mod task;
mod tree;
mod walk;

pub use auto::Auto;
pub use blocked::Blocked;
pub use brute_force::BruteForce;
pub use counts::Boundary;
pub(crate) use counts::count_in_blocks;
pub use kd_tree::KdTree;
pub use lists::{Neighbors, Visit};
pub use search::NeighborSearch;
pub use sorted::Sorted;
pub use task::SearchTask;
pub(crate) use task::check_k;
