//! Sums and maps per feature, over rows of features, for normalization layers.
//!
//! The arithmetic is in `f64`, because the mean before a normalization is often many times the
//! standard deviation, and rounding errors would be magnified by that factor. This costs almost
//! nothing because the loops are limited by memory bandwidth.

use super::activation::{Finish, apply};
use super::element::Element;
use super::share::{each_part, map_parts};
use super::simd::Kernel;

/// Returns, for each feature, the sum of `x - shift` and the sum of its square.
pub(super) fn deviations<F: Element>(x: &[F], shift: &[f64]) -> [Vec<f64>; 2] {
    two_sums(x, x, shift, |x, _, shift| [x - shift, (x - shift).powi(2)])
}

/// Computes `y = (x - mean) scale`.
pub(super) fn normalize<F: Element>(x: &[F], [mean, scale]: [&[f64]; 2], y: &mut [F]) {
    each(y, x, [mean, scale, scale], Finish::default(), |_, x, [mean, scale, _]| (x - mean) * scale);
}

/// Returns, for each feature, the sum of `g` and the sum of `g y`, of which [`normalize_backward`]
/// needs the means. There are as many features as entries of `scale`.
pub(super) fn gradient_sums<F: Element>(y: &[F], scale: &[f64], g: &[F]) -> [Vec<f64>; 2] {
    two_sums(g, y, scale, |g, y, _| [g, g * y])
}

/// Turns the gradient `g` with respect to `y = (x - mean) scale` into the gradient with respect to
/// `x`, where mean and scale are computed from `x`: `scale (g - mean of g - y mean of (g y))`. The
/// two means account for the dependence of mean and scale on `x`.
pub(super) fn normalize_backward<F: Element>(y: &[F], scale: &[f64], means: [&[f64]; 2], g: &mut [F]) {
    let of_features = [means[0], means[1], scale];
    each(g, y, of_features, Finish::default(), |g, y, [mean, gy, scale]| scale * (g - mean - y * gy));
}

/// Computes `y = scale x` and applies `finish`.
pub(super) fn scale<F: Element>(x: &[F], scale: &[f64], finish: Finish<'_, F>, y: &mut [F]) {
    each(y, x, [scale; 3], finish, |_, x, [scale, ..]| scale * x);
}

/// Turns the gradient `g` with respect to `y = scale x` into the gradient with respect to `x`, and
/// returns the gradient with respect to the scale.
pub(super) fn scale_backward<F: Element>(x: &[F], scale: &[f64], g: &mut [F]) -> Vec<f64> {
    let [sums, _] = two_sums(g, x, scale, |g, x, _| [g * x, 0.0]);
    each(g, x, [scale; 3], Finish::default(), |g, _, [scale, ..]| scale * g);
    sums
}

/// Returns the number of entries, in whole rows, that one thread processes at a time.
fn block(features: usize) -> usize {
    (1_usize << 15).next_multiple_of(features.max(1))
}

/// Returns, for each feature, two sums over all rows, computed in one pass over the memory. `terms`
/// gets an entry of `a`, the corresponding entry of `b`, and the feature's entry of `shift`.
///
/// The blocks depend only on the shape and are summed in order, so the result does not depend on
/// the number of threads.
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

/// Replaces each entry of `to` by a function of itself, the corresponding entry of `from` and three
/// numbers of its feature, and applies `finish`.
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
