use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressStyle};
use knn_entropy::{FamilySignificance, PermutationTest};
use ndarray::Axis;
use serde::Serialize;

use super::flags::Arguments;
use crate::commands::estimate::blocks::Block;
use crate::commands::estimate::choice::{Chosen, settle};
use crate::commands::estimate::input::Data;
use crate::commands::estimate::measure::Sides;
use crate::commands::estimate::print::{doubtful_k, warn};
use crate::commands::estimate::settings::word;
use crate::commands::estimate::significance::{Plan, SurrogatesName, plan};
use crate::commands::estimate::wish::{Estimator, Refusal, TiesReport};
use crate::failure::Failure;
use crate::output::{print_json, print_lines};

#[derive(Serialize)]
struct Report {
    target: Vec<String>,
    columns: Vec<Row>,
    unit: &'static str,
    n: usize,
    k: usize,
    permutations: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    surrogates: Option<SurrogatesName>,
    standardized: bool,
    ranks: bool,
    theiler: usize,
    dropped: usize,
    warnings: Vec<String>,
    file: std::path::PathBuf,
}

/// A column with its information about the target.
#[derive(Serialize)]
struct Row {
    column: usize,
    name: String,
    mutual_information: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    equivalent_correlation: Option<f64>,
    standard_error: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    p_value: Option<f64>,
    /// The p-value, corrected for the number of columns by the maximum statistic.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrected_p_value: Option<f64>,
    estimator: Estimator,
    ties: TiesReport,
}

/// A column with its estimate. The target is `x`, so that the surrogates rearrange it in the same
/// way for all columns.
struct Member {
    column: usize,
    sides: Sides,
    chosen: Chosen,
}

/// Ranks columns by their information with the target.
pub(super) fn run(arguments: &Arguments, mut data: Data) -> Result<(), Failure> {
    let Some(target) = arguments.y.as_deref() else {
        return Err(Failure::usage("--each needs a target; name its column with --y"));
    };
    if arguments.settings.local {
        return Err(Failure::usage("--local cannot be combined with --each; use it with a single column"));
    }
    let target = data.columns(Some(target))?;
    let all = data.columns(arguments.x.as_deref())?;
    let columns: Vec<usize> = all.into_iter().filter(|column| !target.contains(column)).collect();
    if columns.is_empty() {
        return Err(Failure::usage("--each: there are no columns besides those of --y; name other columns with --x"));
    }
    for &column in &target {
        arguments.check_label(&data, column)?;
    }
    let (mut usable, mut unusable) = (Vec::new(), Vec::new());
    let mut first_failure = None;
    for column in columns {
        if data.values(&[column]).iter().all(|x| x.is_nan()) {
            unusable.push(format!("{}: no row has a value, so it was left out", data.column(column)));
            continue;
        }
        match arguments.check_label(&data, column) {
            Ok(()) => usable.push(column),
            Err(failure) => {
                unusable.push(left_out(&data.column(column), &failure));
                first_failure.get_or_insert(failure);
            }
        }
    }
    let columns = usable;
    let sides = arguments.sides(&mut data, [&target, &columns, &[]])?;
    let mut warnings = data.notes();
    warnings.extend(unusable);
    let (mut members, mut of_columns): (Vec<Member>, Vec<(String, String)>) = (Vec::new(), Vec::new());
    for (place, &column) in columns.iter().enumerate() {
        let one = sides.y.column(place);
        let mut sides = Sides { x: sides.x.clone(), y: one, z: sides.z.clone() };
        match settle(&mut sides, &arguments.wish()) {
            Ok(chosen) => {
                let notes = chosen.notes.iter().cloned().chain(arguments.warnings(&chosen, &sides, &data));
                of_columns.extend(notes.map(|note| (data.column(column), note)));
                members.push(Member { column, sides, chosen });
            }
            Err(Refusal::Constant { block: 1, .. }) => {
                warnings
                    .push(format!("{}: constant, so it carries no information and was left out", data.column(column)));
            }
            // The other columns can be ranked all the same.
            Err(refusal) => {
                let failure = arguments.refuse(refusal, &data, [&target, &[column], &[]]);
                warnings.push(left_out(&data.column(column), &failure));
                first_failure.get_or_insert(failure);
            }
        }
    }
    warnings.extend(merged(&of_columns, &sides.x.names));
    if members.iter().any(|member| !(member.sides.x.all_labels() && member.sides.y.all_labels())) {
        warnings.extend(doubtful_k(arguments.settings.k, data.len()));
    }
    if members.is_empty() {
        if let Some(failure) = first_failure {
            return Err(failure);
        }
        return Err(Failure::usage(
            "--each: all columns besides those of --y are constant; name other columns with --x",
        ));
    }
    let permutations = arguments.permutations_of_each();
    let (mut plan, mut family) = (None, None);
    if permutations > 0 {
        let found = test(arguments, &members, permutations)
            .map_err(|error| arguments.refuse(Refusal::Library(error), &data, [&target, &columns, &[]]))?;
        warnings.extend(found.0.notes());
        (plan, family) = (Some(found.0), Some(found.1));
    }
    let unit = arguments.settings.unit;
    let row = |(number, member): (usize, &Member)| Row {
        column: member.column,
        name: data.column(member.column),
        mutual_information: unit.of(member.chosen.estimate.value()),
        equivalent_correlation: member.chosen.equivalent_correlation(&member.sides),
        standard_error: unit.of(member.chosen.estimate.standard_error()),
        p_value: family.as_ref().map(|family| family.members()[number].p_value()),
        corrected_p_value: family.as_ref().map(|family| family.corrected_p_value(number)),
        estimator: member.chosen.estimator,
        ties: member.chosen.ties.clone(),
    };
    let mut rows: Vec<Row> = members.iter().enumerate().map(row).collect();
    rows.sort_by(|a, b| b.mutual_information.total_cmp(&a.mutual_information).then(a.column.cmp(&b.column)));
    let report = Report {
        target: target.iter().map(|&column| data.column(column)).collect(),
        columns: rows,
        unit: unit.name(),
        n: data.len(),
        k: arguments.settings.k,
        permutations,
        surrogates: plan.map(|plan| plan.name),
        standardized: !arguments.ranks,
        ranks: arguments.ranks,
        theiler: arguments.settings.theiler,
        dropped: data.dropped,
        warnings,
        file: data.path.clone(),
    };
    if arguments.common.json {
        print_json(&report);
    } else {
        warn(&report.warnings);
        print_lines(&text(&report));
    }
    Ok(())
}

