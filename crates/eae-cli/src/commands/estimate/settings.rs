//! Flags that the estimating commands share.

use clap::{Args, ValueEnum};
use eae::data::Header;
use knn_entropy::{ClosePoints, Norm};
use serde::Serialize;

use super::rounding::Dither;

/// Settings of every estimator.
#[derive(Args)]
pub(super) struct Settings {
    /// The number of the neighbor whose distance counts. A small k has little bias, a large k
    /// little variance.
    #[arg(long, default_value_t = 3)]
    pub(super) k: usize,
    /// The norm of distances [default: the usual one of the estimator].
    #[arg(long, value_enum)]
    pub(super) metric: Option<MetricName>,
    /// For a series: leave rows up to this many before and after a row out of its neighbors.
    #[arg(long, default_value_t = 0, value_name = "ROWS")]
    pub(super) theiler: usize,
    /// Give the contribution of each row, too: a number in each line of standard output, or `local`
    /// in JSON.
    #[arg(long)]
    pub(super) local: bool,
    /// The unit of all entropies and informations, their errors included.
    #[arg(long, value_enum, default_value_t = Unit::Nats)]
    pub(super) unit: Unit,
}

/// Settings of how files are read.
#[derive(Args)]
pub(super) struct Reading {
    /// The kind of the first row: names of columns or numbers.
    #[arg(long, value_enum, default_value_t = HeaderName::Auto)]
    pub(super) header: HeaderName,
    /// Leave out rows that lack a value in a used column, instead of refusing them.
    #[arg(long)]
    pub(super) drop_missing: bool,
    /// A periodic column and the length of its period, such as angle=360. Can be given several
    /// times.
    #[arg(long, value_name = "COLUMN=LENGTH")]
    pub(super) period: Vec<String>,
}

/// Rules for rows that are equal or nearly so, of the estimators that need distances above 0.
#[derive(Args)]
pub(super) struct Repair {
    /// Spread rounded numbers within their steps: the steps of the columns, auto for detected ones,
    /// or no.
    #[arg(long, default_value = "auto", value_name = "STEP[,STEP...]")]
    dither: Dither,
    /// Keep the first of rows of a file that are equal in all used columns.
    #[arg(long)]
    pub(super) drop_duplicates: bool,
    /// Take shorter distances for this one. The estimate depends on it.
    #[arg(long)]
    pub(super) floor: Option<f64>,
}

impl Repair {
    /// Returns the dithering to apply. Nothing is detected where coinciding rows have another rule:
    /// a floor, or that of an estimator for which they are `harmless`.
    pub(super) fn dither(&self, harmless: bool) -> &Dither {
        match &self.dither {
            Dither::Auto if harmless || self.floor.is_some() => &Dither::No,
            dither => dither,
        }
    }

    pub(super) fn close_points(&self) -> ClosePoints {
        self.floor.map_or(ClosePoints::Error, ClosePoints::Floor)
    }
}

/// The files, for the end of a help text.
pub(super) const FILES: &str = "\
Files: .npy arrays of numbers; text with commas, semicolons, tabs or spaces, with or without a header; any of them gzipped.
# or % starts a comment at the start of a line only. - is standard input.";

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

/// The word on the command line for a value of a flag.
pub(super) fn word(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
}
