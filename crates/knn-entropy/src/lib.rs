#![doc = include_str!("../README.md")]

mod entropy;
mod error;
mod float;
mod geometry;
mod metric;
mod neighbors;
mod norm;
mod samples;
mod simd;
mod sum;

pub use entropy::{ClosePoints, KozachenkoLeonenko};
pub use error::{Error, Result};
pub use float::Float;
pub use metric::Metric;
pub use neighbors::{Auto, Blocked, Boundary, BruteForce, KdTree, NeighborSearch, Neighbors, Sorted};
pub use norm::Norm;
pub use samples::Samples;
