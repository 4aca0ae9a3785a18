use std::marker::PhantomData;

use super::sum::{Sum, add_up, add_up_lanes, plain_key, sizes};
use super::{Bounds, Column, Geometry, Lanes, Split};

/// A norm in `D` dimensions, or in any dimension if `D` is 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plain<S, const D: usize>(PhantomData<S>);

impl<S, const D: usize> Plain<S, D> {
    pub(crate) fn new() -> Self {
        Self(PhantomData)
    }

    #[inline(always)]
    fn known(d: usize) -> usize {
        if D > 0 { D } else { d }
    }
}

/// Returns the distance between two intervals.
#[inline(always)]
pub(super) fn gap(a_low: f64, a_high: f64, b_low: f64, b_high: f64) -> f64 {
    let (left, right) = (a_low - b_high, b_low - a_high);
    let gap = if left > right { left } else { right };
    if gap > 0.0 { gap } else { 0.0 }
}

/// Returns the largest distance between a point of one interval and a point of the other.
#[inline(always)]
pub(super) fn reach(a_low: f64, a_high: f64, b_low: f64, b_high: f64) -> f64 {
    let (left, right) = (a_high - b_low, b_high - a_low);
    if left > right { left } else { right }
}

impl<S: Sum, const D: usize> Geometry for Plain<S, D> {
    #[inline(always)]
    fn dimension(&self, d: usize) -> usize {
        Self::known(d)
    }

    #[inline(always)]
    fn key(&self, a: &[f64], b: &[f64]) -> f64 {
        if D > 0 {
            let (a, b) = (&a[..D], &b[..D]);
            let mut sum = 0.0;
            for c in 0..D {
                sum = S::add(sum, (a[c] - b[c]).abs());
            }
            return sum;
        }
        plain_key::<S>(a, b)
    }

    #[inline(always)]
    fn keys(&self, a: &[f64], others: &[Column]) -> Lanes {
        let d = Self::known(a.len());
        let (a, others) = (&a[..d], &others[..d]);
        add_up_lanes::<S>(d, |c| sizes(a[c], &others[c], |u| u))
    }

    #[inline(always)]
    fn nearest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64 {
        let d = Self::known(a.low.len());
        let (al, ah, bl, bh) = (&a.low[..d], &a.high[..d], &b.low[..d], &b.high[..d]);
        add_up::<S>(d, |c| gap(al[c], ah[c], bl[c], bh[c]))
    }

    #[inline(always)]
    fn farthest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64 {
        let d = Self::known(a.low.len());
        let (al, ah, bl, bh) = (&a.low[..d], &a.high[..d], &b.low[..d], &b.high[..d]);
        add_up::<S>(d, |c| reach(al[c], ah[c], bl[c], bh[c]))
    }
}

impl<S: Sum> Split for Plain<S, 0> {
    fn part(&self, _start: usize, _end: usize) -> Self {
        *self
    }
}
