//! Significance tests with surrogates.

mod autocorrelation;
mod family;
mod local;
mod orders;
mod outcome;
mod permutation;
mod surrogates;

pub use autocorrelation::{Autocorrelation, autocorrelation, autocorrelation_within};
pub use family::FamilySignificance;
pub use orders::SurrogateOrders;
pub use outcome::Significance;
pub use permutation::PermutationTest;
pub use surrogates::Surrogates;
pub(crate) use surrogates::shuffle;
