//! The objective of the entropic autoencoder.

use autodiff_mini::Var;
use knn_entropy::{ClosePoints, Error, KozachenkoLeonenko, Weighting};
use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::draws::{compare_draws, decode_both};
use super::entropy::{entropy_with_bank, marginal_entropy};
use super::radius::off_quantiles;
use super::whole::{Rows, share};
use super::{Context, Criterion, Ending, Setting, Terms, squared_error};
use crate::builders::builders;
use crate::{Autoencoder, Float, sampler};

/// The objective of an entropic autoencoder (Ghose, Rashwan and Poupart, UAI 2020):
///
/// ```text
/// E |x - D(N(E(x)))|^2 - lambda H(Z)
/// ```
///
/// The squared error is summed over pixels and averaged over the batch. From it, `lambda` times the
/// Kozachenko-Leonenko estimate of the entropy of the batch of codes, in nats, is subtracted.
///
/// [`bank`](Eae::bank), [`radius`](Eae::radius), [`draws`](Eae::draws) and
/// [`critic`](Eae::critic) go beyond the paper. From about 8 dimensions on, and at any practical
/// batch size, the entropy estimate is larger on the sphere of radius `sqrt(d)` than for N(0, I).
/// Its maximum is therefore not the distribution from which samples are drawn. The default uses
/// these terms; [`published`](Eae::published) is the objective without them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Eae {
    /// The weight of the entropy, in squared error per nat.
    pub lambda: f64,
    /// The estimate uses the distance to each code's k-th nearest neighbor. In more than a few
    /// dimensions, k = 1 has the least bias.
    pub k: usize,
    /// If true, the estimate uses the mean over the first `k` neighbors instead of the k-th.
    pub mean: bool,
    /// If true, the estimate is the sum of the entropies of the coordinates, each estimated
    /// separately. It is cheap in any dimension and has almost no bias, but it ignores dependence
    /// between coordinates.
    pub marginal: bool,
    /// Number of images of a batch to decode, or 0 for all. All images contribute to the entropy.
    /// This gives the estimate a large batch at the cost of a small one in the decoder.
    pub decoded: usize,
    /// Number of codes of previous steps among which neighbors are also searched. These codes get
    /// no gradient. The estimate is then that of a larger sample and detects holes for which a
    /// batch is too small. Draws are compared with as many previous images, or with a quarter as
    /// many if [`coverage`](Eae::coverage) and [`moments`](Eae::moments) are 0. 0 is the paper's
    /// objective.
    pub bank: usize,
    /// The weight of `sum_i (|z|_(i) - q_i)^2 / n`, which pulls the sorted distances from the
    /// origin to their quantiles under N(0, I). 0 is the paper's objective.
    pub radius: f64,
    /// The weight, in squared error per nat and feature, of the divergence of decoded draws from
    /// N(0, I) from the images, measured on the encoder's features. 0 is the paper's objective.
    /// If this, `coverage`, `moments` or `critic` is above 0, a step also decodes and encodes a
    /// third as many draws as images.
    pub draws: f64,
    /// The weight of the divergence of the images from decoded draws, measured on the encoder's
    /// features, which pulls draws toward images that have none nearby. 0 is the paper's objective.
    pub coverage: f64,
    /// The weight, in squared error, of the distance between the means and covariances of the
    /// features of decoded draws and of images. 0 is the paper's objective.
    pub moments: f64,
    /// The weight, in squared error per nat, of the loss by which decoded draws deceive a
    /// [`Critic`](super::Critic), a small network that learns to tell them from images. 0 is the
    /// paper's objective.
    pub critic: f64,
    /// Smallest distance between codes in the estimate. Closer codes count as this far apart and do
    /// not repel each other, so that two equal images in a batch are not an error. Codes have
    /// variance 1, and neighbors are typically more than 1 apart.
    pub floor: f64,
}

impl Default for Eae {
    /// The settings chosen by draws from N(0, I), on digits, clothes and small photographs.
    fn default() -> Self {
        Self { bank: 2000, radius: 3.0, draws: 5.0, critic: 5.0, ..Self::published(1.0) }
    }
}

builders!(Eae {
    lambda: f64,
    k: usize,
    mean: bool,
    marginal: bool,
    decoded: usize,
    bank: usize,
    radius: f64,
    draws: f64,
    coverage: f64,
    moments: f64,
    critic: f64,
    floor: f64,
});

impl Eae {
    /// Returns the paper's objective, with the weight `lambda`.
    pub const fn published(lambda: f64) -> Self {
        Self {
            lambda,
            k: 1,
            mean: false,
            marginal: false,
            decoded: 0,
            bank: 0,
            radius: 0.0,
            draws: 0.0,
            coverage: 0.0,
            moments: 0.0,
            critic: 0.0,
            floor: 1e-6,
        }
    }

    /// Returns true if draws from N(0, I) are decoded in each step, to be compared with images.
    pub fn decodes_draws(&self) -> bool {
        self.compares_features() || self.critic > 0.0
    }

    /// Returns the number of draws of a step that decodes this many images, or 0 without a term
    /// that compares draws. There are a third as many draws as images, which costs little quality
    /// and saves time. There are at least 2, because each draw is compared with its nearest other
    /// draw, unless a single image is decoded.
    pub fn drawn(&self, decoded: usize) -> usize {
        if self.decodes_draws() { decoded.div_ceil(3).max(decoded.min(2)) } else { 0 }
    }

