mod budget;
mod disk;
mod explain;

use std::path::PathBuf;

use clap::ValueEnum;
use knn_entropy::{
    Error, Estimate, KozachenkoLeonenko, LombardiPant, Norm, Renyi, Truncated, Warning, Weighting, dither,
};
use ndarray::{ArrayView1, ArrayView2};
use serde::Serialize;

use self::disk::{Large, Parts};
use super::blocks::standardize;
use super::doubts::{far_neighbors, on_a_surface, series};
use super::hints::Place;
use super::input::Data;
use super::peaks;
use super::print::{Found, Numbers, doubtful_k, percent};
use super::rounding::{coarse_steps, coinciding, notes, reflect};
use super::settings::{FILES, MetricName, Reading, Repair, Settings, Unit, word};
use super::warnings::{copies_dropped, reworded};
use crate::common::Common;
use crate::failure::Failure;
use crate::output::{counted, print_json};

/// The consequence of a column without a density.
const SO: &str = "so the entropy is minus infinity";

/// Estimate the entropy of the rows of a file.
#[derive(clap::Args)]
#[command(after_help = format!("Examples:
  eae entropy samples.csv --k 3
  eae entropy samples.npy --x 0,2-5 --estimator weighted --k 20 --json
  eae entropy prices.csv --x open,close --standardize --unit bits

{FILES}"))]
pub(crate) struct Arguments {
    /// File with one sample per row.
    file: PathBuf,
    /// Columns to use, by number (0,2-5) or name [default: all].
    #[arg(long)]
    x: Option<String>,
    /// Estimator of the entropy.
    #[arg(long, value_enum, default_value_t = Estimator::Kl)]
    estimator: Estimator,
    /// renyi, tsallis: order q of the entropy, below 1 + k/2 [default: 2].
    #[arg(long, allow_hyphen_values = true)]
    order: Option<f64>,
    /// weighted: largest sum of the absolute values of the weights [default: 5].
    #[arg(long)]
    bound: Option<f64>,
    /// kpn: number of neighbors for each Gaussian [default: n/10, but between 50 and 200, and
    /// at least 3 per column].
    #[arg(long)]
    p: Option<usize>,
    /// truncated: lower end of the box in each column [default: 0].
    #[arg(long, allow_hyphen_values = true)]
    low: Option<f64>,
    /// truncated: upper end of the box in each column [default: 1].
    #[arg(long, allow_hyphen_values = true)]
    high: Option<f64>,
    /// Estimate from columns with mean 0 and standard deviation 1; the result is still the entropy
    /// of the original columns.
    #[arg(long)]
    standardize: bool,
    #[command(flatten)]
    repair: Repair,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    reading: Reading,
    #[command(flatten)]
    large: Large,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, PartialEq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
enum Estimator {
    /// Kozachenko and Leonenko.
    Kl,
    /// Kozachenko and Leonenko on a known box, given by --low and --high, that cuts neighborhoods
    /// off.
    Truncated,
    /// Berrett, Samworth and Yuan: a weighted mean over the first k neighbors.
    Weighted,
    /// Renyi entropy of order --order.
    Renyi,
    /// Tsallis entropy of order --order, which has no unit.
    Tsallis,
    /// Lombardi and Pant: a Gaussian of --p neighbors around each row.
    Kpn,
}

#[derive(Serialize)]
struct Report {
    entropy: f64,
    d: usize,
    estimator: Estimator,
    metric: MetricName,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<f64>,
    standardized: bool,
    /// The step within which each column was spread.
    dither: Option<Vec<f64>>,
    /// Number of rows that were equal to another row before they were spread. Not known for rows in
    /// parts.
    coinciding_rows: Option<usize>,
    duplicates_dropped: usize,
    /// Number of parts that the rows were divided into because of --memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<usize>,
    #[serde(flatten)]
    numbers: Numbers,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { settings, estimator, .. } = arguments;
    let metric = arguments.metric()?;
    if let Some(parts) = arguments.large.parts(&arguments.file, settings.k, arguments.needs_all_rows())? {
        return arguments.in_parts(&parts, metric);
    }
    let mut data = Data::read(&arguments.file, &arguments.reading)?;
    let columns = data.columns(arguments.x.as_deref())?;
    data.require_numbers(&columns)?;
    data.complete(&columns)?;
    let repeated = if arguments.repair.drop_duplicates { data.drop_duplicates(&columns) } else { 0 };
    let (mut x, mut periods) = (data.values(&columns), data.periods(&columns));
    arguments.check_periods(&periods)?;
    let names: Vec<String> = columns.iter().map(|&column| data.column(column)).collect();
    let coinciding_rows = coinciding(x.view());
    let place = Place::new(&data, &columns);
    let mut warnings = data.notes();
    if repeated > 0 {
        warnings.push(copies_dropped(repeated));
    }

