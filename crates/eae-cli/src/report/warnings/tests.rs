use super::*;
use eae::TrainConfig;
use eae::evaluation::{SampleQuality, SampleReport};
use eae::metrics::{LatentReport, Memorization, Quality};
use eae::objective::Eae;
use eae::sampler::{self, Sampler};
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
    let fits = |(found, expected): (&Warning, &&str)| found.problem.starts_with(expected) && !found.advice.is_empty();
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
    begins(&Facts { held_out_error: f64::NAN, ..fine(&codes) }, &["Reconstructions are worse than the mean of all"]);
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
