use ndarray::ArrayView2;

use super::{BETA1, BETA2, WORDS, Word};
use crate::{Error, Result};

/// What is minimised on the device:
///
/// ```text
/// E |x - D(E(x))|^2 - lambda H(Z) + radius sum_i (|z|_(i) - q_i)^2 / n + draws KL(D(N) || x)
/// ```
///
/// the objective of the paper, and what `eae`'s `Eae` has beyond it.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The weight of the entropy; 0 leaves the squared error, and the entropy is only told.
    pub lambda: f64,
    /// How much each of the first neighbours counts in the estimate. They add up to 1.
    pub weights: Vec<f64>,
    /// Codes closer than this count as this far apart.
    pub floor: f64,
    /// Images of a step.
    pub batch: usize,
    /// Images of those that are decoded, the first.
    pub decoded: usize,
    /// Codes of the steps before among which neighbours are looked for, too. So many images are known to the draws.
    pub bank: usize,
    /// The weight of the distances of the sorted radii of codes from their quantiles.
    pub radius: f64,
    /// These quantiles, one for each image of a step, if that has a weight.
    pub quantiles: Vec<f64>,
    /// The weight of the divergence of decoded draws from images, in nats for each feature. Above 0 each step brings as many
    /// draws as images are decoded.
    pub draws: f64,
}

/// A step that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Due<'a> {
    /// The share, from 0 to 1, of their weight that all terms but the squared error have.
    pub share: f64,
    /// The learning rate.
    pub learning_rate: f64,
    /// Draws from N(0, I), `[decoded, latent]`, if the objective has a use for them.
    pub draws: Option<ArrayView2<'a, f32>>,
}

/// What a step found before it changed the parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The squared error, summed over pixels and averaged over the decoded images.
    pub mse: f64,
    /// The entropy of the batch of codes in nats.
    pub entropy: f64,
    /// What the loss is above the squared error.
    pub penalty: f64,
}

impl Settings {
    /// The paper's objective with the first neighbour, for steps of so many images.
    pub fn published(lambda: f64, batch: usize) -> Self {
        let (weights, quantiles) = (vec![1.0], Vec::new());
        Self { lambda, weights, floor: 1e-6, batch, decoded: batch, bank: 0, radius: 0.0, quantiles, draws: 0.0 }
    }

    /// Draws of a step.
    pub(super) fn drawn(&self) -> usize {
        if self.draws > 0.0 { self.decoded } else { 0 }
    }

    pub(super) fn check(&self) -> Result<()> {
        let Self { batch, decoded, weights, quantiles, draws, .. } = self;
        let most = batch.saturating_sub(1).min(64);
        if !(1..=most).contains(&weights.len()) {
            return Err(Error::Unsupported(format!("k is {}, on the GPU it must be from 1 to {most}", weights.len())));
        }
        if !(1..=*batch).contains(decoded) || (*draws > 0.0 && *decoded < 2) {
            let least = if *draws > 0.0 { 2 } else { 1 };
            return Err(Error::Shape(format!("{decoded} images are to be decoded, it must be {least} to {batch}")));
        }
        if self.radius > 0.0 && quantiles.len() != *batch {
            return Err(Error::Shape(format!("{} quantiles for the radii of {batch} codes", quantiles.len())));
        }
        Ok(())
    }
}

impl Due<'_> {
    /// The words of the step after so many, by [`Word`].
    pub(super) fn words(&self, settings: &Settings, steps: u64, rings: [u32; 2]) -> [u32; WORDS] {
        let steps = i32::try_from(steps + 1).unwrap_or(i32::MAX);
        let [correction1, correction2] = [BETA1, BETA2].map(|beta| 1.0 - beta.powi(steps));
        let numbers = [
            (Word::Rate, self.learning_rate / correction1),
            (Word::Root, correction2.sqrt().recip()),
            (Word::Entropy, self.share * settings.lambda),
            (Word::Radius, self.share * settings.radius),
            (Word::Draws, self.share * settings.draws),
        ];
        let mut words = [0; WORDS];
        for (word, number) in numbers {
            words[word as usize] = (number as f32).to_bits();
        }
        [words[Word::Codes as usize], words[Word::Features as usize]] = rings;
        words
    }
}
