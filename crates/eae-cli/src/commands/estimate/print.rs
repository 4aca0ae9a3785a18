use std::path::{Path, PathBuf};

use knn_entropy::{Estimate, Warning};
use ndarray::Array1;
use serde::Serialize;

use super::settings::{Settings, Unit};
use crate::output::{counted, print_lines};

/// An estimate in nats, for a report.
pub(super) struct Found {
    pub(super) value: f64,
    error: Option<f64>,
    interval: Option<(f64, f64)>,
    local: Option<Array1<f64>>,
}

impl Found {
    /// Creates an estimate without an error.
    pub(super) fn bare(value: f64) -> Self {
        Self { value, error: None, interval: None, local: None }
    }

    /// Creates an estimate with a standard error only.
    pub(super) fn with_error(value: f64, error: f64) -> Self {
        let width = 1.959_963_984_540_054 * error;
        Self { value, error: Some(error), interval: Some((value - width, value + width)), local: None }
    }

    /// Adds a constant to the contribution of every row, for a change of variables.
    pub(super) fn plus(mut self, term: f64) -> Self {
        self.value += term;
        self.interval = self.interval.map(|(low, high)| (low + term, high + term));
        self.local = self.local.map(|local| local + term);
        self
    }

    /// Multiplies the error and the width of the interval by a factor.
    pub(super) fn widened(mut self, factor: f64) -> Self {
        let value = self.value;
        self.error = self.error.map(|error| factor * error);
        self.interval =
            self.interval.map(|ends| (value + factor * (ends.0 - value), value + factor * (ends.1 - value)));
        self
    }
}

impl From<&Estimate> for Found {
    fn from(estimate: &Estimate) -> Self {
        // The interval of a saturated estimate is narrow, but the true value is far above it.
        let saturated = estimate.warnings().iter().any(|warning| matches!(warning, Warning::Saturated { .. }));
        Self {
            value: estimate.value(),
            error: Some(estimate.standard_error()),
            interval: (!saturated).then(|| estimate.sampling_interval(0.95)),
            local: Some(estimate.local().to_owned()),
        }
    }
}

/// Smallest number of rows for an interval. From 10 to 20 rows, the standard error is about half of
/// the deviation between samples.
const LEAST: usize = 25;

/// Returns the standard error and the interval of an estimate from `n` rows. An error or interval
/// that would be too small is left out, with a warning unless another warning explains it.
fn spread(found: &Found, n: usize, unit: Unit, warnings: &mut Vec<String>) -> (Option<f64>, Option<(f64, f64)>) {
    let error = found.error.map(|error| unit.of(error));
    let interval = found.interval.map(|(low, high)| (unit.of(low), unit.of(high)));
    let is_zero = error.is_some_and(|error| error.is_nan() || error <= 0.0);
    if error.is_some() && n < LEAST {
        let rows = counted(n, "row");
        let error = if is_zero { None } else { error };
        let rest =
            if is_zero { "the standard error is unknown" } else { "the standard error can be half of the true one" };
        warnings.push(format!("{rows} are too few for a 95 % interval, which needs at least {LEAST}; {rest}"));
        return (error, None);
    }
    if is_zero && warnings.is_empty() {
        warnings.push("all rows contribute the same, so the standard error is unknown".to_owned());
    }
    if is_zero { (None, None) } else { (error, interval) }
}

/// The common part of reports.
#[derive(Serialize)]
pub(super) struct Numbers {
    #[serde(skip)]
    pub(super) value: f64,
    pub(super) unit: &'static str,
    pub(super) n: usize,
    pub(super) k: usize,
    pub(super) standard_error: Option<f64>,
    pub(super) sampling_interval_95: Option<(f64, f64)>,
    pub(super) theiler: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) local: Option<Vec<f64>>,
    pub(super) dropped: usize,
    pub(super) warnings: Vec<String>,
    pub(super) file: PathBuf,
}

impl Numbers {
    /// Creates the numbers of a report about `n` rows of a file. `dropped` other rows were left
    /// out.
    pub(super) fn new(
        settings: &Settings,
        n: usize,
        found: &Found,
        (file, dropped): (&Path, usize),
        mut warnings: Vec<String>,
    ) -> Self {
        let unit = settings.unit;
        let (standard_error, sampling_interval_95) = spread(found, n, unit, &mut warnings);
        let local = found.local.as_ref().filter(|_| settings.local);
        Self {
            value: unit.of(found.value),
            unit: unit.name(),
            n,
            k: settings.k,
            standard_error,
            sampling_interval_95,
            theiler: settings.theiler,
            local: local.map(|local| local.iter().map(|&x| unit.of(x)).collect()),
            dropped,
            warnings,
            file: file.to_owned(),
        }
    }

    /// Marks the number as one without a unit.
    pub(super) fn without_unit(self) -> Self {
        Self { unit: "none", ..self }
    }

    /// Prints the report as text: warnings on standard error, then the value with its error, or
    /// with `--local` the contributions, one per line.
    pub(super) fn print(&self, what: &str, details: &str) {
        warn(&self.warnings);
        let unit = if self.unit == "none" { String::new() } else { format!(" {}", self.unit) };
        let error = self.standard_error.map_or(String::new(), |error| format!(" (standard error {error:.6})"));
        let interval = self.sampling_interval_95.map_or(String::new(), |(low, high)| {
            format!("\n95 % interval {low:.6} to {high:.6} (sampling error only; bias not included)")
        });
        let summary = format!("{what} {:.6}{unit}{error}{interval}\n{details}", self.value);
        match &self.local {
            None => print_lines(&[summary]),
            Some(local) => {
                errln!("{summary}");
                print_lines(&local.iter().map(f64::to_string).collect::<Vec<_>>());
            }
        }
    }
}

/// Prints warnings on standard error.
pub(super) fn warn(warnings: &[String]) {
    for warning in warnings {
        errln!("warning: {warning}");
    }
}

/// Returns a warning if the neighbors are half of the rows or more.
pub(super) fn doubtful_k(k: usize, rows: usize) -> Option<String> {
    let way = if k > 1 { "use a smaller --k or more rows" } else { "use more rows" };
    let rows_in_words = counted(rows, "row");
    (k >= rows.div_ceil(2))
        .then(|| format!("--k is {k}, at least half of {rows_in_words}, so neighbors are not near; {way}"))
}

/// Returns a fraction as a percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

/// Returns an amount in nats as text in a unit.
pub(super) fn amount(nats: f64, unit: Unit) -> String {
    format!("{:.3} {}", unit.of(nats), unit.name())
}
