//! Optimizers, learning-rate schedules and gradient clipping.
//!
//! An optimizer changes parameters in place, given their gradients and a learning rate; it keeps
//! whatever state it needs for each parameter, by its place in the list, which must therefore be
//! the same at every step.

mod adam;
mod clip;
mod schedule;
mod sgd;

use autodiff_mini::Gradients;
use ndarray::ArrayD;

pub use adam::{Adam, AdamMoments, Decay};
pub use clip::clip_norm;
pub use schedule::Schedule;
pub use sgd::Sgd;

use crate::{Real, Sequential, Tensor};

/// What has parameters: a network, or a list of arrays.
pub trait Parameters<F: Real> {
    /// Returns what an optimizer changes, in the same order at every call.
    fn parameters(&mut self) -> Vec<&mut Tensor<F>>;
}

impl<F: Real> Parameters<F> for Sequential<F> {
    fn parameters(&mut self) -> Vec<&mut Tensor<F>> {
        Sequential::parameters(self)
    }
}

impl<F: Real> Parameters<F> for Vec<&mut Tensor<F>> {
    fn parameters(&mut self) -> Vec<&mut Tensor<F>> {
        self.iter_mut().map(|parameter| &mut **parameter).collect()
    }
}

/// A rule that changes parameters by their gradients.
pub trait Optimizer<F: Real> {
    /// Changes parameters by gradients in the same order. A parameter without gradient is left
    /// alone.
    ///
    /// # Panics
    ///
    /// If there are not as many gradients as parameters, or a shape is another than at the step
    /// before.
    fn update(&mut self, learning_rate: f64, parameters: Vec<&mut Tensor<F>>, gradients: &[Option<ArrayD<F>>]);

    /// Makes a step with what [`Tape::backward`](autodiff_mini::Tape::backward) returned:
    /// [`collect`], then [`update`](Optimizer::update). The memory of the gradients goes back
    /// to the tape's pool.
    ///
    /// # Panics
    ///
    /// If a parameter has another shape than at the step before.
    fn step(&mut self, learning_rate: f64, model: &mut dyn Parameters<F>, gradients: Gradients<F>) {
        let (pool, parameters) = (gradients.pool().clone(), model.parameters());
        let gradients = collect(gradients, &parameters);
        self.update(learning_rate, parameters, &gradients);
        gradients.into_iter().flatten().for_each(|gradient| pool.recycle(gradient));
    }
}

/// The gradient of each parameter, by value and in the same order. Consumes `gradients`, so that
/// afterwards nobody shares the parameters' buffers and they can be updated in place.
pub fn collect<F: Real>(mut gradients: Gradients<F>, parameters: &[&mut Tensor<F>]) -> Vec<Option<ArrayD<F>>> {
    parameters.iter().map(|parameter| gradients.take(parameter)).collect()
}

/// # Panics
///
/// If there are not as many gradients as parameters.
fn pairs<'a, F: Real>(
    parameters: Vec<&'a mut Tensor<F>>,
    gradients: &'a [Option<ArrayD<F>>],
) -> impl Iterator<Item = (&'a mut Tensor<F>, Option<&'a ArrayD<F>>)> {
    assert!(parameters.len() == gradients.len(), "{} gradients for {} parameters", gradients.len(), parameters.len());
    parameters.into_iter().zip(gradients.iter().map(Option::as_ref))
}
