//! Warnings about codes that differ from N(0, I).

use eae::metrics::Verdict;
use eae::objective::{Eae, Objective};
use eae::sampler::Sampler;

use super::facts::Facts;
use crate::report::number::{counted, short};

/// Number of codes below which an undecided check needs more data. With more codes, an undecided
/// check is close to its limit.
const FEW_CODES: usize = 500;

impl Facts<'_> {
    /// Returns advice for codes of too little entropy. `does` says how entropy helps.
    fn entropy_advice(&self, does: &str) -> String {
        match self.config.objective {
            Objective::Eae(_) => format!("A larger `--lambda` {does}."),
            _ => format!("Train with `--objective eae`, whose entropy term {does}."),
        }
    }

    /// Returns advice for codes that differ from N(0, I). If the default sampler is fitted to the
    /// codes, the difference affects only draws from N(0, I).
    fn codes_advice(&self, training: &str) -> String {
        match self.sampler {
            Sampler::Normal { .. } => training.to_owned(),
            fitted => {
                format!("This affects only draws from N(0, I): `eae sample` draws from {fitted} by default. {training}")
            }
        }
    }

    /// Returns the flags of a training with a larger weight of the radius than this one had.
    fn radius_flags(&self) -> String {
        let usual = Eae::default().radius;
        match &self.config.objective {
            Objective::Eae(eae) if eae.radius >= usual => format!("`--radius {}`", 2.0 * eae.radius),
            _ => format!("`--objective eae --radius {usual}`"),
        }
    }
}

pub(super) fn codes(facts: &Facts<'_>, warn: &mut impl FnMut(String, String)) {
    let report = facts.codes;
    let large = |verdict: Verdict| matches!(verdict, Verdict::Large(_));
    let (mean, sd, entropy) = (report.radius_mean, report.radius_sd, report.entropy);
    if large(sd.verdict) && sd.effect < 0.0 {
        warn(
            format!(
                "Codes lie on a shell: the standard deviation of their radius is {}, compared with {} for N(0, I). Many draws \
                 from N(0, I) fall where the decoder has seen no codes.",
                short(sd.value),
                short(sd.expected)
            ),
            facts.codes_advice(&format!("To correct this, train with {} and a larger `--bank`.", facts.radius_flags())),
        );
    } else if large(sd.verdict) {
        warn(
            format!(
                "Codes vary too much in their distance from the origin: the standard deviation is {}, compared with {} for N(0, I).",
                short(sd.value),
                short(sd.expected)
            ),
            facts.codes_advice(&format!("To correct this, train with {}.", facts.radius_flags())),
        );
    }
    if large(mean.verdict) {
        let side = if mean.effect < 0.0 { "too close to" } else { "too far from" };
        warn(
            format!(
                "Codes are {side} the origin: the mean distance is {}, compared with {} for N(0, I).",
                short(mean.value),
                short(mean.expected)
            ),
            facts.codes_advice(&format!("To correct this, train with {}.", facts.radius_flags())),
        );
    }
    if large(entropy.verdict) {
        let (side, why, advice) = if entropy.effect < 0.0 {
            (
                "below",
                "The codes leave holes, and some draws from N(0, I) fall into them",
                facts.entropy_advice("spreads the codes"),
            )
        } else {
            (
                "above",
                "Neighboring codes are farther apart than neighboring draws from N(0, I)",
                "Train with `--objective eae --bank 2000 --radius 3`, if the training had smaller values: entropy estimates within \
                 small batches favor such codes."
                    .to_owned(),
            )
        };
        warn(
            format!(
                "The entropy of the codes is {side} that of N(0, I): {} nats, compared with {} nats. {why}.",
                short(entropy.value),
                short(entropy.expected)
            ),
            facts.codes_advice(&advice),
        );
    }
    if let Some(check) = report.correlation.filter(|check| large(check.verdict)) {
        warn(
            format!("Latent dimensions are correlated: the largest correlation is {}.", short(check.value)),
            facts.codes_advice(&facts.entropy_advice("reduces the correlations")),
        );
    }
    if !facts.dead.is_empty() {
        let names: Vec<String> = facts.dead.iter().map(|j| format!("z{j}")).collect();
        let (few, d) = (names.len(), report.d);
        let named = if few > 12 {
            format!("{} and {}", names[..12].join(", "), counted(few - 12, "other"))
        } else {
            names.join(", ")
        };
        let have = if few == 1 { "has" } else { "have" };
        warn(
            format!("{few} of {d} latent dimensions {have} almost no effect on the decoder's output: {named}."),
            "Use a smaller `--latent`. With `--objective vae`, a smaller `--beta` can make unused dimensions useful."
                .to_owned(),
        );
    }
    let undecided =
        report.checks().iter().any(|(_, check)| check.is_some_and(|check| check.verdict == Verdict::TooFew));
    if undecided && report.n < FEW_CODES {
        warn(
            format!(
                "The {} held-out {} are too few to tell how far their codes are from N(0, I).",
                report.n, facts.images
            ),
            "Use more data; one tenth is held out.".to_owned(),
        );
    }
}
