//! The numbers that change from step to step, as 32-bit words: learning rate, weights of the terms,
//! and positions in the memory banks with numbers of rows. On the device, the indices of the step's
//! images follow them.

use nn_layers::optim::Adam;

use super::loss::Loss;

/// One of the numbers of a step. The value of the variant is the index of its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// The learning rate, divided by Adam's bias correction of the first moment.
    Rate,
    /// The inverse square root of Adam's bias correction of the second moment.
    Root,
    /// The rate and the root of the critic, or zeros if the critic makes no step. Adam expects them
    /// here.
    CriticRate,
    CriticRoot,
    /// The weights of the terms of the objective, multiplied by the warm-up factor.
    Entropy,
    Radius,
    Draws,
    Coverage,
    Moments,
    Critic,
    /// The offsets, in numbers, at which the memory banks of codes, images and draws store their
    /// next rows.
    Codes,
    Features,
    Drawn,
    /// The numbers of images and of draws whose features are compared: those of this step and of
    /// previous steps.
    AllImages,
    AllDraws,
    /// The number 0.
    Zero,
}

/// The place of a number in the report of a step. The errors and the terms of codes and of draws
/// take the places before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Coverage = 4,
    Moments,
    /// The loss by which draws deceive the critic, and the critic's own loss after it.
    Critic,
}

/// The number of words.
pub(super) const WORDS: usize = Word::Zero as usize + 1;

/// Returns the words of the step that follows these numbers of completed steps: of the model, and
/// of the critic if it makes a step. `integers` are stored unchanged, and all other numbers as the
/// bits of an `f32`.
pub(super) fn words(
    loss: &Loss,
    adam: &Adam<f32>,
    (steps, of_critic): (u64, Option<u64>),
    [penalty_weight, learning_rate]: [f64; 2],
    integers: [(Word, u32); 5],
) -> [u32; WORDS] {
    let corrected = |steps: u64| {
        let steps = i32::try_from(steps + 1).unwrap_or(i32::MAX);
        let [correction1, correction2] = [adam.beta1, adam.beta2].map(|beta| 1.0 - beta.powi(steps));
        [learning_rate / correction1, correction2.sqrt().recip()]
    };
    let ([rate, root], [critic_rate, critic_root]) = (corrected(steps), of_critic.map_or([0.0; 2], corrected));
    let numbers = [
        (Word::Rate, rate),
        (Word::Root, root),
        (Word::CriticRate, critic_rate),
        (Word::CriticRoot, critic_root),
        (Word::Entropy, penalty_weight * loss.eae.lambda),
        (Word::Radius, penalty_weight * loss.eae.radius),
        (Word::Draws, penalty_weight * loss.eae.draws),
        (Word::Coverage, penalty_weight * loss.eae.coverage),
        (Word::Moments, penalty_weight * loss.eae.moments),
        (Word::Critic, penalty_weight * loss.eae.critic),
    ];
    let mut words = [0; WORDS];
    for (word, number) in numbers {
        words[word as usize] = (number as f32).to_bits();
    }
    for (word, number) in integers {
        words[word as usize] = number;
    }
    words
}
