//! What the commands that estimate from files have in common: their files, columns and settings.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use eae::data::Table;
use knn_entropy::{Correction, Estimate, Norm, correct};
use ndarray::{Array2, Axis};
use serde::Serialize;

use crate::failure::Failure;

/// Settings of every estimator.
#[derive(Args)]
pub(crate) struct Settings {
    /// The distance to the k-th neighbour counts: small for little bias, large for little variance.
    #[arg(long, default_value_t = 3)]
    pub(crate) k: usize,
    /// How distances are measured [default: what is usual for the estimator].
    #[arg(long, value_enum)]
    pub(crate) metric: Option<MetricName>,
    /// Bring each column to mean 0 and standard deviation 1 (divisor n - 1) first, and estimate from that.
    #[arg(long)]
    pub(crate) standardize: bool,
    /// For a series: rows up to so many before and after one are not its neighbours.
    #[arg(long, default_value_t = 0, value_name = "ROWS")]
    pub(crate) theiler: usize,
    /// Give what each row contributes, too: a number in each line of standard output, or `local` in JSON.
    #[arg(long)]
    pub(crate) local: bool,
}

#[derive(Clone, Copy, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MetricName {
    /// The sum of the coordinates' differences.
    L1,
    /// The root of the sum of their squares.
    L2,
    /// The largest of them.
    Linf,
}

impl From<MetricName> for Norm {
    fn from(name: MetricName) -> Self {
        match name {
            MetricName::L1 => Self::L1,
            MetricName::L2 => Self::L2,
            MetricName::Linf => Self::LInf,
        }
    }
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<Table, Failure> {
    Table::read(path).map_err(Failure::usage)
}

/// Some columns of a table, all if none are named.
pub(crate) fn select(
    table: &Table,
    list: Option<&str>,
    path: &Path,
    standardize: bool,
) -> Result<Array2<f64>, Failure> {
    let values = match list {
        Some(list) => table.values.select(Axis(1), &table.columns(list).map_err(Failure::usage)?),
        None => table.values.clone(),
    };
    if !standardize || values.ncols() == 0 {
        return Ok(values);
    }
    correct(values.view(), &[Correction::Standardize]).map(|found| found.samples).map_err(|error| refuse(path, &error))
}

/// What an estimator says of the samples in a file.
pub(crate) fn refuse(path: &Path, error: &knn_entropy::Error) -> Failure {
    Failure::usage(format!("{}: {error}", path.display()))
}

/// Ways out that the library names are in its own words; these are the program's.
pub(crate) fn hint(path: &Path, error: &knn_entropy::Error) -> Failure {
    use knn_entropy::Error::{Duplicates, InvalidFloor};
    match error {
        Duplicates { first, second, count, k } => Failure::usage(format!(
            "{}: {count} rows coincide with their nearest neighbour number {k}, the first of them rows {first} and {second} \
             (counted from 0); remove duplicates, take a larger --k, or set a shortest distance with --floor",
            path.display()
        )),
        InvalidFloor(floor) => Failure::usage(format!("--floor is {floor}; it must be a finite number above 0")),
        _ => refuse(path, error),
    }
}

/// What is printed of every estimate.
#[derive(Serialize)]
pub(crate) struct Numbers {
    pub(crate) unit: &'static str,
    pub(crate) n: usize,
    pub(crate) k: usize,
    pub(crate) standard_error: Option<f64>,
    pub(crate) confidence_95: Option<(f64, f64)>,
    pub(crate) standardized: bool,
    pub(crate) theiler: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) local: Option<Vec<f64>>,
    pub(crate) file: PathBuf,
}

impl Numbers {
    pub(crate) fn new(settings: &Settings, n: usize, estimate: Option<&Estimate>, file: &Path) -> Self {
        Self {
            unit: "nats",
            n,
            k: settings.k,
            standard_error: estimate.map(Estimate::standard_error),
            confidence_95: estimate.map(|estimate| estimate.interval(0.95)),
            standardized: settings.standardize,
            theiler: settings.theiler,
            local: estimate.filter(|_| settings.local).map(|estimate| estimate.local().to_vec()),
            file: file.to_owned(),
        }
    }

    /// Prints for people: the value with its error, or with `--local` the contributions, one a line.
    pub(crate) fn print(&self, what: &str, value: f64, details: &str) {
        let error = self.standard_error.map_or(String::new(), |error| format!(" (standard error {error:.6})"));
        let summary = format!("{what} {value:.6} nats{error}\n{details}");
        match &self.local {
            None => crate::print_lines(&[summary]),
            Some(local) => {
                eprintln!("{summary}");
                crate::print_lines(&local.iter().map(f64::to_string).collect::<Vec<_>>());
            }
        }
    }
}
