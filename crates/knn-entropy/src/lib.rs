#![doc = include_str!("../README.md")]

mod close_points;
mod divergence;
mod entropy;
mod error;
mod estimate;
mod float;
mod geometry;
mod information;
mod jensen_shannon;
mod linalg;
mod metric;
mod neighborhood;
mod neighbors;
mod norm;
mod rounding;
mod samples;
mod shared_rows;
mod significance;
mod simd;
mod special;
mod sum;
mod ties;
mod warning;
mod window;

pub use close_points::ClosePoints;
pub use divergence::{Divergence, DivergenceGradients};
pub use entropy::{Corrected, Correction, KozachenkoLeonenko, LombardiPant, Renyi, Truncated, Weighting, correct};
pub use error::{Error, Result};
pub use estimate::Estimate;
pub use float::Float;
pub use information::{
    ActiveInformationStorage, Condition, DelayScan, Embedded, Embedding, Ksg, KsgVariant, LocalNonuniformity,
    MesnerShalizi, MixedKsg, PastAndFuture, Ross, ScannedDelay, TransferEntropy,
};
pub use jensen_shannon::{JensenShannon, JensenShannonEstimate};
pub use metric::Metric;
pub use ndarray;
pub use neighbors::{Auto, Blocked, Boundary, BruteForce, KdTree, NeighborSearch, Neighbors, Sorted, Visit};
pub use norm::Norm;
pub use rounding::{dither, rounding_step};
pub use samples::{Samples, ToSamples};
pub use shared_rows::SharedRows;
pub use significance::{
    Autocorrelation, FamilySignificance, PermutationTest, Significance, SurrogateOrders, Surrogates, autocorrelation,
};
pub use ties::Ties;
pub use warning::Warning;
