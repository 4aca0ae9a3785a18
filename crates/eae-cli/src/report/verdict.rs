//! The verdict on a model, in a few words.

use eae::evaluation::{SampleQuality, SampleReport};
use eae::sampler::Sampler;

use super::number::short;
use super::warnings::no_better_than_the_mean;

/// What a model is judged by.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    /// What the model is of.
    pub(super) images: &'static str,
    /// The squared error of held-out images, and that of the mean image.
    pub(super) error: f64,
    pub(super) mean_error: f64,
    /// The sampler that `eae sample` draws from by default.
    pub(super) sampler: &'a Sampler,
    pub(super) draws: Option<&'a SampleReport>,
}

/// Samples this much farther from real images than others of these are still next to them.
const NEXT_TO: f64 = 1.5;
/// Samples this much farther are near.
const NEAR: f64 = 4.0;

/// Returns what the model learnt, how close its samples come to real ones, and what N(0, I) gives
/// beside them.
pub(super) fn verdict(judged: &Judged<'_>) -> String {
    let &Judged { images, error, mean_error, sampler, draws } = judged;
    let learnt = match no_better_than_the_mean(error, mean_error) {
        Some(how) => {
            format!("The model has learnt next to nothing: its reconstructions are {how} the mean of all {images}.")
        }
        None => {
            format!("Reconstructions keep {:.0} % of what distinguishes {images}.", 100.0 * (1.0 - error / mean_error))
        }
    };
    let of = |name: &str| draws?.samples.iter().find(|samples| samples.sampler == name);
    let Some((default, floor)) = of(sampler.name()).zip(draws.and_then(|draws| draws.floor)) else { return learnt };
    let frechet = |samples: &SampleQuality| samples.quality.frechet;
    let (far, real) = (frechet(default), floor.frechet);
    let close = match far / real.max(f64::MIN_POSITIVE) {
        ratio if ratio < NEXT_TO => "as close to real ones as others of these are",
        ratio if ratio < NEAR => "near real ones",
        _ => "far from real ones",
    };
    let normal = of("normal").filter(|_| sampler.name() != "normal");
    let normal =
        normal.map_or_else(String::new, |normal| format!("; draws from N(0, I) have {}", short(frechet(normal))));
    format!(
        "{learnt} Samples, decoded draws from {sampler}, are {close}: a Frechet distance of {} where real {images} have {}{normal}.",
        short(far),
        short(real)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::metrics::Quality;
    use eae::sampler;

    #[test]
    fn samples_are_beside_real_images() {
        let rows = sampler::normal::<f64>(200, 3, 1);
        let quality = |frechet: f64| {
            let mut quality = Quality::new(rows.view(), rows.view()).unwrap();
            quality.frechet = frechet;
            quality
        };
        let gaussian = Sampler::Gaussian(sampler::Gaussian::fit(rows.view()).unwrap());
        let of = |sampler, frechet| SampleQuality { sampler, quality: quality(frechet), memorization: None };
        let draws = |frechet| SampleReport {
            features: String::new(),
            floor: Some(quality(3.0)),
            samples: vec![of("gaussian", frechet), of("normal", 38.0)],
            missing: Vec::new(),
        };
        let said = |error: f64, draws: Option<&SampleReport>| {
            verdict(&Judged { images: "images", error, mean_error: 50.0, sampler: &gaussian, draws })
        };
        assert_eq!(
            said(10.0, Some(&draws(3.3))),
            "Reconstructions keep 80 % of what distinguishes images. Samples, decoded draws from a Gaussian, are as close to real \
             ones as others of these are: a Frechet distance of 3.300 where real images have 3.000; draws from N(0, I) have 38.00."
        );
        assert!(said(10.0, Some(&draws(9.0))).contains("are near real ones"));
        assert!(said(10.0, Some(&draws(30.0))).contains("are far from real ones"));
        assert_eq!(
            said(61.0, None),
            "The model has learnt next to nothing: its reconstructions are worse than the mean of all images."
        );
    }
}
