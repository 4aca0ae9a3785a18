//! Estimators of mutual information, from counts of neighbours.

mod blocks;
mod counting;
mod ksg;
mod mesner_shalizi;
mod mixed_ksg;
mod ross;
mod transfer;
mod two;

pub use ksg::{Ksg, KsgVariant};
pub use mesner_shalizi::MesnerShalizi;
pub use mixed_ksg::MixedKsg;
pub use ross::Ross;
pub use transfer::{Embedded, Embedding, TransferEntropy};
