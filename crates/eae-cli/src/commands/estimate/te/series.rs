use std::ops::Range;

use knn_entropy::{ActiveInformationStorage, Condition, Embedding, Surrogates, TransferEntropy, autocorrelation};
use ndarray::{Array2, Axis};

use super::flags::Arguments;
use crate::commands::estimate::blocks::Block;
use crate::commands::estimate::hints::Place;
use crate::commands::estimate::input::Data;
use crate::commands::estimate::measure::Sides;
use crate::commands::estimate::significance::{Plan, SurrogatesName};
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
    pub(super) times: Range<usize>,
    /// The number of times that the smallest delay would have without the others.
    pub(super) most: usize,
    pub(super) given: Array2<f64>,
    pub(super) plan: Plan,
}

impl Samples {
    pub(super) fn new(arguments: &Arguments, data: &Data, columns: [&[usize]; 3]) -> Result<Self, Failure> {
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
        let [source, target, condition] = &series;
        let lag = arguments.lag;
        let past = Embedding::new(arguments.past, lag);
        let nothing = |rows| Block::of_numbers(Array2::zeros((rows, 0)), Vec::new(), Vec::new(), Vec::new());
        if arguments.storage {
            let found = ActiveInformationStorage::new(1).past(past).embed(target.values.view()).map_err(short)?;
            let rows = found.times.len();
            let sides =
                Sides { x: states(target, found.past, past, 1), y: next(target, found.future), z: nothing(rows) };
            let plan = plan(arguments, target, past, 1).map_err(short)?;
            let given = sides.z.values.clone();
            return Ok(Self { members: vec![Member { delay: 1, sides }], times: found.times, most: rows, given, plan });
        }
        let of_source = Embedding::new(arguments.source_past, lag);
        let of_condition = Embedding::new(arguments.condition_past, lag);
        let conditions: Vec<Condition<_>> = match condition.width() {
            0 => Vec::new(),
            _ => vec![Condition::new(condition.values.view()).embedding(of_condition)],
        };
        let embed = |delay| {
            let estimator = TransferEntropy::new(1).source(of_source).target(past).delay(delay);
            estimator.embed_conditional(source.values.view(), target.values.view(), &conditions)
        };
        // The longest delay determines the first time with a past.
        let longest = embed(arguments.delay.last).map_err(short)?;
        let times = longest.times.clone();
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
            let at_times = one.source.slice_axis(Axis(0), (times.start - one.times.start..).into()).to_owned();
            let x = states(source, at_times, of_source, delay);
            let sides = Sides { x, y: next(target, longest.next.clone()), z: given.clone() };
            members.push(Member { delay, sides });
        }
        let plan =
            plan(arguments, source, of_source, arguments.delay.last - arguments.delay.first + 1).map_err(short)?;
        Ok(Self { members, times, most, given: given.values, plan })
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

/// Chooses surrogates of past states that keep the dependence within the series.
fn plan(arguments: &Arguments, series: &Block, embedding: Embedding, delays: usize) -> knn_entropy::Result<Plan> {
    let found = autocorrelation(series.values.view())?;
    let rows = series.values.len_of(Axis(0));
    // A rotated state must not share a value with a state of any delay.
    let span = embedding.length.saturating_sub(1).saturating_mul(embedding.lag);
    let min_shift = found.min_shift().max(span.saturating_add(delays));
    let rotations = (rows + 1).saturating_sub(min_shift.saturating_add(embedding.lag).saturating_mul(2));
    let what = if arguments.storage { "target" } else { "source" };
    let (name, why) = match arguments.surrogates {
        SurrogatesName::Auto if rotations >= arguments.permutations => {
            (SurrogatesName::Rotate, format!("the {what} is a series"))
        }
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
    Ok(Plan { name, surrogates, why, doubt })
}
