use std::ops::Range;

use crate::{Error, Metric, Result, Samples};

/// A task for a [`NeighborSearch`](crate::NeighborSearch): to find the `k` nearest references of
/// each query. The constructors check the task, so searches need no further checks.
#[derive(Debug, Clone, Copy)]
pub struct SearchTask<'a> {
    queries: &'a Samples<'a>,
    references: &'a Samples<'a>,
    k: usize,
    metric: Metric<'a>,
    window: Option<usize>,
}

impl<'a> SearchTask<'a> {
    /// Returns the task of finding, for each point, the `k` nearest others that are more than
    /// `window` rows before or after it.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroK`], [`Error::KTooLarge`] unless every point has `k` others, and an error if
    /// the [`Metric`] does not match the points.
    pub fn among(points: &'a Samples<'_>, k: usize, metric: Metric<'a>, window: usize) -> Result<Self> {
        metric.check(points.dimension())?;
        let excluded = window.saturating_mul(2).saturating_add(1);
        check_k(k, points.len().saturating_sub(excluded))?;
        Ok(Self { queries: points, references: points, k, metric, window: Some(window) })
    }

    /// Returns the task of finding, for each of `queries`, the `k` nearest of `references`.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroK`], [`Error::KTooLarge`] unless there are at least `k` references,
    /// [`Error::DimensionMismatch`], and an error if the [`Metric`] does not match the points.
    pub fn between(
        queries: &'a Samples<'_>,
        references: &'a Samples<'_>,
        k: usize,
        metric: Metric<'a>,
    ) -> Result<Self> {
        queries.same_dimension(references)?;
        metric.check(queries.dimension())?;
        check_k(k, references.len())?;
        Ok(Self { queries, references, k, metric, window: None })
    }

    /// Returns the points whose neighbors are to be found.
    pub fn queries(&self) -> &'a Samples<'a> {
        self.queries
    }

    /// Returns the points that can be neighbors. In a search among points, these are the queries.
    pub fn references(&self) -> &'a Samples<'a> {
        self.references
    }

    /// Returns the number of neighbors of each query.
    pub fn k(&self) -> usize {
        self.k
    }

    /// Returns the metric of the distances.
    pub fn metric(&self) -> Metric<'a> {
        self.metric
    }

    /// Returns the number of rows before and after a query that are excluded together with the
    /// query itself. Returns `None` for a search between two sets.
    pub fn window(&self) -> Option<usize> {
        self.window
    }

    /// Returns true if a reference may be a neighbor of a query.
    #[inline(always)]
    pub fn allows(&self, query: usize, reference: usize) -> bool {
        self.window.is_none_or(|window| query.abs_diff(reference) > window)
    }

    /// Returns the rows of the references that may be neighbors of a query, before and after its
    /// window.
    pub(super) fn allowed(&self, query: usize) -> [Range<usize>; 2] {
        let n = self.references.len();
        match self.window {
            None => [0..n, n..n],
            Some(window) => [0..query.saturating_sub(window), query.saturating_add(window).saturating_add(1).min(n)..n],
        }
    }

    /// Applies `change` to the points. If queries and references are the same set, `change` is
    /// called only once.
    pub(super) fn map(&self, change: impl Fn(&'a Samples<'a>) -> Samples<'a>) -> Points<'a> {
        Points { queries: self.window.is_none().then(|| change(self.queries)), references: change(self.references) }
    }
}

/// The points of a task.
pub(super) struct Points<'a> {
    /// `None` if the queries are the references.
    queries: Option<Samples<'a>>,
    references: Samples<'a>,
}

impl Points<'_> {
    /// Returns a copy of the task with these points.
    pub(super) fn task<'s>(&'s self, task: &SearchTask<'s>) -> SearchTask<'s> {
        SearchTask { queries: self.queries.as_ref().unwrap_or(&self.references), references: &self.references, ..*task }
    }
}

/// Returns an error unless `k` of `others` can be found.
pub(crate) fn check_k(k: usize, others: usize) -> Result<()> {
    match k {
        0 => Err(Error::ZeroK),
        _ if k > others => Err(Error::KTooLarge { k, others }),
        _ => Ok(()),
    }
}
