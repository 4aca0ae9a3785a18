//! The choice of the estimator and of the rule for ties.

use clap::ValueEnum;
use knn_entropy::{Error, Estimate, KsgVariant, Norm, Result};
use serde::Serialize;

use super::blocks::space_labels;
use super::measure::{Kind, Measure, Rule, Sides};
use super::print::percent;
use super::rounding::{self, step};
use super::settings::MetricName;
use super::warnings::tied;

/// Fraction of tied rows above which rounded numbers are spread.
const MANY_TIES: f64 = 0.05;

#[derive(Clone, Copy, PartialEq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Estimator {
    /// The estimator that suits the columns: ross for a label and numbers, mesner-shalizi for
    /// labels, ksg1 for numbers.
    Auto,
    /// First algorithm of Kraskov, Stoegbauer and Grassberger.
    Ksg1,
    /// Second algorithm of Kraskov, Stoegbauer and Grassberger.
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
    /// Dither rounded numbers if there are many ties, otherwise count all tied rows.
    Auto,
    /// Count all rows at the distance of the k-th neighbor.
    Count,
    /// Refuse ties.
    Error,
    /// Dither rounded numbers: add uniform noise within their rounding steps.
    Dither,
}

/// The settings from the flags.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) estimator: Estimator,
    pub(super) ties: TiesWish,
    /// The given steps for [`TiesWish::Dither`] in the units of the file: one for all columns or
    /// one for each.
    pub(super) steps: Option<&'a [f64]>,
    pub(super) k: usize,
    pub(super) metric: Option<MetricName>,
    pub(super) window: usize,
    pub(super) seed: u64,
    pub(super) standardize: bool,
}

/// The fraction of tied rows, and the rule that was applied to them.
#[derive(Serialize, Clone, Debug)]
pub(super) struct TiesReport {
    /// Fraction of rows with several neighbors at the same distance or, for estimators of labels,
    /// of rows that coincide with another row.
    pub(super) share: f64,
    /// The rule: `none`, `counted`, `dithered`, or `ignored` for an estimator without a rule.
    policy: &'static str,
    /// The steps of the columns of x, y and z in the units of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<f64>>,
}

/// An estimate with its estimator and rule for ties.
pub(super) struct Chosen {
    pub(super) estimator: Estimator,
    pub(super) metric: MetricName,
    pub(super) measure: Measure,
    pub(super) estimate: Estimate,
    pub(super) ties: TiesReport,
    /// Notes about the decisions.
    pub(super) notes: Vec<String>,
}

/// The reason why nothing was estimated.
pub(super) enum Refusal {
    Library(Error),
    /// A column of a block that cannot be standardized.
    Constant {
        block: usize,
        column: usize,
    },
    Message(String),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

/// Chooses the estimator, prepares the variables and estimates.
pub(super) fn settle(sides: &mut Sides, wish: &Wish<'_>) -> std::result::Result<Chosen, Refusal> {
    let mut notes = Vec::new();
    let mut estimator = chosen(sides, wish.estimator, &mut notes)?;
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
        notes.push(format!(
            "{} of the rows have the same numbers as another row, so mesner-shalizi was used instead of ross",
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
                with_ties(sides, wish, |rule| of(Kind::Ksg(KsgVariant::One, rule)), &mut notes)?
            }
            Estimator::Ksg2 => with_ties(sides, wish, |rule| of(Kind::Ksg(KsgVariant::Two, rule)), &mut notes)?,
            Estimator::Gao => (of(Kind::Gao), of(Kind::Gao).of(sides), TiesReport { policy: "ignored", ..counted }),
            Estimator::MesnerShalizi => (of(Kind::MesnerShalizi), of(Kind::MesnerShalizi).of(sides), counted),
            Estimator::Ross => (of(Kind::Ross), of(Kind::Ross).of(sides), counted),
        };
        match found {
            Err(Error::Duplicates { count, .. })
                if estimator == Estimator::Ross && wish.estimator == Estimator::Auto =>
            {
                notes.push(format!(
                    "{count} rows coincide with neighbors of their label, so mesner-shalizi was used instead of ross"
                ));
                estimator = Estimator::MesnerShalizi;
            }
            found => {
                let (estimate, mut ties) = (found?, ties);
                if let (Some(share), Estimator::Gao | Estimator::Ross) = (tied(&estimate), estimator) {
                    ties.share = share;
                    let what = match estimator {
                        Estimator::Gao => {
                            "gao has no rule for ties, so the estimate can be too high; use mesner-shalizi"
                        }
                        _ => "all of these neighbors were counted",
                    };
                    notes.push(format!("{} of the rows have neighbors at equal distances; {what}", percent(share)));
                }
                return Ok(Chosen { estimator, metric, measure, estimate, ties, notes });
            }
        }
    }
}

