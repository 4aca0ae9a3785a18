//! Training: step by step, or all of it.
//!
//! - `config`: the settings, and what they must be;
//! - `course`: a training between its steps;
//! - `run`: its steps, one by one and all of them;
//! - `step`: one step, wherever it is made; `stepper`: on the CPU;
//! - `optimizer`: what is carried from one step to the next;
//! - `report`, `observer`: what a caller sees of a training under way; `held_out`: on other images;
//! - `checkpoint`: all of it in a file, and back.

mod checkpoint;
mod config;
mod course;
mod held_out;
mod observer;
mod optimizer;
mod report;
mod run;
mod step;
mod stepper;

pub use checkpoint::CheckpointError;
pub use config::{TrainConfig, TrainError};
pub use course::Training;
pub use held_out::{HeldOut, held_out_loss};
pub use observer::{Observer, Underway};
pub use optimizer::OptimizerState;
pub use report::{EpochReport, StepReport};
pub use run::{Outcome, train};
pub use step::{MakeStep, Step, StepError, StepPlan};
pub use stepper::Stepper;
