//! Estimators of mutual information, from counts of neighbours.

mod ksg;
mod mixed;
mod transfer;

pub use ksg::{Ksg, KsgVariant};
pub use mixed::{MixedKsg, Ross};
pub use transfer::{Embedded, Embedding, TransferEntropy};
