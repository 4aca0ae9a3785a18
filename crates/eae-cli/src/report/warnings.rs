//! Warnings about a model, each with advice.

use eae::evaluation::SampleReport;
use eae::metrics::{LatentReport, Verdict};

use eae::objective::{Eae, Objective};
use eae::sampler::Sampler;
use eae::{Defaults, TrainConfig};

use super::number::{counted, short};

/// Results that the warnings depend on.
#[derive(Debug, Clone)]
pub(super) struct Facts<'a> {
    /// Word for the data: "images" or "vectors".
    pub(super) images: &'static str,
    /// True if the training was interrupted and can be resumed.
    pub(super) unfinished: bool,
    /// Numbers of completed and planned epochs.
    pub(super) epochs: [usize; 2],
    pub(super) steps: usize,
    /// Squared error of training images in the last epoch.
    pub(super) training_error: Option<f64>,
    /// Squared error of held-out images.
    pub(super) held_out_error: f64,
    /// Squared error of the mean image.
    pub(super) mean_image_error: f64,
    pub(super) codes: &'a LatentReport,
    /// Latent dimensions that hardly change the decoder's output, counted from 0.
    pub(super) dead: &'a [usize],
    pub(super) draws: Option<&'a SampleReport>,
    /// Default sampler of `eae sample`.
    pub(super) sampler: &'a Sampler,
    /// Settings of the training.
    pub(super) config: &'a TrainConfig,
    pub(super) latent: usize,
    /// Number of values in an image or a vector.
    pub(super) numbers: usize,
}

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

    /// Returns advice for a model that has learned almost nothing, based on its settings.
    fn training_advice(&self) -> String {
        let suited = Defaults::learning_rate(self.config.batch_size);
        let rate = self.config.learning_rate;
        let mut ways = Vec::new();
        if rate > 4.0 * suited {
            ways.push(format!("a `--learning-rate` below {rate}, for example {suited}"));
        } else if rate < suited / 4.0 {
            ways.push(format!("a `--learning-rate` above {rate}, for example {suited}"));
        }
        if let Objective::Eae(eae) = &self.config.objective
            && eae.lambda * self.config.error_unit > self.mean_image_error / 10.0
        {
            ways.push(format!("a `--lambda` below {}", eae.lambda));
        }
        if self.latent < 16.min(self.numbers) {
            ways.push(format!("a `--latent` above {}", self.latent));
        }
        if let Objective::Eae(eae) = &self.config.objective
            && (eae.draws > 0.0 || eae.critic > 0.0)
        {
            ways.push("`--draws 0 --critic 0`".to_owned());
        }
        ways.push(format!("more than {} `--epochs`", self.config.epochs));
        format!("Try {}.", ways.join(", or "))
    }
}

/// A problem and advice on it. Backticks enclose code in the advice.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Warning {
    pub(super) problem: String,
    pub(super) advice: String,
}

/// Number of training steps below which networks are hardly trained, whatever the data.
const FEW_STEPS: usize = 500;
/// Share of the mean image's error above which a model has learned little but the mean.
const LITTLE: f64 = 0.8;
/// Number of codes below which an undecided check needs more data. With more codes, an undecided
/// check is close to its limit.
const FEW_CODES: usize = 500;
/// Ratio of the held-out error and the training error above which a model has overfitted.
const OVERFITTED: f64 = 1.4;
/// Ratio of the Frechet distances above which another sampler is recommended.
const BETTER: f64 = 1.5;

/// Returns the warnings, the most important ones first.
pub(super) fn warnings(facts: &Facts<'_>) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut warn = |problem: String, advice: String| found.push(Warning { problem, advice });
    training(facts, &mut warn);
    codes(facts, &mut warn);
    draws(facts, &mut warn);
    found
}

/// Compares an error with that of the mean image. Returns `None` if the error is clearly smaller.
pub(crate) fn no_better_than_the_mean(error: f64, mean: f64) -> Option<&'static str> {
    // An error of NaN counts as worse.
    if error.is_nan() || error > mean {
        Some("worse than")
    } else if error > LITTLE * mean {
        Some("hardly better than")
    } else {
        None
    }
}

