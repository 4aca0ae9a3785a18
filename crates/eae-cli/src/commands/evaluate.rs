use std::path::PathBuf;

use serde::Serialize;

use crate::common::Common;
use crate::dataset::Data;
use crate::failure::Failure;
use crate::features;
use crate::judgement::{Draws, Judgement};
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
    #[serde(flatten)]
    judgement: Judgement,
    #[serde(flatten)]
    draws: Draws,
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
    let judged = Judgement::new(model, &data.test, arguments.k, common.seed);
    let (judgement, _) = judged.map_err(Failure::other)?;
    let draws = Draws::new(model, &trained.samplers()?, &data, &features, common.seed).map_err(Failure::other)?;
    let report = Report { run: run.clone(), data: named.to_string(), judgement, draws };
    if common.json {
        print_json(&report);
    } else {
        report.print();
    }
    Ok(())
}

impl Report {
    fn print(&self) {
        let Judgement { reconstruction_error, standardised, codes } = &self.judgement;
        let (images, error) = match standardised {
            true => ("vectors", "reconstruction error, standardised"),
            false => ("images", "reconstruction error, summed over pixels"),
        };
        println!("{error}: {reconstruction_error:.2}\n");
        println!("the codes of {} {images} that were held out\n{codes}\n", codes.n);
        self.draws.print(images);
    }
}
