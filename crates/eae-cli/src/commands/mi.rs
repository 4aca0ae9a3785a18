use std::path::PathBuf;

use clap::ValueEnum;
use knn_entropy::{Ksg, KsgVariant, Norm, PermutationTest};
use ndarray::{Array2, Axis};
use serde::Serialize;

use super::samples::{MetricName, Numbers, Settings, hint, read, select};
use crate::failure::Failure;
use crate::{Common, print_json};

/// Estimate the mutual information between columns of a file, given others if asked for.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae mi data.csv --x 0,1 --y 2\n  eae mi data.csv --x height --y weight --z age --standardize --permutations 199\n\nThe estimate depends on the columns' scales: use --standardize unless they have a common unit."
)]
pub(crate) struct Arguments {
    /// The file: rows are samples.
    file: PathBuf,
    /// Columns on the one side, such as 0,2-5 or the names of a header [default: the first of two].
    #[arg(long)]
    x: Option<String>,
    /// Columns on the other side [default: the second of two].
    #[arg(long)]
    y: Option<String>,
    /// Columns that are given: the information is conditional on them.
    #[arg(long)]
    z: Option<String>,
    /// How it is estimated.
    #[arg(long, value_enum, default_value_t = Estimator::Ksg1)]
    estimator: Estimator,
    /// Compare with so many shuffles of x, which know nothing of y: gives a p-value.
    #[arg(long, default_value_t = 0)]
    permutations: usize,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Estimator {
    /// The first algorithm of Kraskov, Stoegbauer and Grassberger.
    Ksg1,
    /// Their second.
    Ksg2,
}

#[derive(Serialize)]
struct Report {
    mutual_information: f64,
    conditional: bool,
    dx: usize,
    dy: usize,
    dz: usize,
    estimator: Estimator,
    metric: MetricName,
    #[serde(skip_serializing_if = "Option::is_none")]
    p_value: Option<f64>,
    #[serde(flatten)]
    numbers: Numbers,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.common.apply()?;
    let Arguments { file, settings, .. } = arguments;
    let table = read(file)?;
    let (x, y) = match (arguments.x.as_deref(), arguments.y.as_deref()) {
        (Some(x), Some(y)) => (x, y),
        (None, None) if table.values.ncols() == 2 && arguments.z.is_none() => ("0", "1"),
        _ => {
            let count = table.values.ncols();
            return Err(Failure::usage(format!(
                "--x and --y must say which of the {count} columns belong to which side"
            )));
        }
    };
    let columns = |list: &str| select(&table, Some(list), file, settings.standardize);
    let (x, y) = (columns(x)?, columns(y)?);
    let z = arguments.z.as_deref().map(columns).transpose()?.unwrap_or_else(|| Array2::zeros((x.nrows(), 0)));
    let metric = settings.metric.unwrap_or(MetricName::Linf);
    let algorithm = match arguments.estimator {
        Estimator::Ksg1 => KsgVariant::One,
        Estimator::Ksg2 => KsgVariant::Two,
    };
    let ksg = Ksg::new(settings.k).variant(algorithm).norm(Norm::from(metric)).window(settings.theiler);
    let refuse = |error| hint(file, &error);
    let estimate = ksg.conditional_estimate(x.view(), y.view(), z.view()).map_err(refuse)?;
    let p_value = match arguments.permutations {
        0 => None,
        permutations => {
            let statistic = |rows: &[usize]| ksg.conditional(x.select(Axis(0), rows).view(), y.view(), z.view());
            let test = PermutationTest::new(permutations, arguments.common.seed);
            Some(test.run(x.nrows(), statistic).map_err(refuse)?.p_value())
        }
    };
    let numbers = Numbers::new(settings, x.nrows(), Some(&estimate), file);
    let [dx, dy, dz] = [&x, &y, &z].map(|columns| columns.ncols());
    if arguments.common.json {
        let report = Report {
            mutual_information: estimate.value(),
            conditional: dz > 0,
            dx,
            dy,
            dz,
            estimator: arguments.estimator,
            metric,
            p_value,
            numbers,
        };
        print_json(&report);
    } else {
        let given = if dz > 0 { format!(" given {dz}") } else { String::new() };
        let p_value = p_value.map_or(String::new(), |p| format!("; p = {p:.4}"));
        let details = format!("of {} rows, {dx} and {dy} columns{given}; k = {}{p_value}", x.nrows(), settings.k);
        numbers.print("mutual information", estimate.value(), &details);
    }
    Ok(())
}
