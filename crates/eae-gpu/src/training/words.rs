//! The words that change from step to step. They precede the indices of the step's images.

use nn_layers::optim::Adam;

use super::loss::Loss;

/// A word of a step, identified by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// The learning rate and the root of Adam's corrections.
    Rate,
    Root,
    /// The weights of the terms, including the warm-up factor.
    Entropy,
    Radius,
    Draws,
    /// The places of the next rows of the memory banks, in entries.
    Codes,
    Features,
    /// A word that is always 0.
    Zero,
}

/// The number of words.
pub(super) const WORDS: usize = Word::Zero as usize + 1;

/// Returns the words of the step after `steps` others.
pub(super) fn words(
    loss: &Loss,
    adam: &Adam<f32>,
    steps: u64,
    penalty_weight: f64,
    learning_rate: f64,
    rings: [u32; 2],
) -> [u32; WORDS] {
    let steps = i32::try_from(steps + 1).unwrap_or(i32::MAX);
    let [correction1, correction2] = [adam.beta1, adam.beta2].map(|beta| 1.0 - beta.powi(steps));
    let numbers = [
        (Word::Rate, learning_rate / correction1),
        (Word::Root, correction2.sqrt().recip()),
        (Word::Entropy, penalty_weight * loss.lambda),
        (Word::Radius, penalty_weight * loss.radius),
        (Word::Draws, penalty_weight * loss.draws),
    ];
    let mut words = [0; WORDS];
    for (word, number) in numbers {
        words[word as usize] = (number as f32).to_bits();
    }
    [words[Word::Codes as usize], words[Word::Features as usize]] = rings;
    words
}
