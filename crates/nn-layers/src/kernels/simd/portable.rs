//! The multiplication method without unsafe code and CPU-specific instructions, for both element
//! types.

use std::hint::black_box;

use autodiff_mini::Scalar;

use super::{SIDE, Strip, Transposition};

/// Number of rows in one step. The compiler keeps the sums of this many rows in registers.
pub(super) const ROWS: usize = 4;

pub(crate) fn portable<F: Scalar>(strip: Strip<'_, F>) {
    match strip.width {
        16 => rows::<F, 16>(strip),
        8 => rows::<F, 8>(strip),
        width => unreachable!("a panel of {width} columns"),
    }
}

#[inline(always)]
fn rows<F: Scalar, const W: usize>(mut strip: Strip<'_, F>) {
    let mut left = Vec::with_capacity(strip.a.ncols());
    let tiles = strip.a.axis_chunks_iter(ndarray::Axis(0), ROWS);
    for (a, mut c) in tiles.zip(strip.c.axis_chunks_iter_mut(ndarray::Axis(0), ROWS)) {
        // Copy column by column, so that the loop below reads memory in order.
        left.clear();
        left.extend(a.columns().into_iter().map(|column| {
            let mut some = [F::zero(); ROWS];
            some.iter_mut().zip(column).for_each(|(to, &from)| *to = from);
            some
        }));
        let mut sums = [[F::zero(); W]; ROWS];
        for (left, panel) in left.iter().zip(strip.panel.chunks(strip.apart)) {
            for (sums, &x) in sums.iter_mut().zip(left) {
                for (sum, &p) in sums.iter_mut().zip(&panel[..W]) {
                    *sum += x * p;
                }
            }
        }
        for (mut c, sums) in c.rows_mut().into_iter().zip(&sums) {
            for (to, &sum) in c.iter_mut().zip(sums) {
                *to = if strip.add { *to + sum } else { sum };
            }
        }
    }
}

pub(super) fn transpose<F: Scalar>(transposition: Transposition<'_, '_, F>) {
    let Transposition { columns, rows, to, apart } = transposition;
    for c in (0..SIDE).step_by(4) {
        for r in (0..rows).step_by(4) {
            let [p, q, s, t] =
                [0, 1, 2, 3].map(|i| *columns[c + i][r..].first_chunk::<4>().expect("as many as there are rows"));
            for i in 0..4 {
                *to[(r + i) * apart + c..].first_chunk_mut().expect("as many rows") = [p[i], q[i], s[i], t[i]];
            }
        }
    }
}

pub(super) fn multiply_adds<F: Scalar>(rounds: usize) -> usize {
    let x = black_box(F::one());
    let mut sums = [[F::zero(); 16]; ROWS];
    for _ in 0..rounds {
        sums.as_flattened_mut().iter_mut().for_each(|sum| *sum += x * x);
    }
    black_box(sums);
    2 * rounds * 16 * ROWS
}
