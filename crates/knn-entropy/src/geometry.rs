//! Distances as searches compare them, compiled once for each metric and small dimension.
//!
//! A *key* orders points as their distance does and is cheaper: in L2 it is the square. Beside the key of two points there is
//! one of two boxes, never larger than that of any two points in them, and one never smaller. Never means never: rounding is
//! monotone, so if each difference of coordinates is bounded and everything is added up in the same order, then so is the
//! rounded result. Searches rely on it to leave out whole boxes and still be exact to the last bit.

use std::marker::PhantomData;

use crate::metric::blocks;

/// Two corners of a box, the lowest and the highest coordinates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds<'a> {
    pub(crate) low: &'a [f64],
    pub(crate) high: &'a [f64],
}

impl<'a> Bounds<'a> {
    pub(crate) fn of_point(point: &'a [f64]) -> Self {
        Self { low: point, high: point }
    }
}

pub(crate) trait Geometry: Copy + Send + Sync {
    /// Whether the key is the square of the distance.
    const SQUARED: bool;

    fn key(&self, a: &[f64], b: &[f64]) -> f64;

    /// The keys of a point and [`LANES`] others at once, the same to the last bit. The others lie coordinate by coordinate:
    /// the first of all, then the second of all, and so on.
    fn keys(&self, a: &[f64], others: &[Lanes]) -> Lanes;

    /// At most the key of any two points, one from each box.
    fn nearest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64;

    /// At least that.
    fn farthest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64;

    /// The dimension, known to the compiler if it is to this geometry: then loops over points need no division.
    #[inline(always)]
    fn dimension(&self, d: usize) -> usize {
        d
    }

    /// The distance, of a key that is in range.
    #[inline(always)]
    fn distance(&self, key: f64) -> f64 {
        if Self::SQUARED { key.sqrt() } else { key }
    }

    /// At least as large as every key whose distance is that of this key: two squares that differ in the last digit can
    /// have the same root.
    #[inline(always)]
    fn ties(&self, key: f64) -> f64 {
        if Self::SQUARED { key * (1.0 + 4.0 * f64::EPSILON) } else { key }
    }
}

/// How a norm adds up the sizes of differences.
pub(crate) trait Sum: Copy + Send + Sync {
    const SQUARED: bool;
    fn add(sum: f64, size: f64) -> f64;
    fn join(a: f64, b: f64) -> f64;
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct SumOfSizes;
#[derive(Debug, Clone, Copy)]
pub(crate) struct SumOfSquares;
#[derive(Debug, Clone, Copy)]
pub(crate) struct Largest;

impl Sum for SumOfSizes {
    const SQUARED: bool = false;
    #[inline(always)]
    fn add(sum: f64, size: f64) -> f64 {
        sum + size
    }
    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }
}

impl Sum for SumOfSquares {
    const SQUARED: bool = true;
    #[inline(always)]
    fn add(sum: f64, size: f64) -> f64 {
        sum + size * size
    }
    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        a + b
    }
}

impl Sum for Largest {
    const SQUARED: bool = false;
    #[inline(always)]
    fn add(sum: f64, size: f64) -> f64 {
        if size > sum { size } else { sum }
    }
    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        if b > a { b } else { a }
    }
}

/// Independent partial sums: with one alone every addition would wait for the one before it.
pub(crate) const LANES: usize = 8;

/// A number for each of so many points.
pub(crate) type Lanes = [f64; LANES];

/// Adds up `size(0)` to `size(d - 1)` in an order that depends on `d` alone.
#[inline(always)]
fn add_up<S: Sum>(d: usize, size: impl Fn(usize) -> f64) -> f64 {
    // In a few dimensions there is nothing to wait for, and joining the parts would take longer than the sum.
    if d < LANES {
        let mut sum = 0.0;
        for c in 0..d {
            sum = S::add(sum, size(c));
        }
        return sum;
    }
    let mut parts = [0.0; LANES];
    let whole = d / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, part) in parts.iter_mut().enumerate() {
            *part = S::add(*part, size(start + lane));
        }
    }
    for (lane, part) in parts.iter_mut().enumerate().take(d - whole) {
        *part = S::add(*part, size(whole + lane));
    }
    join::<S>(parts)
}

