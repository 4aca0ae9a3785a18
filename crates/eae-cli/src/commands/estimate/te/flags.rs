//! The flags of `eae te`.

use std::path::PathBuf;
use std::str::FromStr;

use knn_entropy::Error;

use crate::commands::estimate::hints::Place;
use crate::commands::estimate::input::Data;
use crate::commands::estimate::settings::{FILES, Reading, Settings};
use crate::commands::estimate::significance::SurrogatesName;
use crate::commands::estimate::wish::TiesWish;
use crate::common::Common;
use crate::failure::Failure;
use crate::output::counted;

/// Estimate the transfer entropy between time series.
///
/// With --storage, estimates how much information the past of a series has about its next value.
#[derive(clap::Args)]
#[command(after_help = format!("Examples:
  eae te weather.csv --source wind --target waves --permutations 199
  eae te weather.csv --source wind --target waves --delay 1..12
  eae te heart.csv --storage --target rate --past 3
  eae te patients.csv --source drug --target pressure --group patient

Rows are times, one step apart. With a range of delays, all are tested, and the
p-value of the best one is corrected for the choice. States of a slow series
are close because they are close in time; --theiler excludes such neighbors.
A file can hold several series, such as those of several patients. --group names
the column that tells them apart; no state then contains values of two series.
The standard error allows for contributions that resemble earlier ones.

{FILES}"))]
pub(crate) struct Arguments {
    /// File with one time step per row.
    pub(super) file: PathBuf,
    /// Columns of the source, by number (0,2-5) or name.
    #[arg(long, required_unless_present = "storage")]
    pub(super) source: Option<String>,
    /// Columns of the target.
    #[arg(long)]
    pub(super) target: String,
    /// Columns of further series, whose pasts the transfer entropy is conditioned on.
    #[arg(long, value_name = "COLUMNS")]
    pub(super) condition: Option<String>,
    /// Estimate the information storage of the target, without a source.
    #[arg(long, conflicts_with_all = ["source", "condition", "delay", "source_past", "condition_past"])]
    pub(super) storage: bool,
    /// Column that tells several series apart, by number or name, numbers or text. The rows of a
    /// series follow each other in time, but need not be adjacent.
    #[arg(long, value_name = "COLUMN")]
    pub(super) group: Option<String>,
    /// Steps from the last value of the source to the next value of the target, or a range such as
    /// 1..10, which includes both ends.
    #[arg(long, default_value = "1", value_name = "N|N..M")]
    pub(super) delay: Delays,
    /// Number of past values of the target.
    #[arg(long, default_value_t = 1)]
    pub(super) past: usize,
    /// Number of past values of the source.
    #[arg(long, default_value_t = 1)]
    pub(super) source_past: usize,
    /// Number of past values of each condition.
    #[arg(long, default_value_t = 1, requires = "condition")]
    pub(super) condition_past: usize,
    /// Steps from one past value to the next.
    #[arg(long, default_value_t = 1)]
    pub(super) lag: usize,
    /// Rule for rows with several neighbors at the same distance.
    #[arg(long, value_enum, default_value_t = TiesWish::Auto)]
    pub(super) ties: TiesWish,
    /// First scale each column to mean 0 and standard deviation 1 (divisor n - 1).
    #[arg(long)]
    pub(super) standardize: bool,
    /// First replace the numbers of each column by the normal scores of their ranks. The transfer
    /// entropy stays the same, because the map of each column is increasing.
    #[arg(long, conflicts_with = "standardize")]
    pub(super) ranks: bool,
    /// Compute p-values from this many surrogates, which rearrange the past of the source, or of
    /// the target with --storage.
    #[arg(long, default_value_t = 0)]
    pub(super) permutations: usize,
    /// Kind of the surrogates; auto rotates the source, or shuffles blocks of it if there are too
    /// few rotations.
    #[arg(long, value_enum, default_value_t = SurrogatesName::Auto)]
    pub(super) surrogates: SurrogatesName,
    #[command(flatten)]
    pub(super) settings: Settings,
    #[command(flatten)]
    pub(super) reading: Reading,
    #[command(flatten)]
    pub(super) common: Common,
}

