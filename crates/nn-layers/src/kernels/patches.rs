//! Maps between an image and its matrix of patches: one row per position, each with the entries
//! `[kernel height, kernel width, channels]` that a filter reads there. With this matrix a
//! convolution is one matrix product ("im2col"). Only as much of the matrix as fits into the cache
//! exists at a time.

use std::ops::Range;

use autodiff_mini::Scalar;
use ndarray::{ArrayView2, ArrayView4};

use super::element::Element;
use super::simd::Kernel;
use crate::Window;

/// The size of an image, and the positions of a window on it.
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
    /// Returns the grid of filters `w` on images `x`.
    ///
    /// # Panics
    ///
    /// If their shapes do not fit together.
    pub(super) fn new<F>(x: &ArrayView4<'_, F>, positions: [usize; 2], w: &ArrayView4<'_, F>, window: Window) -> Self {
        let (_, height, width, channels) = x.dim();
        let (_, kernel_height, kernel_width, inputs) = w.dim();
        let fits = channels == inputs && window.kernel == [kernel_height, kernel_width];
        assert!(fits, "filters of shape {:?} on images of shape {:?}, with {window:?}", w.shape(), x.shape());
        Self { window, size: [height, width], positions, channels }
    }

    /// Returns the number of entries of an image.
    pub(super) fn image_len(&self) -> usize {
        self.size[0] * self.size[1] * self.channels
    }

    /// Returns the number of rows of the matrix.
    pub(super) fn rows(&self) -> usize {
        self.positions[0] * self.positions[1]
    }

    /// Returns the number of columns of the matrix.
    pub(super) fn columns(&self) -> usize {
        self.window.kernel[0] * self.window.kernel[1] * self.channels
    }

    /// Returns runs for some columns of the matrix, whose rows are `apart` entries apart. The runs
    /// are the same in several rows.
    fn runs(&self, columns: Range<usize>, apart: usize) -> Vec<Runs> {
        let Window { stride, padding, .. } = self.window;
        let [height, width] = self.size;
        let [rows_of_positions, in_a_row] = self.positions;
        let (spans, whole) = (self.spans(), self.whole());
        let mut runs = Vec::new();
        for row in 0..rows_of_positions {
            for u in columns.start / whole.max(1)..columns.end.div_ceil(whole.max(1)) {
                // The requested columns of this row of the window.
                let [start, end] =
                    [columns.start, columns.end].map(|column| column.saturating_sub(u * whole).min(whole));
                let y = (row * stride[0] + u).checked_sub(padding[0]).filter(|&y| y < height);
                for span in &spans {
                    let [first, last] = [span.first, span.last].map(|column| column.clamp(start, end));
                    let place = |y| (y * width + span.position * stride[1]) * self.channels + first;
                    let image = y.map(|y| place(y).saturating_sub(padding[1] * self.channels));
                    let [first, last] = if image.is_some() { [first, last] } else { [end, end] };
                    let matrix = (row * in_a_row + span.position) * apart + u * whole;
                    for (from, to, image) in [(start, first, None), (first, last, image), (last, end, None)] {
                        if to > from {
                            let matrix = matrix + from - columns.start;
                            runs.push(Runs { matrix, image, length: to - from, count: span.count });
                        }
                    }
                }
            }
        }
        runs
    }

    /// Returns the number of entries in a row of the window, which is one run of the matrix.
    fn whole(&self) -> usize {
        self.window.kernel[1] * self.channels
    }

    /// Divides a row of positions into spans in which the same part of the window lies on the
    /// image.
    fn spans(&self) -> Vec<Span> {
        let Window { kernel: [_, kernel], stride: [_, stride], padding: [_, padding] } = self.window;
        let mut spans: Vec<Span> = Vec::new();
        for position in 0..self.positions[1] {
            let on_image = |edge: usize| (edge + padding).saturating_sub(position * stride).min(kernel) * self.channels;
            let [first, last] = [on_image(0), on_image(self.size[1])];
            match spans.last_mut() {
                Some(span) if [span.first, span.last] == [first, last] => span.count += 1,
                _ => spans.push(Span { position, count: 1, first, last }),
            }
        }
        spans
    }
}

/// Some columns of the matrix, with the corresponding entries of an image.
#[derive(Debug)]
pub(super) struct Patches {
    runs: Vec<Runs>,
    /// Number of rows of the matrix per image, and the distance between rows.
    rows: usize,
    apart: usize,
    image_len: usize,
    /// Distance between the same entry of two neighboring positions, and the number of positions
    /// that share an entry.
    step: usize,
    overlap: usize,
}

impl Patches {
    /// Prepares columns in rows that are `apart` entries apart. The content between rows is
    /// unspecified.
    pub(super) fn new(grid: &Grid, columns: Range<usize>, apart: usize) -> Self {
        let Window { kernel, stride, .. } = grid.window;
        Self {
            runs: grid.runs(columns, apart),
            rows: grid.rows(),
            apart,
            image_len: grid.image_len(),
            step: stride[1] * grid.channels,
            overlap: kernel[1].div_ceil(stride[1]),
        }
    }

