//! The element types, and the functions that are compiled once for each of them.
//!
//! A generic function is compiled again in every program and test that calls it. A training step
//! contains every layer, every objective and the optimizer, and a network evaluated in batches
//! contains every layer. As methods of a trait that is implemented for two types, they are
//! ordinary functions, and other crates only call them.

use autodiff_mini::Tape;
use ndarray::{ArrayD, ArrayView4};
use nn_layers::Sequential;

use crate::Autoencoder;
use crate::data::Source;
use crate::training::{self, Step, StepError, StepPlan, Stepper, TrainConfig};

/// The scalar types that both the tape and the estimators support: `f32` for training and `f64` for
/// verification.
///
/// The trait is sealed.
pub trait Float: nn_layers::Real + knn_entropy::Float + bytemuck::Pod + Compiled {}

impl Float for f32 {}
impl Float for f64 {}

#[expect(unnameable_types, reason = "an unnameable supertrait seals `Float`")]
pub trait Compiled: Sized {
    /// See [`Stepper`].
    fn make_step(
        stepper: &mut Stepper<Self>,
        model: &mut Autoencoder<Self>,
        images: &dyn Source<Self>,
        plan: &StepPlan<'_>,
    ) -> Result<Step, StepError>
    where
        Self: Float;

    /// Returns the held-out loss, and the squared error that is part of it.
    fn held_out(
        model: &Autoencoder<Self>,
        images: ArrayView4<'_, Self>,
        config: &TrainConfig,
    ) -> Result<[f64; 2], knn_entropy::Error>
    where
        Self: Float;

    /// Evaluates a network in evaluation mode.
    fn evaluate(network: &Sequential<Self>, batch: ArrayD<Self>) -> ArrayD<Self>
    where
        Self: Float;
}

macro_rules! compile {
    ($($element:ty),+) => {
        $(
            impl Compiled for $element {
                fn make_step(
                    stepper: &mut Stepper<Self>,
                    model: &mut Autoencoder<Self>,
                    images: &dyn Source<Self>,
                    plan: &StepPlan<'_>,
                ) -> Result<Step, StepError> {
                    stepper.make_step(model, images, plan)
                }

                fn held_out(
                    model: &Autoencoder<Self>,
                    images: ArrayView4<'_, Self>,
                    config: &TrainConfig,
                ) -> Result<[f64; 2], knn_entropy::Error> {
                    training::held_out_terms(model, images, config)
                }

                fn evaluate(network: &Sequential<Self>, batch: ArrayD<Self>) -> ArrayD<Self> {
                    let tape = Tape::without_gradients();
                    network.forward(tape.constant(batch)).value().into_owned()
                }
            }
        )+
    };
}

compile!(f32, f64);
