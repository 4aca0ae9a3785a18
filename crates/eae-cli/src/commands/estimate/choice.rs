//! The choice of an estimator that suits the columns, and of a rule for ties.

use clap::ValueEnum;
use knn_entropy::{Error, Estimate, KsgVariant, Norm, Result};
use serde::Serialize;

use super::blocks::space_labels;
use super::measure::{Kind, Measure, Rule, Sides};
use super::print::percent;
use super::rounding::{said, step};
use super::settings::MetricName;
use super::warnings::tied;

/// From this share of tied rows on, rounded numbers are spread.
const MANY_TIES: f64 = 0.05;

#[derive(Clone, Copy, PartialEq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Estimator {
    /// The one that suits the columns: ross for a label and numbers, mesner-shalizi for labels,
    /// ksg1 for numbers.
    Auto,
    /// The first algorithm of Kraskov, Stoegbauer and Grassberger.
    Ksg1,
    /// Their second.
    Ksg2,
    /// Gao, Kannan, Oh and Viswanath, for mixtures of continuous and discrete variables.
    Gao,
    /// Ross, for labels and continuous variables.
    Ross,
    /// Mesner and Shalizi, for continuous and discrete variables and mixtures of them.
    MesnerShalizi,
}

#[derive(Clone, Copy, PartialEq, Debug, ValueEnum)]
pub(super) enum TiesWish {
    /// Spread rounded numbers if there are many ties, count all tied rows otherwise.
    Auto,
    /// Count all rows at the distance of the k-th neighbor.
    Count,
    /// Refuse ties.
    Error,
    /// Spread rounded numbers within their steps.
    Dither,
}

/// The settings that were asked for.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) estimator: Estimator,
    pub(super) ties: TiesWish,
    /// The steps for [`TiesWish::Dither`] in the units of the file, if they were given: one for all
    /// columns or one for each.
    pub(super) steps: Option<&'a [f64]>,
    pub(super) k: usize,
    pub(super) metric: Option<MetricName>,
    pub(super) window: usize,
    pub(super) seed: u64,
    pub(super) standardize: bool,
}

/// The share of tied rows, and the rule that was applied to them.
#[derive(Serialize, Clone, Debug)]
pub(super) struct TiesReport {
    /// The share of rows that have neighbors at equal distances, or for estimators of labels that
    /// coincide with another.
    pub(super) share: f64,
    /// `none`, `counted`, `dithered`, or `ignored` by an estimator without a rule.
    policy: &'static str,
    /// The steps of the columns of x, y and z in the units of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<f64>>,
}

/// An estimate, and how it came about.
pub(super) struct Chosen {
    pub(super) estimator: Estimator,
    pub(super) metric: MetricName,
    pub(super) measure: Measure,
    pub(super) estimate: Estimate,
    pub(super) ties: TiesReport,
    /// The decisions that were made.
    pub(super) told: Vec<String>,
}

