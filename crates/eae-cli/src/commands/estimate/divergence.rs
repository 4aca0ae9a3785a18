use std::collections::HashSet;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use knn_entropy::{Divergence, Error, JensenShannon, Norm, Samples, SharedRows, dither};
use ndarray::{Array2, ArrayView1, ArrayView2, Axis, concatenate};
use serde::Serialize;

use super::blocks::standardize;
use super::doubts::{far_neighbors, on_a_surface, outside};
use super::hints::Place;
use super::input::Data;
use super::peaks::{self, Peaks};
use super::print::{Found, Numbers, doubtful_k};
use super::rounding::{coarse_steps, notes, step};
use super::settings::{FILES, MetricName, Reading, Repair, Settings};
use super::shape::runs;
use super::warnings::{copies_dropped, reworded, scales_text, shared_rows};
use crate::common::Common;
use crate::failure::Failure;
use crate::output::{counted, print_json};
use crate::table::matched;

/// The consequence of a column without a density.
const SO: &str = "so the divergence is infinite";

/// Estimate the divergence between the rows of two files.
///
/// Prints the Kullback-Leibler divergence and the cross-entropy, or the Jensen-Shannon divergence.
#[derive(clap::Args)]
#[command(after_help = format!("Examples:
  eae divergence real.npy generated.npy --k 3
  eae divergence real.csv generated.csv --x 0-3 --unit bits --json
  eae divergence real.csv generated.csv --standardize
  eae divergence real.csv generated.csv --jensen-shannon

The Kullback-Leibler divergence E_p ln(p/q) is how surprising rows of P are to
someone who expects rows of Q. It is not symmetric; the Jensen-Shannon
divergence is.

{FILES}"))]
pub(crate) struct Arguments {
    /// File with samples from p.
    p: PathBuf,
    /// File with samples from q.
    q: PathBuf,
    /// Columns to use in both files, by number (0,2-5) or name [default: all].
    #[arg(long)]
    x: Option<String>,
    /// Rule for rows that are in both files.
    #[arg(long, value_enum, default_value_t = Shared::LeaveOut)]
    shared_rows: Shared,
    /// Estimate the Jensen-Shannon divergence instead, which is symmetric and at most ln 2. The
    /// estimate can be slightly larger.
    #[arg(long)]
    jensen_shannon: bool,
    /// Divide each column of both files by its standard deviation within the files, for columns
    /// with different units. The divergence does not depend on units, but the estimate does.
    #[arg(long)]
    standardize: bool,
    #[command(flatten)]
    repair: Repair,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Shared {
    /// Exclude each from its own neighbors.
    LeaveOut,
    /// Refuse them.
    Error,
}

#[derive(Serialize)]
struct Report {
    #[serde(skip_serializing_if = "Option::is_none")]
    divergence: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cross_entropy: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jensen_shannon: Option<f64>,
    /// The square root of the Jensen-Shannon divergence, a metric.
    #[serde(skip_serializing_if = "Option::is_none")]
    distance: Option<f64>,
    m: usize,
    d: usize,
    metric: MetricName,
    standardized: bool,
    /// The steps within which the columns of both files were spread.
    dither: [Option<Vec<f64>>; 2],
    duplicates_dropped: usize,
    #[serde(flatten)]
    numbers: Numbers,
    other_file: PathBuf,
    other_dropped: usize,
}

/// A file and its samples.
struct Set {
    data: Data,
    columns: Vec<usize>,
    values: Array2<f64>,
    periods: Vec<f64>,
    steps: Option<Vec<f64>>,
    repeated: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let settings = &arguments.settings;
    if [&arguments.p, &arguments.q].iter().all(|path| path.as_path() == Path::new("-")) {
        return Err(Failure::usage("both files are standard input; one of them must be a file"));
    }
    let metric = settings.metric.unwrap_or(MetricName::L2);
    let mut p = arguments.set(&arguments.p, None)?;
    let mut q = arguments.set(&arguments.q, Some(&p))?;
    if p.columns.len() != q.columns.len() {
        return Err(Failure::usage(format!(
            "{} has {}, but {} has {}; select the same columns of both with --x",
            p.data.name,
            counted(p.columns.len(), "column"),
            q.data.name,
            q.columns.len()
        )));
    }
    let mut warnings = arguments.without_density(&p, &q);
    arguments.spread(&mut p, &mut q, metric)?;
    for (set, seed) in [(&p, arguments.common.seed), (&q, arguments.common.seed.wrapping_add(1))] {
        warnings.extend(set.data.notes());
        let names: Vec<String> =
            set.columns.iter().map(|&column| format!("{} of {}", set.data.column(column), set.data.name)).collect();
        warnings.extend(set.steps.iter().flat_map(|steps| notes(&names, steps, seed)));
        if set.repeated > 0 {
            warnings.push(format!("{}: {}", set.data.name, copies_dropped(set.repeated)));
        }
    }
    warnings.extend(q.paired_with(&p));
    warnings.extend(doubtful_k(settings.k, p.values.nrows().min(q.values.nrows())));
    if p.periods != q.periods {
        return Err(Failure::usage("--period names different columns of the two files; name the column by its number"));
    }
    let term = if arguments.standardize { standardize_both(&mut p, &mut q)? } else { 0.0 };
    let norm = Norm::from(metric);
    if p.periods.iter().all(|period| period.is_infinite()) {
        warnings.extend([&p, &q].iter().find_map(|set| far_neighbors(&[set.values.view()], settings.k, norm)));
        if !arguments.jensen_shannon {
            let surface = |set: &&Set| Some(format!("{}: {}", set.data.name, on_a_surface(set.values.view())?));
            warnings.extend([&p, &q].iter().find_map(surface));
            warnings.extend(outside(p.values.view(), q.values.view()));
        }
    }
    let (found, cross_entropy) = match arguments.jensen_shannon {
        true => (arguments.jensen_shannon(&p, &q, norm, &mut warnings)?, None),
        false => {
            let (found, cross_entropy) = arguments.kullback_leibler(&p, &q, norm, &mut warnings)?;
            (found, Some(cross_entropy + term))
        }
    };
    let (n, m) = (p.values.nrows(), q.values.nrows());
    let numbers = Numbers::new(settings, n, &found, p.data.source(), warnings);
    let cross_entropy = cross_entropy.map(|nats| settings.unit.of(nats));
    let value = numbers.value;
    let distance = value.max(0.0).sqrt();
    if arguments.common.json {
        print_json(&Report {
            divergence: (!arguments.jensen_shannon).then_some(value),
            cross_entropy,
            jensen_shannon: arguments.jensen_shannon.then_some(value),
            distance: arguments.jensen_shannon.then_some(distance),
            m,
            d: p.columns.len(),
            metric,
            standardized: arguments.standardize,
            dither: [p.steps, q.steps],
            duplicates_dropped: p.repeated + q.repeated,
            numbers,
            other_file: q.data.path,
            other_dropped: q.data.dropped,
        });
        return Ok(());
    }
    let rows = format!("of {n} and {m} rows, {}; k = {}", counted(p.columns.len(), "column"), settings.k);
    match cross_entropy {
        Some(cross_entropy) => {
            numbers.print("divergence", &format!("cross-entropy {cross_entropy:.6} {}\n{rows}", settings.unit.name()));
        }
        None => numbers.print("Jensen-Shannon divergence", &format!("square root {distance:.6}\n{rows}")),
    }
    Ok(())
}

/// Returns the samples of a set, unless the estimators refuse them.
fn samples(set: &Set) -> Option<Samples<'_>> {
    Samples::new(set.values.view()).ok()
}

