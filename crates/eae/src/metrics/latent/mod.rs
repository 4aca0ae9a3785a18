//! The difference between the distribution of codes and N(0, I).

mod check;
mod codes;
mod correlation;
mod entropy;
mod epps_pulley;
mod henze_zirkler;
mod kolmogorov;
mod mardia;
mod marginals;
mod radius;
mod rank;
mod report;
mod table;
mod whitened;

pub use check::{Check, Verdict};
pub use codes::CodeReport;
pub use correlation::correlations;
pub use marginals::marginal_distances;
pub use report::LatentReport;
