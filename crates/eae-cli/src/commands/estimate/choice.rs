//! The choice of the estimator and of the rule for ties.

use clap::ValueEnum;
use knn_entropy::{Error, Estimate, KsgVariant, Norm};
use serde::Serialize;

use super::blocks::{Block, space_labels};
use super::measure::{Kind, Measure, Sides};
use super::print::percent;
use super::settings::MetricName;
use super::shape::point_mass;
use super::ties::{MANY_TIES, dithered, with_ties};
use super::warnings::tied;

#[derive(Clone, Copy, PartialEq, Debug, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Estimator {
    /// The estimator that suits the columns: ross for a label and numbers, grassberger for labels,
    /// ksg1 for numbers, mesner-shalizi for mixtures.
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
    /// Grassberger, for labels: plug-in entropies with a correction of their bias.
    Grassberger,
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
    /// Replaces the numbers of each column by the normal scores of their ranks.
    pub(super) ranks: bool,
}

/// The fraction of tied rows, and the rule that was applied to them.
#[derive(Serialize, Clone, Debug)]
pub(super) struct TiesReport {
    /// Fraction of rows with several neighbors at the same distance or, for estimators of labels,
    /// of rows that coincide with another row.
    pub(super) share: f64,
    /// The rule: `none`, `counted`, `dithered`, or `ignored` for an estimator without a rule.
    pub(super) policy: &'static str,
    /// The steps of the columns of x, y and z in the units of the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) steps: Option<Vec<f64>>,
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

impl Chosen {
    /// Returns the correlation of two normal variables with this information,
    /// `sqrt(1 - exp(-2 I))`. Returns `None` for labels and negative estimates.
    pub(super) fn equivalent_correlation(&self, sides: &Sides) -> Option<f64> {
        let is_numbers = sides.blocks().iter().all(|block| block.no_labels());
        (is_numbers && self.estimate.value() >= 0.0).then(|| self.estimate.correlation())
    }
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
    let mut estimator = chosen(sides, (wish.estimator, wish.window), &mut notes)?;
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
    let by_library = matches!(estimator, Estimator::Ksg1 | Estimator::Ksg2) && !wish.ranks;
    let spread = if by_library || estimator == Estimator::Grassberger {
        None
    } else {
        let automatic = wish.estimator == Estimator::Auto && estimator == Estimator::MesnerShalizi;
        let unasked = automatic || estimator == Estimator::Ross || wish.ranks;
        dithered(sides, wish, unasked, repeated, &mut notes)?
    };
    let mut wish = *wish;
    if wish.ranks {
        [&mut sides.x, &mut sides.y, &mut sides.z].into_iter().for_each(Block::rank);
        // Normal scores have no rounding step. The numbers were dithered before.
        wish.ties = if wish.ties == TiesWish::Dither { TiesWish::Count } else { wish.ties };
    }
    space_labels(&mut [&mut sides.x, &mut sides.y, &mut sides.z]);
    let many = repeated > MANY_TIES && spread.is_none();
    if estimator == Estimator::Ross && wish.estimator == Estimator::Auto && many {
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
                with_ties(sides, &wish, |rule| of(Kind::Ksg(KsgVariant::One, rule)), &mut notes)?
            }
            Estimator::Ksg2 => with_ties(sides, &wish, |rule| of(Kind::Ksg(KsgVariant::Two, rule)), &mut notes)?,
            Estimator::Gao => (of(Kind::Gao), of(Kind::Gao).of(sides), TiesReport { policy: "ignored", ..counted }),
            Estimator::MesnerShalizi => (of(Kind::MesnerShalizi), of(Kind::MesnerShalizi).of(sides), counted),
            Estimator::Ross => (of(Kind::Ross), of(Kind::Ross).of(sides), counted),
            Estimator::Grassberger => {
                let none = TiesReport { share: 0.0, policy: "none", steps: None };
                (of(Kind::Grassberger), of(Kind::Grassberger).of(sides), none)
            }
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
                let estimate = found?;
                let mut ties = spread.unwrap_or(ties);
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
