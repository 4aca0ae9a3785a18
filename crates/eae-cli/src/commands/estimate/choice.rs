//! The choice of the estimator and of the rule for ties.

use knn_entropy::{Error, Estimate, KsgVariant, Norm};

use super::blocks::{Block, space_labels};
use super::measure::{Kind, Measure, Sides};
use super::print::percent;
use super::rounding::MANY_TIES;
use super::settings::MetricName;
use super::shape::point_mass;
use super::ties::{dithered, with_ties};
use super::warnings::tied;
use super::wish::{Estimator, Refusal, TiesReport, TiesWish, Wish};
use crate::output::rows_that;

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

impl Chosen {
    /// Returns the correlation of two normal variables with this information,
    /// `sqrt(1 - exp(-2 I))`. Returns `None` for labels and negative estimates.
    pub(super) fn equivalent_correlation(&self, sides: &Sides) -> Option<f64> {
        let is_numbers = sides.blocks().iter().all(|block| block.no_labels());
        (is_numbers && self.estimate.value() >= 0.0).then(|| self.estimate.correlation())
    }
}

/// Chooses the estimator, prepares the variables and estimates.
pub(super) fn settle(sides: &mut Sides, wish: &Wish<'_>) -> std::result::Result<Chosen, Refusal> {
    let mut notes = Vec::new();
    let mut estimator = chosen(sides, (wish.estimator, wish.window), &mut notes)?;
    let automatic = wish.estimator == Estimator::Auto;
    if wish.standardize {
        for (block, side) in [&mut sides.x, &mut sides.y, &mut sides.z].into_iter().enumerate() {
            side.standardize().map_err(|column| Refusal::Constant { block, column })?;
        }
    }
    let repeated = match (sides.x.all_labels(), sides.y.all_labels()) {
        (true, false) => sides.y.repeated(),
        (false, true) => sides.x.repeated(),
        _ => sides.x.repeated().max(sides.y.repeated()),
    };
    // The library dithers for its own rule, and labels have no rounding step.
    let by_library = matches!(estimator, Estimator::Ksg1 | Estimator::Ksg2) && !wish.ranks;
    let spread = if by_library || estimator == Estimator::Grassberger {
        None
    } else {
        let unasked = automatic && estimator == Estimator::MesnerShalizi || estimator == Estimator::Ross || wish.ranks;
        dithered(sides, wish, unasked, repeated, &mut notes)?
    };
    let mut wish = *wish;
    if wish.ranks {
        [&mut sides.x, &mut sides.y, &mut sides.z].into_iter().for_each(Block::rank);
        // Normal scores have no rounding step. The numbers were dithered before.
        wish.ties = if wish.ties == TiesWish::Dither { TiesWish::Count } else { wish.ties };
    }
    space_labels(&mut [&mut sides.x, &mut sides.y, &mut sides.z]);
    let by_ross = automatic && estimator == Estimator::Ross;
    if by_ross && repeated > MANY_TIES && spread.is_none() {
        notes.push(format!(
            "{} of the rows have the same numbers as another row, so mesner-shalizi was used instead of ross",
            percent(repeated)
        ));
        estimator = Estimator::MesnerShalizi;
    }
    let mut attempt = attempt_by(sides, &wish, estimator, repeated, &mut notes)?;
    if let (true, Err(Error::Duplicates { count, .. })) = (by_ross, &attempt.estimate) {
        notes.push(format!(
            "{}, so mesner-shalizi was used instead of ross",
            rows_that(*count, ["coincides with a neighbor of its label", "coincide with neighbors of their label"])
        ));
        estimator = Estimator::MesnerShalizi;
        attempt = attempt_by(sides, &wish, estimator, repeated, &mut notes)?;
    }
    let Attempt { metric, measure, estimate, ties } = attempt;
    let (estimate, mut ties) = (estimate?, spread.unwrap_or(ties));
    if let (Some(share), Estimator::Gao | Estimator::Ross) = (tied(&estimate), estimator) {
        ties.share = share;
        let what = match estimator {
            Estimator::Gao => "gao has no rule for ties, so the estimate can be too high; use mesner-shalizi",
            _ => "all of these neighbors were counted",
        };
        notes.push(format!("{} of the rows have neighbors at equal distances; {what}", percent(share)));
    }
    Ok(Chosen { estimator, metric, measure, estimate, ties, notes })
}

/// An attempt to estimate, and how it was made.
struct Attempt {
    metric: MetricName,
    measure: Measure,
    estimate: knn_entropy::Result<Estimate>,
    ties: TiesReport,
}

