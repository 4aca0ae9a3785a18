//! The loss as the device computes it, derived from an objective.

use eae::metrics::chi_quantiles;
use eae::{Eae, Objective, Step};
use knn_entropy::Norm;
use statrs::function::gamma::digamma;

use crate::{Error, Result};

/// Largest number of neighbors in the entropy estimate on the device.
const MOST_NEIGHBORS: usize = 64;

/// A loss of the form
///
/// ```text
/// E |x - D(E(x))|^2 - lambda H(Z) + radius sum_i (|z|_(i) - q_i)^2 / n
///     + draws KL(D(N) || x) + coverage KL(x || D(N)) + moments M(D(N), x)
///     - critic E ln C(D(N))
/// ```
///
/// with `M` the distance of the means and covariances, and `C` the critic's probability that a
/// picture is an image.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Loss {
    /// The objective. A weight of the entropy of 0 is the squared error, and the entropy is only
    /// reported.
    pub(super) eae: Eae,
    /// The weight of each of the first neighbors in the entropy estimate. The weights sum to 1.
    pub(super) weights: Vec<f64>,
    /// Number of images in a step.
    pub(super) batch: usize,
    /// Number of images that are decoded, the first of the batch.
    pub(super) decoded: usize,
    /// Number of draws that a step compares with images.
    pub(super) drawn: usize,
    /// The quantiles, one per image of a step, if their term has a weight.
    pub(super) quantiles: Vec<f64>,
}

/// The numbers of rows that a step compares, and of their columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Compared {
    /// The dimension of codes, and the number of codes of previous steps.
    pub(super) latent: usize,
    pub(super) codes: usize,
    /// The number of features of a picture.
    pub(super) columns: usize,
    /// The numbers of images and of draws of this step and of previous steps.
    pub(super) images: usize,
    pub(super) draws: usize,
}

impl Loss {
    /// Creates the loss of an objective for batches of `batch` images with codes of dimension
    /// `latent`.
    ///
    /// # Errors
    ///
    /// If the device does not support the objective, or a setting does not fit the batch.
    pub(super) fn of(objective: &Objective, batch: usize, latent: usize) -> Result<Self> {
        let unsupported = |problem: &str| {
            Err(Error::Unsupported(format!(
                "{problem} cannot be trained on the GPU; train on the CPU, or choose another objective"
            )))
        };
        let eae = match objective {
            Objective::Eae(eae) => eae.clone(),
            Objective::Ae(_) => Eae::published(0.0),
            Objective::Vae(_) => return unsupported("the objective vae"),
            Objective::Wae(_) => return unsupported("the objective wae"),
            Objective::Rae(_) => return unsupported("the objective rae"),
            _ => return unsupported("this objective"),
        };
        if eae.marginal {
            return unsupported("the entropy of the coordinates, --marginal,");
        }
        let Eae { k, mean, decoded, radius, draws, .. } = eae;
        let most = batch.saturating_sub(1).min(MOST_NEIGHBORS);
        if !(1..=most).contains(&k) {
            return Err(Error::Unsupported(format!("k is {k}; on the GPU it must be from 1 to {most}")));
        }
        let decoded = if decoded == 0 { batch } else { decoded.min(batch) };
        if draws > 0.0 && decoded < 2 {
            return Err(Error::Unsupported(format!(
                "the number of decoded images is {decoded}; with draws it must be at least 2"
            )));
        }
        let weight = |j: usize| if mean { 1.0 / k as f64 } else { f64::from(u8::from(j + 1 == k)) };
        let weights = (0..k).map(weight).collect();
        let quantiles = if radius > 0.0 { chi_quantiles(latent, batch) } else { Vec::new() };
        let drawn = eae.drawn(decoded);
        Ok(Self { eae, weights, batch, decoded, drawn, quantiles })
    }

    /// Returns true if a term compares draws with images by the outputs of the trunk.
    pub(super) fn compares_features(&self) -> bool {
        self.eae.draws > 0.0 || self.compares_all_draws()
    }

    /// Returns true if a term compares images with the draws of this step and of previous steps.
    pub(super) fn compares_all_draws(&self) -> bool {
        self.eae.coverage > 0.0 || self.eae.moments > 0.0
    }

