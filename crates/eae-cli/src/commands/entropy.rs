use std::path::PathBuf;

use clap::ValueEnum;
use knn_entropy::{ClosePoints, Estimate, KozachenkoLeonenko, LombardiPant, Norm, Renyi, Truncated, Weighting};
use serde::Serialize;

use super::samples::{MetricName, Numbers, Settings, hint, read, select};
use crate::failure::Failure;
use crate::{Common, print_json};

/// Estimate the entropy of the rows of a file.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae entropy samples.csv --k 3\n  eae entropy samples.npy --x 0,2-5 --estimator weighted --k 20 --json\n\nFiles: .npy of 32 or 64 bits; text with commas, semicolons, tabs or spaces, with or without a header, % and # before comments; any of them gzipped."
)]
pub(crate) struct Arguments {
    /// The file: rows are samples.
    file: PathBuf,
    /// The columns to use, such as 0,2-5 or the names of a header [default: all].
    #[arg(long)]
    x: Option<String>,
    /// What is estimated, and how.
    #[arg(long, value_enum, default_value_t = Estimator::Kl)]
    estimator: Estimator,
    /// Of renyi and tsallis: the order q.
    #[arg(long, default_value_t = 2.0)]
    order: f64,
    /// Of weighted: the largest sum of the weights' sizes.
    #[arg(long, default_value_t = 5.0)]
    bound: f64,
    /// Of kpn: the neighbours of which a Gaussian is made [default: n/10, but 50 to 200, and three for each column].
    #[arg(long)]
    p: Option<usize>,
    /// Of truncated: where the box begins, in each column.
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    low: f64,
    /// Of truncated: where it ends.
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true)]
    high: f64,
    /// Shorter distances count as this one, so that duplicates are no error.
    #[arg(long)]
    floor: Option<f64>,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, PartialEq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Estimator {
    /// Kozachenko and Leonenko.
    Kl,
    /// The same on a known box, neighbourhoods cut off at its faces; see --low and --high.
    Truncated,
    /// The first k neighbours, weighted as by Berrett, Samworth and Yuan.
    Weighted,
    /// The Renyi entropy of order --order.
    Renyi,
    /// The Tsallis entropy of order --order.
    Tsallis,
    /// Lombardi and Pant: a Gaussian of --p neighbours around each row.
    Kpn,
}

#[derive(Serialize)]
struct Report {
    entropy: f64,
    d: usize,
    estimator: Estimator,
    metric: MetricName,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<f64>,
    #[serde(flatten)]
    numbers: Numbers,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.common.apply()?;
    let Arguments { file, settings, estimator, .. } = arguments;
    let x = select(&read(file)?, arguments.x.as_deref(), file, settings.standardize)?;
    let (n, d) = x.dim();
    let cubes = matches!(estimator, Estimator::Truncated | Estimator::Kpn);
    let metric = settings.metric.unwrap_or(if cubes { MetricName::Linf } else { MetricName::L2 });
    if cubes && !matches!(metric, MetricName::Linf) {
        return Err(Failure::usage("--metric of truncated and kpn can only be linf: they measure boxes"));
    }
    let ordered = matches!(estimator, Estimator::Renyi | Estimator::Tsallis);
    if settings.local && ordered {
        return Err(Failure::usage("--local is not for renyi and tsallis: they are no means of contributions"));
    }
    let (k, window, norm) = (settings.k, settings.theiler, Norm::from(metric));
    let close = arguments.floor.map_or(ClosePoints::Error, ClosePoints::Floor);
    if *estimator == Estimator::Kpn && arguments.floor.is_some() {
        return Err(Failure::usage("--floor is not for kpn; remove duplicates, or take a larger --k"));
    }
    let kl = KozachenkoLeonenko::new(k).norm(norm).window(window).close_points(close);
    let renyi = Renyi::new(arguments.order, k).norm(norm).window(window).close_points(close);
    let (low, high) = (vec![arguments.low; d], vec![arguments.high; d]);
    let found: knn_entropy::Result<(f64, Option<Estimate>)> = match estimator {
        Estimator::Kl => kl.estimate(x.view()).map(with_value),
        Estimator::Weighted => {
            let weighting = Weighting::Efficient { bound: arguments.bound };
            kl.weighting(weighting).estimate(x.view()).map(with_value)
        }
        Estimator::Truncated => {
            Truncated::new(k, &low, &high).window(window).close_points(close).estimate(x.view()).map(with_value)
        }
        Estimator::Kpn => {
            let p = arguments
                .p
                .unwrap_or_else(|| (n / 10).clamp(50, 200).max(3 * (d + 2)).min(n.saturating_sub(1)).max(d + 2));
            LombardiPant::new(k, p).window(window).estimate(x.view()).map(with_value)
        }
        Estimator::Renyi => renyi.entropy(x.view()).map(|value| (value, None)),
        Estimator::Tsallis => renyi.tsallis_entropy(x.view()).map(|value| (value, None)),
    };
    let (entropy, estimate) = found.map_err(|error| hint(file, &error))?;
    let numbers = Numbers::new(settings, n, estimate.as_ref(), file);
    if arguments.common.json {
        let order = ordered.then_some(arguments.order);
        print_json(&Report { entropy, d, estimator: *estimator, metric, order, numbers });
    } else {
        let name = estimator.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned());
        let columns = if d == 1 { "column" } else { "columns" };
        numbers.print("entropy", entropy, &format!("of {n} rows, {d} {columns}; {name}, k = {k}"));
    }
    Ok(())
}

fn with_value(estimate: Estimate) -> (f64, Option<Estimate>) {
    (estimate.value(), Some(estimate))
}