    /// Fills the matrix from images. Entries beyond the border of an image are 0.
    pub(super) fn gather<'m, F: Element>(&self, images: ArrayView4<'_, F>, matrix: &'m mut [F]) -> ArrayView2<'m, F> {
        let rows = images.dim().0 * self.rows;
        let matrix = &mut matrix[..rows * self.apart];
        let images = images.to_slice().expect("images in memory order");
        F::run(Gather { patches: self, images, matrix });
        ArrayView2::from_shape((rows, self.apart), matrix).expect("as many numbers")
    }

    /// Adds the matrix to images. This is the transpose of [`gather`](Patches::gather) as a linear
    /// map.
    pub(super) fn scatter<F: Element>(&self, matrix: &[F], images: &mut [F]) {
        F::run(Scatter { patches: self, matrix, images });
    }
}

struct Gather<'a, F> {
    patches: &'a Patches,
    images: &'a [F],
    matrix: &'a mut [F],
}

impl<F: Element> Kernel for Gather<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let &Patches { ref runs, rows, apart, image_len, step, .. } = self.patches;
        let images = self.images.chunks_exact(image_len.max(1));
        for (image, matrix) in images.zip(self.matrix.chunks_exact_mut((rows * apart).max(1))) {
            for &run in runs {
                let to = &mut matrix[run.matrix..];
                match run.image {
                    Some(from) => each_row(to, apart, &image[from..], step, run, copy),
                    None => (0..run.count).for_each(|i| to[i * apart..][..run.length].fill(F::zero())),
                }
            }
        }
    }
}

struct Scatter<'a, F> {
    patches: &'a Patches,
    matrix: &'a [F],
    images: &'a mut [F],
}

impl<F: Element> Kernel for Scatter<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let &Patches { ref runs, rows, apart, image_len, step, overlap } = self.patches;
        let images = self.images.chunks_exact_mut(image_len.max(1));
        for (image, matrix) in images.zip(self.matrix.chunks_exact((rows * apart).max(1))) {
            for &run in runs {
                let Some(to) = run.image else { continue };
                // Neighboring positions share entries. In sequence, each would read entries that
                // the previous one has just written in part, which is slow on CPUs.
                for first in 0..overlap.min(run.count) {
                    let (to, from) = (&mut image[to + first * step..], &matrix[run.matrix + first * apart..]);
                    let run = Runs { count: (run.count - first).div_ceil(overlap), ..run };
                    each_row(to, step * overlap, from, apart * overlap, run, add);
                }
            }
        }
    }
}

/// Consecutive positions for which the same columns of the window's row lie on the image.
#[derive(Debug)]
struct Span {
    position: usize,
    count: usize,
    /// Start of the part of the window on the image, in entries: columns times channels.
    first: usize,
    last: usize,
}

/// Consecutive entries in several rows of the matrix.
#[derive(Debug, Clone, Copy)]
struct Runs {
    /// Start of the first run in the matrix.
    matrix: usize,
    /// Start of the run in the image, or `None` if it lies outside.
    image: Option<usize>,
    length: usize,
    count: usize,
}

/// Calls `work` with each row of some runs and its source.
#[inline(always)]
fn each_row<F>(to: &mut [F], to_step: usize, from: &[F], from_step: usize, run: Runs, work: impl Fn(&mut [F], &[F])) {
    // Filters of size four, or half of that, on 1, 3, 32 or 64 channels. With lengths known at
    // compile time, the copy is a few moves instead of a call.
    match run.length {
        4 => each_row_of(to, to_step, from, from_step, run.count, 4, work),
        12 => each_row_of(to, to_step, from, from_step, run.count, 12, work),
        32 => each_row_of(to, to_step, from, from_step, run.count, 32, work),
        64 => each_row_of(to, to_step, from, from_step, run.count, 64, work),
        128 => each_row_of(to, to_step, from, from_step, run.count, 128, work),
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

/// Computes `to += from`, four entries at a time. This vectorizes even if the compiler cannot prove
/// that the slices do not overlap.
#[inline(always)]
fn add<F: Scalar>(to: &mut [F], from: &[F]) {
    let ((to, few), (from, other_few)) = (to.as_chunks_mut::<4>(), from.as_chunks::<4>());
    to.iter_mut()
        .zip(from)
        .for_each(|(to, from)| *to = [to[0] + from[0], to[1] + from[1], to[2] + from[2], to[3] + from[3]]);
    few.iter_mut().zip(other_few).for_each(|(to, &from)| *to += from);
}

/// Copies `from` to `to`. `copy_from_slice` would be a call, which takes longer than moving a few
/// entries.
#[inline(always)]
fn copy<F: Copy>(to: &mut [F], from: &[F]) {
    if to.len() > 32 {
        return to.copy_from_slice(from);
    }
    let ((to, few), (from, other_few)) = (to.as_chunks_mut::<4>(), from.as_chunks::<4>());
    to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    few.iter_mut().zip(other_few).for_each(|(to, &from)| *to = from);
}