fn left_out(column: &str, failure: &Failure) -> String {
    format!("{column}: left out, because of an error ({failure})")
}

/// Merges the notes of all columns: each with the name of its column, and those about the target
/// once.
fn merged(notes: &[(String, String)], target: &[String]) -> Vec<String> {
    let of_target = |text: &str| {
        target.iter().any(|name| text == format!("labels: {name}") || text.starts_with(&format!("column {name} ")))
    };
    let mut merged = Vec::new();
    for (column, text) in notes {
        let line = if of_target(text) { text.clone() } else { format!("{column}: {text}") };
        if !merged.contains(&line) {
            merged.push(line);
        }
    }
    merged
}

/// Tests all columns with the same surrogates of the target.
fn test(
    arguments: &Arguments,
    members: &[Member],
    permutations: usize,
) -> knn_entropy::Result<(Plan, FamilySignificance)> {
    let size = (arguments.settings.theiler, permutations);
    let of = |member: &Member| plan(arguments.surrogates, &member.sides.x, &member.sides.y, false, size);
    // If one column is a series, all are tested as series.
    let mut plans: Vec<Plan> = members.iter().map(of).collect::<knn_entropy::Result<_>>()?;
    let series = plans.iter().position(|plan| plan.name != SurrogatesName::Shuffle);
    let plan = plans.swap_remove(series.unwrap_or(0));
    let bar = if stderr().is_terminal() {
        ProgressBar::new(((permutations + 1) * members.len()) as u64)
    } else {
        ProgressBar::hidden()
    };
    let style = ProgressStyle::with_template("{bar:24} {percent:>3} %, {eta} left").expect("a valid template");
    let bar = bar.with_style(style);
    let orders = PermutationTest::new(permutations, arguments.common.seed).surrogates(plan.surrogates);
    let tested: Vec<Sides> = members.iter().map(|member| member.sides.first(plan.rows)).collect();
    let family = orders.orders(plan.rows)?.run_family(members.len(), |rows, number| {
        let sides = &tested[number];
        bar.inc(1);
        Ok(members[number].chosen.measure.estimate(sides.x.values.select(Axis(0), rows).view(), sides)?.value())
    });
    bar.finish_and_clear();
    Ok((plan, family?))
}

/// Returns the report as a table.
fn text(report: &Report) -> Vec<String> {
    let width = report.columns.iter().map(|row| row.name.chars().count()).max().unwrap_or(0).max(6);
    let tested = report.permutations > 0;
    let mut header = format!("{:width$}  {:>11}  {:>9}", "column", report.unit, "std error");
    header += if tested { "  p       corrected  estimator" } else { "  estimator" };
    let line = |row: &Row| {
        let mut line = format!("{:width$}  {:>11.6}  {:>9.6}", row.name, row.mutual_information, row.standard_error);
        if let (Some(p), Some(corrected)) = (row.p_value, row.corrected_p_value) {
            line += &format!("  {p:.4}  {corrected:<9.4}");
        }
        line + &format!("  {}", word(row.estimator))
    };
    let about = format!("information with {}, from {} rows; k = {}", report.target.join(","), report.n, report.k);
    std::iter::once(header).chain(report.columns.iter().map(line)).chain([about]).collect()
}

impl Block {
    /// Returns the block of a single column.
    fn column(&self, column: usize) -> Self {
        Self {
            values: self.values.select(Axis(1), &[column]),
            names: vec![self.names[column].clone()],
            periods: vec![self.periods[column]],
            labels: vec![self.labels[column]],
            numeric: vec![self.numeric[column]],
            scales: vec![self.scales[column]],
        }
    }
}
