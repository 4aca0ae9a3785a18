//! Numerical functions that know nothing of samples or neighbors.

mod binary;
pub(crate) mod linalg;
pub(crate) mod special;
mod sum;

pub(crate) use binary::{exponent, power_of_two};
pub use sum::CompensatedSum;
pub(crate) use sum::compensated_sum;
