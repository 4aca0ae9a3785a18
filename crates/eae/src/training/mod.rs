//! Training, step by step or as a whole.
//!
//! - `config`: the settings and their valid ranges;
//! - `course`: a training between its steps;
//! - `run`: the training loop;
//! - `step`: one step, on any device; `stepper`: steps on the CPU; `sharded`: steps over shards and
//!   ranks;
//! - `optimizer`: the state carried from one step to the next;
//! - `report`, `observer`: a caller's view of a training in progress; `held_out`: the error on
//!   held-out images;
//! - `checkpoint`: reading and writing a training.

mod checkpoint;
mod config;
mod course;
mod held_out;
mod observer;
mod optimizer;
mod report;
mod run;
mod sharded;
mod step;
mod stepper;

pub use checkpoint::CheckpointError;
pub use config::{TrainConfig, TrainError};
pub use course::Training;
pub(crate) use held_out::held_out_terms;
pub use held_out::{HeldOut, held_out_loss};
pub use observer::{Observer, Underway};
pub use optimizer::OptimizerState;
pub use report::{EpochReport, StepReport};
pub use run::{Outcome, train};
pub use sharded::{RankStepper, follow};
pub use step::{MakeStep, Step, StepError, StepPlan};
pub use stepper::Stepper;
