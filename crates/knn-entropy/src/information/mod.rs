//! Estimators of mutual information, from counts of neighbours.

mod canonical;
mod ksg;
mod mixed;
mod nonuniform;
mod transfer;

pub use ksg::{Ksg, KsgVariant};
pub use mixed::{MixedKsg, Ross};
pub use nonuniform::LocalNonuniformity;
pub use transfer::{Embedded, Embedding, TransferEntropy};
