use std::path::PathBuf;

use knn_entropy::{Error, PermutationTest};
use ndarray::Axis;
use serde::Serialize;

use super::blocks::{Block, check_text};
use super::choice::{Chosen, Estimator, Refusal, TiesReport, TiesWish, Wish, settle};
use super::each;
use super::hints::Place;
use super::input::Data;
use super::measure::Sides;
use super::print::{Found, Numbers, counted, percent};
use super::rounding::Dither;
use super::settings::{FILES, MetricName, Reading, Settings, word};
use super::significance::{SurrogatesName, plan};
use super::warnings::reworded;
use crate::failure::Failure;
use crate::{Common, print_json};

/// Estimate the mutual information between columns of a file, given others if asked for.
#[derive(clap::Args)]
#[command(after_help = format!("Examples:
  eae mi data.csv --x 0,1 --y 2
  eae mi data.csv --x height --y weight --z age --standardize --permutations 199
  eae mi data.csv --y price --each            # all other columns, the most informative first

The estimate depends on the columns' scales: use --standardize unless they have a common unit.
Columns of text are labels, and so are those named with --labels. The report says which estimator was used.

{FILES}"))]
pub(crate) struct Arguments {
    /// The file: rows are samples.
    file: PathBuf,
    /// Columns on the one side, such as 0,2-5 or the names of a header [default: the first of two].
    #[arg(long)]
    pub(super) x: Option<String>,
    /// Columns on the other side [default: the second of two].
    #[arg(long)]
    pub(super) y: Option<String>,
    /// Columns that are given: the information is conditional on them.
    #[arg(long)]
    z: Option<String>,
    /// Rank every other column, or each of --x, by its information with --y. Columns are standardized.
    #[arg(long, conflicts_with = "z")]
    each: bool,
    /// The estimator.
    #[arg(long, value_enum, default_value_t = Estimator::Auto)]
    estimator: Estimator,
    /// Columns whose values are labels without an order or distances.
    #[arg(long, value_name = "COLUMNS")]
    labels: Option<String>,
    /// Columns that are numbers, even if they look like codes of labels.
    #[arg(long, value_name = "COLUMNS")]
    numeric: Option<String>,
    /// The rule of ksg1 and ksg2 for rows that have neighbors at equal distances.
    #[arg(long, value_enum, default_value_t = TiesWish::Auto)]
    ties: TiesWish,
    /// Spread rounded numbers within these steps, one for all columns or one for each of x, y and z; within the detected
    /// steps (auto); or not at all (no). For ksg1 and ksg2.
    #[arg(long, value_name = "auto|no|STEP[,STEP...]", conflicts_with = "ties")]
    dither: Option<Dither>,
    /// Keep one of rows that are equal in all used columns, for rows that were recorded twice.
    #[arg(long)]
    drop_duplicates: bool,
    /// Bring each column to mean 0 and standard deviation 1 (divisor n - 1) first.
    #[arg(long)]
    standardize: bool,
    /// Compare with this many rearrangements of x, which know nothing of y: gives a p-value [default: 0, and 99 with
    /// --each].
    #[arg(long)]
    permutations: Option<usize>,
    /// The rearrangements.
    #[arg(long, value_enum, default_value_t = SurrogatesName::Auto)]
    pub(super) surrogates: SurrogatesName,
    #[command(flatten)]
    pub(super) settings: Settings,
    #[command(flatten)]
    pub(super) reading: Reading,
    #[command(flatten)]
    pub(super) common: Common,
}

/// The result of a test.
#[derive(Serialize)]
pub(super) struct Test {
    pub(super) p_value: f64,
    pub(super) permutations: usize,
    pub(super) surrogates: SurrogatesName,
}

