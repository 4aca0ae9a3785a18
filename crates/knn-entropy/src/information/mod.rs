//! Estimators of mutual information, from counts of neighbours.

mod ksg;
mod mixed;
mod transfer;

pub use ksg::{Algorithm, Ksg};
pub use mixed::{GaoKannanOhViswanath, Ross};
pub use transfer::{Embedded, Embedding, TransferEntropy};
