//! The division of a batch, or of a sum over a batch, among threads.
//!
//! All parallel loops of the crate use the one in [`each_number`]. A parallel loop instantiates
//! about ten functions of rayon for every closure and every element type, which together would make
//! up a third of the crate's code.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use autodiff_mini::Pool;
use ndarray::{ArrayViewMut2, Axis, Slice};
use rayon::prelude::*;

use super::element::Element;

/// Calls `work` with each part, on all threads.
pub(super) fn each_part<T: Send>(mut parts: impl Iterator<Item = T>, work: impl Fn(T) + Sync) {
    // Small layers have one part and need only this thread.
    let Some(first) = parts.next() else { return };
    let Some(second) = parts.next() else { return work(first) };
    let parts = [first, second].into_iter().chain(parts);
    let parts: Vec<Mutex<Option<T>>> = parts.map(|part| Mutex::new(Some(part))).collect();
    each_number(parts.len(), &|number| {
        let part = parts[number].lock().unwrap_or_else(PoisonError::into_inner).take();
        work(part.expect("each number comes once"));
    });
}

/// Returns the results of `work` for all parts, in order, computed on all threads.
pub(super) fn map_parts<T: Send, R: Send>(parts: impl Iterator<Item = T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let mut parts: Vec<(Option<T>, Option<R>)> = parts.map(|part| (Some(part), None)).collect();
    each_part(parts.iter_mut(), |(part, result)| *result = part.take().map(&work));
    parts.into_iter().map(|(_, result)| result.expect("each part has been worked on")).collect()
}

fn each_number(count: usize, work: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().for_each(work);
}

/// Number of entries of a sum that does not fit into the cache.
pub(super) const MANY: usize = 1 << 20;

/// Number of parts of a weight gradient that threads can process at the same time.
const PARTS: usize = 8;

/// Returns a number of images per block, at most `images`, that gives blocks of equal size and
/// every thread equally many. Only for results that do not depend on this number.
pub(super) fn evenly(batch: usize, images: usize) -> usize {
    let blocks = batch.div_ceil(images.max(1)).next_multiple_of(rayon::current_num_threads());
    batch.div_ceil(blocks.max(1)).max(1)
}

/// Computes a sum over images on all threads. If there are few columns, each thread takes some
/// images. Otherwise each takes some columns, so that no two threads add to the same entry.
/// `work` overwrites the given array with the sum over at least one image.
///
/// The parts depend only on the shapes and are summed in order, so the result does not depend on
/// the number of threads.
pub(super) fn share_out<F: Element>(
    batch: usize,
    mut sum: ArrayViewMut2<'_, F>,
    pool: &Pool<F>,
    work: impl Fn(Slice, Range<usize>, ArrayViewMut2<'_, F>) + Sync,
) {
    if batch == 0 {
        return sum.fill(F::zero());
    }
    let (wide, columns) = (F::method().widths[0], sum.ncols());
    let part = batch.div_ceil(PARTS.div_ceil(columns.div_ceil(wide).max(1))).max(1);
    // Work on images is repeated for each share of the columns, so there are only as many shares as
    // the threads need.
    let (threads, parts) = (rayon::current_num_threads(), batch.div_ceil(part));
    let shares = (1..threads).find(|shares| shares * parts % threads == 0).unwrap_or(threads);
    let together = columns.div_ceil(shares).next_multiple_of(wide).max(wide);
    // The first part is computed in place.
    let mut others: Vec<_> = (part..batch).step_by(part).map(|_| pool.array(sum.raw_dim())).collect();
    let sums = std::iter::once(sum.view_mut()).chain(others.iter_mut().map(|other| other.view_mut()));
    each_part((0..batch).step_by(part).zip(sums), |(start, mut sum)| {
        let images = Slice::from(start..batch.min(start + part));
        each_part(sum.axis_chunks_iter_mut(Axis(1), together).enumerate(), |(i, sum)| {
            work(images, i * together..i * together + sum.ncols(), sum);
        });
    });
    for other in others {
        sum += &other;
        pool.recycle(other);
    }
}
