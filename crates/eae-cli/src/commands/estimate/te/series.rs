use knn_entropy::{
    ActiveInformationStorage, Condition, Embedding, PermutationTest, Surrogates, TransferEntropy,
    autocorrelation_within,
};
use ndarray::{Array2, Axis};

use super::flags::Arguments;
use crate::commands::estimate::blocks::Block;
use crate::commands::estimate::hints::Place;
use crate::commands::estimate::input::Data;
use crate::commands::estimate::measure::Sides;
use crate::commands::estimate::significance::{Plan, SurrogatesName, seasonal, slow, whole_periods};
use crate::failure::Failure;

/// The samples of a delay: `x` has the past of the source, `y` the next value of the target, and
/// `z` the condition.
pub(super) struct Member {
    pub(super) delay: usize,
    pub(super) sides: Sides,
}

/// The samples of all delays at common times, and the surrogates of a test.
pub(super) struct Samples {
    pub(super) members: Vec<Member>,
    /// The row of each sample's next value of the target.
    pub(super) times: Vec<usize>,
    /// The number of samples of each series that has any.
    pub(super) trials: Vec<usize>,
    /// The number of times that the smallest delay would have without the others.
    pub(super) most: usize,
    pub(super) given: Array2<f64>,
    /// Warnings about skewed series.
    pub(super) tails: Vec<String>,
    /// `None` without a test, because the autocorrelation of a slow series takes time.
    pub(super) plan: Option<Plan>,
}

impl Samples {
    /// Embeds the columns of source, target and condition. `rows` has the number of rows of each
    /// series.
    pub(super) fn new(
        arguments: &Arguments,
        data: &Data,
        columns: [&[usize]; 3],
        rows: &[usize],
    ) -> Result<Self, Failure> {
        let short = |error| arguments.too_short(data, &error);
        let mut series = columns.map(|columns| Block::new(data, columns, &[]));
        if arguments.standardize {
            for (block, columns) in series.iter_mut().zip(columns) {
                block.standardize().map_err(|column| {
                    let place = Place::new(data, columns);
                    place.refuse(format!(
                        "{} is constant and carries no information; leave it out, or omit --standardize",
                        place.column(column)
                    ))
                })?;
            }
        }
        let tails = series.iter().flat_map(|block| block.tails(arguments.standardize)).collect();
        let [source, target, condition] = &series;
        let (lag, test) = (arguments.lag, arguments.permutations > 0);
        let past = Embedding::new(arguments.past, lag);
        let nothing = |rows| Block::of_numbers(Array2::zeros((rows, 0)), Vec::new(), Vec::new(), Vec::new());
        if arguments.storage {
            let found =
                ActiveInformationStorage::new(1).past(past).trials(rows).embed(target.values.view()).map_err(short)?;
            let (times, trials) = (found.times, found.trials);
            let most = times.len();
            let sides =
                Sides { x: states(target, found.past, past, 1), y: next(target, found.future), z: nothing(most) };
            let plan = test.then(|| plan(arguments, [target; 2], rows, past, (1, &trials)));
            let plan = plan.transpose().map_err(short)?;
            let given = sides.z.values.clone();
            return Ok(Self { members: vec![Member { delay: 1, sides }], times, trials, most, given, tails, plan });
        }
        let of_source = Embedding::new(arguments.source_past, lag);
        let of_condition = Embedding::new(arguments.condition_past, lag);
        let conditions: Vec<Condition<'_>> = match condition.width() {
            0 => Vec::new(),
            _ => vec![Condition::new(&condition.values).embedding(of_condition)],
        };
        let embed = |delay| {
            let estimator = TransferEntropy::new(1).source(of_source).target(past).delay(delay).given(&conditions);
            estimator.trials(rows).embed(source.values.view(), target.values.view())
        };
        // The longest delay determines the first time with a past.
        let longest = embed(arguments.delay.last).map_err(short)?;
        let (times, trials) = (longest.times.clone(), longest.trials.clone());
        let given = {
            let own = states(target, longest.target.clone(), past, 1);
            let others = states(condition, longest.conditions.clone(), of_condition, 1);
            let both = |own: &[f64], others: &[f64]| [own, others].concat();
            let (periods, scales) = (both(&own.periods, &others.periods), both(&own.scales, &others.scales));
            Block::of_numbers(longest.given(), [own.names, others.names].concat(), periods, scales)
        };
        let (mut members, mut most) = (Vec::new(), 0);
        for delay in arguments.delay.first..=arguments.delay.last {
            let one = embed(delay).map_err(short)?;
            most = most.max(one.times.len());
            // Times of the longest delay are times of every delay.
            let mut later = one.times.iter().enumerate();
            let place = |time: &usize| later.find(|(_, other)| *other == time).expect("a time of every delay").0;
            let at_times = one.source.select(Axis(0), &times.iter().map(place).collect::<Vec<_>>());
            let x = states(source, at_times, of_source, delay);
            let sides = Sides { x, y: next(target, longest.next.clone()), z: given.clone() };
            members.push(Member { delay, sides });
        }
        let delays = arguments.delay.last - arguments.delay.first + 1;
        let plan = test.then(|| plan(arguments, [source, target], rows, of_source, (delays, &trials)));
        let plan = plan.transpose().map_err(short)?;
        Ok(Self { members, times, trials, most, given: given.values, tails, plan })
    }

    /// Returns a note about series that are too short for a sample, of `all` series.
    pub(super) fn left_out(&self, all: usize) -> Option<String> {
        let short = all - self.trials.len();
        let are = if short == 1 { "is" } else { "are" };
        (short > 0)
            .then(|| format!("{short} of {all} series {are} too short for a past and a next value; they are not used"))
    }
}

