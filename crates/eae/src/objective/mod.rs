//! Training objectives: the entropic autoencoder's and those of the models with which it is
//! compared.

mod bank;
mod critic;
mod draws;
mod eae;
mod entropy;
mod moments;
mod radius;
mod rae;
mod squared_error;
mod vae;
mod wae;
mod whole;

use std::error::Error as StdError;
use std::ops::Range;

use autodiff_mini::Var;
use eae_ranks::Shards;
use knn_entropy::Error;
use ndarray::{Array2, Axis, Slice};
use ndarray_rand::rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::{Autoencoder, Ending, Float, sampler};

pub use bank::{Bank, Banks};
pub use critic::Critic;
pub use eae::Eae;
pub use entropy::entropy;
pub(crate) use entropy::entropy_for_report;
pub use radius::radius;
pub use rae::{Ae, Rae};
pub use squared_error::squared_error;
pub use vae::Vae;
pub use wae::{Wae, discrepancy};

/// A loss of a batch: the squared error plus a penalty. A [`Stepper`](crate::Stepper) accepts any
/// criterion.
pub trait Criterion: Sync {
    /// The error of a batch for which the criterion has no value. Any criterion can fail because
    /// the entropy of the codes is estimated for the report, if not for the loss.
    type Error: StdError + From<Error> + Send + Sync + 'static;

    /// Returns the ending that the encoder must have.
    fn ending(&self) -> Ending;

    /// Returns the settings to check before a training.
    fn settings(&self) -> Vec<Setting> {
        Vec::new()
    }

    /// Returns the k of the entropy estimate, which is part of the objective or only of the report.
    fn k(&self) -> usize {
        1
    }

    /// Returns the terms for a batch of images `x`, in training mode.
    ///
    /// # Errors
    ///
    /// If the criterion has no value. The criteria of this crate have none if the entropy of the
    /// codes cannot be estimated, because the codes are not finite or there are not more than `k`.
    fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: Var<'t, F>,
        context: &mut Context<'_, F>,
    ) -> Result<Terms<'t, F>, Self::Error>;
}

/// The loss of one batch and its terms.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'t, F: Float> {
    /// The loss to minimize.
    pub loss: Var<'t, F>,
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: Var<'t, F>,
    /// The entropy of the codes in nats, if it was estimated.
    pub entropy: Option<Var<'t, F>>,
    /// The decoded codes `[batch, latent]`.
    pub codes: Var<'t, F>,
    /// The reconstructions.
    pub output: Var<'t, F>,
}

/// The inputs of a criterion besides the batch.
#[derive(Debug)]
#[non_exhaustive]
pub struct Context<'a, F: Float> {
    /// The factor of the penalty from the warm-up, from 0 to 1.
    pub penalty_weight: f64,
    /// The random number generator of this step.
    pub draws: ChaCha8Rng,
    /// Memory banks of previous steps, and the critic.
    pub banks: &'a mut Banks<F>,
    /// The part of the batch, if it is not the whole batch.
    pub(crate) part: Option<Part>,
}

/// A part of a batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// The number of the part.
    pub(crate) number: usize,
    pub(crate) shards: Shards,
    /// The number of rows in the whole batch.
    pub(crate) rows: usize,
}

impl<'a, F: Float> Context<'a, F> {
    /// Creates the context of a step, counted from 0, of a training with `seed`. The draws of a
    /// step do not depend on previous steps.
    pub fn new(penalty_weight: f64, seed: u64, step: u64, banks: &'a mut Banks<F>) -> Self {
        Self { penalty_weight, draws: step_draws(seed, step), banks, part: None }
    }

    /// Returns the next `n` draws from N(0, I) in `latent` dimensions.
    pub fn normal(&mut self, n: usize, latent: usize) -> Array2<F> {
        sampler::normal_from(&mut self.draws, n, latent)
    }

    /// Returns the places of `own` rows in the whole batch, and the number of rows in it.
    fn rows(&self, own: usize) -> (Range<usize>, usize) {
        match self.part {
            None => (0..own, own),
            Some(Part { number, shards, rows }) => (shards.items(number, rows), rows),
        }
    }

    /// Returns this part of the next `n` draws from N(0, I).
    fn own_normal(&mut self, n: usize, latent: usize) -> Array2<F> {
        self.own(n, latent).mapv(F::from_f64)
    }

    /// Returns the next draws from N(0, I) for the `own` rows of this part.
    fn noise(&mut self, own: usize, latent: usize) -> Array2<f64> {
        let (_, n) = self.rows(own);
        self.own(n, latent)
    }

