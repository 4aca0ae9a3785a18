//! Convolution and its two gradients, as matrix products over blocks of images.
//!
//! With `M` the matrix of patches (see `patches`), `W` the filters as rows and `Y` the pixels of the output as rows:
//!
//! ```text
//! value             Y  = M W^T
//! gradient of x     dM = dY W     then scattered to the image
//! gradient of W     dW = dY^T M
//! ```
//!
//! A block is as many images as have patches that fit into the cache. Blocks are shared out by rayon, and every number is
//! added up in an order that depends on the shapes alone: the result is the same to the last bit for every number of threads.

use std::ops::Range;
use std::slice::{ChunksExact, ChunksExactMut};

use autodiff_mini::Pool;
use ndarray::parallel::prelude::*;
use ndarray::{Array4, ArrayView2, ArrayView4, ArrayViewMut2, ArrayViewMut4, Axis, Slice, s};

use super::activation::Finish;
use super::gemm::{Packed, Strips};
use super::patches::Grid;
use super::simd::{Kernel, run};
use crate::{Float, Window};

/// Numbers of patches that are there at a time: half of a second-level cache.
const BLOCK: usize = 1 << 17;

/// Numbers between two rows of patches. Without, rows would be apart by a power of two, and compete for the same few places
/// of the cache.
const APART: usize = 16;

/// Pixels of a block: as often is used what has been read of the weights, and as many products are added up in registers for
/// their gradient.
const PIXELS: usize = 192;

/// Numbers of a sum that does not fit into the cache.
const MANY: usize = 1 << 20;

/// Parts of a weight gradient that threads can work on at the same time.
const PARTS: usize = 8;

/// `y[n, i, j, o] = f(b[o] + sum_{u, v, c} x[n, i s + u - p, j s + v - p, c] w[o, u, v, c])`, with what `finish` says of `f`
/// and `b`.
///
/// `x` is `[batch, height, width, inputs]`, `w` `[outputs, kernel height, kernel width, inputs]`, both in memory order.
///
/// # Panics
///
/// If the shapes do not fit together, or the window has no position on the image.
pub fn conv2d<F: Float>(
    x: ArrayView4<'_, F>,
    w: ArrayView4<'_, F>,
    window: Window,
    finish: Finish<'_, F>,
    pool: &Pool<F>,
) -> Array4<F> {
    let (batch, height, width, _) = x.dim();
    let outputs = w.dim().0;
    let size = window.convolved([height, width]);
    let positions = size.unwrap_or_else(|| panic!("no position for {window:?} on shape {:?}", x.shape()));
    let grid = grid(&x, positions, &w, window);
    let filters = Packed::new(filters(&w).reversed_axes(), pool);
    let mut y = pool.array((batch, positions[0], positions[1], outputs));
    let Blocks { images, columns } = Blocks::of::<F>(&grid, batch, PIXELS);
    let blocks = y.axis_chunks_iter_mut(Axis(0), images).into_par_iter().zip(x.axis_chunks_iter(Axis(0), images));
    blocks.for_each(|(y, x)| {
        let mut y = pixels_mut(y);
        let mut patches = pool.take(images * grid.rows() * (columns + APART));
        for start in (0..grid.columns().max(1)).step_by(columns) {
            let part = start..grid.columns().min(start + columns);
            let some = gather(&grid, x, part.clone(), &mut patches);
            filters.multiply(some.slice(s![.., ..part.len()]), part, 0..outputs, y.view_mut(), start > 0);
        }
        finish.apply(y.as_slice_mut().expect("a block of a fresh array"));
        pool.give(patches);
    });
    filters.recycle(pool);
    y
}

