//! Numbers, apart from samples and neighbors.

mod binary;
pub(crate) mod linalg;
pub(crate) mod special;
mod sum;

pub(crate) use binary::{exponent, power_of_two};
pub(crate) use sum::compensated_sum;
