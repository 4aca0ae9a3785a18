#![doc = include_str!("../README.md")]

mod divergence;
mod entropy;
mod error;
mod estimate;
mod geometry;
mod information;
mod math;
mod metric;
mod neighbors;
mod samples;
mod settings;
mod significance;
mod simd;
mod warning;

pub use divergence::{
    Divergence, DivergenceGradients, JensenShannon, JensenShannonEstimate, LocalDivergence, SharedRows,
};
pub use entropy::{
    Corrected, Correction, KozachenkoLeonenko, LocalEntropy, LombardiPant, Renyi, Truncated, Weighting, correct,
};
pub use error::{Error, Result};
pub use estimate::Estimate;
pub use information::{
    ActiveInformationStorage, Condition, DelayScan, Embedded, Embedding, Ksg, KsgVariant, LocalInformation,
    LocalNonuniformity, MesnerShalizi, MixedKsg, PastAndFuture, Ross, ScannedDelay, TransferEntropy,
    corrected_label_information, label_information,
};
pub use math::CompensatedSum;
pub use metric::{Metric, Norm};
pub use ndarray;
pub use neighbors::{
    Auto, Blocked, Boundary, BruteForce, KdTree, NeighborSearch, Neighbors, SearchTask, Sorted, Visit,
};
pub use samples::{Float, Samples, ToSamples, dither, rounding_step};
pub use settings::{ClosePoints, Ties};
pub use significance::{
    Autocorrelation, FamilySignificance, PermutationTest, Significance, SurrogateOrders, Surrogates, autocorrelation,
    autocorrelation_within,
};
pub use warning::Warning;
