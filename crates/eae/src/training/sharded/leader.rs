use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use eae_ranks::Ranks;

use super::super::optimizer::OptimizerState;
use super::super::step::{MakeStep, Step, StepError, StepPlan};
use super::command::{Command, KEY, compare};
use super::step::ShardedStep;
use crate::data::Source;
use crate::{Autoencoder, Float};

/// Makes the steps of a [`Training`](crate::Training) together with other ranks.
///
/// Rank 0 runs the training with this stepper, while all others [`follow`](crate::follow) it. The
/// batch is cut into [`shards`](crate::TrainConfig::shards), of which each rank computes some.
/// Parameters, memory banks and reports have the same bits on any number of ranks, and those of a
/// [`Stepper`](crate::Stepper) with as many shards. So a checkpoint can be resumed on another
/// number of ranks.
///
/// The other ranks end when the stepper is dropped.
///
/// ```
/// use std::sync::atomic::AtomicBool;
///
/// use eae::ranks::{Ranks, Threads};
/// use eae::{Autoencoder, Preset, RankStepper, TrainConfig, Training, data, follow};
///
/// let digits = data::digits::<f32>();
/// let images = digits.train.select(&(0..60).collect::<Vec<_>>()).pixels;
/// Threads::run(2, |ranks| {
///     let mut model = Autoencoder::<f32>::new(Preset::Mlp, [28, 28, 1], 4, 0).unwrap();
///     let stop = AtomicBool::new(false);
///     if ranks.rank() > 0 {
///         return follow(ranks, &mut model, images.view(), &stop).unwrap();
///     }
///     let config = TrainConfig::default().epochs(1).batch_size(20).shards(4);
///     let mut stepper = RankStepper::new(ranks, &stop);
///     Training::new(config, 60).run(&mut model, images.view(), &mut stepper, &mut ()).unwrap();
/// });
/// ```
pub struct RankStepper<'r, F: Float> {
    ranks: &'r dyn Ranks,
    state: OptimizerState<F>,
    sharded: ShardedStep<F>,
    /// True if the other ranks have the model and the state.
    has_started: bool,
    /// Set if another rank wants to stop.
    stop: &'r AtomicBool,
}

impl<F: Float> std::fmt::Debug for RankStepper<'_, F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RankStepper").field("ranks", &self.ranks.size()).finish_non_exhaustive()
    }
}

impl<'r, F: Float> RankStepper<'r, F> {
    /// Creates the stepper of rank 0. `stop` is set after a step in which another rank has asked to
    /// stop; an [`Observer`](crate::Observer) can then end the training.
    ///
    /// # Panics
    ///
    /// On any other rank.
    pub fn new(ranks: &'r dyn Ranks, stop: &'r AtomicBool) -> Self {
        assert_eq!(ranks.rank(), 0, "rank 0 runs the training, and other ranks follow");
        Self { ranks, state: OptimizerState::default(), sharded: ShardedStep::default(), has_started: false, stop }
    }

    /// Sends the model and the state of the optimizer to the other ranks.
    fn start(&mut self, model: &Autoencoder<F>, plan: &StepPlan<'_>) -> Result<(), StepError> {
        let mut weights = model.to_weights();
        self.state.write(KEY, &mut weights);
        let bytes = weights.to_bytes().map_err(|problem| StepError::Device(Box::new(problem)))?;
        let StepPlan { objective, shards, seed, .. } = *plan;
        Command::Start { objective: objective.clone(), seed, shards }.send(self.ranks)?;
        self.ranks.broadcast(0, bytes)?;
        self.has_started = true;
        Ok(())
    }
}

impl<F: Float> MakeStep<F> for RankStepper<'_, F> {
    fn step(
        &mut self,
        model: &mut Autoencoder<F>,
        images: &dyn Source<F>,
        plan: &StepPlan<'_>,
    ) -> Result<Step, StepError> {
        let (ranks, shards) = (self.ranks.size(), plan.shards);
        if ranks > shards {
            return Err(StepError::Shards { ranks, shards });
        }
        if !self.has_started {
            self.start(model, plan)?;
        }
        let StepPlan { step, penalty_weight, learning_rate, .. } = *plan;
        let (places, next) = (plan.places.to_vec(), plan.next.map(<[usize]>::to_vec));
        Command::Step { step, places, next, penalty_weight, learning_rate }.send(self.ranks)?;
        let (made, stop) = self.sharded.step(self.ranks, model, &mut self.state, images, plan, false)?;
        self.stop.fetch_or(stop, Relaxed);
        Ok(made)
    }

    /// Checks that all ranks have the same parameters.
    fn fetch(&mut self, model: &mut Autoencoder<F>) -> Result<(), StepError> {
        if self.has_started {
            Command::Compare.send(self.ranks)?;
            compare(self.ranks, model)?;
        }
        Ok(())
    }

    fn state(&self) -> Result<Cow<'_, OptimizerState<F>>, StepError> {
        Ok(Cow::Borrowed(&self.state))
    }

    fn restore(&mut self, state: OptimizerState<F>) -> Result<(), StepError> {
        (self.state, self.has_started) = (state, false);
        Ok(())
    }
}

impl<F: Float> Drop for RankStepper<'_, F> {
    fn drop(&mut self) {
        // A rank that is lost has ended already.
        let _ = Command::End.send(self.ranks);
    }
}