impl Set {
    /// Returns the names of the columns, if all have one.
    fn names(&self) -> Option<Vec<&str>> {
        let names = self.data.table.names.as_ref()?;
        let names: Vec<&str> = self.columns.iter().map(|&column| names[column].as_str()).collect();
        names.iter().all(|name| !name.is_empty()).then_some(names)
    }

    /// Refuses a constant column. If it is one of q, rows of p are infinitely surprising.
    fn refuse_constant(&self) -> Result<(), Failure> {
        match samples(self).and_then(|samples| samples.constant_column()) {
            Some(column) if self.values.nrows() > 1 => {
                let place = Place::new(&self.data, &self.columns);
                let column = place.column(column);
                Err(place.refuse(format!(
                    "{column} is constant, and a constant has no density, so the divergence is infinite or undefined; leave the \
                     column out with --x, or use --jensen-shannon"
                )))
            }
            _ => Ok(()),
        }
    }

    /// Returns a warning if columns are compared with columns of another name.
    fn paired_with(&self, p: &Self) -> Option<String> {
        let (of_p, of_q) = (p.names()?, self.names()?);
        let (of_p, of_q) = of_p.into_iter().zip(of_q).find(|(of_p, of_q)| of_p != of_q)?;
        Some(format!(
            "column {of_p} of {} is compared with column {of_q} of {}; columns are compared in the order of the files or of \
             --x, so check that they belong together",
            p.data.name, self.data.name
        ))
    }
}

