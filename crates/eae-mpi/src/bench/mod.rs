//! The command `bench`: time, waiting, messages and bytes of an estimate or of a training.

mod estimate;
mod normal;
mod training;

use clap::{Args, Subcommand};
use eae_ranks::Ranks;

use crate::failure::Failure;

/// A job to measure: an estimate, or a training.
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Bench {
    #[command(subcommand)]
    job: Option<Job>,
    #[command(flatten)]
    points: estimate::Points,
}

#[derive(Subcommand)]
enum Job {
    /// Measure the steps of a training instead, and compare their bytes with formulas.
    Train(training::Steps),
}

pub(crate) fn run(ranks: &dyn Ranks, bench: &Bench) -> Result<(), Failure> {
    match &bench.job {
        None => estimate::run(ranks, &bench.points),
        Some(Job::Train(steps)) => training::run(ranks, steps),
    }
}
