use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::Arc;

use autodiff_mini::Pool;
use eae_ranks::{RankResult, Ranks, Shards, tree_sum_over};
use ndarray::{Array4, ArrayD};
use nn_layers::optim::Optimizer;

use super::super::optimizer::OptimizerState;
use super::super::step::{Step, StepError, StepPlan};
use super::exchange::{self, Done};
use super::meeting::{Abandoned, Meeting, Member, Met};
use super::shard::{Computed, compute};
use crate::data::{DataError, Source};
use crate::objective::{Banks, Context, Critic, Part};
use crate::{Autoencoder, Float};

/// Makes steps over shards, of which this process computes some or all.
#[derive(Debug)]
pub(in super::super) struct ShardedStep<F: Float> {
    /// Memory for each shard of this process.
    pools: Vec<Pool<F>>,
}

impl<F: Float> Default for ShardedStep<F> {
    fn default() -> Self {
        Self { pools: Vec::new() }
    }
}

/// A step on all ranks, before the parameters change.
struct Made<F: Float> {
    first: Computed<F>,
    /// The sum of the gradients of all shards, if the loss is finite.
    gradient: Vec<F>,
    stop: bool,
}

impl<F: Float> ShardedStep<F> {
    /// Makes the planned step together with all ranks. Returns its terms, and true if any rank
    /// wants to stop.
    ///
    /// If the loss is not finite, or on an error, nothing changes. An error of one rank is that of
    /// all.
    pub(in super::super) fn step(
        &mut self,
        ranks: &dyn Ranks,
        model: &mut Autoencoder<F>,
        state: &mut OptimizerState<F>,
        images: &dyn Source<F>,
        plan: &StepPlan<'_>,
        stop: bool,
    ) -> Result<(Step, bool), StepError> {
        let shards = Shards::new(plan.shards);
        if ranks.size() > shards.count() {
            return Err(StepError::Shards { ranks: ranks.size(), shards: shards.count() });
        }
        let own = shards.of_rank(ranks.rank(), ranks.size());
        self.pools.resize_with(own.len(), Pool::default);
        let batches = match self.read(own.clone(), shards, images, plan) {
            Ok(batches) => batches,
            Err(error) if ranks.size() == 1 => return Err(error.into()),
            Err(error) => return Err(exchange::failed(ranks, &error).into()),
        };
        state.banks.begin();
        let made = self.compute(ranks, own, shards, model, &mut state.banks, batches, plan).and_then(|computed| {
            let (first, stop) = (&computed[0], Done { loss: computed[0].loss, stop });
            let (finite, stop) = (first.step.finite, exchange::done(ranks, stop)?);
            let mut computed = computed;
            let gradients = computed.iter_mut().map(|shard| std::mem::take(&mut shard.gradient)).collect();
            let gradient = if finite { tree_sum_over(ranks, shards, gradients)? } else { Vec::new() };
            Ok(Made { first: computed.swap_remove(0), gradient, stop })
        });
        match made {
            Ok(Made { first, gradient, stop }) if first.step.finite => {
                let [encoder, decoder] = first.statistics;
                model.encoder.restore(encoder);
                model.decoder.restore(decoder);
                let mut parameters = model.parameters();
                parameters.extend(state.banks.critic.iter_mut().flat_map(Critic::parameters));
                let mut rest = &gradient[..];
                let of_parameter = |(parameter, has): (&&mut nn_layers::Tensor<F>, &bool)| {
                    let (own, others) = rest.split_at(parameter.len());
                    rest = others;
                    let own = || ArrayD::from_shape_vec(parameter.shape(), own.to_vec()).expect("as many numbers");
                    has.then(own)
                };
                let gradients: Vec<_> = parameters.iter().zip(&first.has_gradient).map(of_parameter).collect();
                state.adam.update(plan.learning_rate, parameters, &gradients);
                Ok((first.step, stop))
            }
            failed => {
                state.banks.undo();
                failed.map(|made| (made.first.step, made.stop))
            }
        }
    }

