use std::marker::PhantomData;

use super::plain::{gap, reach};
use super::sum::{Sum, add_up, add_up_lanes, sizes};
use super::{Bounds, Column, Geometry, Lanes, Split};

/// A norm of differences by the shorter way around.
///
/// An infinite period stands for a coordinate that is not periodic. The other way around is then
/// infinite, or NaN if the difference overflows, and `min` returns neither.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Periodic<'a, S> {
    periods: &'a [f64],
    sum: PhantomData<S>,
}

impl<'a, S> Periodic<'a, S> {
    pub(crate) fn new(periods: &'a [f64]) -> Self {
        Self { periods, sum: PhantomData }
    }
}

impl<S: Sum> Geometry for Periodic<'_, S> {
    #[inline(always)]
    fn key(&self, a: &[f64], b: &[f64]) -> f64 {
        add_up::<S>(a.len(), |c| {
            let u = (a[c] - b[c]).abs();
            u.min(self.periods[c] - u)
        })
    }

    #[inline(always)]
    fn keys(&self, a: &[f64], others: &[Column]) -> Lanes {
        add_up_lanes::<S>(a.len(), |c| sizes(a[c], &others[c], |u| u.min(self.periods[c] - u)))
    }

    #[inline(always)]
    fn nearest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64 {
        add_up::<S>(a.low.len(), |c| {
            let reach = reach(a.low[c], a.high[c], b.low[c], b.high[c]);
            gap(a.low[c], a.high[c], b.low[c], b.high[c]).min(self.periods[c] - reach)
        })
    }

    #[inline(always)]
    fn farthest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64 {
        add_up::<S>(a.low.len(), |c| {
            let gap = gap(a.low[c], a.high[c], b.low[c], b.high[c]);
            reach(a.low[c], a.high[c], b.low[c], b.high[c]).min(self.periods[c] - gap)
        })
    }
}

impl<S: Sum> Split for Periodic<'_, S> {
    #[inline(always)]
    fn part(&self, start: usize, end: usize) -> Self {
        Self::new(&self.periods[start..end])
    }
}