/// Divides the columns of both sets by the deviation of the rows from the mean of their own set.
/// Returns the logarithm of the product of the deviations. A shift between the sets is not a part
/// of a column's spread.
fn standardize_both(p: &mut Set, q: &mut Set) -> Result<f64, Failure> {
    let centered = [&p.values, &q.values].map(|values| values - &values.mean_axis(Axis(0)).expect("rows"));
    let mut both = concatenate![Axis(0), centered[0], centered[1]];
    let deviations = standardize(&mut both, &mut p.periods).map_err(|column| {
        Failure::usage(format!(
            "column {} is constant in both files and cannot be standardized; leave it out with --x",
            p.data.column(p.columns[column])
        ))
    })?;
    q.periods.clone_from(&p.periods);
    for set in [p, q] {
        set.values /= &ArrayView1::from(&deviations);
    }
    Ok(deviations.into_iter().map(f64::ln).sum())
}

impl Arguments {
    /// Reads a file. Without --x, its columns are put in the order of those of the other set, if
    /// they have the same names.
    fn set(&self, path: &Path, beside: Option<&Set>) -> Result<Set, Failure> {
        let mut data = Data::read(path, &self.reading)?;
        let mut columns = data.columns(self.x.as_deref())?;
        if let (None, Some(order), Some(names)) = (&self.x, beside.and_then(Set::names), &data.table.names) {
            let names: Vec<&String> = columns.iter().map(|&column| &names[column]).collect();
            if let Some(places) = matched(&order, &names) {
                columns = places.into_iter().map(|place| columns[place]).collect();
            }
        }
        data.require_numbers(&columns)?;
        data.complete(&columns)?;
        let repeated = if self.repair.drop_duplicates { data.drop_duplicates(&columns) } else { 0 };
        let (values, periods) = (data.values(&columns), data.periods(&columns));
        Ok(Set { data, columns, values, periods, steps: None, repeated })
    }

    /// Dithers both sets.
    fn spread(&self, p: &mut Set, q: &mut Set, metric: MetricName) -> Result<(), Failure> {
        let Settings { k, theiler, .. } = self.settings;
        // The Jensen-Shannon divergence works with repeated rows, so numbers on one grid stay on
        // it.
        let on_one: Vec<bool> = p
            .values
            .columns()
            .into_iter()
            .zip(q.values.columns())
            .map(|(p, q)| self.jensen_shannon && one_grid(p, q))
            .collect();
        // Another seed for q, so that equal rows of both files do not stay equal.
        for (set, seed) in [(p, self.common.seed), (q, self.common.seed.wrapping_add(1))] {
            let detect = || {
                let mut steps = coarse_steps(set.values.view(), k, metric.into(), &set.periods, theiler);
                steps.iter_mut().zip(&on_one).filter(|(_, on_one)| **on_one).for_each(|(step, _)| *step = 0.0);
                steps
            };
            set.steps = self.repair.dither().steps(set.columns.len(), detect)?;
            if let Some(steps) = &set.steps {
                let explain = |error| Place::new(&set.data, &set.columns).explain(&error, theiler);
                set.values = dither(&set.values, steps, seed).map_err(explain)?;
            }
        }
        Ok(())
    }

    /// Returns warnings about columns of the files as they are that do not come from a density.
    fn without_density(&self, p: &Set, q: &Set) -> Vec<String> {
        let names = |set: &Set| -> Vec<String> {
            set.columns.iter().map(|&column| format!("{} of {}", set.data.column(column), set.data.name)).collect()
        };
        let mut found = peaks::warnings(p.values.view(), &names(p), SO, |column, peaks| match peaks {
            Peaks::Heaps(_) => !peaks.are_spread_by(self.repair.given(column)),
            // Both files can have the same labels or the same atoms.
            _ => {
                !self.jensen_shannon
                    && Peaks::of(q.values.column(column)).as_ref().is_none_or(|of_q| !peaks.is_within(of_q))
            }
        });
        found.extend(peaks::warnings(q.values.view(), &names(q), SO, |column, peaks| match peaks {
            Peaks::Heaps(_) => !peaks.are_spread_by(self.repair.given(column)),
            // Atoms of q alone leave the divergence finite if q has a density besides.
            Peaks::Two(_) => !self.jensen_shannon && Peaks::of(p.values.column(column)).as_ref() != Some(peaks),
            Peaks::Atoms(_) => false,
        }));
        found
    }

