//! A summary of the results in two sentences or three.

use eae::evaluation::{SampleQuality, SampleReport};
use eae::sampler::Sampler;

use super::number::short;
use super::warnings::no_better_than_the_mean;

/// Results that the verdict depends on.
#[derive(Debug)]
pub(super) struct Judged<'a> {
    /// Word for the data: "images" or "vectors".
    pub(super) images: &'static str,
    /// Squared error of held-out images.
    pub(super) error: f64,
    /// Squared error of the mean image.
    pub(super) mean_error: f64,
    /// Default sampler of `eae sample`.
    pub(super) sampler: &'a Sampler,
    pub(super) draws: Option<&'a SampleReport>,
}

/// Ratio of the Frechet distances of samples and of training images below which they are equally
/// close to held-out images.
const NEXT_TO: f64 = 1.5;
/// Ratio of the Frechet distances below which samples are near held-out images.
const NEAR: f64 = 4.0;

/// Describes the quality of reconstructions and of samples. Samples are also compared with draws
/// from N(0, I), unless that is the default.
pub(super) fn verdict(judged: &Judged<'_>) -> String {
    let &Judged { images, error, mean_error, sampler, draws } = judged;
    let reconstructions = match no_better_than_the_mean(error, mean_error) {
        Some(how) => {
            format!("The model has learned almost nothing: its reconstructions are {how} the mean of all {images}.")
        }
        None => {
            format!(
                "Reconstructions explain {:.0} % of the variance of held-out {images}.",
                100.0 * (1.0 - error / mean_error)
            )
        }
    };
    let of = |name: &str| draws?.samples.iter().find(|samples| samples.sampler == name);
    let Some((default, floor)) = of(sampler.name()).zip(draws.and_then(|draws| draws.floor)) else {
        return reconstructions;
    };
    let frechet = |samples: &SampleQuality| samples.quality.frechet;
    let (far, real) = (frechet(default), floor.frechet);
    let close = match far / real.max(f64::MIN_POSITIVE) {
        ratio if ratio < NEXT_TO => format!("about as close to held-out {images} as training {images} are"),
        ratio if ratio < NEAR => format!("near held-out {images}"),
        _ => format!("far from held-out {images}"),
    };
    let normal = of("normal").filter(|_| sampler.name() != "normal");
    let normal =
        normal.map_or_else(String::new, |normal| format!(" and {} for draws from N(0, I)", short(frechet(normal))));
    format!(
        "{reconstructions} Samples (decoded draws from {sampler}) are {close}. Their Frechet distance is {}, compared with {} for \
         training {images}{normal}.",
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
    fn the_verdict_compares_samples_with_training_images() {
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
            "Reconstructions explain 80 % of the variance of held-out images. Samples (decoded draws from a Gaussian) are about as \
             close to held-out images as training images are. Their Frechet distance is 3.300, compared with 3.000 for training \
             images and 38.00 for draws from N(0, I)."
        );
        assert!(said(10.0, Some(&draws(9.0))).contains("are near held-out images"));
        assert!(said(10.0, Some(&draws(30.0))).contains("are far from held-out images"));
        assert_eq!(
            said(61.0, None),
            "The model has learned almost nothing: its reconstructions are worse than the mean of all images."
        );
    }
}
