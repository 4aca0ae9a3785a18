use std::borrow::Cow;

use autodiff_mini::{Pool, Tape, Var};
use eae_ranks::One;
use ndarray::Array4;
use nn_layers::optim::Optimizer;
use rand_chacha::ChaCha8Rng;

use super::optimizer::OptimizerState;
use super::sharded::ShardedStep;
use super::step::{MakeStep, Step, StepError, StepPlan};
use crate::data::{DataError, Source};
use crate::objective::{Context, Criterion, Critic, Terms, entropy_for_report, step_draws};
use crate::{Autoencoder, Eae, Float};

/// Performs training steps on the CPU. Holds the state of Adam, the memory banks, and buffers that
/// are reused by every step.
///
/// [`step`](Stepper::step) takes any [`Criterion`] outside a training. As a [`MakeStep`], the
/// stepper performs the steps of a [`Training`](crate::Training), which can cut the batch into
/// [`shards`](crate::TrainConfig::shards).
#[derive(Debug, Default)]
pub struct Stepper<F: Float> {
    state: OptimizerState<F>,
    /// Number of steps made outside a training, for their random draws.
    steps: u64,
    seed: u64,
    pool: Pool<F>,
    sharded: ShardedStep<F>,
}

impl<F: Float> Stepper<F> {
    /// Creates a stepper for use outside a training. The seed and the number of a step determine
    /// its random draws.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Reads the images at these indices, as a batch for [`step`](Stepper::step).
    ///
    /// # Errors
    ///
    /// If the images cannot be read.
    ///
    /// # Panics
    ///
    /// If an index is out of range.
    pub fn batch(&self, images: impl Source<F>, places: &[usize]) -> Result<Array4<F>, DataError> {
        let [height, width, channels] = images.image_shape();
        let mut batch = self.pool.array((places.len(), height, width, channels));
        images.read(places, batch.view_mut())?;
        Ok(batch)
    }

    /// Computes the loss and its gradient on a batch of images `[batch, height, width, channels]`
    /// and makes a step of Adam. The penalty is weighted by a factor from 0 to 1.
    ///
    /// If the loss is not finite, or on an error, nothing changes: neither the parameters nor the
    /// running statistics, the optimizer or the memory banks.
    ///
    /// # Errors
    ///
    /// If the criterion has no value, for instance because the entropy of the codes cannot be
    /// estimated.
    ///
    /// # Panics
    ///
    /// If the images are not of the model's shape.
    pub fn step<C: Criterion>(
        &mut self,
        model: &mut Autoencoder<F>,
        batch: Array4<F>,
        criterion: &C,
        penalty_weight: f64,
        learning_rate: f64,
    ) -> Result<Step, C::Error> {
        let draws = step_draws(self.seed, self.steps);
        let made = self.step_with(model, batch, criterion, draws, [penalty_weight, learning_rate])?;
        self.steps += u64::from(made.finite);
        Ok(made)
    }

    fn step_with<C: Criterion>(
        &mut self,
        model: &mut Autoencoder<F>,
        batch: Array4<F>,
        criterion: &C,
        draws: ChaCha8Rng,
        [penalty_weight, learning_rate]: [f64; 2],
    ) -> Result<Step, C::Error> {
        let Self { state: OptimizerState { adam, banks }, pool, .. } = self;
        // Run inside the thread pool. From outside, every parallel loop would put this thread to
        // sleep and wake it again.
        rayon::scope(|_| {
            let before = [model.encoder.statistics(), model.decoder.statistics()];
            banks.begin();
            let tape = Tape::with_pool(pool);
            let context = &mut Context { penalty_weight, draws, banks, part: None };
            let terms = criterion.terms(model, tape.constant(batch), context);
            match terms.and_then(|terms| Ok((terms.loss, found(&terms, criterion)?))) {
                Ok((loss, step)) if step.finite => {
                    let loss = loss.id();
                    let mut parameters = model.parameters();
                    parameters.extend(banks.critic.iter_mut().flat_map(Critic::parameters));
                    adam.step(learning_rate, &mut parameters, tape.backward(loss));
                    Ok(step)
                }
                failed => {
                    let [encoder, decoder] = before;
                    model.encoder.restore(encoder);
                    model.decoder.restore(decoder);
                    banks.undo();
                    failed.map(|(_, step)| step)
                }
            }
        })
    }
}

/// Returns the values of a loss and its terms.
pub(super) fn found<F: Float, C: Criterion>(terms: &Terms<'_, F>, criterion: &C) -> Result<Step, C::Error> {
    let value = |var: Var<'_, F>| var.scalar().into_f64();
    let mse = value(terms.mse);
    let entropy = match terms.entropy {
        Some(entropy) => value(entropy),
        // The entropy is only needed for the report.
        None => entropy_for_report(terms.codes, &Eae { k: criterion.k(), ..Eae::default() }.estimator())?,
    };
    Ok(Step { mse, penalty: value(terms.loss) - mse, entropy, finite: terms.loss.scalar().is_finite() })
}

impl<F: Float> Stepper<F> {
    pub(crate) fn make_step(
        &mut self,
        model: &mut Autoencoder<F>,
        images: &dyn Source<F>,
        plan: &StepPlan<'_>,
    ) -> Result<Step, StepError> {
        if plan.shards > 1 {
            let (made, _) = self.sharded.step(&One, model, &mut self.state, images, plan, false)?;
            return Ok(made);
        }
        let batch = self.batch(images, plan.places)?;
        if let Some(next) = plan.next {
            // Read the next images while this step is computed.
            images.prefetch(next);
        }
        let weights = [plan.penalty_weight, plan.learning_rate];
        let made = self.step_with(model, batch, plan.objective, plan.draws(), weights);
        made.map_err(|error| StepError::Objective(Box::new(error)))
    }
}

impl<F: Float> MakeStep<F> for Stepper<F> {
    fn step(
        &mut self,
        model: &mut Autoencoder<F>,
        images: &dyn Source<F>,
        plan: &StepPlan<'_>,
    ) -> Result<Step, StepError> {
        F::make_step(self, model, images, plan)
    }

    fn state(&self) -> Result<Cow<'_, OptimizerState<F>>, StepError> {
        Ok(Cow::Borrowed(&self.state))
    }

    fn restore(&mut self, state: OptimizerState<F>) -> Result<(), StepError> {
        self.state = state;
        Ok(())
    }
}
