//! Between an image and the matrix of what a filter sees of it: a row for each position, `[kernel height, kernel width,
//! channels]` in each row. With it a convolution is one matrix product ("im2col"). No more of the matrix is ever there than
//! fits into the cache.

use std::ops::Range;
use std::slice::{ChunksExact, ChunksExactMut};

use autodiff_mini::Scalar;
use ndarray::{ArrayView2, ArrayView4};

use super::simd::{Kernel, run};
use crate::{Float, Window};

/// Some columns of the patches of images, in rows that are `apart` numbers apart. Between them is anything.
pub(super) fn gather<'p, F: Float>(
    grid: &Grid,
    x: ArrayView4<'_, F>,
    columns: Range<usize>,
    apart: usize,
    patches: &'p mut [F],
) -> ArrayView2<'p, F> {
    let rows = x.dim().0 * grid.rows();
    let patches = &mut patches[..rows * apart];
    let images = x.to_slice().expect("images in memory order").chunks_exact(grid.image_len().max(1));
    let of_images = patches.chunks_exact_mut((grid.rows() * apart).max(1));
    run(Gather { grid, columns, apart, images, of_images });
    ArrayView2::from_shape((rows, apart), patches).expect("as many numbers")
}

/// Adds some columns of the patches of images to the images.
pub(super) fn scatter<F: Float>(grid: &Grid, patches: &[F], columns: Range<usize>, images: &mut [F]) {
    let of_images = patches.chunks_exact((grid.rows() * columns.len()).max(1));
    let images = images.chunks_exact_mut(grid.image_len().max(1));
    run(Scatter { grid, columns, of_images, images });
}

struct Gather<'a, F> {
    grid: &'a Grid,
    columns: Range<usize>,
    apart: usize,
    images: ChunksExact<'a, F>,
    of_images: ChunksExactMut<'a, F>,
}

impl<F: Float> Kernel for Gather<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (image, patches) in self.images.zip(self.of_images) {
            self.grid.gather(image, self.columns.clone(), self.apart, patches);
        }
    }
}

struct Scatter<'a, F> {
    grid: &'a Grid,
    columns: Range<usize>,
    of_images: ChunksExact<'a, F>,
    images: ChunksExactMut<'a, F>,
}

impl<F: Float> Kernel for Scatter<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (patches, image) in self.of_images.zip(self.images) {
            self.grid.scatter(patches, self.columns.clone(), image);
        }
    }
}

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
    fn gather<F: Scalar>(&self, image: &[F], columns: Range<usize>, apart: usize, matrix: &mut [F]) {
        let step = self.window.stride[1] * self.channels;
        self.each_run(columns, apart, |run| match run.image {
            Some(from) => each_row(&mut matrix[run.matrix..], apart, &image[from..], step, run, copy),
            None => {
                matrix[run.matrix..].chunks_mut(apart).take(run.count).for_each(|to| to[..run.length].fill(F::zero()));
            }
        });
    }

    /// Adds some columns of the matrix to the image: the transpose of [`gather`](Grid::gather) as a linear map.
    #[inline(always)]
    fn scatter<F: Scalar>(&self, matrix: &[F], columns: Range<usize>, image: &mut [F]) {
        let step = self.window.stride[1] * self.channels;
        let apart = columns.len();
        // Of so many positions each would read what the one before has just written in part, which processors are slow at.
        let overlap = self.window.kernel[1].div_ceil(self.window.stride[1]);
        self.each_run(columns, apart, |run| {
            let Some(to) = run.image else { return };
            for first in 0..overlap.min(run.count) {
                let (to, from) = (&mut image[to + first * step..], &matrix[run.matrix + first * apart..]);
                let run = Runs { count: (run.count - first).div_ceil(overlap), ..run };
                each_row(to, step * overlap, from, apart * overlap, run, add);
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

/// Does something with the numbers of each row of some runs and their source.
#[inline(always)]
fn each_row<F>(to: &mut [F], to_step: usize, from: &[F], from_step: usize, run: Runs, work: impl Fn(&mut [F], &[F])) {
    // The lengths of images of one and of three channels by a filter of four: known to the compiler, they are a move or two.
    match run.length {
        4 => each_row_of(to, to_step, from, from_step, run.count, 4, work),
        12 => each_row_of(to, to_step, from, from_step, run.count, 12, work),
        length => each_row_of(to, to_step, from, from_step, run.count, length, work),
    }
}

#[inline(always)]
fn each_row_of<F>(
    to: &mut [F],
    to_step: usize,
    from: &[F],
    from_step: usize,
    count: usize,
    length: usize,
    work: impl Fn(&mut [F], &[F]),
) {
    for i in 0..count {
        work(&mut to[i * to_step..][..length], &from[i * from_step..][..length]);
    }
}

/// `to += from`.
#[inline(always)]
fn add<F: Scalar>(to: &mut [F], from: &[F]) {
    to.iter_mut().zip(from).for_each(|(to, &from)| *to += from);
}

/// `to = from`. `copy_from_slice` would be a call, which takes longer than moving a few numbers.
#[inline(always)]
fn copy<F: Copy>(to: &mut [F], from: &[F]) {
    if to.len() > 32 { to.copy_from_slice(from) } else { to.iter_mut().zip(from).for_each(|(to, &from)| *to = from) }
}