#[inline(always)]
fn join<S: Sum>([p, q, r, s, t, u, v, w]: [f64; LANES]) -> f64 {
    S::join(S::join(S::join(p, t), S::join(q, u)), S::join(S::join(r, v), S::join(s, w)))
}

/// [`add_up`] for several points at once.
#[inline(always)]
fn add_up_lanes<S: Sum>(d: usize, size: impl Fn(usize) -> Lanes) -> Lanes {
    let add = |mut sum: Lanes, c: usize| {
        let size = size(c);
        for lane in 0..LANES {
            sum[lane] = S::add(sum[lane], size[lane]);
        }
        sum
    };
    let mut sum = [0.0; LANES];
    if d < LANES {
        for c in 0..d {
            sum = add(sum, c);
        }
        return sum;
    }
    let mut parts = [[0.0; LANES]; LANES];
    for (first, part) in parts.iter_mut().enumerate() {
        for c in (first..d).step_by(LANES) {
            *part = add(*part, c);
        }
    }
    for (lane, sum) in sum.iter_mut().enumerate() {
        *sum = join::<S>(parts.map(|part| part[lane]));
    }
    sum
}

#[inline(always)]
fn sizes(a: f64, others: &Lanes, size: impl Fn(f64) -> f64) -> Lanes {
    let mut sizes = [0.0; LANES];
    for lane in 0..LANES {
        sizes[lane] = size((a - others[lane]).abs());
    }
    sizes
}

/// The key of two points by a norm, in the order of [`add_up`].
#[inline(always)]
pub(crate) fn plain_key<S: Sum>(a: &[f64], b: &[f64]) -> f64 {
    if a.len() < LANES {
        return a.iter().zip(b).fold(0.0, |sum, (a, b)| S::add(sum, (a - b).abs()));
    }
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let mut parts = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            parts[lane] = S::add(parts[lane], (a[lane] - b[lane]).abs());
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        parts[lane] = S::add(parts[lane], (a - b).abs());
    }
    join::<S>(parts)
}

/// A norm, in `D` dimensions or, if `D` is 0, in any.
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

/// How far apart two intervals are.
#[inline(always)]
fn gap(a_low: f64, a_high: f64, b_low: f64, b_high: f64) -> f64 {
    let (left, right) = (a_low - b_high, b_low - a_high);
    let gap = if left > right { left } else { right };
    if gap > 0.0 { gap } else { 0.0 }
}

/// How far apart two points of two intervals can be.
#[inline(always)]
fn reach(a_low: f64, a_high: f64, b_low: f64, b_high: f64) -> f64 {
    let (left, right) = (a_high - b_low, b_high - a_low);
    if left > right { left } else { right }
}

impl<S: Sum, const D: usize> Geometry for Plain<S, D> {
    const SQUARED: bool = S::SQUARED;

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
    fn keys(&self, a: &[f64], others: &[Lanes]) -> Lanes {
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

/// A norm of differences the shorter way round.
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
    const SQUARED: bool = S::SQUARED;

    #[inline(always)]
    fn key(&self, a: &[f64], b: &[f64]) -> f64 {
        add_up::<S>(a.len(), |c| {
            let u = (a[c] - b[c]).abs();
            u.min(self.periods[c] - u)
        })
    }

    #[inline(always)]
    fn keys(&self, a: &[f64], others: &[Lanes]) -> Lanes {
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

/// The largest of the norms of blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocks<'a, S> {
    widths: &'a [usize],
    plain: Plain<S, 0>,
}

impl<'a, S> Blocks<'a, S> {
    pub(crate) fn new(widths: &'a [usize]) -> Self {
        Self { widths, plain: Plain::new() }
    }

    #[inline(always)]
    fn largest(&self, key: impl Fn(usize, usize) -> f64) -> f64 {
        blocks(self.widths).fold(0.0, |most, (start, end)| Largest::add(most, key(start, end)))
    }
}

impl<S: Sum> Geometry for Blocks<'_, S> {
    const SQUARED: bool = S::SQUARED;

    #[inline(always)]
    fn key(&self, a: &[f64], b: &[f64]) -> f64 {
        self.largest(|start, end| self.plain.key(&a[start..end], &b[start..end]))
    }

    #[inline(always)]
    fn keys(&self, a: &[f64], others: &[Lanes]) -> Lanes {
        let mut most = [0.0; LANES];
        for (start, end) in blocks(self.widths) {
            let keys = self.plain.keys(&a[start..end], &others[start..end]);
            for lane in 0..LANES {
                most[lane] = Largest::add(most[lane], keys[lane]);
            }
        }
        most
    }

    #[inline(always)]
    fn nearest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64 {
        self.largest(|start, end| self.plain.nearest_key(a.part(start, end), b.part(start, end)))
    }

    #[inline(always)]
    fn farthest_key(&self, a: Bounds<'_>, b: Bounds<'_>) -> f64 {
        self.largest(|start, end| self.plain.farthest_key(a.part(start, end), b.part(start, end)))
    }
}

impl Bounds<'_> {
    /// The box in some of the coordinates.
    #[inline(always)]
    pub(crate) fn part(&self, start: usize, end: usize) -> Self {
        Self { low: &self.low[start..end], high: &self.high[start..end] }
    }
}

