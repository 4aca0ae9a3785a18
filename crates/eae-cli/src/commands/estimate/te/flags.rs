//! The flags of `eae te`.

use std::path::PathBuf;
use std::str::FromStr;

use knn_entropy::Error;

use crate::commands::estimate::choice::TiesWish;
use crate::commands::estimate::hints::Place;
use crate::commands::estimate::input::Data;
use crate::commands::estimate::settings::{FILES, Reading, Settings};
use crate::commands::estimate::significance::SurrogatesName;
use crate::common::Common;
use crate::failure::Failure;

/// Estimate the transfer entropy from one series to another, or the information that a series
/// stores.
#[derive(clap::Args)]
#[command(after_help = format!("Examples:
  eae te weather.csv --source wind --target waves --permutations 199
  eae te weather.csv --source wind --target waves --condition pressure --delay 1..12 --permutations 199 --json
  eae te heart.csv --storage --target rate --past 3

Rows are times, one step apart. With a range of delays, each is tested and the best one is corrected for the choice.
States of a slow series are near each other because they are near in time: --theiler leaves such neighbors out.

{FILES}"))]
pub(crate) struct Arguments {
    /// The file: rows are times.
    pub(super) file: PathBuf,
    /// Columns of the source, such as 0,2-5 or the names of a header.
    #[arg(long, required_unless_present = "storage")]
    pub(super) source: Option<String>,
    /// Columns of the target.
    #[arg(long)]
    pub(super) target: String,
    /// Columns of series whose pasts are given, too.
    #[arg(long, value_name = "COLUMNS")]
    pub(super) condition: Option<String>,
    /// Estimate how much the past of the target tells about its next value, without a source.
    #[arg(long, conflicts_with_all = ["source", "condition", "delay", "source_past"])]
    pub(super) storage: bool,
    /// Steps from the source's last value to the target's next one, or a range of them such as
    /// 1..10.
    #[arg(long, default_value = "1", value_name = "N|N..M")]
    pub(super) delay: Delays,
    /// The number of past values of the target.
    #[arg(long, default_value_t = 1)]
    pub(super) past: usize,
    /// The number of past values of the source.
    #[arg(long, default_value_t = 1)]
    pub(super) source_past: usize,
    /// The number of past values of each condition.
    #[arg(long, default_value_t = 1)]
    pub(super) condition_past: usize,
    /// Steps from one past value to the next.
    #[arg(long, default_value_t = 1)]
    pub(super) lag: usize,
    /// The rule for rows that have neighbors at equal distances.
    #[arg(long, value_enum, default_value_t = TiesWish::Auto)]
    pub(super) ties: TiesWish,
    /// Bring each column to mean 0 and standard deviation 1 (divisor n - 1) first.
    #[arg(long)]
    pub(super) standardize: bool,
    /// Compare with this many rearrangements of the source's past: gives p-values.
    #[arg(long, default_value_t = 0)]
    pub(super) permutations: usize,
    /// The rearrangements; auto rotates the source, or shuffles blocks of it if there are too few
    /// rotations.
    #[arg(long, value_enum, default_value_t = SurrogatesName::Auto)]
    pub(super) surrogates: SurrogatesName,
    #[command(flatten)]
    pub(super) settings: Settings,
    #[command(flatten)]
    pub(super) reading: Reading,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Delays from the first to the last.
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
            (Some(first), Some(last)) => {
                Err(format!("there is no delay from {first} to {last}; write {last}..{first}"))
            }
            _ => Err("it must be a number of steps such as 3, or a range such as 1..10".to_owned()),
        }
    }
}

impl Arguments {
    /// Series that are too short.
    pub(super) fn too_short(&self, data: &Data, error: &Error) -> Failure {
        let place = Place::new(data, &[]);
        match error {
            Error::SeriesTooShort { length, needed } => {
                let flags = if self.storage {
                    "--past or --lag"
                } else {
                    "--past, --source-past, --condition-past, --lag or --delay"
                };
                place.refuse(format!(
                    "there are {length} rows, but the past values and the next one take {needed}; use more rows, or a smaller \
                     {flags}"
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
