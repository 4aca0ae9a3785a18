//! How good a trained model is: what `eae evaluate` prints and the report shows.

use eae::data::{Images, Split};
use eae::metrics::{LatentReport, Memorization, MetricError, Quality, reconstruction_error};
use eae::sampler::Sampler;
use eae::{Autoencoder, Features};
use ndarray::Array2;
use serde::Serialize;

use crate::compare::{Judge, first, flat};

/// Held-out images through the model and back.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Judgement {
    /// The squared error, summed over pixels and averaged over images.
    pub(crate) reconstruction_error: f64,
    /// Whether it is that of vectors, each column standardised.
    pub(crate) standardised: bool,
    /// Their codes beside N(0, I).
    pub(crate) codes: LatentReport,
}

impl Judgement {
    /// Also the codes themselves.
    pub(crate) fn new(
        model: &Autoencoder<f32>,
        held_out: &Images<f32>,
        k: usize,
        seed: u64,
    ) -> Result<(Self, Array2<f32>), MetricError> {
        let images = held_out.pixels.view();
        let codes = model.encode(images);
        let judgement = Self {
            reconstruction_error: reconstruction_error(images, model.decode(codes.view()).view()),
            standardised: model.columns().is_some(),
            codes: LatentReport::new(codes.view(), k, seed)?,
        };
        Ok((judgement, codes))
    }
}

/// As many decoded draws from each sampler as there are held-out images, beside these.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Draws {
    /// What they are compared on.
    pub(crate) features: String,
    /// Training images in the place of draws.
    pub(crate) floor: Quality,
    pub(crate) samples: Vec<Samples>,
}

/// Those of one sampler.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Samples {
    pub(crate) sampler: &'static str,
    #[serde(flatten)]
    pub(crate) quality: Quality,
    pub(crate) memorisation: Memorization,
}

impl Draws {
    pub(crate) fn new(
        model: &Autoencoder<f32>,
        samplers: &[Sampler],
        data: &Split<f32>,
        features: &Features,
        seed: u64,
    ) -> Result<Self, MetricError> {
        let judge = Judge::new(data, features)?;
        let (train, test) = (data.train.pixels.view(), data.test.pixels.view());
        let decoded = |sampler: &Sampler| model.decode(sampler.sample(data.test.len(), seed).view());
        let images: Vec<_> = samplers.iter().map(decoded).collect();
        let checked: Vec<_> = images.iter().map(|images| flat(first(images.view()))).collect();
        let memorisation = Memorization::of_each(flat(train), flat(first(test)), &checked)?;
        let samples = samplers.iter().zip(&images).zip(memorisation).map(|((sampler, images), memorisation)| {
            Ok(Samples { sampler: sampler.name(), quality: judge.quality(images.view())?, memorisation })
        });
        let samples: Result<_, MetricError> = samples.collect();
        Ok(Self { features: features.to_string(), floor: judge.floor()?, samples: samples? })
    }

    /// `images` is what they are.
    pub(crate) fn print(&self, images: &str) {
        println!("decoded draws beside {} held-out {images}, on {}", self.floor.n[0], self.features);
        println!("{:<16} Frechet       kernel  precision  recall  density  coverage", "");
        let line = |name: &str, quality: &Quality| {
            let Quality { frechet, kernel, neighbors, .. } = quality;
            println!(
                "{name:<16} {frechet:7.2}  {:11.3}  {:9.3}  {:6.3}  {:7.3}  {:8.3}",
                kernel.mean, neighbors.precision, neighbors.recall, neighbors.density, neighbors.coverage
            );
        };
        line(&format!("training {images}"), &self.floor);
        self.samples.iter().for_each(|samples| line(samples.sampler, &samples.quality));
        for Samples { sampler, memorisation, .. } in &self.samples {
            println!("\n{sampler}: {}", memorisation.verdict());
        }
    }
}
