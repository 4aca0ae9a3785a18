use std::fmt;

use knn_entropy::Warning;

use super::Result;
use crate::{Asked, Ranks, Typed, sums};

/// An estimate in nats from the rows of all ranks.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Estimated {
    /// Mean of the local values. The same bits on all ranks.
    pub value: f64,
    /// Standard error of the value, as in
    /// [`Estimate::standard_error`](knn_entropy::Estimate::standard_error).
    pub standard_error: f64,
    /// Number of rows of all ranks.
    pub rows: usize,
    /// Local values of the rows that this rank reads, in order.
    pub local: Vec<f64>,
    /// Reasons to doubt the estimate. Some warnings of one process need all rows at once and are
    /// missing here: see each estimator.
    pub warnings: Vec<Warning>,
    /// Numbers of questions of all ranks.
    pub asked: Asked,
}

impl Estimated {
    /// Returns the estimate from the local values of this rank's rows, and the variance that is due
    /// to a second set of rows.
    pub(crate) fn new(ranks: &dyn Ranks, local: Vec<f64>, of_others: f64, rows: usize, asked: Asked) -> Result<Self> {
        let finite = local.iter().fold(true, |all, x| all & x.is_finite());
        let local = ranks.set_aside(local)?;
        // All ranks must agree before any of them gives up.
        if ranks.all_gather_one(u8::from(finite))?.contains(&0) {
            return Err(knn_entropy::Error::OutOfRange { what: "the local value of a sample" }.into());
        }
        let value = sums::mean(ranks, &local, rows)?;
        let standard_error = (sums::variance_of_mean(ranks, &local, value, rows)? + of_others).sqrt();
        Ok(Self { value, standard_error, rows, local: local.take_back()?, warnings: Vec::new(), asked })
    }
}

/// A stage of an estimate that a rank has finished, for progress bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The rows were read.
    Read,
    /// The points arrived.
    Exchange,
    /// Neighbors or counts were found, and questions answered.
    Search,
    /// The local values were added.
    Sum,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "reading",
            Self::Exchange => "dividing",
            Self::Search => "searching",
            Self::Sum => "adding",
        })
    }
}

/// A function that is told about each finished stage.
#[derive(Clone, Copy)]
pub(crate) struct Progress<'p>(pub(crate) Option<&'p (dyn Fn(Stage) + Sync)>);

impl Progress<'_> {
    pub(crate) fn finished(self, stage: Stage) {
        if let Some(report) = self.0 {
            report(stage);
        }
    }
}

impl fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Progress" } else { "None" })
    }
}
