use std::path::PathBuf;

use eae::data::Split;
use eae::evaluation::SampleReport;
use eae::metrics::{LatentReport, reconstruction_error};
use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Part};
use crate::failure::Failure;
use crate::judgment::{FeaturesFlag, print_samples};
use crate::output::within;
use crate::output::{counted, print_json};
use crate::run_folder::Trained;
use crate::table::refused_data;

/// Measure reconstruction error and sample quality of a model.
///
/// Prints the reconstruction error, tests of whether the codes are distributed as N(0, I), and the
/// quality of samples from each sampler, with that of training images for comparison.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae evaluate runs/digits-1\n  eae evaluate runs/photos-1 --data images:FOLDER\n  eae evaluate model.safetensors --data mnist:FOLDER --part test --json"
)]
pub(crate) struct Arguments {
    /// Run folder written by `eae train`, or a weights file.
    run: PathBuf,
    /// Data to evaluate on instead of the training data's held-out part: a path or KIND:PATH, as
    /// for `eae train --data`.
    #[arg(long)]
    data: Option<Data>,
    /// Part of the data to evaluate on [default: test, or all with --data].
    #[arg(long, value_enum)]
    part: Option<Part>,
    /// Number of the neighbor from which the entropy of the codes is estimated.
    #[arg(long, default_value_t = 1)]
    k: usize,
    #[command(flatten)]
    features: FeaturesFlag,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report {
    run: PathBuf,
    data: String,
    part: Part,
    n: usize,
    reconstruction_error: f64,
    standardized: bool,
    codes: Option<LatentReport>,
    #[serde(flatten)]
    samples: Option<SampleReport>,
    /// A sentence for each result that is missing or doubtful.
    warnings: Vec<String>,
    /// The first few files of a folder that were skipped because they are not images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { common, run, k, .. } = arguments;
    let trained = Trained::load(run)?;
    let used = trained.open(arguments.data.as_ref(), arguments.part, Part::Test)?;
    // A code has at most this many neighbors. A single code has no entropy.
    within("--k", *k, 1..=(used.len() - 1).max(1))?;
    let (model, seed) = (&trained.model, common.seed);
    let mut warnings = used.all_warnings();
    let train = match trained.train_beside(&used, &mut warnings) {
        Ok(train) => train,
        Err(problem) => {
            warnings.push(format!("there are no scores of the training data, because it cannot be read: {problem}"));
            None
        }
    };
    let test = used.images.in_memory().map_err(refused_data)?;
    if test.len() < used.len() {
        warnings.push(format!(
            "only {} of the {} images of {} were evaluated, to limit memory",
            test.len(),
            used.len(),
            used.data
        ));
    }
    let (images, n) = (test.pixels.view(), test.len());
    let codes = model.encode(images);
    let reconstruction_error = reconstruction_error(images, model.decode(codes.view()).view());
    let report = match n {
        1 => Err("the codes were not tested: this needs at least 2 codes, but there is only 1".to_owned()),
        _ => LatentReport::new(codes.view(), *k, seed).map_err(|e| format!("the codes were not tested: {e}")),
    };
    let codes = report.map_err(|problem| warnings.push(problem)).ok();
    let split = Split { train: train.unwrap_or_else(|| test.select(&[])), test };
    let mut samples = None;
    if n < SAMPLES {
        warnings.push(format!(
            "the quality of samples was not measured: this needs at least {SAMPLES}, but there {} only {}",
            if n == 1 { "is" } else { "are" },
            counted(n, "real sample")
        ));
    } else {
        let (features, warning) = arguments.features.of(&split, model.columns().is_some(), seed, common.json)?;
        warnings.extend(warning);
        let (samplers, refinement) = (trained.samplers()?, trained.refinement()?);
        let report = SampleReport::new(model, &samplers, refinement.as_ref(), &split, &features, seed);
        samples = Some(report.map_err(Failure::other)?);
    }
    if let Some(samples) = &mut samples {
        warnings.append(&mut samples.missing);
        if used.is_unlike {
            // Every sample is closer to the training data than data of another kind.
            samples.samples.iter_mut().for_each(|sample| sample.memorization = None);
            warnings.push(
                "samples were not searched for copies of the training data, because the data is unlike it".to_owned(),
            );
        }
    }
    let (run, data, part) = (run.clone(), used.data.to_string(), used.part);
    let (standardized, skipped) = (model.columns().is_some(), used.skipped().to_vec());
    let report = Report { run, data, part, n, reconstruction_error, standardized, codes, samples, warnings, skipped };
    if common.json {
        print_json(&report);
    } else {
        report.print();
    }
    Ok(())
}

/// Smallest number of real samples for the quality of samples, which uses their fifth neighbors.
const SAMPLES: usize = 6;

impl Report {
    fn print(&self) {
        let Self { n, reconstruction_error, standardized, codes, samples, warnings, .. } = self;
        let (images, error) = match standardized {
            true => ("vectors", "reconstruction error, standardized"),
            false => ("images", "reconstruction error, summed over pixels"),
        };
        let [of, held_out] = match self.part {
            Part::Test => [format!("{n} held-out {images}"), format!("held-out {images}")],
            Part::Train => [format!("{n} training {images}"), format!("training {images}")],
            Part::All => [format!("{n} {images} of {}", self.data), images.to_owned()],
        };
        let digits = if *reconstruction_error < 0.1 { 4 } else { 2 };
        outln!("{error}: {reconstruction_error:.digits$}");
        if let Some(codes) = codes {
            outln!("\ncodes of {of}\n{codes}");
        }
        if let Some(samples) = samples {
            outln!("");
            print_samples(samples, &held_out, images);
        }
        if !warnings.is_empty() {
            outln!("\nwarnings:\n- {}", warnings.join("\n- "));
        }
    }
}
