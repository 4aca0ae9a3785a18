//! The estimator and the settings that the flags ask for.

use clap::ValueEnum;
use knn_entropy::Error;
use serde::Serialize;

use super::settings::MetricName;

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
