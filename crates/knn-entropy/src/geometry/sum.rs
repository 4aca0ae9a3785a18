/// Rule by which a norm accumulates absolute differences.
pub(crate) trait Sum: Copy + Send + Sync {
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
    #[inline(always)]
    fn add(sum: f64, size: f64) -> f64 {
        if size > sum { size } else { sum }
    }
    #[inline(always)]
    fn join(a: f64, b: f64) -> f64 {
        if b > a { b } else { a }
    }
}

/// Number of independent partial sums. In a single sum, every addition would wait for the one
/// before it.
pub(crate) const LANES: usize = 8;

/// One number for each of [`LANES`] points.
pub(crate) type Lanes = [f64; LANES];

/// One coordinate of [`LANES`] points, aligned to a cache line: a vector across two lines takes
/// twice as long to load.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(crate) struct Column(pub(crate) Lanes);

/// Adds up `size(0)` to `size(d - 1)` in an order that depends on `d` alone.
#[inline(always)]
pub(super) fn add_up<S: Sum>(d: usize, size: impl Fn(usize) -> f64) -> f64 {
    // In a few dimensions, joining partial sums would take longer than the sum itself.
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

/// Does the work of [`add_up`] for several points at once.
#[inline(always)]
pub(super) fn add_up_lanes<S: Sum>(d: usize, size: impl Fn(usize) -> Lanes) -> Lanes {
    // The sum of every `step`-th coordinate from `first` on.
    let part = |first: usize, step: usize| {
        let mut sum = [0.0; LANES];
        for c in (first..d).step_by(step) {
            let size = size(c);
            for lane in 0..LANES {
                sum[lane] = S::add(sum[lane], size[lane]);
            }
        }
        sum
    };
    if d < LANES {
        return part(0, 1);
    }
    let join = |mut a: Lanes, b: Lanes| {
        for lane in 0..LANES {
            a[lane] = S::join(a[lane], b[lane]);
        }
        a
    };
    let pair = |first: usize| join(part(first, LANES), part(first + LANES / 2, LANES));
    join(join(pair(0), pair(1)), join(pair(2), pair(3)))
}

#[inline(always)]
pub(super) fn sizes(a: f64, Column(others): &Column, size: impl Fn(f64) -> f64) -> Lanes {
    let mut sizes = [0.0; LANES];
    for lane in 0..LANES {
        sizes[lane] = size((a - others[lane]).abs());
    }
    sizes
}

/// Computes the key of two points by a norm, adding in the order of [`add_up`].
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
