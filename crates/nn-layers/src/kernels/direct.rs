//! Convolution and its two gradients, as matrix products over blocks of images.
//!
//! With `M` the matrix of patches (see `patches`), `W` the filters as rows and `Y` the pixels of
//! the output as rows:
//!
//! ```text
//! value             Y  = M W^T
//! gradient of x     dM = dY W     then scattered to the image
//! gradient of W     dW = dY^T M
//! ```
//!
//! A block contains as many images as have patches that fit into the cache. Rayon distributes the
//! blocks. Every number is summed in an order that depends only on the shapes, so the result does
//! not depend on the number of threads, to the last bit.

use std::ops::Range;

use autodiff_mini::Pool;
use ndarray::{ArrayView2, ArrayView4, ArrayViewMut2, ArrayViewMut4, Axis, s};

use super::activation::{Finish, apply};
use super::element::Element;
use super::gemm::{Packed, multiply_panel};
use super::patches::{Grid, Patches};
use super::share::{MANY, each_part, evenly, share_out};

/// Number of patch entries in memory at a time: half of a second-level cache.
const BLOCK: usize = 1 << 17;

/// Padding between two rows of patches, in entries. Without it, the distance of rows could be a
/// power of two, and they would compete for the same cache lines.
const APART: usize = 16;

/// Number of pixels per block: the number of times that each loaded weight is used, and the number
/// of products summed in registers for the gradient of the weights.
const PIXELS: usize = 192;

/// Computes [`super::conv2d`] into `y`.
pub(super) fn conv2d<F: Element>(
    grid: &Grid,
    x: ArrayView4<'_, F>,
    w: ArrayView4<'_, F>,
    finish: Finish<'_, F>,
    mut y: ArrayViewMut4<'_, F>,
    pool: &Pool<F>,
) {
    let (batch, _, _, outputs) = y.dim();
    let filters = Packed::new(filters(&w).reversed_axes(), pool);
    let Blocks { images, columns } = Blocks::of::<F>(grid, batch, PIXELS);
    let images = evenly(batch, images);
    let parts = parts(grid, 0..grid.columns(), columns, APART);
    let blocks = y.axis_chunks_iter_mut(Axis(0), images).zip(x.axis_chunks_iter(Axis(0), images));
    each_part(blocks, |(y, x)| {
        let mut y = pixels_mut(y);
        let mut memory = pool.array(images * grid.rows() * (columns + APART));
        let matrix = memory.as_slice_mut().expect("a fresh array");
        for (part, patches) in &parts {
            let some = patches.gather(x, matrix);
            let some = some.slice(s![.., ..part.len()]);
            filters.multiply(some, part.clone(), 0..outputs, y.view_mut(), part.start > 0);
        }
        apply(&finish, y.as_slice_mut().expect("a block of a fresh array"));
        pool.recycle(memory);
    });
    filters.recycle(pool);
}

/// Computes [`super::conv2d_backward_input`] into `x`.
pub(super) fn conv2d_backward_input<F: Element>(
    grid: &Grid,
    g: ArrayView4<'_, F>,
    w: ArrayView4<'_, F>,
    finish: Finish<'_, F>,
    mut x: ArrayViewMut4<'_, F>,
    pool: &Pool<F>,
) {
    let (batch, _, _, outputs) = g.dim();
    let filters = Packed::new(filters(&w), pool);
    let Blocks { images, columns } = Blocks::of::<F>(grid, batch, PIXELS);
    let images = evenly(batch, images);
    let parts = parts(grid, 0..grid.columns(), columns, 0);
    let blocks = x.axis_chunks_iter_mut(Axis(0), images).zip(g.axis_chunks_iter(Axis(0), images));
    each_part(blocks, |(mut x, g)| {
        let g = pixels(g);
        let x = x.as_slice_mut().expect("a block of a fresh array");
        x.fill(F::zero());
        let mut memory = pool.array(images * grid.rows() * columns);
        let matrix = memory.as_slice_mut().expect("a fresh array");
        for (part, patches) in &parts {
            let some = &mut matrix[..g.nrows() * part.len()];
            let product = ArrayViewMut2::from_shape((g.nrows(), part.len()), &mut *some).expect("as many numbers");
            filters.multiply(g, 0..outputs, part.clone(), product, false);
            patches.scatter(some, x);
        }
        apply(&finish, x);
        pool.recycle(memory);
    });
    filters.recycle(pool);
}