    /// Computes the terms from the numbers of a report.
    pub(super) fn step(&self, report: [f64; 8], penalty_weight: f64, compared: &Compared) -> Step {
        let [mse, logarithms, radius, draws, coverage, moments, deceived, own] = report;
        let &Compared { latent, codes, columns, images, draws: all_draws } = compared;
        let entropy = self.entropy_constant(codes, latent) + logarithms;
        let mut penalty = penalty_weight * (self.eae.radius * radius - self.eae.lambda * entropy);
        let drawn = self.drawn;
        if drawn > 0 && penalty_weight > 0.0 {
            if self.eae.draws > 0.0 {
                penalty += penalty_weight * self.eae.draws * (divergence_constant(drawn, images, columns) + draws);
            }
            if self.eae.coverage > 0.0 {
                let constant = divergence_constant(self.batch, all_draws, columns);
                penalty += penalty_weight * self.eae.coverage * (constant + coverage);
            }
            penalty += penalty_weight * (self.eae.moments * moments + self.eae.critic * deceived);
        }
        // The critic's own loss is no part of the model's.
        let finite = [mse, penalty, own].iter().all(|number| number.is_finite());
        Step { mse, penalty, entropy, finite }
    }

    /// Returns the constant of the entropy in nats, in addition to the weighted mean of `d ln r`,
    /// for a batch among `others` codes: `psi(n + others) - sum_j w_j psi(j) + ln V_d`.
    fn entropy_constant(&self, others: usize, d: usize) -> f64 {
        let of_neighbors = self.weights.iter().enumerate().map(|(j, weight)| weight * digamma(j as f64 + 1.0));
        digamma((self.batch + others) as f64) - of_neighbors.sum::<f64>() + Norm::L2.log_unit_ball(d)
    }
}

/// Returns the constant of the divergence in nats per feature, in addition to the mean of
/// `ln nu - ln rho`, of `n` samples from `others` other samples.
fn divergence_constant(n: usize, others: usize, features: usize) -> f64 {
    (digamma(others as f64 + 1.0) - digamma(n as f64)) / features as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::objective::{Ae, Vae, Wae};

    #[test]
    fn unsupported_objectives_are_errors() {
        let published = || Eae::published(1.0);
        for (objective, expected) in [
            (Objective::from(published().k(8)), "k is 8; on the GPU it must be from 1 to 7"),
            (published().k(0).into(), "k is 0"),
            (published().decoded(1).draws(1.0).into(), "the number of decoded images is 1"),
            (published().marginal(true).into(), "--marginal, cannot be trained on the GPU"),
            (Vae::default().into(), "the objective vae cannot be trained on the GPU"),
            (Wae::default().into(), "the objective wae cannot be trained on the GPU"),
        ] {
            let error = Loss::of(&objective, 8, 3).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_critics_own_loss_is_only_checked() {
        let loss = Loss::of(&Eae::published(0.0).critic(2.0).into(), 8, 3).unwrap();
        let compared = Compared { latent: 3, codes: 0, columns: 5, images: 8, draws: 8 };
        let step = |own| loss.step([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, own], 0.5, &compared);
        for own in [0.0, 7.0] {
            assert_eq!((step(own).penalty, step(own).finite), (3.0, true));
        }
        assert!(!step(f64::INFINITY).finite && !step(f64::NAN).finite);
        let step = loss.step([1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 0.0], 0.0, &compared);
        assert_eq!(step.penalty, 0.0);
    }

    #[test]
    fn settings_are_taken_from_the_objective() {
        let loss = Loss::of(&Eae::default().k(3).mean(true).decoded(20).into(), 8, 3).unwrap();
        assert_eq!((loss.weights, loss.decoded, loss.quantiles.len()), (vec![1.0 / 3.0; 3], 8, 8));
        let loss = Loss::of(&Eae::published(2.0).k(3).decoded(5).into(), 8, 3).unwrap();
        assert_eq!((loss.weights, loss.decoded, loss.quantiles.len()), (vec![0.0, 0.0, 1.0], 5, 0));
        let ae = Loss::of(&Ae::default().into(), 8, 3).unwrap();
        assert_eq!((ae.eae.lambda, ae.drawn, ae.eae.bank), (0.0, 0, 0));
        let published = || Eae::published(1.0);
        for (eae, features, all) in [
            (published().critic(1.0), false, false),
            (published().draws(1.0), true, false),
            (published().coverage(1.0), true, true),
        ] {
            let loss = Loss::of(&eae.into(), 8, 3).unwrap();
            assert_eq!((loss.drawn, loss.compares_features(), loss.compares_all_draws()), (3, features, all));
        }
    }
}