fn training(facts: &Facts<'_>, warn: &mut impl FnMut(String, String)) {
    let Facts { images, epochs: [made, planned], steps, held_out_error: error, mean_image_error: mean, .. } = *facts;
    if facts.unfinished {
        warn(
            format!("Training is unfinished: {made} of {planned} epochs are complete."),
            "Resume with `eae train --resume RUN`.".to_owned(),
        );
    } else if steps < FEW_STEPS {
        warn(
            format!("Training was short: only {}.", counted(steps, "step")),
            "Train for more epochs (`--epochs`) or with a smaller batch size (`--batch`).".to_owned(),
        );
    }
    if let Some(how) = no_better_than_the_mean(error, mean) {
        warn(
            format!(
                "Reconstructions are {how} the mean of all {images}: the error is {}, compared with {} for the mean.",
                short(error),
                short(mean)
            ),
            facts.training_advice(),
        );
    }
    if let Some(trained) = facts.training_error.filter(|trained| error > OVERFITTED * trained && error < LITTLE * mean)
    {
        warn(
            format!(
                "Reconstructions of held-out {images} are worse than those of training {images}: the error is {}, compared with {} \
                 in the last epoch.",
                short(error),
                short(trained)
            ),
            "Use more data, keep the best epoch with `--keep-best`, or stop early with `--patience 5`.".to_owned(),
        );
    }
}