/// Computes [`super::conv2d_backward_weight`] into `dw`.
pub(super) fn conv2d_backward_weight<F: Element>(
    grid: &Grid,
    x: ArrayView4<'_, F>,
    g: ArrayView4<'_, F>,
    dw: ArrayViewMut4<'_, F>,
    pool: &Pool<F>,
) {
    let (batch, _, _, outputs) = g.dim();
    let sum = dw.into_shape_with_order((outputs, grid.columns())).expect("a fresh array");
    // A sum that does not fit into the cache should be visited less often.
    let many = if outputs * grid.columns() > MANY { 3 * PIXELS } else { PIXELS };
    let Blocks { images, columns: some } = Blocks::of::<F>(grid, batch, many);
    share_out(batch, sum, pool, |part, columns, mut sum| {
        let (x, g) = (x.slice_axis(Axis(0), part), g.slice_axis(Axis(0), part));
        // The last row is read as if a whole panel followed.
        let wide = F::method().widths[0];
        let parts = parts(grid, columns, some, APART);
        let mut memory = pool.array(images * grid.rows() * (some + APART) + wide);
        let matrix = memory.as_slice_mut().expect("a fresh array");
        let blocks = x.axis_chunks_iter(Axis(0), images).zip(g.axis_chunks_iter(Axis(0), images));
        for (block, (x, g)) in blocks.enumerate() {
            let g = pixels(g).reversed_axes();
            for (mut sum, (part, patches)) in sum.axis_chunks_iter_mut(Axis(1), some).zip(&parts) {
                patches.gather(x, matrix);
                for (panel, sum) in sum.axis_chunks_iter_mut(Axis(1), wide).enumerate() {
                    multiply_panel(g, [&matrix[panel * wide..], &[]], part.len() + APART, sum, block > 0);
                }
            }
        }
        pool.recycle(memory);
    });
}

/// Divides columns of the matrix of patches into parts of `some` columns, with rows `apart` entries
/// apart.
fn parts(grid: &Grid, columns: Range<usize>, some: usize, apart: usize) -> Vec<(Range<usize>, Patches)> {
    let part = |start: usize| start..columns.end.min(start + some);
    let of = |part: Range<usize>| (part.clone(), Patches::new(grid, part.clone(), part.len() + apart));
    // Return at least one part, because an empty product is zero.
    (columns.start..columns.end.max(columns.start + 1)).step_by(some).map(part).map(of).collect()
}

/// The division of a batch and its matrix of patches into blocks that fit into the cache.
struct Blocks {
    images: usize,
    /// Columns per block, a multiple of the panel width.
    columns: usize,
}

impl Blocks {
    /// Divides a batch into blocks of about this many pixels.
    fn of<F: Element>(grid: &Grid, batch: usize, pixels: usize) -> Self {
        let wide = F::method().widths[0];
        let images = pixels.div_ceil(grid.rows().max(1)).min(batch.max(1));
        let columns = (BLOCK / (images * grid.rows()).max(1)).min(grid.columns()).next_multiple_of(wide).max(wide);
        Self { images, columns }
    }
}

fn filters<'a, F: Element>(w: &'a ArrayView4<'_, F>) -> ArrayView2<'a, F> {
    let (outputs, height, width, inputs) = w.dim();
    w.view().into_shape_with_order((outputs, height * width * inputs)).expect("filters in memory order")
}

fn pixels<F: Element>(images: ArrayView4<'_, F>) -> ArrayView2<'_, F> {
    let (batch, height, width, channels) = images.dim();
    images.into_shape_with_order((batch * height * width, channels)).expect("images in memory order")
}

fn pixels_mut<F: Element>(images: ArrayViewMut4<'_, F>) -> ArrayViewMut2<'_, F> {
    let (batch, height, width, channels) = images.dim();
    images.into_shape_with_order((batch * height * width, channels)).expect("images in memory order")
}
