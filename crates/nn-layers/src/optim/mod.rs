//! Optimizers, learning-rate schedules and gradient clipping.
//!
//! An optimizer changes parameters in place, given their gradients and a learning rate. It stores
//! state for each parameter by its index in the list, which must therefore be the same at every
//! step.

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

/// A collection of parameters: a network, or a list of arrays.
pub trait Parameters<F: Real> {
    /// Returns the trainable parameters, in the same order at every call.
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

/// A rule that updates parameters by their gradients.
pub trait Optimizer<F: Real> {
    /// Updates parameters by gradients in the same order. A parameter without a gradient does not
    /// change.
    ///
    /// # Panics
    ///
    /// If the numbers of gradients and parameters differ, or a shape has changed since the previous
    /// step.
    fn update(&mut self, learning_rate: f64, parameters: Vec<&mut Tensor<F>>, gradients: &[Option<ArrayD<F>>]);

    /// Makes a step with the gradients that [`Tape::backward`](autodiff_mini::Tape::backward)
    /// returned: calls [`collect`] and [`update`](Optimizer::update). The memory of the gradients
    /// returns to the tape's pool.
    ///
    /// # Panics
    ///
    /// If the shape of a parameter has changed since the previous step.
    fn step(&mut self, learning_rate: f64, model: &mut dyn Parameters<F>, gradients: Gradients<F>) {
        let (pool, parameters) = (gradients.pool().clone(), model.parameters());
        let gradients = collect(gradients, &parameters);
        self.update(learning_rate, parameters, &gradients);
        gradients.into_iter().flatten().for_each(|gradient| pool.recycle(gradient));
    }
}

/// Returns the gradient of each parameter by value, in the same order. Consumes `gradients`, so
/// that the parameters' buffers are no longer shared and can be updated in place.
pub fn collect<F: Real>(mut gradients: Gradients<F>, parameters: &[&mut Tensor<F>]) -> Vec<Option<ArrayD<F>>> {
    parameters.iter().map(|parameter| gradients.take(parameter)).collect()
}

/// # Panics
///
/// If the numbers of gradients and parameters differ.
fn pairs<'a, F: Real>(
    parameters: Vec<&'a mut Tensor<F>>,
    gradients: &'a [Option<ArrayD<F>>],
) -> impl Iterator<Item = (&'a mut Tensor<F>, Option<&'a ArrayD<F>>)> {
    assert!(parameters.len() == gradients.len(), "{} gradients for {} parameters", gradients.len(), parameters.len());
    parameters.into_iter().zip(gradients.iter().map(Option::as_ref))
}
