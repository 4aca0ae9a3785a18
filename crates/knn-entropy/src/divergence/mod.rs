//! Estimators of divergences between two distributions.

mod jensen_shannon;
mod kullback_leibler;
mod shared_rows;

pub use jensen_shannon::{JensenShannon, JensenShannonEstimate};
pub use kullback_leibler::{Divergence, DivergenceGradients, LocalDivergence};
pub use shared_rows::SharedRows;
