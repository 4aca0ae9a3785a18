#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod builders;
mod defaults;
pub mod evaluation;
pub mod features;
mod float;
pub mod gallery;
pub mod interpolation;
mod linalg;
pub mod metrics;
mod model;
pub mod network;
mod normal;
pub mod objective;
pub mod picture;
pub mod run;
pub mod sampler;
mod training;

// Re-exports of the crates whose types appear in public signatures.
pub use ndarray_rand::rand;
pub use {autodiff_mini, eae_data as data, eae_ranks as ranks, knn_entropy, ndarray, nn_layers, rand_chacha};

pub use defaults::{Defaults, Reason};
pub use evaluation::{Evaluation, EvaluationError};
pub use features::Features;
pub use float::Float;
pub use model::{Autoencoder, ModelError};
pub use network::{Ending, Network, Preset, UnknownPreset};
pub use objective::{Criterion, Eae, Objective, entropy, squared_error};
pub use training::{
    CheckpointError, EpochReport, HeldOut, MakeStep, Observer, OptimizerState, Outcome, RankStepper, Step, StepError,
    StepPlan, StepReport, Stepper, TrainConfig, TrainError, Training, Underway, follow, held_out_loss, train,
};
