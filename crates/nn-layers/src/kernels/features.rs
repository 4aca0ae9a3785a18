//! Sums and functions feature by feature, over rows of features: what normalization is made of.
//!
//! In `f64`, because before a normalization a mean is often many times its standard deviation, and
//! rounding would be magnified as often. It costs next to nothing: these are bound by the memory.

use super::activation::{Finish, apply};
use super::element::Element;
use super::share::{each_part, map_parts};
use super::simd::Kernel;

/// For each feature the sum of `x - shift` and that of its square.
pub(super) fn deviations<F: Element>(x: &[F], shift: &[f64]) -> [Vec<f64>; 2] {
    two_sums(x, x, shift, |x, _, shift| [x - shift, (x - shift).powi(2)])
}

/// `y = (x - mean) scale`.
pub(super) fn normalize<F: Element>(x: &[F], [mean, scale]: [&[f64]; 2], y: &mut [F]) {
    each(y, x, [mean, scale, scale], Finish::default(), |_, x, [mean, scale, _]| (x - mean) * scale);
}

/// Turns the gradient `g` with respect to `y = (x - mean) scale` into that with respect to `x`,
/// where mean and scale are those of `x` itself: `scale (g - mean of g - y mean of (g y))`. The two
/// means are how `x` moves its mean and variance.
pub(super) fn normalize_backward<F: Element>(y: &[F], scale: &[f64], g: &mut [F]) {
    let count = (y.len() / scale.len().max(1)) as f64;
    let [g_mean, gy_mean] = two_sums(g, y, scale, |g, y, _| [g, g * y])
        .map(|sums| sums.into_iter().map(|sum| sum / count).collect::<Vec<_>>());
    let of_features = [&g_mean[..], &gy_mean, scale];
    each(g, y, of_features, Finish::default(), |g, y, [mean, gy, scale]| scale * (g - mean - y * gy));
}

/// `y = scale x`, then `finish`.
pub(super) fn scale<F: Element>(x: &[F], scale: &[f64], finish: Finish<'_, F>, y: &mut [F]) {
    each(y, x, [scale; 3], finish, |_, x, [scale, ..]| scale * x);
}

/// Turns the gradient `g` with respect to `y = scale x` into that with respect to `x`, and returns
/// that with respect to the scale.
pub(super) fn scale_backward<F: Element>(x: &[F], scale: &[f64], g: &mut [F]) -> Vec<f64> {
    let [sums, _] = two_sums(g, x, scale, |g, x, _| [g * x, 0.0]);
    each(g, x, [scale; 3], Finish::default(), |g, _, [scale, ..]| scale * g);
    sums
}

/// Numbers that one thread deals with at a time, in whole rows.
fn block(features: usize) -> usize {
    (1_usize << 15).next_multiple_of(features.max(1))
}

/// For each feature two sums over all rows, in one pass over the memory. `terms` gets a number of
/// `a`, the one of `b` in the same place, and the feature's number of `shift`.
///
/// Blocks by the shape alone, added up in their order: the same for every number of threads.
fn two_sums<F: Element>(
    a: &[F],
    b: &[F],
    shift: &[f64],
    terms: impl Fn(f64, f64, f64) -> [f64; 2] + Sync,
) -> [Vec<f64>; 2] {
    let block = block(shift.len());
    let blocks = a.chunks(block).zip(b.chunks(block));
    let parts = map_parts(blocks, |(a, b)| F::run(TwoSums { a, b, shift, terms: &terms }));
    let mut sums = [vec![0.0; shift.len()], vec![0.0; shift.len()]];
    for part in &parts {
        for (sums, part) in sums.iter_mut().zip(part) {
            sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
    }
    sums
}

struct TwoSums<'a, F, T> {
    a: &'a [F],
    b: &'a [F],
    shift: &'a [f64],
    terms: &'a T,
}

impl<F: Element, T: Fn(f64, f64, f64) -> [f64; 2]> Kernel for TwoSums<'_, F, T> {
    type Output = [Vec<f64>; 2];

    #[inline(always)]
    fn run(self) -> [Vec<f64>; 2] {
        let Self { a, b, shift, terms } = self;
        let features = shift.len();
        let (mut first, mut second) = (vec![0.0; features], vec![0.0; features]);
        for (a, b) in a.chunks_exact(features.max(1)).zip(b.chunks_exact(features.max(1))) {
            let (first, second) = (&mut first[..features], &mut second[..features]);
            let (a, b, shift) = (&a[..features], &b[..features], &shift[..features]);
            for c in 0..features {
                let [p, q] = terms(a[c].into_f64(), b[c].into_f64(), shift[c]);
                first[c] += p;
                second[c] += q;
            }
        }
        [first, second]
    }
}

/// Makes of each number of `to` and the one of `from` in the same place a function of the two and
/// of three numbers of their feature; and then `finish`.
fn each<F: Element>(
    to: &mut [F],
    from: &[F],
    of_features: [&[f64]; 3],
    finish: Finish<'_, F>,
    f: impl Fn(f64, f64, [f64; 3]) -> f64 + Sync,
) {
    let block = block(of_features[0].len());
    each_part(to.chunks_mut(block).zip(from.chunks(block)), |(to, from)| {
        F::run(Each { to, from, of_features, f: &f });
        apply(&finish, to);
    });
}

struct Each<'a, F, T> {
    to: &'a mut [F],
    from: &'a [F],
    of_features: [&'a [f64]; 3],
    f: &'a T,
}

impl<F: Element, T: Fn(f64, f64, [f64; 3]) -> f64> Kernel for Each<'_, F, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { to, from, of_features: [p, q, r], f } = self;
        let features = p.len();
        let whole = features.max(1);
        for (to, from) in to.chunks_exact_mut(whole).zip(from.chunks_exact(whole)) {
            let (from, p, q, r) = (&from[..features], &p[..features], &q[..features], &r[..features]);
            for (c, to) in to[..features].iter_mut().enumerate() {
                *to = F::from_f64(f(to.into_f64(), from[c].into_f64(), [p[c], q[c], r[c]]));
            }
        }
    }
}
