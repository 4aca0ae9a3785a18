use std::path::PathBuf;

use eae::data::Split;
use eae::evaluation::SampleReport;
use eae::metrics::{LatentReport, reconstruction_error};
use serde::Serialize;

use crate::common::Common;
use crate::dataset::{Data, Part};
use crate::failure::Failure;
use crate::judgement::{FeaturesFlag, print_samples};
use crate::output::print_json;
use crate::output::within;
use crate::run_folder::Trained;
use crate::table::refused_data;

/// Say how well a trained model reconstructs, how far its codes are from N(0, I), and how good its
/// samples are.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae evaluate runs/digits-1\n  eae evaluate runs/photos-1 --data images:FOLDER\n  eae evaluate model.safetensors --data mnist:FOLDER --part test --json"
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left, or a weights file.
    run: PathBuf,
    /// Other data than those that the model was trained on: a file, a folder or a name, as for `eae
    /// train --data`. The model is judged on all of them.
    #[arg(long)]
    data: Option<Data>,
    /// The part of the data to judge the model on. By default what is held out of the data that it
    /// was trained on, and all of others.
    #[arg(long, value_enum)]
    part: Option<Part>,
    /// The neighbour that the entropy of the codes is estimated from.
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
    #[serde(rename = "standardised")]
    standardized: bool,
    codes: Option<LatentReport>,
    #[serde(flatten)]
    samples: Option<SampleReport>,
    /// A sentence for each thing that could not be found out, with the reason.
    not_known: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { common, run, k, .. } = arguments;
    common.apply()?;
    let trained = Trained::load(run)?;
    let used = trained.used(arguments.data.as_ref(), arguments.part, Part::Test)?;
    // Each code has so many others at most; of a single one there is no entropy.
    within("--k", *k, 1..=(used.len() - 1).max(1))?;
    let (model, seed) = (&trained.model, common.seed);
    let mut not_known = Vec::new();
    let train = match trained.train_beside(&used) {
        Ok(train) => train,
        Err(problem) => {
            not_known.push(format!("how close training images are is not known, as they cannot be read: {problem}"));
            None
        }
    };
    let test = used.images.in_memory().map_err(refused_data)?;
    if test.len() < used.len() {
        not_known.push(format!(
            "what the {} others of {} would change is not known: {} of them were taken, as many as memory is used for",
            used.len() - test.len(),
            used.data,
            test.len()
        ));
    }
    let (images, n) = (test.pixels.view(), test.len());
    let codes = model.encode(images);
    let reconstruction_error = reconstruction_error(images, model.decode(codes.view()).view());
    let report = match n {
        1 => Err("the codes are not tested: that takes 2 of them, and there is one".to_owned()),
        _ => LatentReport::new(codes.view(), *k, seed).map_err(|e| format!("the codes are not tested: {e}")),
    };
    let codes = report.map_err(|problem| not_known.push(problem)).ok();
    let split = Split { train: train.unwrap_or_else(|| test.select(&[])), test };
    let samples = match n {
        0..SAMPLES => {
            let needs = format!("that takes at least {SAMPLES} real ones, not {n}");
            Err(Failure::other(format!("the quality of samples is not known: {needs}")))
        }
        _ => {
            let features = arguments.features.of(&split, model.columns().is_some(), seed, common.json);
            features.and_then(|(features, warning)| {
                not_known.extend(warning);
                SampleReport::new(model, &trained.samplers()?, &split, &features, seed).map_err(Failure::other)
            })
        }
    };
    let mut samples = match samples {
        Ok(samples) => Some(samples),
        Err(problem) if n < SAMPLES => {
            not_known.push(problem.to_string());
            None
        }
        Err(problem) => return Err(problem),
    };
    if let Some(samples) = &mut samples {
        not_known.append(&mut samples.missing);
    }
    let (run, data, part) = (run.clone(), used.data.to_string(), used.part);
    let standardized = model.columns().is_some();
    let report = Report { run, data, part, n, reconstruction_error, standardized, codes, samples, not_known };
    if common.json {
        print_json(&report);
    } else {
        report.print();
    }
    Ok(())
}

/// Real samples that their quality takes: it looks at the fifth neighbor of each.
const SAMPLES: usize = 6;

impl Report {
    fn print(&self) {
        let Self { n, reconstruction_error, standardized, codes, samples, not_known, .. } = self;
        let (images, error) = match standardized {
            true => ("vectors", "reconstruction error, standardised"),
            false => ("images", "reconstruction error, summed over pixels"),
        };
        let [of, held_out] = match self.part {
            Part::Test => [format!("{n} {images} that were held out"), format!("held-out {images}")],
            Part::Train => [format!("{n} {images} that were trained on"), format!("training {images}")],
            Part::All => [format!("{n} {images} of {}", self.data), images.to_owned()],
        };
        outln!("{error}: {reconstruction_error:.2}");
        if let Some(codes) = codes {
            outln!("\nthe codes of {of}\n{codes}");
        }
        if let Some(samples) = samples {
            outln!("");
            print_samples(samples, &held_out, images);
        }
        if !not_known.is_empty() {
            outln!("\nwhat cannot be said\n- {}", not_known.join("\n- "));
        }
    }
}
