use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use eae_ranks::{RankError, Ranks};

use super::super::config::TrainError;
use super::super::optimizer::OptimizerState;
use super::super::step::{Step, StepPlan};
use super::command::{Command, KEY, compare, receive_weights};
use super::step::ShardedStep;
use crate::data::Source;
use crate::{Autoencoder, Float};

/// Computes shards of the training that rank 0 runs with a [`RankStepper`](crate::RankStepper),
/// until it ends. The parameters, the optimizer and the settings are those of rank 0. The model
/// must have the same networks, and the images must be the same, of which this rank reads only
/// those of its shards.
///
/// If `stop` is set, rank 0 is asked to end the training after the current step.
///
/// # Errors
///
/// If the last step failed on any rank. All ranks then return an error that names the rank. Nothing
/// has changed in the step.
///
/// # Panics
///
/// On rank 0, or if the images are not of the model's shape.
pub fn follow<F: Float>(
    ranks: &dyn Ranks,
    model: &mut Autoencoder<F>,
    images: impl Source<F>,
    stop: &AtomicBool,
) -> Result<(), TrainError> {
    assert_ne!(ranks.rank(), 0, "rank 0 runs the training, and other ranks follow");
    let mut sharded = ShardedStep::default();
    let mut started = None;
    let mut last = Ok(());
    loop {
        let command = Command::receive(ranks).map_err(|problem| TrainError::Ranks { step: 0, problem })?;
        let at = |step: usize| move |problem: RankError| TrainError::Ranks { step, problem };
        match (command, &mut started) {
            (Command::Start { objective, seed, shards }, _) => {
                let weights = receive_weights(ranks).map_err(at(0))?;
                let garbled = |_| at(0)(RankError::Garbled { bytes: weights.element_count() });
                model.read(&weights).map_err(garbled)?;
                let garbled = |_| at(0)(RankError::Garbled { bytes: weights.element_count() });
                let state = OptimizerState::read(KEY, &weights, model).map_err(garbled)?;
                started = Some((objective, seed, shards, state));
            }
            (Command::Step { step, places, next, penalty_weight, learning_rate }, Some(started)) => {
                let (objective, seed, shards, state) = started;
                let (seed, shards, next) = (*seed, *shards, next.as_deref());
                let plan =
                    StepPlan { step, objective, places: &places, next, penalty_weight, learning_rate, shards, seed };
                let made = sharded.step(ranks, model, state, &images, &plan, stop.load(Relaxed));
                last = match made {
                    Ok((Step { finite: true, .. }, _)) => Ok(()),
                    Ok((Step { mse, entropy, .. }, _)) => {
                        Err(TrainError::diverged(step, [mse, entropy], learning_rate, objective))
                    }
                    Err(error) => Err(TrainError::of(step, error, learning_rate, objective)),
                };
            }
            (Command::Compare, _) => last = compare(ranks, model).map_err(at(0)),
            (Command::End, _) => return last,
            (Command::Step { step, .. }, None) => return Err(at(step)(RankError::Garbled { bytes: 0 })),
        }
        // After an error that all ranks know, rank 0 decides what to do. After another, it is gone.
        if matches!(last, Err(TrainError::Ranks { problem: RankError::Lost(_) | RankError::Garbled { .. }, .. })) {
            return last;
        }
    }
}