    /// Draws for all rows, so that a row's draws do not depend on the parts, and keeps the own.
    fn own(&mut self, n: usize, latent: usize) -> Array2<f64> {
        let all = sampler::normal_from(&mut self.draws, n, latent);
        match self.part {
            None => all,
            Some(Part { number, shards, .. }) => {
                all.slice_axis(Axis(0), Slice::from(shards.items(number, n))).to_owned()
            }
        }
    }
}

/// Returns the random number generator of a step.
pub(crate) fn step_draws(seed: u64, step: u64) -> ChaCha8Rng {
    let mut draws = ChaCha8Rng::seed_from_u64(seed);
    // Stream 0 shuffles the images.
    draws.set_stream(step + 1);
    draws
}

/// A setting of a criterion and its valid range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// The name.
    pub name: &'static str,
    /// The value.
    pub value: f64,
    /// True if the value is valid.
    pub fits: bool,
    /// The required range.
    pub must: &'static str,
}

impl Setting {
    /// Creates a setting that must be at least 1.
    pub fn count(name: &'static str, value: usize) -> Self {
        Self { name, value: value as f64, fits: value > 0, must: "at least 1" }
    }

    /// Creates a setting that must be a finite number, 0 or above.
    pub fn weight(name: &'static str, value: f64) -> Self {
        Self { name, value, fits: value.is_finite() && value >= 0.0, must: "a finite number, 0 or above" }
    }

    /// Creates a setting that must be a finite number above 0.
    pub fn positive(name: &'static str, value: f64) -> Self {
        Self { name, value, fits: value.is_finite() && value > 0.0, must: "a finite number above 0" }
    }
}

/// One of the criteria of this crate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[non_exhaustive]
pub enum Objective {
    /// The squared error alone.
    Ae(Ae),
    /// The entropic autoencoder.
    Eae(Eae),
    /// The variational autoencoder.
    Vae(Vae),
    /// The Wasserstein autoencoder.
    Wae(Wae),
    /// The regularized autoencoder.
    Rae(Rae),
}

/// The default is the entropic autoencoder.
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

/// Evaluates the same expression for every variant.
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
    /// Returns the expected entropy estimate of a step with batches of `n` images if their codes,
    /// of dimension `latent`, were draws from N(0, I). The estimate is biased, so compare a
    /// training's entropy with this value and not with the exact entropy.
    ///
    /// # Errors
    ///
    /// If there are not more than `k` codes.
    pub fn normal_entropy(&self, n: usize, latent: usize) -> Result<f64, Error> {
        match self {
            Self::Eae(eae) => eae.normal_entropy(n, latent),
            // The other objectives estimate the entropy only for the report.
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

    /// Checks every objective: the loss equals the squared error while the penalty has no weight,
    /// and every parameter has the gradient of the loss, compared with finite differences.
    #[test]
    fn every_objective_has_the_gradient_of_its_loss() {
        let objectives = [
            Objective::Ae(Ae::default()),
            Objective::Ae(Ae { normalized: true }),
            Objective::Eae(Eae { radius: 0.5, ..Eae::published(2.0) }),
            Objective::Eae(Eae { draws: 3.0, ..Eae::published(2.0) }),
            Objective::Eae(Eae { draws: 2.0, coverage: 3.0, moments: 1.5, bank: 20, ..Eae::published(2.0) }),
            Objective::Eae(Eae { draws: 1.0, critic: 4.0, ..Eae::published(2.0) }),
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
            // The divergence of decoded draws must not change the encoder that measures it.
            let frozen = if matches!(objective, Objective::Eae(Eae { draws: 1.0.., .. })) {
                model.clone().encoder.parameters().len()
            } else {
                0
            };
            for (parameter, gradient) in (0..count).zip(gradients).skip(frozen) {
                let gradient = gradient.unwrap_or_else(|| panic!("{objective:?}: no gradient of {parameter}"));
                // Step in the direction of the gradient itself.
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
    fn serializes_as_a_kind_and_its_settings() {
        let objective = Objective::Eae(Eae { bank: 500, ..Eae::published(1.0) });
        let text = serde_json::to_string(&objective).unwrap();
        assert!(text.starts_with(r#"{"kind":"eae","lambda":1.0,"#), "{text}");
        assert_eq!(serde_json::from_str::<Objective>(&text).unwrap(), objective);
        assert_eq!(serde_json::from_str::<Objective>(r#"{"kind":"vae"}"#).unwrap(), Objective::Vae(Vae::default()));
        assert!(serde_json::from_str::<Objective>(r#"{"kind":"vae","bata":1.0}"#).is_err());
    }
}