#[derive(Serialize)]
struct Report {
    mutual_information: f64,
    /// The mutual information on the scale of a correlation, from 0 to 1.
    correlation: f64,
    conditional: bool,
    dx: usize,
    dy: usize,
    dz: usize,
    estimator: Estimator,
    metric: MetricName,
    ties: TiesReport,
    standardized: bool,
    #[serde(flatten)]
    test: Option<Test>,
    #[serde(flatten)]
    numbers: Numbers,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    arguments.common.apply()?;
    let mut data = Data::read(&arguments.file, &arguments.reading)?;
    if arguments.each {
        return each::run(arguments, data);
    }
    let all = data.table.values.ncols();
    let (x, y) = match (arguments.x.as_deref(), arguments.y.as_deref()) {
        (Some(x), Some(y)) => (data.columns(Some(x))?, data.columns(Some(y))?),
        (None, None) if all == 2 && arguments.z.is_none() => (vec![0], vec![1]),
        _ => {
            return Err(Failure::usage(format!(
                "--x and --y must say which of the {all} columns belong to which side, or --y and --each that all belong to x"
            )));
        }
    };
    let z = arguments.z.as_deref().map_or(Ok(Vec::new()), |z| data.columns(Some(z)))?;
    let mut sides = arguments.sides(&mut data, [&x, &y, &z])?;
    let refuse = |refusal| arguments.refuse(refusal, &data, [&x, &y, &z]);
    let chosen = settle(&mut sides, &arguments.wish()).map_err(refuse)?;
    let mut warnings = data.notes();
    warnings.extend(chosen.told.iter().cloned());
    warnings.extend(arguments.warnings(&chosen, &sides, &data));

    let permutations = arguments.permutations.unwrap_or(0);
    let mut test = None;
    if permutations > 0 {
        let explain = |error| refuse(Refusal::Library(error));
        let size = (arguments.settings.theiler, permutations);
        let [by_x, _, by_z] = sides.blocks().map(|block| block.values.view());
        let plan = plan(arguments.surrogates, &sides.x, &sides.y, !z.is_empty(), size).map_err(explain)?;
        let orders = PermutationTest::new(permutations, arguments.common.seed).surrogates(plan.surrogates);
        // Without a condition nothing is nearly the same.
        let orders = if z.is_empty() { orders.orders(by_x.nrows()) } else { orders.orders_given(by_z) };
        let statistic =
            |rows: &[usize]| Ok(chosen.measure.estimate(by_x.select(Axis(0), rows).view(), &sides)?.value());
        let found = orders.and_then(|orders| orders.run(statistic)).map_err(explain)?;
        warnings.push(format!("surrogates: {}, because {}", word(plan.name), plan.why));
        warnings.extend(plan.doubt);
        test = Some(Test { p_value: found.p_value(), permutations, surrogates: plan.name });
    }
    let found = Found::from(&chosen.estimate);
    let numbers = Numbers::new(&arguments.settings, sides.rows(), &found, &data, warnings);
    let [dx, dy, dz] = sides.blocks().map(Block::width);
    let Chosen { estimator, metric, ties, estimate, .. } = chosen;
    let standardized = arguments.standardize;
    if arguments.common.json {
        print_json(&Report {
            mutual_information: numbers.value,
            correlation: estimate.correlation(),
            conditional: dz > 0,
            dx,
            dy,
            dz,
            estimator,
            metric,
            ties,
            standardized,
            test,
            numbers,
        });
    } else {
        let given = if dz > 0 { format!(" given {dz}") } else { String::new() };
        let p_value = test.map_or(String::new(), |test| format!("; p = {:.4}", test.p_value));
        let details = format!(
            "of {}, {dx} and {} {given}; {}, k = {}; ties {}{p_value}",
            counted(sides.rows(), "row"),
            counted(dy, "column"),
            word(estimator),
            arguments.settings.k,
            percent(ties.share)
        );
        numbers.print("mutual information", &details.replace(" ;", ";"));
    }
    Ok(())
}

