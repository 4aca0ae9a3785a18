//! What a reader should know before trusting a model, in words, with the way out.

use eae::evaluation::SampleReport;
use eae::metrics::{LatentReport, Verdict};

use eae::objective::Objective;
use eae::sampler::Sampler;
use eae::{Defaults, TrainConfig};

use super::number::short;

/// What there is to judge by.
#[derive(Debug, Clone)]
pub(super) struct Facts<'a> {
    /// What the model is of.
    pub(super) images: &'static str,
    /// Whether there is a training to go on with.
    pub(super) unfinished: bool,
    /// Epochs made, and planned.
    pub(super) epochs: [usize; 2],
    pub(super) steps: usize,
    /// The squared error of the last epoch, of held-out images and of the mean image.
    pub(super) training_error: Option<f64>,
    pub(super) held_out_error: f64,
    pub(super) mean_image_error: f64,
    pub(super) codes: &'a LatentReport,
    /// Dimensions that the decoder does not look at, counted from 0.
    pub(super) dead: &'a [usize],
    pub(super) draws: Option<&'a SampleReport>,
    /// The sampler that `eae sample` draws from by default.
    pub(super) sampler: &'a Sampler,
    /// The settings of the training.
    pub(super) config: &'a TrainConfig,
    pub(super) latent: usize,
    /// The numbers of an image or a vector.
    pub(super) numbers: usize,
}

impl Facts<'_> {
    /// The way out of codes that are not from N(0, I): the default sampler, if it follows them, and
    /// another training.
    fn follow(&self, training: &str) -> String {
        match self.sampler {
            Sampler::Normal { .. } => training.to_owned(),
            fitted => {
                format!("Only draws from N(0, I) suffer: `eae sample` draws from {fitted} by default. {training}")
            }
        }
    }

    /// The way out of a training that has learnt next to nothing, by the settings that it had.
    fn learn_more(&self) -> String {
        let suited = Defaults::learning_rate(self.config.batch_size);
        let rate = self.config.learning_rate;
        let mut ways = Vec::new();
        if rate > 4.0 * suited {
            ways.push(format!("a smaller `--learning-rate` than {rate}, such as {suited}"));
        } else if rate < suited / 4.0 {
            ways.push(format!("a larger `--learning-rate` than {rate}, such as {suited}"));
        }
        if let Objective::Eae(eae) = &self.config.objective
            && eae.lambda * self.config.error_unit > self.mean_image_error / 10.0
        {
            ways.push(format!("a smaller `--lambda` than {}", eae.lambda));
        }
        if self.latent < 16.min(self.numbers) {
            ways.push(format!("a larger `--latent` than {}", self.latent));
        }
        ways.push(format!("more `--epochs` than {}", self.config.epochs));
        format!("Try {}.", ways.join(", or "))
    }
}

/// A thing to know, and what can be done about it, with what is typed between backticks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Warning {
    pub(super) what: String,
    pub(super) way_out: String,
}

/// Fewer steps than this leave a network half trained, whatever the data.
const FEW_STEPS: usize = 500;
/// A reconstruction worth so much of the mean image's error has learnt little else.
const LITTLE: f64 = 0.8;
/// With more codes a check that is undecided is one that is near its limit.
const FEW_CODES: usize = 500;
/// Held-out images may be this much worse than those of the training.
const OVERFITTED: f64 = 1.4;
/// By so much another sampler must be better to be named.
const BETTER: f64 = 1.5;

/// The most important first.
pub(super) fn warnings(facts: &Facts<'_>) -> Vec<Warning> {
    let mut found = Vec::new();
    let mut warn = |what: String, way_out: String| found.push(Warning { what, way_out });
    training(facts, &mut warn);
    codes(facts, &mut warn);
    draws(facts, &mut warn);
    found
}