fn codes(facts: &Facts<'_>, warn: &mut impl FnMut(String, String)) {
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

fn draws(facts: &Facts<'_>, warn: &mut impl FnMut(String, String)) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use eae::evaluation::SampleQuality;
    use eae::metrics::{Memorization, Quality};
    use eae::sampler;
    use ndarray::Array2;
    use std::sync::LazyLock;

    fn report(codes: &Array2<f64>) -> LatentReport {
        LatentReport::new(codes.view(), 1, 0).unwrap()
    }

    const NORMAL: Sampler = Sampler::Normal { latent: 16 };

    fn fine(codes: &LatentReport) -> Facts<'_> {
        static CONFIG: LazyLock<TrainConfig> = LazyLock::new(TrainConfig::default);
        let config = &CONFIG;
        Facts {
            images: "images",
            unfinished: false,
            epochs: [40, 40],
            steps: 1800,
            training_error: Some(7.5),
            held_out_error: 8.0,
            mean_image_error: 52.0,
            codes,
            dead: &[],
            draws: None,
            sampler: &NORMAL,
            config,
            latent: 16,
            numbers: 784,
        }
    }

    /// Asserts that the problems start with the expected texts.
    fn begins(facts: &Facts<'_>, expected: &[&str]) {
        let found = warnings(facts);
        let fits =
            |(found, expected): (&Warning, &&str)| found.problem.starts_with(expected) && !found.advice.is_empty();
        assert!(found.len() == expected.len() && found.iter().zip(expected).all(fits), "{found:#?}");
    }

    #[test]
    fn a_good_model_has_no_warnings() {
        begins(&fine(&report(&sampler::normal(4000, 8, 1))), &[]);
    }

    #[test]
    fn training_problems_are_reported() {
        let codes = report(&sampler::normal(4000, 8, 1));
        begins(&Facts { steps: 60, ..fine(&codes) }, &["Training was short: only 60 steps."]);
        let unfinished = Facts { unfinished: true, epochs: [3, 40], steps: 60, ..fine(&codes) };
        begins(&unfinished, &["Training is unfinished: 3 of 40 epochs"]);
        begins(
            &Facts { held_out_error: 50.0, ..fine(&codes) },
            &["Reconstructions are hardly better than the mean of all images: the error is 50.00"],
        );
        begins(&Facts { held_out_error: 61.5, ..fine(&codes) }, &["Reconstructions are worse than the mean of all"]);
        begins(
            &Facts { held_out_error: f64::NAN, ..fine(&codes) },
            &["Reconstructions are worse than the mean of all"],
        );
        begins(&Facts { held_out_error: 12.0, ..fine(&codes) }, &["Reconstructions of held-out images are worse"]);
        // Advice refers to the settings of the training.
        let wild = TrainConfig::default().learning_rate(1.0).epochs(7);
        let said = warnings(&Facts { held_out_error: 90.0, config: &wild, latent: 2, ..fine(&codes) });
        assert_eq!(
            said[0].advice,
            "Try a `--learning-rate` below 1, for example 0.003, or a `--latent` above 2, or `--draws 0 --critic 0`, or \
             more than 7 `--epochs`."
        );
    }

    #[test]
    fn code_problems_are_reported() {
        let normal = sampler::normal::<f64>(4000, 16, 5);
        let mut shell = normal.clone();
        shell.outer_iter_mut().for_each(|mut z| {
            let radius = z.dot(&z).sqrt();
            z *= (4.0 + 0.3 * (radius - 3.94)) / radius;
        });
        let said = warnings(&fine(&report(&shell)));
        assert!(
            said[0].problem.contains("standard deviation of their radius is 0.210, compared with 0.701 for N(0, I)"),
            "{said:?}"
        );
        assert_eq!(said[0].advice, "To correct this, train with `--radius 6` and a larger `--bank`.");
        let published = TrainConfig::default().objective(Eae::default().radius(0.0));
        let said = warnings(&Facts { config: &published, ..fine(&report(&shell)) });
        assert!(said[0].advice.contains("`--objective eae --radius 3`"), "{said:?}");
        let gaussian = Sampler::Gaussian(sampler::Gaussian::fit(shell.view()).unwrap());
        let said = warnings(&Facts { sampler: &gaussian, ..fine(&report(&shell)) });
        assert!(said[0].advice.starts_with("This affects only draws from N(0, I): `eae sample` draws from a Gaussian"));

        let far = &normal * 8.0;
        begins(
            &fine(&report(&far)),
            &[
                "Codes vary too much in their distance",
                "Codes are too far from the origin: the mean distance is 31.5",
                "The entropy of the codes is above",
            ],
        );
        let mut correlated = normal.clone();
        let sum = (&normal.column(0) + &normal.column(1)) / 2.0_f64.sqrt();
        correlated.column_mut(1).assign(&sum);
        begins(&fine(&report(&correlated)), &["Latent dimensions are correlated: the largest correlation is 0.69"]);
        let few = report(&sampler::normal(40, 16, 1));
        begins(&fine(&few), &["The 40 held-out images are too few"]);
        let codes = report(&normal);
        begins(
            &Facts { dead: &[0, 6], ..fine(&codes) },
            &["2 of 16 latent dimensions have almost no effect on the decoder's output: z0, z6."],
        );
        let many: Vec<usize> = (0..16).collect();
        let said = warnings(&Facts { dead: &many, ..fine(&codes) });
        assert!(said[0].problem.ends_with("z10, z11 and 4 others."), "{said:?}");
    }

    #[test]
    fn sample_problems_are_reported() {
        let rows = sampler::normal::<f64>(200, 3, 1);
        let quality = |frechet: f64| {
            let mut quality = Quality::new(rows.view(), rows.view()).unwrap();
            quality.frechet = frechet;
            quality
        };
        let mut fresh = Memorization::new(rows.view(), rows.view(), rows.view()).unwrap();
        (fresh.share_close, fresh.held_out_share_close, fresh.share_error) = (0.01, 0.01, 0.005);
        let of = |sampler, frechet| SampleQuality { sampler, quality: quality(frechet), memorization: Some(fresh) };
        let mut draws = SampleReport {
            features: String::new(),
            floor: Some(quality(3.0)),
            missing: Vec::new(),
            samples: vec![of("normal", 40.0), of("mixture", 5.0)],
        };
        let codes = report(&sampler::normal(4000, 8, 1));
        let said = warnings(&Facts { draws: Some(&draws), ..fine(&codes) });
        assert_eq!((said.len(), &*said[0].advice), (1, "Sample with `--sampler gmm`."), "{said:?}");
        draws.samples[0].quality.frechet = 6.0;
        begins(&Facts { draws: Some(&draws), ..fine(&codes) }, &[]);
        draws.samples[1].memorization.as_mut().unwrap().share_close = 0.2;
        begins(
            &Facts { draws: Some(&draws), ..fine(&codes) },
            &["Samples from mixture may be copies: more of them than of the held-out images"],
        );
    }
}
