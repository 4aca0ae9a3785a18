//! Sums and functions feature by feature, over rows of features: what normalisation is made of.
//!
//! In `f64`, because before a normalisation a mean is often many times its standard deviation, and rounding would be
//! magnified as often. It costs next to nothing: these are bound by the memory.

use rayon::prelude::*;

use super::activation::Finish;
use super::simd::{Kernel, run};
use crate::Float;

/// Numbers that one thread deals with at a time, in whole rows.
fn block(features: usize) -> usize {
    (1_usize << 15).next_multiple_of(features.max(1))
}

/// For each feature two sums over all rows, in one pass over the memory. `terms` gets a number of `a`, the one of `b` in the
/// same place, and the feature's number of `shift`.
///
/// Blocks by the shape alone, added up in their order: the same for every number of threads.
pub(crate) fn two_sums<F: Float>(
    a: &[F],
    b: &[F],
    shift: &[f64],
    terms: impl Fn(f64, f64, f64) -> [f64; 2] + Sync,
) -> [Vec<f64>; 2] {
    let block = block(shift.len());
    let parts: Vec<[Vec<f64>; 2]> = a
        .par_chunks(block)
        .zip(b.par_chunks(block))
        .map(|(a, b)| run(TwoSums { a, b, shift, terms: &terms }))
        .collect();
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

impl<F: Float, T: Fn(f64, f64, f64) -> [f64; 2]> Kernel for TwoSums<'_, F, T> {
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

/// Makes of each number of `to` and the one of `from` in the same place a function of the two and of three numbers of their
/// feature; and then `finish`.
pub(crate) fn each<F: Float>(
    to: &mut [F],
    from: &[F],
    of_features: [&[f64]; 3],
    finish: Finish<'_, F>,
    f: impl Fn(f64, f64, [f64; 3]) -> f64 + Sync,
) {
    let block = block(of_features[0].len());
    to.par_chunks_mut(block).zip(from.par_chunks(block)).for_each(|(to, from)| {
        run(Each { to, from, of_features, f: &f });
        finish.apply(to);
    });
}

struct Each<'a, F, T> {
    to: &'a mut [F],
    from: &'a [F],
    of_features: [&'a [f64]; 3],
    f: &'a T,
}

impl<F: Float, T: Fn(f64, f64, [f64; 3]) -> f64> Kernel for Each<'_, F, T> {
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