/// Runs an expression with the geometry of a metric in `d` dimensions.
macro_rules! with_geometry {
    ($metric:expr, $d:expr, |$geometry:ident| $body:expr) => {{
        #[allow(unused_imports, reason = "the body may use its functions")]
        use $crate::geometry::Geometry as _;
        use $crate::geometry::{Blocks, Largest, Periodic, Plain, SumOfSizes, SumOfSquares};
        match ($metric, $d) {
            ($crate::Metric::Norm($crate::Norm::L2), 2) => {
                let $geometry = Plain::<SumOfSquares, 2>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::L2), 3) => {
                let $geometry = Plain::<SumOfSquares, 3>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::L2), 4) => {
                let $geometry = Plain::<SumOfSquares, 4>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::L2), _) => {
                let $geometry = Plain::<SumOfSquares, 0>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::LInf), 2) => {
                let $geometry = Plain::<Largest, 2>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::LInf), 3) => {
                let $geometry = Plain::<Largest, 3>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::LInf), _) => {
                let $geometry = Plain::<Largest, 0>::new();
                $body
            }
            ($crate::Metric::Norm($crate::Norm::L1), _) => {
                let $geometry = Plain::<SumOfSizes, 0>::new();
                $body
            }
            ($crate::Metric::Blocks($crate::Norm::L1, w), _) => {
                let $geometry = Blocks::<SumOfSizes>::new(w);
                $body
            }
            ($crate::Metric::Blocks($crate::Norm::L2, w), _) => {
                let $geometry = Blocks::<SumOfSquares>::new(w);
                $body
            }
            ($crate::Metric::Blocks($crate::Norm::LInf, w), _) => {
                let $geometry = Blocks::<Largest>::new(w);
                $body
            }
            ($crate::Metric::Torus($crate::Norm::L1, p), _) => {
                let $geometry = Periodic::<SumOfSizes>::new(p);
                $body
            }
            ($crate::Metric::Torus($crate::Norm::L2, p), _) => {
                let $geometry = Periodic::<SumOfSquares>::new(p);
                $body
            }
            ($crate::Metric::Torus($crate::Norm::LInf, p), _) => {
                let $geometry = Periodic::<Largest>::new(p);
                $body
            }
        }
    }};
}

/// Runs an expression with the geometry of a norm in any dimension.
macro_rules! with_norm {
    ($norm:expr, |$geometry:ident| $body:expr) => {{
        use $crate::geometry::{Largest, Plain, SumOfSizes, SumOfSquares};
        match $norm {
            $crate::Norm::L1 => {
                let $geometry = Plain::<SumOfSizes, 0>::new();
                $body
            }
            $crate::Norm::L2 => {
                let $geometry = Plain::<SumOfSquares, 0>::new();
                $body
            }
            $crate::Norm::LInf => {
                let $geometry = Plain::<Largest, 0>::new();
                $body
            }
        }
    }};
}

pub(crate) use with_geometry;
pub(crate) use with_norm;
