use std::path::PathBuf;

use eae::Evaluation;
use eae::evaluation::SampleReport;
use eae::metrics::LatentReport;
use serde::Serialize;

use crate::common::Common;
use crate::dataset::Data;
use crate::failure::Failure;
use crate::judgement::{features, print_samples};
use crate::output::print_json;
use crate::output::within;
use crate::run_folder::Trained;

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
    reconstruction_error: f64,
    #[serde(rename = "standardised")]
    standardized: bool,
    codes: LatentReport,
    #[serde(flatten)]
    samples: SampleReport,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { common, run, .. } = arguments;
    common.apply()?;
    let trained = Trained::load(run)?;
    let (named, data) = trained.data(arguments.data.as_ref())?;
    // Each code has so many others at most.
    within("--k", arguments.k, 1..=data.test.len().saturating_sub(1))?;
    let Trained { model, .. } = &trained;
    let features = features::for_data(arguments.features.as_deref(), &data, model.columns().is_some())?;
    let (test, seed) = (data.test.pixels.view(), common.seed);
    let evaluation =
        Evaluation::with_tests(model, model.encode(test).view(), arguments.k, seed, data.train.pixels.view(), test);
    let Evaluation { reconstruction_error, standardized, tests, .. } = evaluation.map_err(Failure::other)?;
    let samples = SampleReport::new(model, &trained.samplers()?, &data, &features, seed).map_err(Failure::other)?;
    let codes = tests.expect("an evaluation with tests");
    let (run, data) = (run.clone(), named.to_string());
    let report = Report { run, data, reconstruction_error, standardized, codes, samples };
    if common.json {
        print_json(&report);
    } else {
        report.print();
    }
    Ok(())
}

impl Report {
    fn print(&self) {
        let Self { reconstruction_error, standardized, codes, samples, .. } = self;
        let (images, error) = match standardized {
            true => ("vectors", "reconstruction error, standardised"),
            false => ("images", "reconstruction error, summed over pixels"),
        };
        outln!("{error}: {reconstruction_error:.2}\n");
        outln!("the codes of {} {images} that were held out\n{codes}\n", codes.n);
        print_samples(samples, images);
    }
}
