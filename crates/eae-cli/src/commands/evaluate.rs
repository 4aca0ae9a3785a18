use std::path::PathBuf;

use eae::metrics::{LatentReport, Memorisation, Quality, reconstruction_error};
use serde::Serialize;

use crate::compare::{Judge, first, flat};
use crate::dataset::Data;
use crate::failure::Failure;
use crate::trained::Trained;
use crate::{Common, features, print_json};

/// Say how well a trained model reconstructs, how far its codes are from N(0, I), and how good its samples are.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae evaluate runs/digits-1\n  eae evaluate model.safetensors --data mnist:FOLDER --json"
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// The data that it was trained on; by default what the run folder says.
    #[arg(long)]
    data: Option<Data>,
    /// The neighbour that the entropy of the codes is estimated from.
    #[arg(long, default_value_t = 1)]
    k: usize,
    /// What samples are compared on: the file of a classifier. By default a classifier of digits for images of 28 x 28 grey
    /// pixels, principal components of the pixels for others, and vectors as they are.
    #[arg(long)]
    features: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report {
    run: PathBuf,
    data: String,
    features: String,
    reconstruction_error: f64,
    /// Whether it is that of vectors, each column standardised.
    standardised: bool,
    codes: LatentReport,
    floor: Quality,
    samples: Vec<Samples>,
}

/// As many draws as there are held-out images.
#[derive(Serialize)]
struct Samples {
    sampler: &'static str,
    #[serde(flatten)]
    quality: Quality,
    memorisation: Memorisation,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { common, run, .. } = arguments;
    common.apply()?;
    let trained = Trained::load(run)?;
    let (named, data) = trained.data(arguments.data.as_ref())?;
    let model = &trained.model;
    let standardised = model.columns().is_some();
    let features = features::for_data(arguments.features.as_deref(), &data, standardised)?;
    let judge = Judge::new(&data, &features).map_err(Failure::other)?;

    let test = data.test.pixels.view();
    let n = data.test.len();
    let codes = model.encode(test);
    let samples: Result<Vec<Samples>, Failure> = trained
        .samplers()?
        .iter()
        .map(|sampler| {
            let images = model.decode(sampler.sample(n, common.seed).view());
            Ok(Samples {
                sampler: sampler.name(),
                quality: judge.quality(images.view()).map_err(Failure::other)?,
                memorisation: Memorisation::new(
                    flat(data.train.pixels.view()),
                    flat(first(test)),
                    flat(first(images.view())),
                )
                .map_err(Failure::other)?,
            })
        })
        .collect();
    let report = Report {
        run: run.clone(),
        data: named.to_string(),
        features: features.to_string(),
        reconstruction_error: reconstruction_error(test, model.decode(codes.view()).view()),
        standardised,
        codes: LatentReport::new(codes.view(), arguments.k, common.seed).map_err(Failure::other)?,
        floor: judge.floor().map_err(Failure::other)?,
        samples: samples?,
    };
    if common.json {
        print_json(&report);
    } else {
        report.print();
    }
    Ok(())
}

impl Report {
    fn print(&self) {
        let (images, error) = match self.standardised {
            true => ("vectors", "reconstruction error, standardised"),
            false => ("images", "reconstruction error, summed over pixels"),
        };
        println!("{error}: {:.2}\n", self.reconstruction_error);
        println!("the codes of {} {images} that were held out\n{}\n", self.codes.n, self.codes);
        println!("decoded draws beside {} held-out {images}, on {}", self.floor.n[0], self.features);
        println!("{:<16} Frechet       kernel  precision  recall  density  coverage", "");
        let line = |name: &str, quality: &Quality| {
            let Quality { frechet, kernel, neighbours, .. } = quality;
            println!(
                "{name:<16} {frechet:7.2}  {:11.3}  {:9.3}  {:6.3}  {:7.3}  {:8.3}",
                kernel.mean, neighbours.precision, neighbours.recall, neighbours.density, neighbours.coverage
            );
        };
        line(&format!("training {images}"), &self.floor);
        self.samples.iter().for_each(|samples| line(samples.sampler, &samples.quality));
        for Samples { sampler, memorisation, .. } in &self.samples {
            println!("\n{sampler}: {}", memorisation.verdict());
        }
    }
}