/// The reason why nothing was estimated.
pub(super) enum Refusal {
    Library(Error),
    /// A column of a block that cannot be standardized.
    Constant {
        block: usize,
        column: usize,
    },
    Said(String),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

/// Chooses, prepares the sides and estimates.
pub(super) fn settle(sides: &mut Sides, wish: &Wish<'_>) -> std::result::Result<Chosen, Refusal> {
    let mut told = Vec::new();
    let mut estimator = chosen(sides, wish.estimator, &mut told)?;
    if wish.standardize {
        for (block, side) in [&mut sides.x, &mut sides.y, &mut sides.z].into_iter().enumerate() {
            side.standardize().map_err(|column| Refusal::Constant { block, column })?;
        }
    }
    space_labels(&mut [&mut sides.x, &mut sides.y, &mut sides.z]);
    let repeated = match (sides.x.all_labels(), sides.y.all_labels()) {
        (true, false) => sides.y.repeated(),
        (false, true) => sides.x.repeated(),
        _ => sides.x.repeated().max(sides.y.repeated()),
    };
    if estimator == Estimator::Ross && wish.estimator == Estimator::Auto && repeated > MANY_TIES {
        told.push(format!(
            "{} of the rows have the numbers of another row, so mesner-shalizi was used and not ross",
            percent(repeated)
        ));
        estimator = Estimator::MesnerShalizi;
    }
    loop {
        let usual = if estimator == Estimator::Ross { MetricName::L2 } else { MetricName::Linf };
        let metric = wish.metric.unwrap_or(usual);
        let of = |kind| Measure { kind, k: wish.k, norm: Norm::from(metric), window: wish.window, seed: wish.seed };
        let counted = TiesReport { share: repeated, policy: "counted", steps: None };
        let (measure, found, ties) = match estimator {
            Estimator::Auto | Estimator::Ksg1 => {
                with_ties(sides, wish, |rule| of(Kind::Ksg(KsgVariant::One, rule)), &mut told)?
            }
            Estimator::Ksg2 => with_ties(sides, wish, |rule| of(Kind::Ksg(KsgVariant::Two, rule)), &mut told)?,
            Estimator::Gao => (of(Kind::Gao), of(Kind::Gao).of(sides), TiesReport { policy: "ignored", ..counted }),
            Estimator::MesnerShalizi => (of(Kind::MesnerShalizi), of(Kind::MesnerShalizi).of(sides), counted),
            Estimator::Ross => (of(Kind::Ross), of(Kind::Ross).of(sides), counted),
        };
        match found {
            Err(Error::Duplicates { count, .. })
                if estimator == Estimator::Ross && wish.estimator == Estimator::Auto =>
            {
                told.push(format!(
                    "{count} rows coincide with neighbors of their label, so mesner-shalizi was used and not ross"
                ));
                estimator = Estimator::MesnerShalizi;
            }
            found => {
                let (estimate, mut ties) = (found?, ties);
                if let (Some(share), Estimator::Gao | Estimator::Ross) = (tied(&estimate), estimator) {
                    ties.share = share;
                    let what = match estimator {
                        Estimator::Gao => "gao has no rule for them and can be too high; use mesner-shalizi",
                        _ => "all of these neighbors were counted",
                    };
                    told.push(format!("{} of the rows have neighbors at equal distances; {what}", percent(share)));
                }
                return Ok(Chosen { estimator, metric, measure, estimate, ties, told });
            }
        }
    }
}

/// The estimator that suits the columns. Marks columns of codes as labels.
fn chosen(sides: &mut Sides, wish: Estimator, told: &mut Vec<String>) -> std::result::Result<Estimator, Refusal> {
    let conditional = sides.z.width() > 0;
    if conditional && matches!(wish, Estimator::Ross | Estimator::Gao) {
        return Err(Refusal::Said("--estimator ross and gao take no condition; use mesner-shalizi or ksg1".to_owned()));
    }
    let labels = |sides: &Sides| sides.blocks().iter().any(|block| !block.no_labels());
    if matches!(wish, Estimator::Auto | Estimator::Ross) && !labels(sides) && !conditional {
        codes(sides, wish == Estimator::Ross, told);
    }
    let one_side = sides.x.all_labels() && sides.y.no_labels() || sides.y.all_labels() && sides.x.no_labels();
    let chosen = match wish {
        Estimator::Ross if !one_side => {
            return Err(Refusal::Said(
                "--estimator ross takes labels on one side and numbers on the other; name columns of labels with --labels, \
                 or use mesner-shalizi"
                    .to_owned(),
            ));
        }
        Estimator::Auto if !labels(sides) => Estimator::Ksg1,
        Estimator::Auto if one_side && !conditional => Estimator::Ross,
        // Labels that are given keep rows apart, and the variables themselves are numbers.
        Estimator::Auto if sides.x.no_labels() && sides.y.no_labels() => Estimator::Ksg1,
        Estimator::Auto => Estimator::MesnerShalizi,
        wish => wish,
    };
    let names: Vec<&str> = sides
        .blocks()
        .iter()
        .flat_map(|b| b.names.iter().zip(&b.labels))
        .filter(|(_, label)| **label)
        .map(|(name, _)| &name[..])
        .collect();
    if !names.is_empty() && told.is_empty() {
        told.push(format!("labels: {}", names.join(", ")));
    }
    Ok(chosen)
}

/// Takes a column of codes for labels if the other side is continuous.
fn codes(sides: &mut Sides, even_repeated: bool, told: &mut Vec<String>) {
    let Sides { x, y, .. } = sides;
    let (code, other) = match (x.could_be_a_label(), y.could_be_a_label()) {
        (true, false) => (x, y),
        (false, true) => (y, x),
        _ => return,
    };
    if even_repeated || other.repeated() <= MANY_TIES {
        let mut distinct: Vec<u64> = code.values.iter().map(|x| x.to_bits()).collect();
        distinct.sort_unstable();
        distinct.dedup();
        told.push(format!(
            "column {} has only {} distinct numbers and was taken as labels; --numeric {} takes it as numbers",
            code.names[0],
            distinct.len(),
            code.names[0]
        ));
        code.labels[0] = true;
    }
}

/// Estimates by the algorithms of Kraskov, Stoegbauer and Grassberger with the rule for ties that
/// was asked for.
fn with_ties(
    sides: &Sides,
    wish: &Wish<'_>,
    of: impl Fn(Rule) -> Measure,
    told: &mut Vec<String>,
) -> std::result::Result<(Measure, Result<Estimate>, TiesReport), Refusal> {
    let strict = of(Rule::Error);
    let (found, share) = match strict.of(sides) {
        Err(Error::Ties { count, first, k }) => {
            (Err(Error::Ties { count, first, k }), count as f64 / sides.rows() as f64)
        }
        found => (Ok(found), 0.0),
    };
    let report = |policy, steps| TiesReport { share, policy, steps };
    let found = match (found, wish.ties) {
        // Without ties the rule makes no difference.
        (Ok(found), TiesWish::Auto | TiesWish::Count | TiesWish::Error) => {
            return Ok((of(Rule::Count), found, report("none", None)));
        }
        (Err(ties), TiesWish::Error) => return Ok((strict, Err(ties), report("error", None))),
        (found, _) => found,
    };
    let steps = match (wish.ties, wish.steps) {
        (TiesWish::Dither, Some(given)) => Some(given_steps(sides, given)?),
        (TiesWish::Dither, None) => Some(steps(sides).map_err(|name| {
            Refusal::Said(format!("--ties dither: column {name} has no rounding step; use --ties count"))
        })?),
        (TiesWish::Auto, _) if share > MANY_TIES => steps(sides).ok(),
        _ => None,
    };
    let steps = steps.filter(|steps| steps.iter().any(|step| *step > 0.0));
    match (steps, found) {
        (Some(steps), _) => {
            told.push(format!("{} of the rows have neighbors at equal distances", percent(share)));
            // In the units of the file.
            let original: Vec<f64> = steps.iter().zip(sides.scales()).map(|(step, scale)| step * scale).collect();
            told.extend(said(&sides.names(), &original, strict.seed));
            let measure = of(Rule::Dither(steps));
            let found = measure.of(sides);
            Ok((measure, found, report("dithered", Some(original))))
        }
        (None, Ok(found)) => Ok((of(Rule::Count), found, report("none", None))),
        (None, Err(_)) => {
            let measure = of(Rule::Count);
            let found = measure.of(sides);
            // The library takes a few ties for chance.
            let many = found.as_ref().is_ok_and(|found| tied(found).is_some());
            if many {
                told.push(format!(
                    "{} of the rows have neighbors at equal distances; all of these neighbors were counted",
                    percent(share)
                ));
            }
            Ok((measure, found, report(if many { "counted" } else { "none" }, None)))
        }
    }
}

/// The steps that were given, in the units of the sides. Labels have none.
fn given_steps(sides: &Sides, given: &[f64]) -> std::result::Result<Vec<f64>, Refusal> {
    let labels = sides.blocks().iter().flat_map(|block| block.labels.clone()).collect::<Vec<_>>();
    let columns = labels.len();
    if given.len() != 1 && given.len() != columns {
        let given = given.len();
        return Err(Refusal::Said(format!(
            "--dither has {given} steps for the {columns} columns of x, y and z; give one for each, or one for all"
        )));
    }
    let step = |column: usize| if labels[column] { 0.0 } else { given[column % given.len()] };
    Ok(sides.scales().iter().enumerate().map(|(column, scale)| step(column) / scale).collect())
}

/// The rounding step of each column that makes ties, 0 for the others; or the name of one that has
/// no step.
fn steps(sides: &Sides) -> std::result::Result<Vec<f64>, String> {
    let columns =
        || sides.blocks().into_iter().flat_map(|b| b.values.columns().into_iter().zip(&b.names).zip(&b.labels));
    let repeats = |column: ndarray::ArrayView1<'_, f64>| {
        let column = column.insert_axis(ndarray::Axis(1));
        super::rounding::coinciding(column) as f64 > MANY_TIES * column.nrows() as f64
    };
    // Evenly spaced numbers have equal distances without equal numbers.
    let none = !columns().any(|((column, _), _)| repeats(column));
    let one = |((column, name), label): ((ndarray::ArrayView1<'_, f64>, &String), &bool)| {
        let step = step(column);
        match none || repeats(column) {
            true if *label || step == 0.0 && !none => Err(name.clone()),
            true => Ok(step),
            false => Ok(0.0),
        }
    };
    columns().map(one).collect()
}
