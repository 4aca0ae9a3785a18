//! How close codes are to N(0, I).

mod codes;

pub use codes::{CodeReport, chi_quantiles, normal_entropy, normal_radius};
