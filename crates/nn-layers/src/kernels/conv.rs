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
//! Where it pays they leave the work to `winograd`, which needs fewer multiplications.
//!
//! A block is as many images as have patches that fit into the cache. Blocks are shared out by rayon, and every number is
//! added up in an order that depends on the shapes alone: the result is the same to the last bit for every number of threads.

use std::ops::Range;

use autodiff_mini::Pool;
use ndarray::parallel::prelude::*;
use ndarray::{Array4, ArrayView2, ArrayView4, ArrayViewMut2, ArrayViewMut4, Axis, Slice, s};

use super::activation::Finish;
use super::gemm::{Packed, multiply_add};
use super::patches::{Grid, Patches};
use super::winograd::{self, Tiles};
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
pub(super) const MANY: usize = 1 << 20;

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
    let mut y = pool.array((batch, positions[0], positions[1], outputs));
    if let Some(tiles) = Tiles::of(&grid).filter(|tiles| tiles.pay(outputs)) {
        winograd::conv2d(&tiles, x, w, finish, y.view_mut(), pool);
        return y;
    }
    let filters = Packed::new(filters(&w).reversed_axes(), pool);
    let Blocks { images, columns } = Blocks::of::<F>(&grid, batch, PIXELS);
    let images = evenly(batch, images);
    let parts = parts(&grid, 0..grid.columns(), columns, APART);
    let blocks = y.axis_chunks_iter_mut(Axis(0), images).into_par_iter().zip(x.axis_chunks_iter(Axis(0), images));
    blocks.for_each(|(y, x)| {
        let mut y = pixels_mut(y);
        let mut matrix = pool.take(images * grid.rows() * (columns + APART));
        for (part, patches) in &parts {
            let some = patches.gather(x, &mut matrix);
            let some = some.slice(s![.., ..part.len()]);
            filters.multiply(some, part.clone(), 0..outputs, y.view_mut(), part.start > 0);
        }
        finish.apply(y.as_slice_mut().expect("a block of a fresh array"));
        pool.give(matrix);
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
    if let Some(tiles) = Tiles::of(&grid).filter(|tiles| tiles.pay(outputs)) {
        winograd::conv2d_backward_input(&tiles, g, w, finish, x.view_mut(), pool);
        return x;
    }
    let filters = Packed::new(filters(&w), pool);
    let Blocks { images, columns } = Blocks::of::<F>(&grid, batch, PIXELS);
    let images = evenly(batch, images);
    let parts = parts(&grid, 0..grid.columns(), columns, 0);
    let blocks = x.axis_chunks_iter_mut(Axis(0), images).into_par_iter().zip(g.axis_chunks_iter(Axis(0), images));
    blocks.for_each(|(mut x, g)| {
        let g = pixels(g);
        let x = x.as_slice_mut().expect("a block of a fresh array");
        x.fill(F::zero());
        let mut matrix = pool.take(images * grid.rows() * columns);
        for (part, patches) in &parts {
            let some = &mut matrix[..g.nrows() * part.len()];
            let product = ArrayViewMut2::from_shape((g.nrows(), part.len()), &mut *some).expect("as many numbers");
            filters.multiply(g, 0..outputs, part.clone(), product, false);
            patches.scatter(some, x);
        }
        finish.apply(x);
        pool.give(matrix);
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
    let mut dw = pool.array((outputs, kernel_height, kernel_width, x.dim().3));
    let grid = grid(&x, [rows, columns], &dw.view(), window);
    assert!(batch == x.dim().0, "gradient of shape {:?} for images of shape {:?}", g.shape(), x.shape());
    if let Some(tiles) = Tiles::of(&grid).filter(|tiles| tiles.pay(outputs)) {
        winograd::conv2d_backward_weight(&tiles, x, g, dw.view_mut(), pool);
        return dw;
    }
    let sum = dw.view_mut().into_shape_with_order((outputs, grid.columns())).expect("a fresh array");
    // A sum that does not fit into the cache is better visited less often.
    let many = if outputs * grid.columns() > MANY { 3 * PIXELS } else { PIXELS };
    let Blocks { images, columns: some } = Blocks::of::<F>(&grid, batch, many);
    share_out(batch, sum, pool, |part, columns, mut sum| {
        let (x, g) = (x.slice_axis(Axis(0), part), g.slice_axis(Axis(0), part));
        // The last row is read as if there were a whole panel more.
        let wide = F::method().widths[0];
        let parts = parts(&grid, columns, some, APART);
        let mut matrix = pool.take(images * grid.rows() * (some + APART) + wide);
        for (x, g) in x.axis_chunks_iter(Axis(0), images).zip(g.axis_chunks_iter(Axis(0), images)) {
            let g = pixels(g).reversed_axes();
            for (mut sum, (part, patches)) in sum.axis_chunks_iter_mut(Axis(1), some).zip(&parts) {
                patches.gather(x, &mut matrix);
                for (panel, sum) in sum.axis_chunks_iter_mut(Axis(1), wide).enumerate() {
                    multiply_add(g, &matrix[panel * wide..], part.len() + APART, sum);
                }
            }
        }
        pool.give(matrix);
    });
    dw
}

/// Has a sum over images worked out by all threads: each takes some columns, so that no two add to the same, and where there
/// are few of them, some images. `work` adds to what it is given.
///
/// The parts are told from the shapes alone and added up in their order: the same for every number of threads.
pub(super) fn share_out<F: Float>(
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

fn grid<F: Float>(x: &ArrayView4<'_, F>, positions: [usize; 2], w: &ArrayView4<'_, F>, window: Window) -> Grid {
    let (_, height, width, channels) = x.dim();
    let (_, kernel_height, kernel_width, inputs) = w.dim();
    let fits = channels == inputs && window.kernel == [kernel_height, kernel_width];
    assert!(fits, "filters of shape {:?} on images of shape {:?}, with {window:?}", w.shape(), x.shape());
    Grid { window, size: [height, width], positions, channels }
}

/// At most so many images for a block, such that the blocks are of equal size and every thread gets as many. Only for results
/// that do not depend on it.
pub(super) fn evenly(batch: usize, images: usize) -> usize {
    let blocks = batch.div_ceil(images.max(1)).next_multiple_of(rayon::current_num_threads());
    batch.div_ceil(blocks.max(1)).max(1)
}

/// Columns of the matrix of patches, some at a time, in rows so far apart and no more.
fn parts(grid: &Grid, columns: Range<usize>, some: usize, apart: usize) -> Vec<(Range<usize>, Patches)> {
    let part = |start: usize| start..columns.end.min(start + some);
    let of = |part: Range<usize>| (part.clone(), Patches::new(grid, part.clone(), part.len() + apart));
    // One at least, for the product of none is a zero.
    (columns.start..columns.end.max(columns.start + 1)).step_by(some).map(part).map(of).collect()
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

fn pixels<F: Float>(images: ArrayView4<'_, F>) -> ArrayView2<'_, F> {
    let (batch, height, width, channels) = images.dim();
    images.into_shape_with_order((batch * height * width, channels)).expect("images in memory order")
}

fn pixels_mut<F: Float>(images: ArrayViewMut4<'_, F>) -> ArrayViewMut2<'_, F> {
    let (batch, height, width, channels) = images.dim();
    images.into_shape_with_order((batch * height * width, channels)).expect("images in memory order")
}
