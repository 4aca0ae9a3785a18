#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod entropy;
mod error;
mod float;
mod neighbors;
mod norm;
mod samples;
mod sum;

pub use entropy::{ClosePoints, KozachenkoLeonenko};
pub use error::{Error, Result};
pub use float::Float;
pub use neighbors::{BruteForce, NeighborSearch, Neighbors};
pub use norm::Norm;
pub use samples::Samples;