    fn kullback_leibler(
        &self,
        p: &Set,
        q: &Set,
        norm: Norm,
        warnings: &mut Vec<String>,
    ) -> Result<(Found, f64), Failure> {
        let settings = &self.settings;
        let close = self.repair.close_points();
        let shared = match self.shared_rows {
            Shared::LeaveOut => SharedRows::LeaveOut,
            Shared::Error => SharedRows::Error,
        };
        let estimator = Divergence::new(settings.k).norm(norm).window(settings.theiler).close_points(close);
        let estimator = estimator.shared_rows(shared).periods(&p.periods);
        p.refuse_constant()?;
        q.refuse_constant()?;
        let explain = |error| self.explain(&error, p, q);
        let estimate = estimator.estimate(&p.values, &q.values).map_err(explain)?;
        let cross_entropy = estimator.cross_entropy(&p.values, &q.values).map_err(explain)?;
        let places = [Place::new(&p.data, &p.columns), Place::new(&q.data, &q.columns)];
        let name = |_, column: usize| p.data.column(p.columns[column]);
        warnings.extend(estimate.warnings().iter().filter_map(|w| reworded(w, settings.unit, &name, places)));
        Ok((Found::from(&estimate), cross_entropy))
    }

    fn jensen_shannon(&self, p: &Set, q: &Set, norm: Norm, warnings: &mut Vec<String>) -> Result<Found, Failure> {
        let settings = &self.settings;
        for (given, flag) in [
            (settings.local, "--local"),
            (settings.theiler > 0, "--theiler"),
            (self.repair.floor.is_some(), "--floor"),
            (!self.reading.period.is_empty(), "--period"),
        ] {
            if given {
                return Err(Failure::usage(format!("{flag} cannot be combined with --jensen-shannon")));
            }
        }
        let shared = shared(p.values.view(), q.values.view());
        if shared > 0 {
            let message = shared_rows(shared, [&p.data, &q.data]);
            if self.shared_rows == Shared::Error {
                return Err(Failure::usage(format!(
                    "{message}; use --shared-rows leave-out if they were drawn independently"
                )));
            }
            warnings.push(format!(
                "{message}; if they are copies and were not drawn independently, the estimate is too low"
            ));
        }
        let estimator = JensenShannon::new(settings.k).norm(norm).seed(self.common.seed);
        let found = estimator.estimate(p.values.view(), q.values.view()).map_err(|error| self.explain(&error, p, q))?;
        let scales = [p, q].into_iter().filter_map(samples).find_map(|set| Samples::scales_warning(&[set]));
        warnings.extend(scales.map(|warning| scales_text(&warning)));
        Ok(Found::with_error(found.value(), found.standard_error()))
    }

    fn explain(&self, error: &Error, p: &Set, q: &Set) -> Failure {
        let (of_p, of_q) = (Place::new(&p.data, &p.columns), Place::new(&q.data, &q.columns));
        match error {
            Error::Duplicates { first, second, count, k } => of_p.coincide(*first, *second, *count, *k, SO),
            Error::SharedRows { count, first, copy } => Failure::usage(format!(
                "{}, the first of them {} and {}; use --shared-rows leave-out to exclude each from its own neighbors",
                shared_rows(*count, [&p.data, &q.data]),
                of_p.row(*first),
                of_q.row(*copy)
            )),
            // The neighbor can be in either file.
            Error::DistanceOverflow { first, .. } => {
                let (place, row) = match first.checked_sub(p.data.len()) {
                    Some(row) => (of_q, row),
                    None => (of_p, *first),
                };
                place.refuse(format!(
                    "the distance between {} and one of its neighbors is too large for a 64-bit float; scale the columns down",
                    place.row(row)
                ))
            }
            Error::KTooLarge { others, .. }
                if *others != p.data.len().saturating_sub(2 * self.settings.theiler + 1) =>
            {
                of_q.explain(error, self.settings.theiler)
            }
            error => of_p.explain(error, self.settings.theiler),
        }
    }
}

/// Returns true if the numbers of both columns are multiples of one step, or few different numbers
/// among such multiples.
fn one_grid(p: ArrayView1<'_, f64>, q: ArrayView1<'_, f64>) -> bool {
    const FEW: usize = 10;
    let are_few = |column| runs(column).len() < FEW;
    let (of_p, of_q) = (step(p), step(q));
    let equal = |a: f64, b: f64| (a - b).abs() <= 1e-6 * a.max(b);
    let finer = [of_p, of_q].into_iter().filter(|step| *step > 0.0).fold(f64::INFINITY, f64::min);
    let of_both = step(concatenate![Axis(0), p, q].view());
    of_both > 0.0 && equal(of_both, finer) && (equal(of_p, of_q) || are_few(p) || are_few(q))
}

/// Returns the number of rows of p that are also rows of q.
fn shared(p: ArrayView2<'_, f64>, q: ArrayView2<'_, f64>) -> usize {
    let key = |row: ndarray::ArrayView1<'_, f64>| row.iter().map(|x| (x + 0.0).to_bits()).collect::<Vec<_>>();
    let of_q: HashSet<Vec<u64>> = q.outer_iter().map(key).collect();
    p.outer_iter().filter(|row| of_q.contains(&key(*row))).count()
}
