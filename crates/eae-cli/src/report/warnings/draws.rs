//! Warnings about draws from the samplers.

use super::facts::Facts;
use crate::report::number::short;

/// Ratio of the Frechet distances above which another sampler is recommended.
const BETTER: f64 = 1.5;

pub(super) fn draws(facts: &Facts<'_>, warn: &mut impl FnMut(String, String)) {
    let Some(draws) = facts.draws else { return };
    let copies: Vec<&str> =
        draws.samples.iter().filter(|s| s.memorization.is_some_and(|m| m.is_suspicious())).map(|s| s.sampler).collect();
    if !copies.is_empty() {
        warn(
            format!(
                "Samples from {} may be copies: more of them than of the held-out {} lie unusually close to the training data.",
                copies.join(", "),
                facts.images
            ),
            "Inspect the samples. More data, fewer epochs or a smaller `--latent` make copies less likely.".to_owned(),
        );
    }
    let default = draws.samples.iter().find(|samples| samples.sampler == facts.sampler.name());
    let best = draws.samples.iter().min_by(|a, b| a.quality.frechet.total_cmp(&b.quality.frechet));
    let (Some(default), Some(best)) = (default, best) else { return };
    let [far, near] = [default, best].map(|samples| samples.quality.frechet);
    if far > BETTER * near.max(draws.floor.map_or(0.0, |floor| floor.frechet)) {
        let flag = if best.sampler == "mixture" { "gmm" } else { best.sampler };
        warn(
            format!(
                "Draws from {} are farther from real {} than draws from another sampler: the Frechet distance is {}, compared \
                 with {} for {flag}.",
                facts.sampler,
                facts.images,
                short(far),
                short(near)
            ),
            format!("Sample with `--sampler {flag}`."),
        );
    }
}
