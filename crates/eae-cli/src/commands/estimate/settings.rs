//! The flags that the commands for estimates share.

use clap::{Args, ValueEnum};
use eae::data::Header;
use knn_entropy::{ClosePoints, Norm};
use serde::Serialize;

use super::rounding::Dither;

/// The settings of every estimator.
#[derive(Args)]
pub(super) struct Settings {
    /// Number of the neighbor whose distance is used; a small k has little bias, a large k little
    /// variance.
    #[arg(long, default_value_t = 3)]
    pub(super) k: usize,
    /// Norm of the distances [default: l2 for entropy, divergence and ross; linf for truncated, kpn
    /// and other information].
    #[arg(long, value_enum)]
    pub(super) metric: Option<MetricName>,
    /// For time series: exclude this many rows before and after a row from its neighbors.
    #[arg(long, default_value_t = 0, value_name = "ROWS")]
    pub(super) theiler: usize,
    /// Print the contribution of each row as well: one per line on standard output, or `local` in
    /// JSON.
    #[arg(long)]
    pub(super) local: bool,
    /// Unit of the results and of their errors.
    #[arg(long, value_enum, default_value_t = Unit::Nats)]
    pub(super) unit: Unit,
}

/// The settings for reading files.
#[derive(Args)]
pub(super) struct Reading {
    /// Kind of the first row: names of the columns, or numbers.
    #[arg(long, value_enum, default_value_t = HeaderName::Auto)]
    pub(super) header: HeaderName,
    /// Leave out rows that lack a value in a used column instead of refusing them.
    #[arg(long)]
    pub(super) drop_missing: bool,
    /// Period of a circular column, such as angle=360. Can be given several times.
    #[arg(long, value_name = "COLUMN=LENGTH")]
    pub(super) period: Vec<String>,
}

/// The rules for equal and nearly equal rows, for estimators that need distances above 0.
#[derive(Args)]
pub(super) struct Repair {
    /// Dither rounded numbers, that is, add uniform noise within their rounding steps: the step of
    /// all columns or of each one, auto to detect the steps, or no.
    #[arg(long, default_value = "auto", value_name = "auto|no|STEP[,STEP...]")]
    dither: Dither,
    /// Keep only the first of several rows of a file that are equal in all used columns.
    #[arg(long)]
    pub(super) drop_duplicates: bool,
    /// Smallest distance; shorter distances count as this one, and the estimate depends on it.
    #[arg(long)]
    pub(super) floor: Option<f64>,
}

impl Repair {
    /// Returns the dithering to apply. Steps are not detected if there is a floor.
    pub(super) fn dither(&self) -> &Dither {
        match &self.dither {
            Dither::Auto if self.floor.is_some() => &Dither::No,
            dither => dither,
        }
    }

    /// Returns the step that is given for a column, or 0.
    pub(super) fn given(&self, column: usize) -> f64 {
        match &self.dither {
            Dither::Steps(steps) => steps.get(column).or(steps.first().filter(|_| steps.len() == 1)).copied(),
            _ => None,
        }
        .unwrap_or(0.0)
    }

    /// Returns true if rows are spread by given steps.
    pub(super) fn spreads(&self) -> bool {
        matches!(self.dither, Dither::Steps(_))
    }

    pub(super) fn close_points(&self) -> ClosePoints {
        self.floor.map_or(ClosePoints::Error, ClosePoints::Floor)
    }
}

/// The formats of files, for the end of a help text.
pub(super) const FILES: &str = "\
Files are .npy arrays, or text with commas, semicolons, tabs, | or spaces
between columns, with or without a header, and may be gzipped. Lines that begin
with # or % are comments. - is standard input.";

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(super) enum HeaderName {
    /// Names.
    Yes,
    /// Numbers.
    No,
    /// Names if the row looks like names.
    Auto,
}

impl From<HeaderName> for Header {
    fn from(name: HeaderName) -> Self {
        match name {
            HeaderName::Yes => Self::Yes,
            HeaderName::No => Self::No,
            HeaderName::Auto => Self::Auto,
        }
    }
}

#[derive(Clone, Copy, PartialEq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum MetricName {
    /// Sum of the absolute differences of the coordinates.
    L1,
    /// Euclidean distance.
    L2,
    /// Largest absolute difference of the coordinates.
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

#[derive(Clone, Copy, PartialEq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Unit {
    /// Natural logarithms.
    Nats,
    /// Logarithms of base 2.
    Bits,
}

impl Unit {
    pub(super) fn of(self, nats: f64) -> f64 {
        match self {
            Self::Nats => nats,
            Self::Bits => nats / std::f64::consts::LN_2,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Nats => "nats",
            Self::Bits => "bits",
        }
    }
}

/// Returns the text of a flag's value on the command line.
pub(super) fn word(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
}
