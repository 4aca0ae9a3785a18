//! Multi-threaded matrix product on the CPU.

use ndarray::linalg::general_mat_mul;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, NdFloat};
use rayon::prelude::*;

/// Multiply-adds that justify another thread: some tens of microseconds of work.
const BLOCK_WORK: usize = 1 << 20;
const MOST_BLOCKS: usize = 16;
/// Smallest number of rows or columns of a block. Each block packs the shared operand again, which
/// would be a noticeable cost for smaller blocks.
const LEAST_SIDE: usize = 64;

/// Computes `c <- alpha a b + beta c` in blocks that depend on the shapes alone.
pub(crate) fn product<F: NdFloat>(
    alpha: F,
    a: ArrayView2<'_, F>,
    b: ArrayView2<'_, F>,
    beta: F,
    mut c: ArrayViewMut2<'_, F>,
) {
    let ((m, k), n) = (a.dim(), b.ncols());
    // Splitting the longer side makes the smaller operand the shared one.
    let most = (m.max(n) / LEAST_SIDE).min(MOST_BLOCKS);
    let blocks = (m * n * k / BLOCK_WORK).clamp(1, most.max(1));
    if blocks == 1 || b.nrows() != k || c.dim() != (m, n) {
        return general_mat_mul(alpha, &a, &b, beta, &mut c);
    }
    let parts: Vec<_> = if m >= n {
        let rows = m.div_ceil(blocks);
        let parts = c.axis_chunks_iter_mut(Axis(0), rows).zip(a.axis_chunks_iter(Axis(0), rows));
        parts.map(|(c, a)| (c, a, b)).collect()
    } else {
        let columns = n.div_ceil(blocks);
        let parts = c.axis_chunks_iter_mut(Axis(1), columns).zip(b.axis_chunks_iter(Axis(1), columns));
        parts.map(|(c, b)| (c, a, b)).collect()
    };
    parts.into_par_iter().for_each(|(mut c, a, b)| general_mat_mul(alpha, &a, &b, beta, &mut c));
}
