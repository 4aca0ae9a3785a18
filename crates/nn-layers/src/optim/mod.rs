//! Optimisers, learning-rate schedules and gradient clipping.
//!
//! An optimiser changes parameters in place, given their gradients and a learning rate; it keeps whatever state it needs
//! for each parameter, by its place in the list, which must therefore be the same at every step.

mod adam;
mod clip;
mod schedule;
mod sgd;

use autodiff_mini::Gradients;
use ndarray::ArrayD;

pub use adam::{Adam, Decay};
pub use clip::clip_norm;
pub use schedule::Schedule;
pub use sgd::Sgd;

use crate::{Float, Tensor};

/// A rule that changes parameters by their gradients.
pub trait Optimizer<F: Float> {
    /// One step. A parameter without gradient is left alone.
    ///
    /// # Panics
    ///
    /// If there are not as many gradients as parameters, or a shape is another than at the step before.
    fn step(&mut self, learning_rate: f64, parameters: Vec<&mut Tensor<F>>, gradients: &[Option<ArrayD<F>>]);
}

/// The gradient of each parameter, by value and in the same order. Consumes `gradients`, so that afterwards nobody shares
/// the parameters' buffers and they can be updated in place.
pub fn collect<F: Float>(mut gradients: Gradients<F>, parameters: &[&mut Tensor<F>]) -> Vec<Option<ArrayD<F>>> {
    parameters.iter().map(|parameter| gradients.take(parameter)).collect()
}

/// # Panics
///
/// If there are not as many gradients as parameters.
fn pairs<'a, F: Float>(
    parameters: Vec<&'a mut Tensor<F>>,
    gradients: &'a [Option<ArrayD<F>>],
) -> impl Iterator<Item = (&'a mut Tensor<F>, Option<&'a ArrayD<F>>)> {
    assert!(parameters.len() == gradients.len(), "{} gradients for {} parameters", gradients.len(), parameters.len());
    parameters.into_iter().zip(gradients.iter().map(Option::as_ref))
}
