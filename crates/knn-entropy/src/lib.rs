#![doc = include_str!("../README.md")]

mod close_points;
mod divergence;
mod entropy;
mod error;
mod estimate;
mod float;
mod geometry;
mod information;
mod linalg;
mod metric;
mod neighborhood;
mod neighbors;
mod norm;
mod samples;
mod significance;
mod simd;
mod special;
mod sum;

pub use close_points::ClosePoints;
pub use divergence::{Divergence, DivergenceGradients};
pub use entropy::{Corrected, Correction, KozachenkoLeonenko, LombardiPant, Renyi, Truncated, Weighting, correct};
pub use error::{Error, Result};
pub use estimate::Estimate;
pub use float::Float;
pub use information::{Embedded, Embedding, Ksg, KsgVariant, MixedKsg, Ross, TransferEntropy};
pub use metric::Metric;
pub use neighbors::{Auto, Blocked, Boundary, BruteForce, KdTree, NeighborSearch, Neighbors, Sorted, Visit};
pub use norm::Norm;
pub use samples::Samples;
pub use significance::{PermutationTest, Significance};