    let without_density =
        peaks::warnings(x.view(), &names, SO, |column, peaks| !peaks.are_spread_by(arguments.repair.given(column)));

    // Steps are in the units of the file, so that spreading comes before standardizing.
    let chosen = arguments.repair.dither();
    let k = settings.k;
    let detect = || coarse_steps(x.view(), k, metric.into(), &periods, settings.theiler);
    let steps = chosen.steps(columns.len(), detect)?;
    if let Some(steps) = &steps {
        x = dither(&x, steps, arguments.common.seed).map_err(|error| place.explain(&error, settings.theiler))?;
        if *estimator == Estimator::Truncated {
            let (low, high) = arguments.ends();
            reflect(&mut x, low, high);
        }
        if coinciding_rows > 0 {
            let share = percent(coinciding_rows as f64 / x.nrows() as f64);
            warnings.push(format!("{share} of the rows coincide with another row"));
        }
        warnings.extend(notes(&names, steps, arguments.common.seed));
        if repeated > 0 {
            warnings
                .push("rounded rows can be equal without being copies; in that case omit --drop-duplicates".to_owned());
        }
    }
    warnings.extend(without_density);
    let mut deviations = vec![1.0; columns.len()];
    if arguments.standardize {
        deviations = standardize(&mut x, &mut periods).map_err(|column| arguments.singular(place, column))?;
    }
    let term = deviations.iter().map(|deviation| deviation.ln()).sum();
    let (found, estimate) = arguments
        .estimate(x.view(), &periods, metric.into(), term)
        .map_err(|error| arguments.explain(&error, place))?;
    if let Some(estimate) = &estimate {
        let name = |_, column: usize| names[column].clone();
        for warning in estimate.warnings() {
            let original = match warning {
                // Converted to the unit of the file.
                Warning::Rounded { column, step, distance } => {
                    let unit = deviations[*column];
                    &Warning::Rounded { column: *column, step: step * unit, distance: distance * unit }
                }
                warning => warning,
            };
            warnings.extend(reworded(original, settings.unit, &name, [place, place]));
        }
    }
    let (n, d) = x.dim();
    warnings.extend(doubtful_k(settings.k, n));
    // kpn fits a Gaussian around each row, so its neighbors need not be near.
    if *estimator != Estimator::Kpn && periods.iter().all(|period| period.is_infinite()) {
        warnings.extend(far_neighbors(&[x.view()], settings.k, metric.into()));
        warnings.extend(on_a_surface(x.view()));
    }
    if settings.theiler == 0 {
        warnings.extend(series(&[x.view()]));
    }
    let only_floor = |floor: &f64| estimate.as_ref().is_some_and(|found| is_floor(found, x.view(), settings.k, *floor));
    if let Some(floor) = arguments.repair.floor.filter(only_floor) {
        warnings.push(format!(
            "no distance is above --floor {floor}, so the estimate shows the floor alone; use a smaller --floor"
        ));
    }
    let mut numbers = Numbers::new(settings, n, &found, data.source(), warnings);
    let ordered = matches!(estimator, Estimator::Renyi | Estimator::Tsallis);
    if *estimator == Estimator::Tsallis {
        numbers = numbers.without_unit();
    }
    if arguments.common.json {
        print_json(&Report {
            entropy: numbers.value,
            d,
            estimator: *estimator,
            metric,
            order: ordered.then_some(arguments.order()),
            standardized: arguments.standardize,
            dither: steps,
            coinciding_rows: Some(coinciding_rows),
            duplicates_dropped: repeated,
            parts: None,
            numbers,
        });
    } else {
        let scale =
            if arguments.standardize { "; estimated from standardized columns, for the original columns" } else { "" };
        let columns = counted(d, "column");
        numbers.print("entropy", &format!("of {}, {columns}; {}, k = {k}{scale}", counted(n, "row"), word(*estimator)));
    }
    Ok(())
}

/// Returns true if all rows contribute the same, and the first one has `k` others within the floor
/// by the largest of the norms.
fn is_floor(estimate: &Estimate, x: ArrayView2<'_, f64>, k: usize, floor: f64) -> bool {
    let local = estimate.local();
    let first = x.row(0);
    let distance = |row: ArrayView1<'_, f64>| row.iter().zip(first).map(|(a, b)| (a - b).abs()).sum::<f64>();
    local.iter().all(|&x| x == local[0]) && x.outer_iter().skip(1).filter(|row| distance(*row) <= floor).count() >= k
}

impl Arguments {
    fn order(&self) -> f64 {
        self.order.unwrap_or(2.0)
    }

