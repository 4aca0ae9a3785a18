//! What a training minimises: the entropic autoencoder's objective and those that it is compared
//! with.

mod bank;
mod draws;
mod eae;
mod entropy;
mod radius;
mod rae;
mod squared_error;
mod vae;
mod wae;

use std::error::Error as StdError;

use autodiff_mini::Var;
use knn_entropy::Error;
use ndarray::Array2;
use ndarray_rand::rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{Autoencoder, Ending, Float, sampler};

pub use bank::{Bank, Banks};
pub use eae::Eae;
pub use entropy::entropy;
pub use radius::radius;
pub use rae::{Ae, Rae};
pub use squared_error::squared_error;
pub use vae::Vae;
pub use wae::{Wae, discrepancy};

/// The loss of a batch. All that is not the squared error is its penalty; a
/// [`Stepper`](crate::Stepper) takes any criterion.
pub trait Criterion: Sync {
    /// The error of a batch for which the criterion has no value. The entropy of the codes, which
    /// is estimated for the report if not for the loss, can fail in any criterion.
    type Error: StdError + From<Error> + Send + Sync + 'static;

    /// How the encoder must end.
    fn ending(&self) -> Ending;

    /// What is checked before a training.
    fn settings(&self) -> Vec<Setting> {
        Vec::new()
    }

    /// The neighbour that the entropy of the codes is estimated from: for the objective, or for the
    /// report alone.
    fn k(&self) -> usize {
        1
    }

    /// The terms for a batch of images `x`, in training mode.
    ///
    /// # Errors
    ///
    /// If the criterion has no value. Those of this crate have none if the entropy of the codes
    /// cannot be estimated: they are not finite, or not more than `k`.
    fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: Var<'t, F>,
        context: &mut Context<'_, F>,
    ) -> Result<Terms<'t, F>, Self::Error>;
}

/// The loss of one batch and what it is made of.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'t, F: Float> {
    /// What is minimised.
    pub loss: Var<'t, F>,
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: Var<'t, F>,
    /// The entropy of the codes in nats, where it was estimated.
    pub entropy: Option<Var<'t, F>>,
    /// The codes `[batch, latent]` that were decoded.
    pub codes: Var<'t, F>,
    /// The reconstructions.
    pub output: Var<'t, F>,
}

/// What a criterion may use besides the batch.
#[derive(Debug)]
#[non_exhaustive]
pub struct Context<'a, F> {
    /// The warm-up's factor, from 0 to 1, of a penalty.
    pub penalty_weight: f64,
    /// For what is drawn in this step.
    pub draws: ChaCha8Rng,
    /// What is kept of the steps before.
    pub banks: &'a mut Banks<F>,
}

impl<'a, F: Float> Context<'a, F> {
    /// The context of a step, counted from 0, of a training by `seed`. The draws of a step do not
    /// depend on those before.
    pub fn new(penalty_weight: f64, seed: u64, step: u64, banks: &'a mut Banks<F>) -> Self {
        Self { penalty_weight, draws: step_draws(seed, step), banks }
    }

    /// The next `n` draws from N(0, I) in `latent` dimensions.
    pub fn normal(&mut self, n: usize, latent: usize) -> Array2<F> {
        sampler::normal_from(&mut self.draws, n, latent)
    }
}

/// The generator of a step's random draws.
pub(crate) fn step_draws(seed: u64, step: u64) -> ChaCha8Rng {
    let mut draws = ChaCha8Rng::seed_from_u64(seed);
    // Stream 0 shuffles the images.
    draws.set_stream(step + 1);
    draws
}

/// A number of a criterion, and what it must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: f64,
    /// Whether it is one that can be trained with.
    pub fits: bool,
    /// What would be.
    pub must: &'static str,
}

impl Setting {
    /// At least 1.
    pub fn count(name: &'static str, value: usize) -> Self {
        Self { name, value: value as f64, fits: value > 0, must: "at least 1" }
    }

    /// A finite number, 0 or above.
    pub fn weight(name: &'static str, value: f64) -> Self {
        Self { name, value, fits: value.is_finite() && value >= 0.0, must: "a finite number, 0 or above" }
    }

    /// A finite number above 0.
    pub fn positive(name: &'static str, value: f64) -> Self {
        Self { name, value, fits: value.is_finite() && value > 0.0, must: "a finite number above 0" }
    }
}

/// One of the criteria of this crate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Objective {
    /// Squared error alone.
    Ae(Ae),
    /// The entropic autoencoder.
    Eae(Eae),
    /// The variational autoencoder.
    Vae(Vae),
    /// The Wasserstein autoencoder.
    Wae(Wae),
    /// The regularised autoencoder.
    Rae(Rae),
}

/// The entropic autoencoder.
impl Default for Objective {
    fn default() -> Self {
        Self::Eae(Eae::default())
    }
}

macro_rules! from {
    ($($kind:ident),+) => {
        $(
            impl From<$kind> for Objective {
                fn from(objective: $kind) -> Self {
                    Self::$kind(objective)
                }
            }
        )+
    };
}

from!(Ae, Eae, Vae, Wae, Rae);

/// The same expression for whichever it is.
macro_rules! each {
    ($objective:expr, $inner:ident => $result:expr) => {
        match $objective {
            Objective::Ae($inner) => $result,
            Objective::Eae($inner) => $result,
            Objective::Vae($inner) => $result,
            Objective::Wae($inner) => $result,
            Objective::Rae($inner) => $result,
        }
    };
}