/// Tries an estimator on prepared variables. `repeated` is the fraction of rows that coincide with
/// another row.
fn attempt_by(
    sides: &Sides,
    wish: &Wish<'_>,
    estimator: Estimator,
    repeated: f64,
    notes: &mut Vec<String>,
) -> std::result::Result<Attempt, Refusal> {
    let usual = if estimator == Estimator::Ross { MetricName::L2 } else { MetricName::Linf };
    let metric = wish.metric.unwrap_or(usual);
    let of = |kind| Measure { kind, k: wish.k, norm: Norm::from(metric), window: wish.window, seed: wish.seed };
    let ksg = |variant| move |rule| of(Kind::Ksg(variant, rule));
    let (kind, share, policy) = match estimator {
        Estimator::Auto | Estimator::Ksg1 | Estimator::Ksg2 => {
            let variant = if estimator == Estimator::Ksg2 { KsgVariant::Two } else { KsgVariant::One };
            let (measure, estimate, ties) = with_ties(sides, wish, ksg(variant), notes)?;
            return Ok(Attempt { metric, measure, estimate, ties });
        }
        Estimator::Gao => (Kind::Gao, repeated, "ignored"),
        Estimator::MesnerShalizi => (Kind::MesnerShalizi, repeated, "counted"),
        Estimator::Ross => (Kind::Ross, repeated, "counted"),
        Estimator::Grassberger => (Kind::Grassberger, 0.0, "none"),
    };
    let measure = of(kind);
    let estimate = measure.of(sides);
    Ok(Attempt { metric, measure, estimate, ties: TiesReport { share, policy, steps: None } })
}

/// Returns the estimator that suits the columns, and marks columns of codes as labels.
fn chosen(
    sides: &mut Sides,
    (wish, window): (Estimator, usize),
    notes: &mut Vec<String>,
) -> std::result::Result<Estimator, Refusal> {
    let conditional = sides.z.width() > 0;
    if conditional && matches!(wish, Estimator::Ross | Estimator::Gao) {
        return Err(Refusal::Message(
            "--estimator ross and gao cannot have a condition; use mesner-shalizi or ksg1".to_owned(),
        ));
    }
    let labels = |sides: &Sides| sides.blocks().iter().any(|block| !block.no_labels());
    if matches!(wish, Estimator::Auto | Estimator::Ross | Estimator::Grassberger) && !conditional {
        codes(sides, wish == Estimator::Ross, notes);
    }
    let only_labels = sides.blocks().iter().all(|block| block.width() == 0 || block.all_labels());
    let one_side = sides.x.all_labels() && sides.y.no_labels() || sides.y.all_labels() && sides.x.no_labels();
    let chosen = match wish {
        Estimator::Ross if !one_side => {
            return Err(Refusal::Message(
                "--estimator ross needs labels as one variable and numbers as the other; name columns of labels with --labels, \
                 or use mesner-shalizi"
                    .to_owned(),
            ));
        }
        Estimator::Grassberger if !only_labels => {
            return Err(Refusal::Message(
                "--estimator grassberger needs labels in all columns; name columns of labels with --labels, or use \
                 mesner-shalizi"
                    .to_owned(),
            ));
        }
        Estimator::Grassberger if window > 0 => {
            return Err(Refusal::Message("--estimator grassberger has no --theiler; use mesner-shalizi".to_owned()));
        }
        Estimator::Auto if only_labels && window == 0 => Estimator::Grassberger,
        Estimator::Auto if !labels(sides) => numbers(sides, notes),
        Estimator::Auto if one_side && !conditional => Estimator::Ross,
        // Only the condition has labels, and the variables are numbers.
        Estimator::Auto if sides.x.no_labels() && sides.y.no_labels() => numbers(sides, notes),
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

/// Returns the estimator for two variables of numbers.
fn numbers(sides: &Sides, notes: &mut Vec<String>) -> Estimator {
    let columns = sides.blocks().into_iter().flat_map(|b| b.values.columns().into_iter().zip(&b.names).zip(&b.labels));
    let mut masses = columns
        .filter(|(_, label)| !**label)
        .filter_map(|((column, name), _)| point_mass(column).map(|(value, share)| (name, value, share)));
    match masses.next() {
        Some((name, value, share)) => {
            notes.push(format!(
                "{} of the rows have {value} in column {name}, whose other numbers hardly repeat, so mesner-shalizi was used \
                 instead of ksg1",
                percent(share)
            ));
            Estimator::MesnerShalizi
        }
        None => Estimator::Ksg1,
    }
}

/// Marks a column of codes as labels if the other variable is continuous or a label, and both
/// columns if both are codes. Numbers that are spread within their steps have the information of
/// the labels, too, but an estimate from many equal rows is more exact.
fn codes(sides: &mut Sides, even_repeated: bool, notes: &mut Vec<String>) {
    let Sides { x, y, .. } = sides;
    let labels = !x.no_labels() || !y.no_labels();
    let codes = match (x.could_be_a_label(), y.could_be_a_label()) {
        (true, _) if !even_repeated && y.all_labels() => vec![x],
        (_, true) if !even_repeated && x.all_labels() => vec![y],
        _ if labels => return,
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