    /// Returns the number of previous images with which draws are compared. For their nearest image
    /// alone, a quarter of the bank is enough and takes a quarter of the time.
    pub fn images_kept(&self) -> usize {
        if self.coverage > 0.0 || self.moments > 0.0 { self.bank } else { self.bank / 4 }
    }

    /// Returns true if a term compares the features of draws and of images after the whole trunk.
    pub(super) fn compares_features(&self) -> bool {
        self.draws > 0.0 || self.coverage > 0.0 || self.moments > 0.0
    }

    /// Returns the estimator of the entropy.
    pub fn estimator(&self) -> KozachenkoLeonenko<'static> {
        let estimator = KozachenkoLeonenko::new(self.k).close_points(ClosePoints::Floor(self.floor));
        if self.mean { estimator.weighting(Weighting::Mean) } else { estimator }
    }

    /// Returns the entropy of the codes of a batch, with neighbors also from a bank, and its
    /// gradient.
    fn entropy<F: Float>(&self, codes: ArrayView2<'_, F>, bank: ArrayView2<'_, F>) -> Result<(f64, Array2<F>), Error> {
        let of = if self.marginal { marginal_entropy } else { entropy_with_bank };
        of(codes, &self.estimator(), bank)
    }

    /// Returns the mean over several batches of draws from N(0, I) with a full bank, as documented
    /// for [`Objective::normal_entropy`](super::Objective::normal_entropy).
    pub(super) fn normal_entropy(&self, n: usize, latent: usize) -> Result<f64, Error> {
        /// Number of batches. The standard error is a third of a single batch's.
        const BATCHES: u64 = 10;
        let mut sum = 0.0;
        for seed in 0..BATCHES {
            let draws = sampler::normal::<f64>(n + self.bank, latent, seed);
            let (codes, bank) = draws.view().split_at(Axis(0), n);
            sum += self.entropy(codes, bank)?.0;
        }
        Ok(sum / BATCHES as f64)
    }
}

impl Criterion for Eae {
    type Error = Error;

    fn ending(&self) -> Ending {
        Ending::Normalized
    }

    fn k(&self) -> usize {
        self.k
    }

    fn settings(&self) -> Vec<Setting> {
        vec![
            Setting::count("k", self.k),
            Setting::weight("lambda", self.lambda),
            Setting::weight("radius", self.radius),
            Setting::weight("draws", self.draws),
            Setting::weight("coverage", self.coverage),
            Setting::weight("moments", self.moments),
            Setting::weight("critic", self.critic),
            Setting::positive("floor", self.floor),
        ]
    }

    fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: Var<'t, F>,
        context: &mut Context<'_, F>,
    ) -> Result<Terms<'t, F>, Error> {
        let levels = [model.front_len(), model.trunk_len()];
        let (features, codes) = model.encoder.train_through(levels, x);
        // The first images of the whole batch are decoded, however many of them are on this tape.
        let (own, n) = context.rows(x.shape()[0]);
        let decoded = if self.decoded == 0 { n } else { self.decoded.min(n) };
        let first = |of: Var<'t, F>| {
            if decoded < own.end { of.slice(0, ..decoded.saturating_sub(own.start)) } else { of }
        };
        let drawn = if context.penalty_weight > 0.0 { self.drawn(decoded) } else { 0 };
        let (output, pictures) = match drawn {
            0 => (model.decoder.train(first(codes)), None),
            _ => {
                let draws = x.tape().constant(context.own_normal(drawn, model.latent()));
                let [output, pictures] = decode_both(model, first(codes), draws);
                (output, Some(pictures))
            }
        };
        let mse = squared_error(output, first(x));
        let all = Rows::gather(codes);
        let bank = &mut context.banks.codes;
        let entropy = all.function(|codes| self.entropy(codes, bank.view()))?;
        share(x.tape(), || bank.keep(all.all(), self.bank));
        let mut penalty = -(entropy * F::from_f64(context.penalty_weight * self.lambda));
        if self.radius > 0.0 {
            let banks = &mut context.banks;
            let radius = all.smooth(|codes| off_quantiles(codes, banks.chi_quantiles(codes.ncols(), n)));
            penalty = penalty + radius * F::from_f64(context.penalty_weight * self.radius);
        }
        if let Some(pictures) = pictures {
            penalty = penalty + compare_draws(self, model, [x, pictures], features, drawn, context)?;
        }
        Ok(Terms { loss: mse + penalty, mse, entropy: Some(entropy), codes, output })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal::normal_entropy;

    #[test]
    fn normal_entropy_includes_the_bias_of_the_estimate() {
        let off = |eae: Eae| eae.normal_entropy(200, 16).unwrap() - normal_entropy(16);
        let published = || Eae::published(1.0);
        let (alone, banked) = (off(published()), off(published().bank(2000)));
        // The table in docs/theory.md gives 0.72 for 128 codes, 0.50 for 512 and 0.35 for 2048. The
        // standard error of ten batches of 200 is 0.07. Single coordinates have almost no bias.
        assert!((alone - 0.64).abs() < 0.21 && (banked - 0.35).abs() < 0.21 && banked < alone, "{alone} {banked}");
        assert!(off(published().marginal(true)).abs() < 0.3);
    }
}