/// The gradient of [`conv2d`] with respect to `x`, of height and width `size`, for the gradient `g` with respect to `y`; and
/// so the transposed convolution of `g`, which `finish` is for.
///
/// # Panics
///
/// If the shapes do not fit together.
pub fn conv2d_backward_input<F: Float>(
    g: ArrayView4<'_, F>,
    w: ArrayView4<'_, F>,
    window: Window,
    size: [usize; 2],
    finish: Finish<'_, F>,
    pool: &Pool<F>,
) -> Array4<F> {
    let (batch, rows, columns, outputs) = g.dim();
    assert!(outputs == w.dim().0, "gradient of shape {:?} for filters of shape {:?}", g.shape(), w.shape());
    let mut x = pool.array((batch, size[0], size[1], w.dim().3));
    let grid = grid(&x.view(), [rows, columns], &w, window);
    let filters = Packed::new(filters(&w), pool);
    let Blocks { images, columns } = Blocks::of::<F>(&grid, batch, PIXELS);
    let blocks = x.axis_chunks_iter_mut(Axis(0), images).into_par_iter().zip(g.axis_chunks_iter(Axis(0), images));
    blocks.for_each(|(mut x, g)| {
        let g = pixels(g);
        let x = x.as_slice_mut().expect("a block of a fresh array");
        x.fill(F::zero());
        let mut patches = pool.take(images * grid.rows() * columns);
        for start in (0..grid.columns()).step_by(columns) {
            let part = start..grid.columns().min(start + columns);
            let some = &mut patches[..g.nrows() * part.len()];
            let product = ArrayViewMut2::from_shape((g.nrows(), part.len()), &mut *some).expect("as many numbers");
            filters.multiply(g, 0..outputs, part.clone(), product, false);
            scatter(&grid, some, part, x);
        }
        finish.apply(x);
        pool.give(patches);
    });
    filters.recycle(pool);
    x
}

/// The gradient of [`conv2d`] with respect to `w`, for the gradient `g` with respect to `y`.
///
/// # Panics
///
/// If the shapes do not fit together.
pub fn conv2d_backward_weight<F: Float>(
    x: ArrayView4<'_, F>,
    g: ArrayView4<'_, F>,
    window: Window,
    pool: &Pool<F>,
) -> Array4<F> {
    let (batch, rows, columns, outputs) = g.dim();
    let [kernel_height, kernel_width] = window.kernel;
    let mut dw = pool.zeros((outputs, kernel_height, kernel_width, x.dim().3));
    let grid = grid(&x, [rows, columns], &dw.view(), window);
    assert!(batch == x.dim().0, "gradient of shape {:?} for images of shape {:?}", g.shape(), x.shape());
    let mut sum = dw.view_mut().into_shape_with_order((outputs, grid.columns())).expect("a fresh array");
    // Some columns for each thread, so that no two add to the same; and where there are few, some images each.
    let wide = F::method().widths[0];
    let part = batch.div_ceil(PARTS.div_ceil(grid.columns().div_ceil(wide).max(1))).max(1);
    let together = grid.columns().div_ceil(rayon::current_num_threads()).next_multiple_of(wide).max(wide);
    // A sum that does not fit into the cache is better visited less often.
    let many = if outputs * grid.columns() > MANY { 3 * PIXELS } else { PIXELS };
    let Blocks { images, columns } = Blocks::of::<F>(&grid, batch, many);
    for_each_part(batch.div_ceil(part), &mut sum, pool, |number, mut sum| {
        let some = Slice::from(number * part..batch.min((number + 1) * part));
        let (x, g) = (x.slice_axis(Axis(0), some), g.slice_axis(Axis(0), some));
        let tasks = sum.axis_chunks_iter_mut(Axis(1), together).into_par_iter().enumerate();
        tasks.for_each(|(task, mut sum)| {
            let mut strips = Strips::with_room(outputs, images * grid.rows(), pool);
            // The last row is read as if there were a whole panel more.
            let mut patches = pool.take(images * grid.rows() * (columns + APART) + wide);
            for (x, g) in x.axis_chunks_iter(Axis(0), images).zip(g.axis_chunks_iter(Axis(0), images)) {
                strips.fill(pixels(g).reversed_axes());
                for (i, mut sum) in sum.axis_chunks_iter_mut(Axis(1), columns).enumerate() {
                    let start = task * together + i * columns;
                    let apart = gather(&grid, x, start..start + sum.ncols(), &mut patches).ncols();
                    for (panel, sum) in sum.axis_chunks_iter_mut(Axis(1), wide).enumerate() {
                        strips.multiply(&patches[panel * wide..], apart, sum);
                    }
                }
            }
            pool.give(patches);
            strips.recycle(pool);
        });
    });
    dw
}

