use std::sync::Arc;

use autodiff_mini::{Parts, Pool, Tape};
use knn_entropy::Error;
use ndarray::Array4;
use nn_layers::Statistics;
use nn_layers::optim::collect;

use super::super::step::Step;
use super::super::stepper::found;
use crate::objective::{Context, Criterion, Critic, Objective};
use crate::{Autoencoder, Float};

/// The result of a step on one shard.
pub(super) struct Computed<F: Float> {
    /// The terms of the loss of the whole batch.
    pub(super) step: Step,
    /// The loss of the whole batch.
    pub(super) loss: f64,
    /// The gradients of all parameters, one after the other, with respect to the rows of the shard.
    pub(super) gradient: Vec<F>,
    /// True for each parameter with a gradient.
    pub(super) has_gradient: Vec<bool>,
    /// The running statistics after the step.
    pub(super) statistics: [Statistics<F>; 2],
}

/// Computes the loss of the whole batch and the gradient with respect to one shard of it.
pub(super) fn compute<F: Float>(
    model: &Autoencoder<F>,
    objective: &Objective,
    batch: Array4<F>,
    context: &mut Context<'_, F>,
    parts: Arc<dyn Parts>,
    pool: &Pool<F>,
) -> Result<Computed<F>, Error> {
    let mut model = model.clone();
    let tape = Tape::with_pool(pool).of_part(parts);
    let terms = objective.terms(&mut model, tape.constant(batch), context)?;
    let step = found(&terms, objective)?;
    let loss = terms.loss.scalar().into_f64();
    let statistics = [model.encoder.statistics(), model.decoder.statistics()];
    let (mut gradient, mut has_gradient) = (Vec::new(), Vec::new());
    if step.finite {
        let id = terms.loss.id();
        let gradients = tape.backward(id);
        let mut parameters = model.parameters();
        parameters.extend(context.banks.critic.iter_mut().flat_map(Critic::parameters));
        for (parameter, of_parameter) in parameters.iter().zip(collect(gradients, &parameters)) {
            has_gradient.push(of_parameter.is_some());
            match of_parameter {
                Some(of_parameter) => {
                    gradient.extend(&of_parameter);
                    pool.recycle(of_parameter);
                }
                None => gradient.resize(gradient.len() + parameter.len(), F::zero()),
            }
        }
    }
    Ok(Computed { step, loss, gradient, has_gradient, statistics })
}
