//! A training over ranks: rank 0 runs the command, and the others compute shards of its steps.

use std::cell::Cell;
use std::process::ExitCode;

use eae::objective::Criterion;
use eae::{Autoencoder, MakeStep, RankStepper};
use eae_ranks::{RankError, Ranks, Typed};
use serde::{Deserialize, Serialize};

use super::device::Device;
use crate::dataset::TrainingSet;
use crate::failure::Failure;
use crate::progress::{INTERRUPTED, Progress};
use crate::run_folder::Config;
use crate::table::refused_data;

/// The other ranks, as rank 0 sees them. They wait until they are invited, or until the crew is
/// dropped.
pub(super) struct Crew<'r> {
    ranks: &'r dyn Ranks,
    is_invited: Cell<bool>,
}

/// The data and the networks of a training, which each rank opens itself.
#[derive(Serialize, Deserialize)]
struct Invitation {
    config: Config,
    /// The number of images.
    images: usize,
}

impl<'r> Crew<'r> {
    pub(super) fn new(ranks: &'r dyn Ranks) -> Self {
        Self { ranks, is_invited: Cell::new(false) }
    }

    /// Lets all ranks open the data, and returns the stepper for them.
    pub(super) fn open(
        &self,
        device: Device,
        config: &Config,
        images: usize,
    ) -> Result<Box<dyn MakeStep<f32> + 'r>, Failure> {
        if device == Device::Gpu {
            return Err(Failure::usage("--device is gpu, but ranks compute on the CPU; leave out --device"));
        }
        let (size, shards) = (self.ranks.size(), config.training.shards);
        if size > shards {
            return Err(Failure::usage(format!(
                "there are {size} ranks, but --shards is {shards}; use fewer ranks, or start a training with more shards"
            )));
        }
        let invitation = serde_json::to_vec(&Invitation { config: config.clone(), images }).map_err(Failure::other)?;
        self.is_invited.set(true);
        self.ranks.broadcast(0, invitation).map_err(Failure::other)?;
        self.ranks.agree(Ok::<(), Failure>(())).map_err(Failure::other)?;
        Ok(Box::new(RankStepper::new(self.ranks, &INTERRUPTED)))
    }
}

impl Drop for Crew<'_> {
    fn drop(&mut self) {
        if !self.is_invited.get() {
            // A rank that is lost has ended already.
            let _ = self.ranks.broadcast(0, Vec::new());
        }
    }
}

/// Computes shards for rank 0 until its training ends.
pub(crate) fn follow(ranks: &dyn Ranks) -> ExitCode {
    let invitation = ranks.broadcast(0, Vec::new()).unwrap_or_else(|error| alone(ranks, &error));
    if invitation.is_empty() {
        return ExitCode::SUCCESS;
    }
    let (data, mut model) = match ranks.agree(open(&invitation)) {
        Ok(opened) => opened,
        Err(RankError::Failed { .. }) => return ExitCode::FAILURE,
        Err(error) => alone(ranks, &error),
    };
    match eae::follow(ranks, &mut model, data.source(), &INTERRUPTED) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_common(&error) => ExitCode::FAILURE,
        Err(error) => alone(ranks, &error),
    }
}

/// Ends all ranks because of an error that the others do not know.
fn alone(ranks: &dyn Ranks, error: &dyn std::fmt::Display) -> ! {
    ranks.abort(1, &error.to_string())
}

/// Returns true if all ranks have this error, and rank 0 prints it.
fn is_common(error: &eae::TrainError) -> bool {
    match error {
        eae::TrainError::Ranks { problem, .. } => matches!(problem, RankError::Failed { .. }),
        _ => true,
    }
}

fn open(invitation: &[u8]) -> Result<(TrainingSet, Autoencoder<f32>), Failure> {
    // Interrupts reach every rank. Rank 0 ends the training for all of them.
    Progress::listen()?;
    let Invitation { config, images } = serde_json::from_slice(invitation).map_err(Failure::other)?;
    let data = config.data.open(true).map_err(refused_data)?.train;
    let found = data.source().len();
    if found != images {
        let data = &config.data;
        return Err(Failure::other(format!("{data} has {found} samples for training here, but {images} on rank 0")));
    }
    let (objective, seed) = (&config.training.objective, config.training.seed);
    let model = data.model(config.model, config.latent, objective.ending(), seed).map_err(Failure::other)?;
    Ok((data, model))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use clap::parser::ValueSource;
    use clap::{Args, Command, FromArgMatches};
    use eae_ranks::Threads;

    use super::super::Arguments;
    use super::*;
    use crate::run_folder::MODEL;

    /// Runs `eae train` with these flags over ranks, and returns the exit code of each.
    fn train(size: usize, flags: &[&str]) -> Vec<ExitCode> {
        let words = [&["train", "--quiet", "--no-report"], flags].concat();
        let matches = Arguments::augment_args(Command::new("train")).try_get_matches_from(words).unwrap();
        Threads::run(size, |ranks| {
            let arguments = Arguments::from_arg_matches(&matches).unwrap();
            let is_given = |flag: &str| matches.value_source(flag) == Some(ValueSource::CommandLine);
            crate::train_over(ranks, &arguments, &is_given)
        })
    }

    fn path(path: &Path) -> &str {
        path.to_str().unwrap()
    }

    #[test]
    fn ranks_write_the_files_of_one_process() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("table.csv");
        let mut text = String::from("a,b,c\n");
        for i in 0..90 {
            let x = f64::from(i);
            writeln!(text, "{},{},{}", x.sin(), (1.7 * x).cos(), (0.3 * x).sin() + x.sin()).unwrap();
        }
        std::fs::write(&table, text).unwrap();
        let train_in = |size: usize, name: &str, shards: &str| {
            let out = folder.path().join(name);
            let flags = ["--data", path(&table), "--latent", "2", "--epochs", "3", "--batch", "16", "--shards", shards];
            let codes = train(size, &[&flags[..], &["--out", path(&out)]].concat());
            (codes, std::fs::read(out.join(MODEL)).ok())
        };
        let (codes, model) = train_in(1, "one", "4");
        assert_eq!(codes, [ExitCode::SUCCESS]);
        for (size, name) in [(2, "two"), (3, "three")] {
            assert_eq!(train_in(size, name, "4"), (vec![ExitCode::SUCCESS; size], model.clone()));
        }
        assert_ne!(train_in(1, "other", "1").1, model);
        // Rank 0 prints the message.
        let (codes, model) = train_in(3, "few", "2");
        assert_eq!((codes, model), (vec![ExitCode::from(2), ExitCode::SUCCESS, ExitCode::SUCCESS], None));
        std::fs::write(&table, "a,b\n1,x\n").unwrap();
        assert_eq!(train_in(2, "broken", "4"), (vec![ExitCode::from(2), ExitCode::SUCCESS], None));
    }
}
