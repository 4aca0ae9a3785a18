use std::path::PathBuf;

use knn_entropy::{ClosePoints, Divergence, Norm};
use serde::Serialize;

use super::samples::{MetricName, Numbers, Settings, hint, read, select};
use crate::failure::Failure;
use crate::{Common, print_json};

/// Estimate the Kullback-Leibler divergence of one file's rows from another's, and the cross-entropy.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae divergence real.npy generated.npy --k 3\n\nE_p ln(p/q): how surprising rows of P are to who expects rows of Q. Not symmetric."
)]
pub(crate) struct Arguments {
    /// The file with samples of p.
    p: PathBuf,
    /// The file with samples of q.
    q: PathBuf,
    /// The columns to use in both, such as 0,2-5 [default: all].
    #[arg(long)]
    x: Option<String>,
    /// Shorter distances count as this one, so that duplicates are no error.
    #[arg(long)]
    floor: Option<f64>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    common: Common,
}

#[derive(Serialize)]
struct Report {
    divergence: f64,
    cross_entropy: f64,
    m: usize,
    d: usize,
    metric: MetricName,
    #[serde(flatten)]
    numbers: Numbers,
    other_file: PathBuf,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.common.apply()?;
    let Arguments { p: file, q: other, settings, .. } = arguments;
    if settings.standardize {
        return Err(Failure::usage(
            "--standardize is not for divergence: it would make both files alike; bring them to common units instead",
        ));
    }
    let columns = |file| select(&read(file)?, arguments.x.as_deref(), file, false);
    let (p, q) = (columns(file)?, columns(other)?);
    if p.ncols() != q.ncols() {
        return Err(Failure::usage(format!(
            "{} has {} columns and {} has {}; samples must have the same, see --x",
            file.display(),
            p.ncols(),
            other.display(),
            q.ncols()
        )));
    }
    let metric = settings.metric.unwrap_or(MetricName::L2);
    let close = arguments.floor.map_or(ClosePoints::Error, ClosePoints::Floor);
    let estimator = Divergence::new(settings.k).norm(Norm::from(metric)).window(settings.theiler).close_points(close);
    // Row numbers of an error can be of either file, unless they are of the one that can be checked by itself.
    knn_entropy::Samples::new(q.view()).map_err(|error| hint(other, &error))?;
    let estimate = estimator.estimate(p.view(), q.view()).map_err(|error| hint(file, &error))?;
    let cross_entropy = estimator.cross_entropy(p.view(), q.view()).map_err(|error| hint(file, &error))?;
    let numbers = Numbers::new(settings, p.nrows(), Some(&estimate), file);
    let (m, d) = q.dim();
    if arguments.common.json {
        let other_file = other.clone();
        print_json(&Report { divergence: estimate.value(), cross_entropy, m, d, metric, numbers, other_file });
    } else {
        let details = format!(
            "cross-entropy {cross_entropy:.6} nats\nof {} and {m} rows, {d} columns; k = {}",
            p.nrows(),
            settings.k
        );
        numbers.print("divergence", estimate.value(), &details);
    }
    Ok(())
}
