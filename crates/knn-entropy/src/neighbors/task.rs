use std::ops::Range;

use crate::{Error, Metric, Result, Samples};

/// What a [`NeighborSearch`](crate::NeighborSearch) is to find: the `k` nearest references of each
/// query. Checked when it is made, so that no search checks again.
#[derive(Debug, Clone, Copy)]
pub struct SearchTask<'a> {
    queries: &'a Samples<'a>,
    references: &'a Samples<'a>,
    k: usize,
    metric: Metric<'a>,
    window: Option<usize>,
}

impl<'a> SearchTask<'a> {
    /// Returns the task of finding the `k` nearest others of each point, more than `window` rows
    /// before or after it.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroK`], [`Error::KTooLarge`] unless every point has `k` others, and what
    /// [`Metric`] does not fit the points.
    pub fn among(points: &'a Samples<'_>, k: usize, metric: Metric<'a>, window: usize) -> Result<Self> {
        metric.check(points.dimension())?;
        let excluded = window.saturating_mul(2).saturating_add(1);
        check_k(k, points.len().saturating_sub(excluded))?;
        Ok(Self { queries: points, references: points, k, metric, window: Some(window) })
    }

    /// Returns the task of finding the `k` nearest of `references` for each of `queries`.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroK`], [`Error::KTooLarge`] unless there are at least `k` references,
    /// [`Error::DimensionMismatch`], and what [`Metric`] does not fit the points.
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

    /// The points whose neighbors are to be found.
    pub fn queries(&self) -> &'a Samples<'a> {
        self.queries
    }

    /// The points that can be neighbors; the queries themselves in a search among points.
    pub fn references(&self) -> &'a Samples<'a> {
        self.references
    }

    /// The number of neighbors of each query.
    pub fn k(&self) -> usize {
        self.k
    }

    /// The metric of the distances.
    pub fn metric(&self) -> Metric<'a> {
        self.metric
    }

    /// The rows before and after a query that are no neighbors, nor is the query itself. `None` for
    /// a search between two sets.
    pub fn window(&self) -> Option<usize> {
        self.window
    }

    /// Returns whether a reference may be a neighbor of a query.
    #[inline(always)]
    pub fn allows(&self, query: usize, reference: usize) -> bool {
        self.window.is_none_or(|window| query.abs_diff(reference) > window)
    }

    /// The rows of the references that may be neighbors of a query: those before its window, and
    /// those after.
    pub(super) fn allowed(&self, query: usize) -> [Range<usize>; 2] {
        let n = self.references.len();
        match self.window {
            None => [0..n, n..n],
            Some(window) => [0..query.saturating_sub(window), query.saturating_add(window).saturating_add(1).min(n)..n],
        }
    }

    /// Returns the points with other coordinates, one set of them where queries and references are
    /// one set.
    pub(super) fn map(&self, change: impl Fn(&'a Samples<'a>) -> Samples<'a>) -> Points<'a> {
        Points { queries: self.window.is_none().then(|| change(self.queries)), references: change(self.references) }
    }
}

/// The points of a task.
pub(super) struct Points<'a> {
    /// `None` if they are the references.
    queries: Option<Samples<'a>>,
    references: Samples<'a>,
}

impl Points<'_> {
    /// Returns a task with these points in place of its own.
    pub(super) fn task<'s>(&'s self, task: &SearchTask<'s>) -> SearchTask<'s> {
        SearchTask { queries: self.queries.as_ref().unwrap_or(&self.references), references: &self.references, ..*task }
    }
}

fn check_k(k: usize, others: usize) -> Result<()> {
    match k {
        0 => Err(Error::ZeroK),
        _ if k > others => Err(Error::KTooLarge { k, others }),
        _ => Ok(()),
    }
}
