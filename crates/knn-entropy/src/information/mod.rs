//! Estimators of mutual information, from counts of neighbours.

mod delays;
mod embedding;
mod ksg;
mod mixed;
mod storage;
mod transfer;

pub use delays::{DelayScan, ScannedDelay};
pub use embedding::{Condition, Embedded, Embedding, PastAndFuture};
pub use ksg::{Ksg, KsgVariant};
pub use mixed::{MixedKsg, Ross};
pub use storage::ActiveInformationStorage;
pub use transfer::TransferEntropy;
