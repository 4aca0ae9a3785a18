//! Errors of the estimators, reworded for the command line: with lines, names of columns, and flags
//! as advice.

use knn_entropy::Error;

use super::input::Data;
use super::peaks::Peaks;
use super::rounding::{shown, step};
use super::wish::Refusal;
use crate::failure::Failure;
use crate::output::{counted, rows_that};

/// The file, rows and columns of an estimator's samples.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) data: &'a Data,
    pub(super) columns: &'a [usize],
    /// The row of the data with each sample, if they are not the same.
    pub(super) times: &'a [usize],
}

impl<'a> Place<'a> {
    pub(super) fn new(data: &'a Data, columns: &'a [usize]) -> Self {
        Self { data, columns, times: &[] }
    }

    /// Returns the line of a sample as text: `line 17`.
    pub(super) fn row(&self, row: usize) -> String {
        self.data.row(self.of_sample(row))
    }

    /// Returns the place of a value as text: `data.csv, line 17, column 2 ("age")`.
    fn cell(&self, row: usize, column: usize) -> String {
        let row = self.of_sample(row);
        match self.columns.get(column) {
            Some(&column) => self.data.cell(row, column),
            None => format!("{}, {}", self.data.name, self.data.row(row)),
        }
    }

    fn of_sample(&self, row: usize) -> usize {
        self.times.get(row).copied().unwrap_or(row).min(self.data.len().saturating_sub(1))
    }

    /// Returns a column as text: `column 2 ("age")`.
    pub(super) fn column(&self, column: usize) -> String {
        self.columns.get(column).map_or_else(|| format!("column {column}"), |&column| self.data.table.describe(column))
    }

    /// Returns a failure about the file.
    pub(super) fn refuse(&self, message: impl std::fmt::Display) -> Failure {
        Failure::usage(format!("{}: {message}", self.data.name))
    }

    /// Returns the failure for an error that has the same meaning in every command.
    pub(super) fn explain(&self, error: &Error, theiler: usize) -> Failure {
        let cell =
            |row: usize, column: usize, rest: String| Failure::usage(format!("{} {rest}", self.cell(row, column)));
        match error {
            Error::NotFinite { row, column, value } => {
                cell(*row, *column, format!("is {value}; all numbers must be finite, so remove the row"))
            }
            Error::ZeroK => Failure::usage("--k is 0; it must be at least 1"),
            Error::KTooLarge { others: 0, .. } => {
                let window = if theiler > 0 { "a smaller --theiler or " } else { "" };
                self.refuse(format!("there is no other row to compare a row with; use {window}more rows"))
            }
            Error::KTooLarge { k, others } => {
                let window = if theiler > 0 { ", a smaller --theiler" } else { "" };
                let fewer = if *k > 1 { "a smaller --k".to_owned() + window } else { window.trim_start_matches(", ").to_owned() };
                let or = if fewer.is_empty() { "" } else { " or " };
                self.refuse(format!(
                    "--k is {k}, but a row has only {} to choose from; use {fewer}{or}more rows",
                    counted(*others, "other row")
                ))
            }
            Error::DistanceOverflow { first, second } => self.refuse(format!(
                "the distance between {} and {} is too large for a 64-bit float; scale the columns down",
                self.row(*first),
                self.row(*second)
            )),
            Error::InvalidFloor(floor) => {
                Failure::usage(format!("--floor is {floor}; it must be a finite number above 0"))
            }
            Error::TorusTooSmall { row, k, distance, period } => self.refuse(format!(
                "neighbor number {k} of {} is {distance} away, more than half the shortest period, {period}; use {}more rows",
                self.row(*row),
                if *k > 1 { "a smaller --k or " } else { "" }
            )),
            Error::OutOfRange { what } => self.refuse(format!("{what} is too large for a 64-bit float; scale the columns down")),
            Error::TooFewRotations { surrogates, rotations, rows, min_shift } => {
                let fewer = match rotations {
                    0 => String::new(),
                    _ => format!("--permutations {rotations} or fewer, or "),
                };
                Failure::usage(format!(
                    "--permutations is {surrogates}, but {rows} rows have only {} by at least {}; use {fewer}--surrogates \
                     blocks",
                    counted(*rotations, "rotation"),
                    counted(*min_shift, "row")
                ))
            }
            Error::InvalidBlockLength { length, rows } => self.refuse(format!(
                "blocks of {length} rows do not rearrange {rows} rows; use more rows, or --surrogates shuffle if the rows \
                 are independent"
            )),
            Error::ConditionNeeded => {
                Failure::usage("--surrogates local needs a condition; give one, or use --surrogates shuffle or rotate")
            }
            Error::ZeroSetting { setting } => Failure::usage(format!("{setting} is 0; it must be at least 1")),
            error => self.refuse(error),
        }
    }

    /// Returns the failure for a refused estimate of information. `samples` is the plural of a
    /// sample.
    pub(super) fn refusal(&self, refusal: Refusal, theiler: usize, samples: &str) -> Failure {
        match refusal {
            Refusal::Message(message) => Failure::usage(message),
            Refusal::Constant { .. } => self.refuse("a column is constant"),
            Refusal::Library(Error::Ties { first, count, k }) => self.refuse(format!(
                "{}, the first of them {}: several {samples} are at the distance of its neighbor number {k}; use --ties count, \
                 or --ties dither for rounded numbers",
                rows_that(count, ["has ties", "have ties"]),
                self.row(first)
            )),
            Refusal::Library(Error::Duplicates { first, second, count, k }) => self.refuse(format!(
                "{} neighbor number {k} of the same label, the first of them {} with {}; use --estimator mesner-shalizi",
                rows_that(count, ["coincides with its", "coincide with their"]),
                self.row(first),
                self.row(second)
            )),
            Refusal::Library(error) => self.explain(&error, theiler),
        }
    }

    /// Returns the failure for rows that coincide, in commands with `--dither` and
    /// `--drop-duplicates`. `so` is the consequence of a column without a density.
    pub(super) fn coincide(&self, first: usize, second: usize, count: usize, k: usize, so: &str) -> Failure {
        let values = self.data.values(self.columns);
        let peaks = values.columns().into_iter().enumerate();
        if let Some((column, peaks)) = peaks.filter_map(|(column, x)| Some((column, Peaks::of(x)?))).next() {
            return self.refuse(format!("{} {}", self.column(column), peaks.text(so)));
        }
        let steps: Vec<f64> = values.columns().into_iter().map(step).collect();
        let shown: Vec<String> =
            steps.iter().map(|step| if *step > 0.0 { shown(*step) } else { "0".to_owned() }).collect();
        let twice = "if rows were recorded twice, use --drop-duplicates";
        let ways = match steps.iter().all(|step| is_round(*step)) && steps.iter().any(|step| *step > 0.0) {
            true => format!("if the numbers are rounded, use --dither {}; {twice}", shown.join(",")),
            false => format!("{twice}; if the numbers are rounded, give the step with --dither"),
        };
        self.refuse(format!(
            "{} neighbor number {k}, the first of them {} with {}; {ways}",
            rows_that(count, ["coincides with its", "coincide with their"]),
            self.row(first),
            self.row(second)
        ))
    }
}

/// Returns true for a step of few digits, or none. The spacing of single-precision numbers is a
/// step, too, but has many digits.
fn is_round(step: f64) -> bool {
    let short: f64 = format!("{step:.3e}").parse().unwrap_or(step);
    (step - short).abs() <= 1e-9 * step
}
