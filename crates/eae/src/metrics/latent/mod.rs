//! How close codes are to N(0, I).

mod check;
mod codes;
mod correlation;
mod entropy;
mod epps_pulley;
mod henze_zirkler;
mod kolmogorov;
mod mardia;
mod marginals;
mod normal;
mod radius;
mod rank;
mod report;
mod table;
mod whitened;

pub use check::{Check, Verdict};
pub use codes::{CodeReport, chi_quantiles, normal_entropy, normal_radius};
pub use correlation::correlations;
pub use marginals::marginal_distances;
pub use normal::{chi_density, normal_density, normal_quantiles};
pub use report::LatentReport;
