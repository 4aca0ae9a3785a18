use std::path::PathBuf;

use serde::Serialize;

use crate::common::Common;
use crate::dataset::Data;
use crate::failure::Failure;
use crate::judgement::FeaturesFlag;
use crate::output::print_json;
use crate::report;
use crate::run_folder::{CONFIG, Config, Trained};

/// Make a run folder's report.html anew: curves, pictures, how good codes and samples are, and what
/// to beware of. Without --seed it draws by the seed of the training, and the same run gives the
/// same file.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae report runs/digits-1\n  eae report runs/mnist-1 --data mnist:FOLDER      # the data have moved"
)]
pub(crate) struct Arguments {
    /// The run folder that `eae train` left.
    run: PathBuf,
    /// The data that it was trained on; by default what the run folder says.
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

/// `said` knows which flags are the user's: without a seed it is that of the training.
pub(crate) fn run(arguments: &Arguments, said: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    let Arguments { run, data, features, common } = arguments;
    common.apply()?;
    let config = Config::read(&run.join(CONFIG))?;
    let trained = Trained::load(run)?;
    let (named, data) = trained.data(data.as_ref())?;
    let seed = if said("seed") { common.seed } else { config.training.seed };
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
