mod report;
mod series;

use std::path::PathBuf;

use knn_entropy::{Error, PermutationTest};
use ndarray::Axis;

use super::choice::{Chosen, Estimator, Refusal, TiesWish, Wish, settle};
use super::hints::Place;
use super::input::Data;
use super::settings::{FILES, Reading, Settings, word};
use super::significance::SurrogatesName;
use super::warnings::reworded;
use crate::Common;
use crate::failure::Failure;

use report::Outcome;
use series::{Member, Samples};

/// Estimate the transfer entropy from one series to another, or the information that a series stores.
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
    file: PathBuf,
    /// Columns of the source, such as 0,2-5 or the names of a header.
    #[arg(long, required_unless_present = "storage")]
    source: Option<String>,
    /// Columns of the target.
    #[arg(long)]
    target: String,
    /// Columns of series whose pasts are given, too.
    #[arg(long, value_name = "COLUMNS")]
    condition: Option<String>,
    /// Estimate how much the past of the target tells about its next value, without a source.
    #[arg(long, conflicts_with_all = ["source", "condition", "delay", "source_past"])]
    storage: bool,
    /// Steps from the source's last value to the target's next one, or a range of them such as 1..10.
    #[arg(long, default_value = "1", value_name = "N|N..M")]
    delay: Delays,
    /// The number of past values of the target.
    #[arg(long, default_value_t = 1)]
    past: usize,
    /// The number of past values of the source.
    #[arg(long, default_value_t = 1)]
    source_past: usize,
    /// The number of past values of each condition.
    #[arg(long, default_value_t = 1)]
    condition_past: usize,
    /// Steps from one past value to the next.
    #[arg(long, default_value_t = 1)]
    lag: usize,
    /// The rule for rows that have neighbors at equal distances.
    #[arg(long, value_enum, default_value_t = TiesWish::Auto)]
    ties: TiesWish,
    /// Bring each column to mean 0 and standard deviation 1 (divisor n - 1) first.
    #[arg(long)]
    standardize: bool,
    /// Compare with this many rearrangements of the source's past: gives p-values.
    #[arg(long, default_value_t = 0)]
    permutations: usize,
    /// The rearrangements; auto rotates the source, or shuffles blocks of it if there are too few rotations.
    #[arg(long, value_enum, default_value_t = SurrogatesName::Auto)]
    surrogates: SurrogatesName,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    common: Common,
}

/// Delays from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Delays {
    first: usize,
    last: usize,
}

impl std::str::FromStr for Delays {
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

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.common.apply()?;
    for (flag, value) in [
        ("--source-past", arguments.source_past),
        ("--condition-past", arguments.condition_past),
        ("--lag", arguments.lag),
        ("--past", if arguments.storage { arguments.past } else { 1 }),
    ] {
        if value == 0 {
            return Err(Failure::usage(format!("{flag} is 0; use at least 1")));
        }
    }
    let mut data = Data::read(&arguments.file, &arguments.reading)?;
    let list = |list: &Option<String>| list.as_deref().map_or(Ok(Vec::new()), |list| data.columns(Some(list)));
    let [source, condition] = [list(&arguments.source)?, list(&arguments.condition)?];
    let target = data.columns(Some(&arguments.target))?;
    let used = [&source[..], &target, &condition].concat();
    data.require_numbers(&used)?;
    data.require_series(&used)?;
    data.complete(&used)?;
    let mut warnings = data.notes();
    let samples = Samples::new(arguments, &data, [&source, &target, &condition])?;
    let place = Place { data: &data, columns: &[], first: samples.times.start };
    let mut members = Vec::new();
    for member in samples.members {
        members.push(arguments.settle(member, place, &mut warnings)?);
    }
    let mut family = None;
    if arguments.permutations > 0 {
        let explain = |error: Error| place.explain(&error, arguments.settings.theiler);
        warnings.push(format!("surrogates: {}, because {}", word(samples.plan.name), samples.plan.why));
        warnings.extend(samples.plan.doubt.clone());
        let test = PermutationTest::new(arguments.permutations, arguments.common.seed);
        let orders = test.surrogates(samples.plan.surrogates).orders_given(samples.given.view()).map_err(explain)?;
        let statistic = |rows: &[usize], number: usize| {
            let (member, chosen) = &members[number];
            let rearranged = member.sides.x.values.select(Axis(0), rows);
            Ok(chosen.measure.estimate(rearranged.view(), &member.sides)?.value())
        };
        family = Some(orders.run_family(members.len(), statistic).map_err(explain)?);
    }
    Outcome {
        arguments,
        data: &data,
        members: &members,
        family,
        times: samples.times,
        surrogates: samples.plan.name,
        warnings,
    }
    .print();
    Ok(())
}

impl Arguments {
    /// Estimates one of the delays.
    fn settle(
        &self,
        mut member: Member,
        place: Place<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(Member, Chosen), Failure> {
        let wish = Wish {
            estimator: Estimator::Ksg1,
            ties: self.ties,
            steps: None,
            k: self.settings.k,
            metric: self.settings.metric,
            window: self.settings.theiler,
            seed: self.common.seed,
            standardize: false,
        };
        let chosen = settle(&mut member.sides, &wish).map_err(|refusal| match refusal {
            Refusal::Library(Error::Ties { first, count, k }) => place.refuse(format!(
                "{count} rows have ties, the first of them {}: several states are at the distance of its neighbor number {k}; \
                 use --ties count, or --ties dither for rounded numbers",
                place.row(first)
            )),
            Refusal::Library(error) => place.explain(&error, self.settings.theiler),
            Refusal::Said(message) => Failure::usage(message),
            Refusal::Constant { .. } => place.refuse("a column is constant"),
        })?;
        let name = |block: usize, column: usize| member.sides.blocks()[block].names[column].clone();
        let of_library = chosen.estimate.warnings().iter();
        let of_library = of_library.filter_map(|w| reworded(w, self.settings.unit, &name, [place, place]));
        let range = self.delay.first < self.delay.last;
        for said in chosen.told.iter().cloned().chain(of_library) {
            warnings.push(if range { format!("delay {}: {said}", member.delay) } else { said });
        }
        Ok((member, chosen))
    }

    /// Series that are too short.
    fn too_short(&self, data: &Data, error: &Error) -> Failure {
        let place = Place::new(data, &[]);
        match error {
            Error::Embedding { length, needed } => {
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