/// Adds up parts of a sum that are worked out at the same time, in their order.
fn for_each_part<F: Float>(
    parts: usize,
    sum: &mut ArrayViewMut2<'_, F>,
    pool: &Pool<F>,
    work: impl Fn(usize, ArrayViewMut2<'_, F>) + Sync,
) {
    if parts <= 1 {
        return work(0, sum.view_mut());
    }
    let sums: Vec<_> = (0..parts)
        .into_par_iter()
        .map(|part| {
            let mut sum = pool.zeros(sum.raw_dim());
            work(part, sum.view_mut());
            sum
        })
        .collect();
    for part in sums {
        *sum += &part;
        pool.recycle(part);
    }
}

fn grid<F: Float>(x: &ArrayView4<'_, F>, positions: [usize; 2], w: &ArrayView4<'_, F>, window: Window) -> Grid {
    let (_, height, width, channels) = x.dim();
    let (_, kernel_height, kernel_width, inputs) = w.dim();
    let fits = channels == inputs && window.kernel == [kernel_height, kernel_width];
    assert!(fits, "filters of shape {:?} on images of shape {:?}, with {window:?}", w.shape(), x.shape());
    Grid { window, size: [height, width], positions, channels }
}

/// How a batch and the matrix of its patches are divided, so that a part of the matrix fits into the cache.
struct Blocks {
    images: usize,
    /// Whole panels.
    columns: usize,
}

impl Blocks {
    /// With about so many pixels.
    fn of<F: Float>(grid: &Grid, batch: usize, pixels: usize) -> Self {
        let wide = F::method().widths[0];
        let images = pixels.div_ceil(grid.rows().max(1)).min(batch.max(1));
        let columns = (BLOCK / (images * grid.rows()).max(1)).min(grid.columns()).next_multiple_of(wide).max(wide);
        Self { images, columns }
    }
}

fn filters<'a, F: Float>(w: &'a ArrayView4<'_, F>) -> ArrayView2<'a, F> {
    let (outputs, height, width, inputs) = w.dim();
    w.view().into_shape_with_order((outputs, height * width * inputs)).expect("filters in memory order")
}

/// Some columns of the patches of images, and a few numbers of anything after each row.
fn gather<'p, F: Float>(
    grid: &Grid,
    x: ArrayView4<'_, F>,
    columns: Range<usize>,
    patches: &'p mut [F],
) -> ArrayView2<'p, F> {
    let (rows, apart) = (x.dim().0 * grid.rows(), columns.len() + APART);
    let patches = &mut patches[..rows * apart];
    let images = x.to_slice().expect("images in memory order").chunks_exact(grid.image_len().max(1));
    let of_images = patches.chunks_exact_mut((grid.rows() * apart).max(1));
    run(Gather { grid, columns, apart, images, of_images });
    ArrayView2::from_shape((rows, apart), patches).expect("as many numbers")
}

/// Adds some columns of the patches of images to the images.
fn scatter<F: Float>(grid: &Grid, patches: &[F], columns: Range<usize>, images: &mut [F]) {
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

fn pixels<F: Float>(images: ArrayView4<'_, F>) -> ArrayView2<'_, F> {
    let (batch, height, width, channels) = images.dim();
    images.into_shape_with_order((batch * height * width, channels)).expect("images in memory order")
}

fn pixels_mut<F: Float>(images: ArrayViewMut4<'_, F>) -> ArrayViewMut2<'_, F> {
    let (batch, height, width, channels) = images.dim();
    images.into_shape_with_order((batch * height * width, channels)).expect("images in memory order")
}