/// Returns how an error compares with that of the mean image; `None` if it is clearly better.
pub(crate) fn no_better_than_the_mean(error: f64, mean: f64) -> Option<&'static str> {
    // An error that is no number is no better, either.
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
            format!("The training is not finished: {made} of {planned} epochs were made."),
            "Go on with it: `eae train --resume RUN`.".to_owned(),
        );
    } else if steps < FEW_STEPS {
        warn(
            format!("The training was short: the networks have seen {steps} batches."),
            "Train longer with `--epochs`, or in smaller batches with `--batch`.".to_owned(),
        );
    }
    if let Some(how) = no_better_than_the_mean(error, mean) {
        warn(
            format!(
                "Reconstructions are {how} the mean of all {images}: their error is {} where that of the mean is {}.",
                short(error),
                short(mean)
            ),
            facts.learn_more(),
        );
    }
    if let Some(trained) = facts.training_error.filter(|trained| error > OVERFITTED * trained && error < LITTLE * mean)
    {
        warn(
            format!(
                "Held-out {images} come back worse than those of the training: an error of {} where the last epoch had {}.",
                short(error),
                short(trained)
            ),
            "Bring more data, or stop earlier: `--keep-best`, `--patience 5`.".to_owned(),
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
                "The code sits on a shell: its radius spreads by {} where N(0, I) has {}, and many draws from N(0, I) are where \
                 the decoder has seen no code.",
                short(sd.value),
                short(sd.expected)
            ),
            facts.follow("Train with `--objective eae --radius 3` and a larger `--bank` to mend it."),
        );
    } else if large(sd.verdict) {
        warn(
            format!(
                "Codes lie at too many distances from the origin: the radius spreads by {} where N(0, I) has {}.",
                short(sd.value),
                short(sd.expected)
            ),
            facts.follow("Train with `--objective eae --radius 3` to mend it."),
        );
    }
    if large(mean.verdict) {
        let side = if mean.effect < 0.0 { "too near to" } else { "too far from" };
        warn(
            format!(
                "Codes are {side} the origin: at a distance of {} on average, where N(0, I) has {}.",
                short(mean.value),
                short(mean.expected)
            ),
            facts.follow("Train with `--objective eae` to mend it."),
        );
    }
    if large(entropy.verdict) {
        let (side, why, way_out) = if entropy.effect < 0.0 {
            ("below", "they leave holes, and draws from N(0, I) fall into them", "A larger `--lambda` spreads them.")
        } else {
            (
                "above",
                "neighbors are farther apart than those of draws are",
                "Train with `--bank 2000 --radius 3`: estimates within a small batch reward that.",
            )
        };
        warn(
            format!(
                "The entropy of the codes is {side} that of N(0, I), {} where it has {} nats: {why}.",
                short(entropy.value),
                short(entropy.expected)
            ),
            facts.follow(way_out),
        );
    }
    if let Some(check) = report.correlation.filter(|check| large(check.verdict)) {
        warn(
            format!("Dimensions of the code are correlated, two of them by {}.", short(check.value)),
            facts.follow("A larger `--lambda` makes them independent."),
        );
    }
    if !facts.dead.is_empty() {
        let names: Vec<String> = facts.dead.iter().map(|j| format!("z{}", j + 1)).collect();
        let (few, d) = (names.len(), report.d);
        let named =
            if few > 12 { format!("{} and {} others", names[..12].join(", "), few - 12) } else { names.join(", ") };
        warn(
            format!("{few} of {d} dimensions of the code change next to nothing in what is decoded: {named}."),
            "Fewer would do: a smaller `--latent`. Under `--objective vae` a smaller `--beta` brings them to life."
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
            "Bring more; a tenth of them is held out.".to_owned(),
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
                "More draws are next to what was trained on than held-out {} are ({}): they may be copies.",
                facts.images,
                copies.join(", ")
            ),
            "Look at them. More data, fewer epochs or a smaller `--latent` make copies rarer.".to_owned(),
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
                "Draws from {} are farther from real {} than those of another sampler: a Frechet distance of {} where {flag} has \
                 {}.",
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

    /// What each begins with.
    fn begins(facts: &Facts<'_>, expected: &[&str]) {
        let found = warnings(facts);
        let fits = |(found, expected): (&Warning, &&str)| found.what.starts_with(expected) && !found.way_out.is_empty();
        assert!(found.len() == expected.len() && found.iter().zip(expected).all(fits), "{found:#?}");
    }

    #[test]
    fn nothing_is_said_of_a_good_model() {
        begins(&fine(&report(&sampler::normal(4000, 8, 1))), &[]);
    }

    #[test]
    fn of_the_training() {
        let codes = report(&sampler::normal(4000, 8, 1));
        begins(&Facts { steps: 60, ..fine(&codes) }, &["The training was short: the networks have seen 60 batches."]);
        let unfinished = Facts { unfinished: true, epochs: [3, 40], steps: 60, ..fine(&codes) };
        begins(&unfinished, &["The training is not finished: 3 of 40 epochs"]);
        begins(
            &Facts { held_out_error: 50.0, ..fine(&codes) },
            &["Reconstructions are hardly better than the mean of all images: their error is 50.00"],
        );
        begins(&Facts { held_out_error: 61.5, ..fine(&codes) }, &["Reconstructions are worse than the mean of all"]);
        begins(
            &Facts { held_out_error: f64::NAN, ..fine(&codes) },
            &["Reconstructions are worse than the mean of all"],
        );
        begins(&Facts { held_out_error: 12.0, ..fine(&codes) }, &["Held-out images come back worse"]);
        // Advice is about the settings that the training had.
        let wild = TrainConfig::default().learning_rate(1.0).epochs(7);
        let said = warnings(&Facts { held_out_error: 90.0, config: &wild, latent: 2, ..fine(&codes) });
        assert_eq!(
            said[0].way_out,
            "Try a smaller `--learning-rate` than 1, such as 0.004, or a larger `--latent` than 2, or more `--epochs` than 7."
        );
    }

    #[test]
    fn of_the_codes() {
        let normal = sampler::normal::<f64>(4000, 16, 5);
        let mut shell = normal.clone();
        shell.outer_iter_mut().for_each(|mut z| {
            let radius = z.dot(&z).sqrt();
            z *= (4.0 + 0.3 * (radius - 3.94)) / radius;
        });
        let said = warnings(&fine(&report(&shell)));
        assert!(said[0].what.contains("its radius spreads by 0.210 where N(0, I) has 0.701"), "{said:?}");
        assert!(said[0].way_out.starts_with("Train with") && said[0].way_out.contains("--radius 3"));
        let gaussian = Sampler::Gaussian(sampler::Gaussian::fit(shell.view()).unwrap());
        let said = warnings(&Facts { sampler: &gaussian, ..fine(&report(&shell)) });
        assert!(said[0].way_out.starts_with("Only draws from N(0, I) suffer: `eae sample` draws from a Gaussian"));

        let far = &normal * 8.0;
        begins(
            &fine(&report(&far)),
            &[
                "Codes lie at too many distances",
                "Codes are too far from the origin: at a distance of 31.5",
                "The entropy of the codes is above",
            ],
        );
        let mut correlated = normal.clone();
        let sum = (&normal.column(0) + &normal.column(1)) / 2.0_f64.sqrt();
        correlated.column_mut(1).assign(&sum);
        begins(&fine(&report(&correlated)), &["Dimensions of the code are correlated, two of them by 0.69"]);
        let few = report(&sampler::normal(40, 16, 1));
        begins(&fine(&few), &["The 40 held-out images are too few"]);
        let codes = report(&normal);
        begins(
            &Facts { dead: &[0, 6], ..fine(&codes) },
            &["2 of 16 dimensions of the code change next to nothing in what is decoded: z1, z7."],
        );
        let many: Vec<usize> = (0..16).collect();
        let said = warnings(&Facts { dead: &many, ..fine(&codes) });
        assert!(said[0].what.ends_with("z11, z12 and 4 others."), "{said:?}");
    }

    #[test]
    fn of_the_draws() {
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
        assert_eq!((said.len(), &*said[0].way_out), (1, "Sample with `--sampler gmm`."), "{said:?}");
        draws.samples[0].quality.frechet = 6.0;
        begins(&Facts { draws: Some(&draws), ..fine(&codes) }, &[]);
        draws.samples[1].memorization.as_mut().unwrap().share_close = 0.2;
        begins(
            &Facts { draws: Some(&draws), ..fine(&codes) },
            &["More draws are next to what was trained on than held-out images are (mixture)"],
        );
    }
}