    /// Reads the images of own shards, and announces those of the next step.
    fn read(
        &self,
        own: Range<usize>,
        shards: Shards,
        images: &dyn Source<F>,
        plan: &StepPlan<'_>,
    ) -> Result<Vec<Array4<F>>, DataError> {
        let [height, width, channels] = images.image_shape();
        let read = |(shard, pool): (usize, &Pool<F>)| {
            let places = &plan.places[shards.items(shard, plan.places.len())];
            let mut batch = pool.array((places.len(), height, width, channels));
            images.read(places, batch.view_mut())?;
            Ok(batch)
        };
        let batches = own.clone().zip(&self.pools).map(read).collect::<Result<_, DataError>>()?;
        if let Some(next) = plan.next {
            let [first, last] = [own.start, own.end - 1].map(|shard| shards.items(shard, next.len()));
            images.prefetch(&next[first.start..last.end]);
        }
        Ok(batches)
    }

    /// Computes the own shards, each on a thread, and exchanges numbers with other ranks meanwhile.
    #[expect(clippy::too_many_arguments, reason = "the inputs of a step")]
    fn compute(
        &self,
        ranks: &dyn Ranks,
        own: Range<usize>,
        shards: Shards,
        model: &Autoencoder<F>,
        banks: &mut Banks<F>,
        batches: Vec<Array4<F>>,
        plan: &StepPlan<'_>,
    ) -> Result<Vec<Computed<F>>, StepError> {
        let meeting = Arc::new(Meeting::new(own.len()));
        let mut beside: Vec<Banks<F>> = own.clone().skip(1).map(|_| banks.beside()).collect();
        let banks = std::iter::once(banks).chain(&mut beside);
        let (ended, answered) = std::thread::scope(|scope| {
            let start = |(place, (((shard, batch), pool), banks))| {
                let member = Arc::new(Member::new(&meeting, place, shard));
                let part = Some(Part { number: shard, shards, rows: plan.places.len() });
                let (penalty_weight, draws, objective) = (plan.penalty_weight, plan.draws(), plan.objective);
                scope.spawn(move || {
                    let _attends = member.attend();
                    let context = &mut Context { penalty_weight, draws, banks, part };
                    compute(model, objective, batch, context, Arc::clone(&member) as _, pool)
                })
            };
            let work = own.zip(batches).zip(&self.pools).zip(banks);
            let running: Vec<_> = work.enumerate().map(start).collect();
            let answered = relay(ranks, &meeting);
            (running.into_iter().map(|thread| thread.join()).collect::<Vec<_>>(), answered)
        });
        answered?;
        let mut all = Vec::new();
        let mut is_torn = false;
        for result in ended {
            match result {
                Ok(Ok(computed)) => all.push(computed),
                Ok(Err(error)) if ranks.size() == 1 => return Err(StepError::Objective(Box::new(error))),
                Ok(Err(error)) => {
                    let problem = StepError::Objective(Box::new(error));
                    return Err(exchange::failed(ranks, &problem).into());
                }
                Err(panic) if panic.is::<Abandoned>() => is_torn = true,
                Err(panic) => {
                    if ranks.size() > 1 {
                        exchange::failed(ranks, &"a thread of the training panicked");
                    }
                    resume_unwind(panic);
                }
            }
        }
        if is_torn {
            return Err(exchange::failed(ranks, &"the threads of the training have made different calls").into());
        }
        Ok(all)
    }
}

/// Gathers the numbers of all ranks for the threads of this one, until the threads have ended.
fn relay(ranks: &dyn Ranks, meeting: &Meeting) -> RankResult<()> {
    loop {
        match meeting.wait() {
            Met::Numbers(own) => match exchange::numbers(ranks, own) {
                Ok(all) => meeting.answer(all.into()),
                Err(error) => {
                    meeting.abandon();
                    return Err(error);
                }
            },
            Met::Torn => {
                meeting.abandon();
                return Ok(());
            }
            Met::Ended => return Ok(()),
        }
    }
}