    fn ends(&self) -> (f64, f64) {
        (self.low.unwrap_or(0.0), self.high.unwrap_or(1.0))
    }

    /// Checks the combination of flags, and returns the metric.
    fn metric(&self) -> Result<MetricName, Failure> {
        let Self { settings, estimator, .. } = self;
        let truncated = &[Estimator::Truncated][..];
        for (flag, given, takes) in [
            ("--order", self.order.is_some(), &[Estimator::Renyi, Estimator::Tsallis][..]),
            ("--bound", self.bound.is_some(), &[Estimator::Weighted]),
            ("--p", self.p.is_some(), &[Estimator::Kpn]),
            ("--low", self.low.is_some(), truncated),
            ("--high", self.high.is_some(), truncated),
        ] {
            if given && !takes.contains(estimator) {
                let ways: Vec<String> =
                    takes.iter().map(|estimator| format!("--estimator {}", word(*estimator))).collect();
                let (ways, found) = (ways.join(" or "), word(*estimator));
                return Err(Failure::usage(format!("{flag} does not apply to {found}; leave it out, or use {ways}")));
            }
        }
        let cubes = matches!(estimator, Estimator::Truncated | Estimator::Kpn);
        let metric = settings.metric.unwrap_or(if cubes { MetricName::Linf } else { MetricName::L2 });
        if cubes && metric != MetricName::Linf {
            return Err(Failure::usage("truncated and kpn measure boxes, so their --metric can only be linf"));
        }
        if settings.local && matches!(estimator, Estimator::Renyi | Estimator::Tsallis) {
            return Err(Failure::usage(
                "--local does not apply to renyi and tsallis, which are not means of contributions",
            ));
        }
        if *estimator == Estimator::Tsallis && settings.unit == Unit::Bits {
            return Err(Failure::usage("--unit bits does not apply to tsallis, which has no unit"));
        }
        if *estimator == Estimator::Kpn && self.repair.floor.is_some() {
            return Err(Failure::usage("--floor does not apply to kpn; use --drop-duplicates or --dither"));
        }
        if *estimator == Estimator::Truncated {
            let (low, high) = self.ends();
            if !(low < high && (high - low).is_finite()) {
                return Err(Failure::usage(format!(
                    "--low is {low} and --high is {high}; both must be finite, and --low below --high"
                )));
            }
            if self.standardize {
                return Err(Failure::usage(
                    "--standardize does not apply to truncated, whose box is in the units of the columns",
                ));
            }
        }
        Ok(metric)
    }