/// A range of delays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Delays {
    pub(super) first: usize,
    pub(super) last: usize,
}

impl FromStr for Delays {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let number = |text: &str| text.trim().trim_start_matches('=').parse().ok();
        match (number(first), number(last)) {
            (Some(0), Some(_)) => Err("delays start at 1".to_owned()),
            (Some(first), Some(last)) if first <= last => Ok(Self { first, last }),
            (Some(first), Some(last)) => Err(format!("the range {first}..{last} is empty; write {last}..{first}")),
            _ => Err("expected a number of steps such as 3, or a range such as 1..10".to_owned()),
        }
    }
}

impl Arguments {
    /// Fails if two of source, target and condition share a column. It is then conditioned on and
    /// adds nothing.
    pub(super) fn check_distinct(
        &self,
        data: &Data,
        [source, target, condition]: [&[usize]; 3],
    ) -> Result<(), Failure> {
        let of_target = "the past of the target is always conditioned on";
        for (one, of_one, other, of_other, why) in [
            ("source", source, "target", target, of_target),
            ("condition", condition, "target", target, of_target),
            ("condition", condition, "source", source, "a source that is conditioned on adds nothing"),
        ] {
            if let Some(&shared) = of_one.iter().find(|column| of_other.contains(column)) {
                return Err(Place::new(data, &[]).refuse(format!(
                    "--{one} and --{other} both have {}, but {why}; leave it out of --{one}",
                    data.table.describe(shared)
                )));
            }
        }
        Ok(())
    }

    /// Returns the column of --group, which must not be one of the series.
    pub(super) fn group(&self, data: &Data, used: &[usize]) -> Result<Option<usize>, Failure> {
        let Some(list) = &self.group else { return Ok(None) };
        let place = Place::new(data, &[]);
        match data.columns(Some(list))?[..] {
            [column] if used.contains(&column) => Err(place.refuse(format!(
                "--group names {}, which is also one of the series; name the column that tells the series apart",
                data.table.describe(column)
            ))),
            [column] => match data.table.complete_rows(&[column]).len() == data.table.values.nrows() {
                true => Ok(Some(column)),
                false => Err(place.refuse(format!(
                    "a row has no value in {}, the column of --group; fill it in, or remove the row",
                    data.table.describe(column)
                ))),
            },
            ref columns => Err(Failure::usage(format!(
                "--group names {} columns; name one, such as a column with the number of the series",
                columns.len()
            ))),
        }
    }

    /// Returns the failure for series that are too short.
    pub(super) fn too_short(&self, data: &Data, error: &Error) -> Failure {
        let place = Place::new(data, &[]);
        match error {
            Error::SeriesTooShort { length, needed } => {
                let flags = if self.storage {
                    "--past or --lag"
                } else {
                    "--past, --source-past, --condition-past, --lag or --delay"
                };
                let rows = counted(*length, "row");
                let have = match self.group {
                    Some(_) => format!("the longest series has {rows}"),
                    None if data.dropped > 0 => format!("the longest part without missing values has {rows}"),
                    None => format!("there {} {rows}", if *length == 1 { "is" } else { "are" }),
                };
                place.refuse(format!(
                    "{have}, but the past values and the next one need {needed}; use more rows, or a smaller {flags}"
                ))
            }
            error => place.explain(error, self.settings.theiler),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_a_number_or_a_range() {
        assert_eq!("3".parse(), Ok(Delays { first: 3, last: 3 }));
        assert_eq!("1..10".parse(), Ok(Delays { first: 1, last: 10 }));
        for text in ["", "0", "0..3", "5..3", "x", "1..", "..3", "-1"] {
            assert!(text.parse::<Delays>().is_err(), "{text}");
        }
    }
}
