//! Who works on what: how a batch, or a sum over one, is divided among threads.

use std::ops::Range;

use autodiff_mini::Pool;
use ndarray::parallel::prelude::*;
use ndarray::{ArrayViewMut2, Axis, Slice};

use super::element::Element;

/// Numbers of a sum that does not fit into the cache.
pub(super) const MANY: usize = 1 << 20;

/// Parts of a weight gradient that threads can work on at the same time.
const PARTS: usize = 8;

/// At most so many images for a block, such that the blocks are of equal size and every thread gets as many. Only for results
/// that do not depend on it.
pub(super) fn evenly(batch: usize, images: usize) -> usize {
    let blocks = batch.div_ceil(images.max(1)).next_multiple_of(rayon::current_num_threads());
    batch.div_ceil(blocks.max(1)).max(1)
}

/// Has a sum over images worked out by all threads: each takes some columns, so that no two add to the same, and where there
/// are few of them, some images. `work` adds to what it is given.
///
/// The parts are told from the shapes alone and added up in their order: the same for every number of threads.
pub(super) fn share_out<F: Element>(
    batch: usize,
    mut sum: ArrayViewMut2<'_, F>,
    pool: &Pool<F>,
    work: impl Fn(Slice, Range<usize>, ArrayViewMut2<'_, F>) + Sync,
) {
    let (wide, columns) = (F::method().widths[0], sum.ncols());
    let together = columns.div_ceil(rayon::current_num_threads()).next_multiple_of(wide).max(wide);
    let by_columns = |images: Slice, sum: &mut ArrayViewMut2<'_, F>| {
        sum.fill(F::zero());
        let tasks = sum.axis_chunks_iter_mut(Axis(1), together).into_par_iter().enumerate();
        tasks.for_each(|(i, sum)| work(images, i * together..i * together + sum.ncols(), sum));
    };
    let part = batch.div_ceil(PARTS.div_ceil(columns.div_ceil(wide).max(1))).max(1);
    if batch <= part {
        return by_columns(Slice::from(..batch), &mut sum);
    }
    let parts: Vec<_> = (0..batch)
        .into_par_iter()
        .step_by(part)
        .map(|start| {
            let mut some = pool.array(sum.raw_dim());
            by_columns(Slice::from(start..batch.min(start + part)), &mut some.view_mut());
            some
        })
        .collect();
    sum.fill(F::zero());
    for part in parts {
        sum += &part;
        pool.recycle(part);
    }
}