    /// Returns a flag that needs all rows in memory.
    fn needs_all_rows(&self) -> Option<&'static str> {
        let Self { settings, repair, reading, .. } = self;
        let flags = [
            (self.estimator != Estimator::Kl, "--estimator"),
            (self.x.is_some(), "--x"),
            (self.standardize, "--standardize"),
            (repair.spreads(), "--dither"),
            (repair.drop_duplicates, "--drop-duplicates"),
            (settings.theiler > 0, "--theiler"),
            (settings.local, "--local"),
            (reading.drop_missing, "--drop-missing"),
            (!reading.period.is_empty(), "--period"),
        ];
        flags.into_iter().find(|(given, _)| *given).map(|(_, flag)| flag)
    }

    /// Estimates and prints the entropy of rows that are divided into parts.
    fn in_parts(&self, parts: &Parts, metric: MetricName) -> Result<(), Failure> {
        let (settings, (n, d)) = (&self.settings, parts.dim());
        let found = parts.estimate(&self.file, settings.k, metric.into(), self.repair.close_points())?;
        let warnings = found.warnings.iter().map(ToString::to_string).collect();
        let value = Found::with_error(found.value, found.standard_error);
        let numbers = Numbers::new(settings, n, &value, (&self.file, 0), warnings);
        if self.common.json {
            print_json(&Report {
                entropy: numbers.value,
                d,
                estimator: self.estimator,
                metric,
                order: None,
                standardized: false,
                dither: None,
                coinciding_rows: None,
                duplicates_dropped: 0,
                parts: Some(parts.count()),
                numbers,
            });
        } else {
            let (rows, columns, k) = (counted(n, "row"), counted(d, "column"), settings.k);
            let parts = parts.count();
            numbers.print("entropy", &format!("of {rows}, {columns}, in {parts} parts; kl, k = {k}"));
        }
        Ok(())
    }

    fn check_periods(&self, periods: &[f64]) -> Result<(), Failure> {
        let periodic = periods.iter().any(|period| period.is_finite());
        if periodic && matches!(self.estimator, Estimator::Truncated | Estimator::Kpn) {
            return Err(Failure::usage("--period does not apply to truncated and kpn; use --estimator kl"));
        }
        Ok(())
    }

    /// Estimates the entropy of the samples plus a term.
    fn estimate(
        &self,
        x: ArrayView2<'_, f64>,
        periods: &[f64],
        norm: Norm,
        term: f64,
    ) -> knn_entropy::Result<(Found, Option<Estimate>)> {
        let (n, d) = x.dim();
        let (k, window) = (self.settings.k, self.settings.theiler);
        let close = self.repair.close_points();
        let kl = KozachenkoLeonenko::new(k).norm(norm).window(window).close_points(close).periods(periods);
        let renyi = Renyi::new(self.order(), k).norm(norm).window(window).close_points(close).periods(periods);
        let (low, high) = self.ends();
        let (low, high) = (vec![low; d], vec![high; d]);
        let estimate = match self.estimator {
            Estimator::Kl => kl.estimate(x)?,
            Estimator::Weighted => {
                kl.weighting(Weighting::Efficient { bound: self.bound.unwrap_or(5.0) }).estimate(x)?
            }
            Estimator::Truncated => Truncated::new(k, &low, &high).window(window).close_points(close).estimate(x)?,
            Estimator::Kpn => {
                let usual = || (n / 10).clamp(50, 200).max(3 * (d + 2)).min(n.saturating_sub(1)).max(d + 2);
                LombardiPant::new(k, self.p.unwrap_or_else(usual)).window(window).estimate(x)?
            }
            Estimator::Renyi => return Ok((Found::bare(renyi.entropy(x)? + term), None)),
            Estimator::Tsallis => {
                let (entropy, e) = (renyi.entropy(x)? + term, 1.0 - self.order());
                let tsallis = if e == 0.0 { entropy } else { (e * entropy).exp_m1() / e };
                return match tsallis.is_finite() {
                    true => Ok((Found::bare(tsallis), None)),
                    false => Err(Error::OutOfRange { what: "the Tsallis entropy" }),
                };
            }
        };
        Ok((Found::from(&estimate).plus(term), Some(estimate)))
    }
}