impl Arguments {
    pub(super) fn wish(&self) -> Wish<'_> {
        let (ties, steps) = match &self.dither {
            None => (self.ties, None),
            Some(Dither::No) => (TiesWish::Count, None),
            Some(Dither::Auto) => (TiesWish::Dither, None),
            Some(Dither::Steps(steps)) => (TiesWish::Dither, Some(&steps[..])),
        };
        Wish {
            estimator: self.estimator,
            ties,
            steps,
            k: self.settings.k,
            metric: self.settings.metric,
            window: self.settings.theiler,
            seed: self.common.seed,
            standardize: self.standardize || self.each,
        }
    }

    /// The number of surrogates with `--each`.
    pub(super) fn permutations_of_each(&self) -> usize {
        self.permutations.unwrap_or(99)
    }

    /// The variables, their rows complete.
    pub(super) fn sides(&self, data: &mut Data, columns: [&[usize]; 3]) -> Result<Sides, Failure> {
        let list = |list: &Option<String>| list.as_deref().map_or(Ok(Vec::new()), |list| data.columns(Some(list)));
        let (labels, numeric) = (list(&self.labels)?, list(&self.numeric)?);
        if let Some(column) = labels.iter().find(|column| numeric.contains(column)) {
            return Err(Failure::usage(format!(
                "column {} is both in --labels and in --numeric",
                data.column(*column)
            )));
        }
        data.require_numbers(&numeric)?;
        let used = columns.concat();
        check_text(data, &used, &labels)?;
        data.complete(&used)?;
        if self.drop_duplicates {
            data.drop_duplicates(&used);
        }
        let [x, y, z] = columns.map(|columns| Block::new(data, columns, &labels));
        let mut sides = Sides { x, y, z };
        for (block, columns) in [&mut sides.x, &mut sides.y, &mut sides.z].into_iter().zip(columns) {
            block.numeric = columns.iter().map(|column| numeric.contains(column)).collect();
        }
        Ok(sides)
    }

    /// The library's warnings about an estimate, and constant labels.
    pub(super) fn warnings(&self, chosen: &Chosen, sides: &Sides, data: &Data) -> Vec<String> {
        let name = |block: usize, column: usize| sides.blocks()[block].names[column].clone();
        let place = Place::new(data, &[]);
        let of_library = chosen.estimate.warnings();
        let mut warnings: Vec<String> =
            of_library.iter().filter_map(|w| reworded(w, self.settings.unit, &name, [place, place])).collect();
        for block in sides.blocks() {
            for (column, name) in block.values.columns().into_iter().zip(&block.names) {
                let said = format!("column {name} is constant and carries no information");
                if column.iter().all(|x| *x == column[0]) && !warnings.contains(&said) {
                    warnings.push(said);
                }
            }
        }
        warnings
    }

    pub(super) fn refuse(&self, refusal: Refusal, data: &Data, columns: [&[usize]; 3]) -> Failure {
        let place = Place::new(data, &[]);
        match refusal {
            Refusal::Said(message) => Failure::usage(message),
            Refusal::Constant { block, column } => place.refuse(format!(
                "{} is constant and carries no information; leave it out, or do without --standardize",
                Place::new(data, columns[block]).column(column)
            )),
            Refusal::Library(Error::Ties { first, count, k }) => place.refuse(format!(
                "{count} rows have ties, the first of them {}: several rows are at the distance of its neighbor number {k}; \
                 use --ties count, or --ties dither for rounded numbers",
                place.row(first)
            )),
            Refusal::Library(Error::Duplicates { first, second, count, k }) => place.refuse(format!(
                "{count} rows coincide with their neighbor number {k} of the same label, the first of them {} with {}; use \
                 --estimator mesner-shalizi",
                place.row(first),
                place.row(second)
            )),
            Refusal::Library(Error::KTooLarge { others: 0, .. }) if self.settings.theiler == 0 && data.len() > 1 => {
                place.refuse("no label stands for two rows; use columns of numbers, or labels that repeat")
            }
            Refusal::Library(error) => place.explain(&error, self.settings.theiler),
        }
    }
}
