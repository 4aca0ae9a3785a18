use std::path::PathBuf;

use serde::Serialize;

use crate::common::Common;
use crate::dataset::Data;
use crate::failure::Failure;
use crate::judgment::FeaturesFlag;
use crate::output::print_json;
use crate::report;
use crate::run_folder::{CONFIG, Config, Trained, no_such};

/// Write report.html of a run folder again.
///
/// The report shows the curves of the training, pictures, the quality of codes and samples, and
/// warnings. The same run gives the same file.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae report runs/digits-1\n  eae report runs/mnist-1 --data mnist:FOLDER  # if the data has moved"
)]
pub(crate) struct Arguments {
    /// Run folder written by `eae train`.
    run: PathBuf,
    /// Training data, if it has moved: a path or KIND:PATH, as for `eae train --data`.
    #[arg(long)]
    data: Option<Data>,
    #[command(flatten)]
    features: FeaturesFlag,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report {
    report: PathBuf,
}

/// Runs the command. `is_given` tells which flags the user has given: without a seed, the seed of
/// the training is used.
pub(crate) fn run(arguments: &Arguments, is_given: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    let Arguments { run, data, features, common } = arguments;
    if !run.exists() {
        return Err(no_such(run));
    }
    let config = Config::read(&run.join(CONFIG))?;
    let trained = Trained::load(run)?;
    let (named, data, changed) = trained.data(data.as_ref())?;
    if let Some(warning) = changed {
        errln!("warning: {warning}");
    }
    let seed = if is_given("seed") { common.seed } else { config.training.seed };
    let features = match features.is_given() {
        true => Some(features.of(&data, trained.model.columns().is_some(), seed, common.json)?),
        false => None,
    };
    let (features, warning) = features.unzip();
    if let Some(warning) = warning.flatten() {
        errln!("warning: {warning}");
    }
    let (report, _) = report::write(run, &config, &named, &data.train, &data.test, features, seed)?;
    if common.json {
        print_json(&Report { report });
    } else {
        outln!("{}", report.display());
    }
    Ok(())
}
