//! Warnings about a model, each with advice.

mod codes;
mod draws;
mod facts;
#[cfg(test)]
mod tests;
mod training;

use codes::codes;
use draws::draws;
pub(super) use facts::Facts;
pub(crate) use training::no_better_than_the_mean;
use training::training;

/// A problem and advice on it. Backticks enclose code in the advice.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Warning {
    pub(super) problem: String,
    pub(super) advice: String,
}

/// Returns the warnings, the most important ones first.
pub(super) fn warnings(facts: &Facts<'_>) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut warn = |problem: String, advice: String| found.push(Warning { problem, advice });
    training(facts, &mut warn);
    codes(facts, &mut warn);
    draws(facts, &mut warn);
    found
}