/// Returns the estimator that suits the columns, and marks columns of codes as labels.
fn chosen(sides: &mut Sides, wish: Estimator, notes: &mut Vec<String>) -> std::result::Result<Estimator, Refusal> {
    let conditional = sides.z.width() > 0;
    if conditional && matches!(wish, Estimator::Ross | Estimator::Gao) {
        return Err(Refusal::Message(
            "--estimator ross and gao cannot have a condition; use mesner-shalizi or ksg1".to_owned(),
        ));
    }
    let labels = |sides: &Sides| sides.blocks().iter().any(|block| !block.no_labels());
    if matches!(wish, Estimator::Auto | Estimator::Ross) && !labels(sides) && !conditional {
        codes(sides, wish == Estimator::Ross, notes);
    }
    let one_side = sides.x.all_labels() && sides.y.no_labels() || sides.y.all_labels() && sides.x.no_labels();
    let chosen = match wish {
        Estimator::Ross if !one_side => {
            return Err(Refusal::Message(
                "--estimator ross needs labels as one variable and numbers as the other; name columns of labels with --labels, \
                 or use mesner-shalizi"
                    .to_owned(),
            ));
        }
        Estimator::Auto if !labels(sides) => Estimator::Ksg1,
        Estimator::Auto if one_side && !conditional => Estimator::Ross,
        // Only the condition has labels, and the variables are numbers.
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
    if !names.is_empty() && notes.is_empty() {
        notes.push(format!("labels: {}", names.join(", ")));
    }
    Ok(chosen)
}

/// Marks a column of codes as labels if the other variable is continuous, and both columns if both
/// are codes. Numbers that are spread within their steps have the information of the labels, too,
/// but an estimate from many equal rows is more exact.
fn codes(sides: &mut Sides, even_repeated: bool, notes: &mut Vec<String>) {
    let Sides { x, y, .. } = sides;
    let codes = match (x.could_be_a_label(), y.could_be_a_label()) {
        (true, false) if even_repeated || y.repeated() <= MANY_TIES => vec![x],
        (false, true) if even_repeated || x.repeated() <= MANY_TIES => vec![y],
        // Ross's estimator needs numbers on one side.
        (true, true) if !even_repeated && x.are_codes_beside(y) => vec![x, y],
        _ => return,
    };
    for code in codes {
        notes.push(format!(
            "column {} has only {} distinct numbers and was read as labels; --numeric {} reads it as numbers",
            code.names[0],
            code.distinct(),
            code.names[0]
        ));
        code.labels[0] = true;
    }
}

/// Estimates with the algorithms of Kraskov, Stoegbauer and Grassberger and the requested rule for
/// ties.
fn with_ties(
    sides: &Sides,
    wish: &Wish<'_>,
    of: impl Fn(Rule) -> Measure,
    notes: &mut Vec<String>,
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
            Refusal::Message(format!("--ties dither: column {name} has no rounding step; use --ties count"))
        })?),
        (TiesWish::Auto, _) if share > MANY_TIES => steps(sides).ok(),
        _ => None,
    };
    let steps = steps.filter(|steps| steps.iter().any(|step| *step > 0.0));
    match (steps, found) {
        (Some(steps), _) => {
            notes.push(format!("{} of the rows have neighbors at equal distances", percent(share)));
            // The steps in the units of the file.
            let original: Vec<f64> = steps.iter().zip(sides.scales()).map(|(step, scale)| step * scale).collect();
            notes.extend(rounding::notes(&sides.names(), &original, strict.seed));
            let measure = of(Rule::Dither(steps));
            let found = measure.of(sides);
            Ok((measure, found, report("dithered", Some(original))))
        }
        (None, Ok(found)) => Ok((of(Rule::Count), found, report("none", None))),
        (None, Err(_)) => {
            let measure = of(Rule::Count);
            let found = measure.of(sides);
            // The library ignores a few ties, which can be due to chance.
            let many = found.as_ref().is_ok_and(|found| tied(found).is_some());
            if many {
                notes.push(format!(
                    "{} of the rows have neighbors at equal distances; all of these neighbors were counted",
                    percent(share)
                ));
            }
            Ok((measure, found, report(if many { "counted" } else { "none" }, None)))
        }
    }
}

/// Returns the given steps in the units of the scaled variables. Labels have no step.
fn given_steps(sides: &Sides, given: &[f64]) -> std::result::Result<Vec<f64>, Refusal> {
    let labels = sides.blocks().iter().flat_map(|block| block.labels.clone()).collect::<Vec<_>>();
    let columns = labels.len();
    if given.len() != 1 && given.len() != columns {
        let given = given.len();
        return Err(Refusal::Message(format!(
            "--dither has {given} steps for the {columns} columns of x, y and z; give one for each, or one for all"
        )));
    }
    let step = |column: usize| if labels[column] { 0.0 } else { given[column % given.len()] };
    Ok(sides.scales().iter().enumerate().map(|(column, scale)| step(column) / scale).collect())
}

/// Returns the rounding step of each column that causes ties and 0 for the others, or the name of a
/// column without a step as error.
fn steps(sides: &Sides) -> std::result::Result<Vec<f64>, String> {
    let columns =
        || sides.blocks().into_iter().flat_map(|b| b.values.columns().into_iter().zip(&b.names).zip(&b.labels));
    let repeats = |column: ndarray::ArrayView1<'_, f64>| {
        let column = column.insert_axis(ndarray::Axis(1));
        rounding::coinciding(column) as f64 > MANY_TIES * column.nrows() as f64
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