/// Returns the past states of a series with the names and periods of their values, the last value
/// first.
fn states(series: &Block, values: Array2<f64>, embedding: Embedding, delay: usize) -> Block {
    let at = |step: usize| {
        let back = delay + step * embedding.lag;
        series.names.iter().map(move |name| format!("{name} (t-{back})"))
    };
    let repeated = |of_series: &[f64]| of_series.repeat(embedding.length);
    let names = (0..embedding.length).flat_map(at).collect();
    Block::of_numbers(values, names, repeated(&series.periods), repeated(&series.scales))
}

fn next(series: &Block, values: Array2<f64>) -> Block {
    let names = series.names.iter().map(|name| format!("{name} (t)")).collect();
    Block::of_numbers(values, names, series.periods.clone(), series.scales.clone())
}

/// Chooses surrogates of past states of `series` that keep the dependence within each trial.
/// `trials` has the number of samples of each.
fn plan(
    arguments: &Arguments,
    [series, target]: [&Block; 2],
    rows: &[usize],
    embedding: Embedding,
    (delays, trials): (usize, &[usize]),
) -> knn_entropy::Result<Plan> {
    let found = autocorrelation_within(series.values.view(), rows)?;
    // A rotated state must not share a value with a state of any delay.
    let span = embedding.length.saturating_sub(1).saturating_mul(embedding.lag);
    let min_shift = found.min_shift().max(span.saturating_add(delays));
    let what = if arguments.storage { "target" } else { "source" };
    let rotate = || {
        let test = PermutationTest::new(arguments.permutations, 0).surrogates(Surrogates::Rotate { min_shift });
        let nothing = Array2::<f64>::zeros((trials.iter().sum(), 0));
        test.orders_within(trials, nothing.view()).is_ok()
    };
    let (name, mut why) = match arguments.surrogates {
        SurrogatesName::Auto if rotate() => (SurrogatesName::Rotate, format!("the {what} is a series")),
        SurrogatesName::Auto => (SurrogatesName::Blocks, format!("the {what} is a series with few rotations")),
        name => (name, "it was given with --surrogates".to_owned()),
    };
    let surrogates = match name {
        SurrogatesName::Auto | SurrogatesName::Rotate => Surrogates::Rotate { min_shift },
        SurrogatesName::Shuffle => Surrogates::Shuffle,
        SurrogatesName::Blocks => Surrogates::Blocks { length: found.block_length() },
        SurrogatesName::Local => Surrogates::Local { k: 5 },
    };
    let independent = matches!(name, SurrogatesName::Shuffle | SurrogatesName::Local);
    let doubt = (independent && found.is_significant()).then(|| {
        format!(
            "the p-value may be too small: the {what} depends on its past, which these surrogates do not preserve; use \
                 --surrogates rotate"
        )
    });
    let both = [found, if arguments.storage { found } else { autocorrelation_within(target.values.view(), rows)? }];
    let doubt = if arguments.storage || doubt.is_some() {
        doubt
    } else {
        slow("source and target change", both, rows.iter().sum()).or_else(|| seasonal("source and target", both))
    };
    let rows = match trials {
        [samples] if name == SurrogatesName::Rotate => whole_periods(both, *samples, &mut why),
        trials => trials.iter().sum(),
    };
    Ok(Plan { name, surrogates, why, rows, doubt })
}
