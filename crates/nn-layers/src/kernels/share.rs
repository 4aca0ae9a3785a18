//! Who works on what: how a batch, or a sum over one, is divided among threads.
//!
//! All parallel loops of the crate are the one in [`each_number`]. A loop brings some ten functions
//! of rayon with it, for every closure and every element type anew; together they would be a third
//! of the crate.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use autodiff_mini::Pool;
use ndarray::{ArrayViewMut2, Axis, Slice};
use rayon::prelude::*;

use super::element::Element;

/// Does `work` with each of the parts, all threads at work.
pub(super) fn each_part<T: Send>(mut parts: impl Iterator<Item = T>, work: impl Fn(T) + Sync) {
    // Small layers have one part, and no need of other threads.
    let Some(first) = parts.next() else { return };
    let Some(second) = parts.next() else { return work(first) };
    let parts = [first, second].into_iter().chain(parts);
    let parts: Vec<Mutex<Option<T>>> = parts.map(|part| Mutex::new(Some(part))).collect();
    each_number(parts.len(), &|number| {
        let part = parts[number].lock().unwrap_or_else(PoisonError::into_inner).take();
        work(part.expect("each number comes once"));
    });
}

/// Returns what `work` makes of each of the parts, in their order, all threads at work.
pub(super) fn map_parts<T: Send, R: Send>(parts: impl Iterator<Item = T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let mut parts: Vec<(Option<T>, Option<R>)> = parts.map(|part| (Some(part), None)).collect();
    each_part(parts.iter_mut(), |(part, result)| *result = part.take().map(&work));
    parts.into_iter().map(|(_, result)| result.expect("each part has been worked on")).collect()
}

fn each_number(count: usize, work: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().for_each(work);
}

/// Numbers of a sum that does not fit into the cache.
pub(super) const MANY: usize = 1 << 20;

/// Parts of a weight gradient that threads can work on at the same time.
const PARTS: usize = 8;

/// At most so many images for a block, such that the blocks are of equal size and every thread gets
/// as many. Only for results that do not depend on it.
pub(super) fn evenly(batch: usize, images: usize) -> usize {
    let blocks = batch.div_ceil(images.max(1)).next_multiple_of(rayon::current_num_threads());
    batch.div_ceil(blocks.max(1)).max(1)
}

/// Has a sum over images worked out by all threads: each takes some columns, so that no two add to
/// the same, and where there are few of them, some images. `work` adds to what it is given.
///
/// The parts are told from the shapes alone and added up in their order: the same for every number
/// of threads.
pub(super) fn share_out<F: Element>(
    batch: usize,
    mut sum: ArrayViewMut2<'_, F>,
    pool: &Pool<F>,
    work: impl Fn(Slice, Range<usize>, ArrayViewMut2<'_, F>) + Sync,
) {
    let (wide, columns) = (F::method().widths[0], sum.ncols());
    let together = columns.div_ceil(rayon::current_num_threads()).next_multiple_of(wide).max(wide);
    let by_columns = |images: Slice, mut sum: ArrayViewMut2<'_, F>| {
        sum.fill(F::zero());
        each_part(sum.axis_chunks_iter_mut(Axis(1), together).enumerate(), |(i, sum)| {
            work(images, i * together..i * together + sum.ncols(), sum);
        });
    };
    let part = batch.div_ceil(PARTS.div_ceil(columns.div_ceil(wide).max(1))).max(1);
    if batch <= part {
        return by_columns(Slice::from(..batch), sum);
    }
    let parts = map_parts((0..batch).step_by(part), |start| {
        let mut some = pool.array(sum.raw_dim());
        by_columns(Slice::from(start..batch.min(start + part)), some.view_mut());
        some
    });
    sum.fill(F::zero());
    for part in parts {
        sum += &part;
        pool.recycle(part);
    }
}
