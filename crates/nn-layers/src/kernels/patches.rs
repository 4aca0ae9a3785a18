//! Between an image and the matrix of what a filter sees of it: a row for each position, `[kernel height, kernel width,
//! channels]` in each row. With it a convolution is one matrix product ("im2col"). No more of the matrix is ever there than
//! fits into the cache.

use std::ops::Range;

use autodiff_mini::Scalar;

use crate::Window;

/// One image's sizes, and those of the positions that a window has on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    pub(super) window: Window,
    /// Height and width of the image.
    pub(super) size: [usize; 2],
    /// Rows and columns of positions.
    pub(super) positions: [usize; 2],
    pub(super) channels: usize,
}

impl Grid {
    /// Numbers in an image.
    pub(super) fn image_len(&self) -> usize {
        self.size[0] * self.size[1] * self.channels
    }

    /// Rows of the matrix.
    pub(super) fn rows(&self) -> usize {
        self.positions[0] * self.positions[1]
    }

    /// Columns of the matrix.
    pub(super) fn columns(&self) -> usize {
        self.window.kernel[0] * self.window.kernel[1] * self.channels
    }

    /// Fills some columns of the matrix from the image, zeros where the window reaches beyond it; into rows that are
    /// `apart` numbers apart.
    #[inline(always)]
    pub(super) fn gather<F: Scalar>(&self, image: &[F], columns: Range<usize>, apart: usize, matrix: &mut [F]) {
        let step = self.window.stride[1] * self.channels;
        self.each_run(columns, apart, |run| {
            let to = (run.matrix..).step_by(apart).take(run.count);
            match run.image {
                None => to.for_each(|to| matrix[to..][..run.length].fill(F::zero())),
                Some(from) => {
                    for (to, from) in to.zip((from..).step_by(step)) {
                        copy(&mut matrix[to..][..run.length], &image[from..][..run.length]);
                    }
                }
            }
        });
    }

    /// Adds the matrix to the image: the transpose of [`gather`](Grid::gather) as a linear map.
    #[inline(always)]
    pub(super) fn scatter<F: Scalar>(&self, matrix: &[F], image: &mut [F]) {
        let step = self.window.stride[1] * self.channels;
        let columns = self.columns();
        self.each_run(0..columns, columns, |run| {
            let Some(to) = run.image else { return };
            for (to, from) in (to..).step_by(step).zip((run.matrix..).step_by(columns)).take(run.count) {
                add(&mut image[to..][..run.length], &matrix[from..][..run.length]);
            }
        });
    }

    /// Walks some columns of the matrix in runs that are the same in several rows.
    #[inline(always)]
    fn each_run(&self, columns: Range<usize>, apart: usize, mut visit: impl FnMut(Runs)) {
        let Window { kernel: [_, kernel_width], stride, padding } = self.window;
        let [height, width] = self.size;
        let channels = self.channels;
        let [rows_of_positions, in_a_row] = self.positions;
        // A row of the window is a run of the matrix.
        let whole = kernel_width * channels;
        // From `inner` to `outer` the whole width of the window is on the image.
        let inner = padding[1].div_ceil(stride[1]);
        let outer = (width + padding[1]).checked_sub(kernel_width).map_or(0, |last| last / stride[1] + 1).min(in_a_row);
        for row in 0..rows_of_positions {
            for u in columns.start / whole..columns.end.div_ceil(whole) {
                let clip = |column: usize| (u * whole + column).clamp(columns.start, columns.end);
                let y = (row * stride[0] + u).checked_sub(padding[0]).filter(|&y| y < height);
                let mut position = 0;
                while position < in_a_row {
                    let count = if position == inner && outer > inner { outer - inner } else { 1 };
                    // Columns `first..last` of the window lie on the image.
                    let left = position * stride[1];
                    let first = padding[1].saturating_sub(left).min(kernel_width);
                    let last = (width + padding[1]).saturating_sub(left).min(kernel_width).max(first);
                    let [from, inside, outside, to] = match y {
                        Some(_) => [clip(0), clip(first * channels), clip(last * channels), clip(whole)],
                        None => [clip(0), clip(whole), clip(whole), clip(whole)],
                    };
                    let image = |column: usize| {
                        let place = (y? * width + left) * channels + column;
                        Some(place - u * whole - padding[1] * channels)
                    };
                    for (from, to, on_image) in [(from, inside, false), (inside, outside, true), (outside, to, false)] {
                        if to > from {
                            let matrix = (row * in_a_row + position) * apart + from - columns.start;
                            let image = if on_image { image(from) } else { None };
                            visit(Runs { matrix, image, length: to - from, count });
                        }
                    }
                    position += count;
                }
            }
        }
    }
}

/// Consecutive numbers of some rows of the matrix, one row after the other.
#[derive(Debug, Clone, Copy)]
struct Runs {
    /// Where the first begins.
    matrix: usize,
    /// Where in the image it does; nothing if it lies beyond it.
    image: Option<usize>,
    length: usize,
    count: usize,
}

/// `to += from`, for as few numbers as [`copy`] is for.
#[inline(always)]
fn add<F: Scalar>(to: &mut [F], from: &[F]) {
    let ((to, to_rest), (from, from_rest)) = (to.as_chunks_mut::<4>(), from.as_chunks::<4>());
    for (to, from) in to.iter_mut().zip(from) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
    }
    to_rest.iter_mut().zip(from_rest).for_each(|(to, &from)| *to += from);
}

/// As `copy_from_slice`, which would be a call: it takes longer than moving the few numbers that a filter sees in a row of an
/// image of one channel.
#[inline(always)]
pub(super) fn copy<F: Copy>(to: &mut [F], from: &[F]) {
    if to.len() > 32 {
        return to.copy_from_slice(from);
    }
    let ((to, to_rest), (from, from_rest)) = (to.as_chunks_mut::<4>(), from.as_chunks::<4>());
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    to_rest.iter_mut().zip(from_rest).for_each(|(to, &from)| *to = from);
}