impl Criterion for Objective {
    type Error = Error;

    fn ending(&self) -> Ending {
        each!(self, inner => inner.ending())
    }

    fn settings(&self) -> Vec<Setting> {
        each!(self, inner => inner.settings())
    }

    fn k(&self) -> usize {
        each!(self, inner => inner.k())
    }

    fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: Var<'t, F>,
        context: &mut Context<'_, F>,
    ) -> Result<Terms<'t, F>, Error> {
        each!(self, inner => inner.terms(model, x, context))
    }
}

impl Objective {
    /// What the entropy of a step with batches of `n` images would be if their codes, of `latent`
    /// numbers, were draws from N(0, I). The estimate has a bias: it is this that a training's
    /// entropy is to be compared with, not the exact value.
    ///
    /// # Errors
    ///
    /// If there are not more than `k` codes.
    pub fn normal_entropy(&self, n: usize, latent: usize) -> Result<f64, Error> {
        match self {
            Self::Eae(eae) => eae.normal_entropy(n, latent),
            // That of the others is estimated for the report alone.
            _ => Eae { k: self.k(), ..Eae::published(0.0) }.normal_entropy(n, latent),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;
    use autodiff_mini::Tape;
    use ndarray::{Array4, ArrayD};

    /// What every objective must do: the loss is the squared error where the penalty has no weight
    /// yet, and every parameter has a gradient, which is that of the loss by finite
    /// differences.
    #[test]
    fn every_objective_has_the_gradient_of_its_loss() {
        let objectives = [
            Objective::Ae(Ae::default()),
            Objective::Ae(Ae { normalised: true }),
            Objective::Eae(Eae { radius: 0.5, ..Eae::published(2.0) }),
            Objective::Eae(Eae { draws: 3.0, ..Eae::published(2.0) }),
            Objective::Vae(Vae::default()),
            Objective::Vae(Vae { learned_variance: true, ..Vae::default() }),
            Objective::Wae(Wae::default()),
            Objective::Eae(Eae { marginal: true, k: 4, decoded: 5, ..Eae::published(2.0) }),
            Objective::Rae(Rae { beta: 1.0, decay: 0.1, gradient: 0.0 }),
            Objective::Rae(Rae { beta: 1.0, decay: 0.0, gradient: 0.3 }),
        ];
        let images = Array4::from_shape_fn((8, 3, 2, 1), |(n, i, j, _)| 0.5 + 0.5 * ((7 * n + 3 * i + j) as f64).sin());
        for objective in objectives {
            let model = Autoencoder::<f64>::with_ending(Preset::Mlp, [3, 2, 1], 2, objective.ending(), 1).unwrap();
            let loss = |model: &mut Autoencoder<f64>, penalty_weight: f64| {
                let (tape, banks) = (Tape::new(), &mut Banks::default());
                let context = &mut Context::new(penalty_weight, 3, 5, banks);
                let terms = objective.terms(model, tape.constant(images.clone()), context).unwrap();
                let (loss, mse, id) = (terms.loss.scalar(), terms.mse.scalar(), terms.loss.id());
                let gradients = tape.backward(id);
                let found = |p: &mut nn_layers::Tensor<f64>| gradients.wrt(p).map(|g| g.to_owned());
                let found: Vec<Option<ArrayD<f64>>> = model.parameters().into_iter().map(found).collect();
                (loss, mse, found)
            };
            let (value, mse, _) = loss(&mut model.clone(), 0.0);
            if !matches!(objective, Objective::Vae(Vae { learned_variance: true, .. })) {
                assert!((value - mse).abs() < 1e-12, "{objective:?}");
            }
            let (_, _, gradients) = loss(&mut model.clone(), 0.7);
            let count = model.clone().parameters().len();
            // The divergence of decoded draws is no reason to change the encoder that sees them.
            let frozen = if matches!(objective, Objective::Eae(Eae { draws: 1.0.., .. })) {
                model.clone().encoder.parameters().len()
            } else {
                0
            };
            for (parameter, gradient) in (0..count).zip(gradients).skip(frozen) {
                let gradient = gradient.unwrap_or_else(|| panic!("{objective:?}: no gradient of {parameter}"));
                // In the direction of the gradient itself.
                let size = gradient.mapv(|g| g * g).sum().sqrt();
                let moved = |by: f64| {
                    let mut model = model.clone();
                    let mut parameters = model.parameters();
                    let next = &*parameters[parameter] + &(&gradient * (by / size.max(1e-300)));
                    *parameters[parameter] = next.into_shared();
                    loss(&mut model, 0.7).0
                };
                let found = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((found - size).abs() <= 1e-5 * (1.0 + size), "{objective:?}, {parameter}: {found} for {size}");
            }
        }
    }

    #[test]
    fn written_as_a_kind_and_its_settings() {
        let objective = Objective::Eae(Eae { bank: 500, ..Eae::published(1.0) });
        let text = serde_json::to_string(&objective).unwrap();
        assert!(text.starts_with(r#"{"kind":"eae","lambda":1.0,"#), "{text}");
        assert_eq!(serde_json::from_str::<Objective>(&text).unwrap(), objective);
        assert_eq!(serde_json::from_str::<Objective>(r#"{"kind":"vae"}"#).unwrap(), Objective::Vae(Vae::default()));
        assert!(serde_json::from_str::<Objective>(r#"{"kind":"vae","bata":1.0}"#).is_err());
    }
}
