//! Estimators of mutual information from counts of neighbors.

mod blocks;
mod canonical;
mod counting;
mod delays;
mod embedding;
mod grassberger;
mod independence;
mod ksg;
mod labels;
mod mesner_shalizi;
mod mixed_ksg;
mod nonuniform;
mod ross;
mod storage;
mod transfer;
mod two;

pub use counting::LocalInformation;
pub use delays::{DelayScan, ScannedDelay};
pub use embedding::{Condition, Embedded, Embedding, PastAndFuture};
pub use grassberger::corrected_label_information;
pub use ksg::{Ksg, KsgVariant};
pub use labels::label_information;
pub use mesner_shalizi::MesnerShalizi;
pub use mixed_ksg::MixedKsg;
pub use nonuniform::LocalNonuniformity;
pub use ross::Ross;
pub use storage::ActiveInformationStorage;
pub use transfer::TransferEntropy;
