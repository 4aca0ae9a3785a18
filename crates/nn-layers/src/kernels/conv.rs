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
//! A block holds as many images as give the product a few hundred rows: enough for its full speed, few enough that the
//! patches stay in the cache. Blocks are shared out by rayon and depend on the shapes alone, so that the result is the
//! same to the last bit for every number of threads.

use autodiff_mini::Scalar;
use ndarray::linalg::general_mat_mul;
use ndarray::parallel::prelude::*;
use ndarray::{Array1, Array2, Array4, ArrayView1, ArrayView2, ArrayView4, ArrayViewMut2, Axis};

use super::patches::Grid;
use crate::Window;

/// Rows of patches in a block.
const BLOCK_ROWS: usize = 512;

/// The most partial sums of a weight gradient: each has the size of the weights.
const MOST_PARTS: usize = 8;

/// `y[n, i, j, o] = b[o] + sum_{u, v, c} x[n, i s + u - p, j s + v - p, c] w[o, u, v, c]`.
///
/// `x` is `[batch, height, width, inputs]`, `w` `[outputs, kernel height, kernel width, inputs]`, `b` `[outputs]`; both
/// `x` and `w` in memory order.
///
/// # Panics
///
/// If the shapes do not fit together, or the window has no position on the image.
pub fn conv2d<F: Scalar>(
    x: ArrayView4<'_, F>,
    w: ArrayView4<'_, F>,
    b: Option<ArrayView1<'_, F>>,
    window: Window,
) -> Array4<F> {
    let (batch, height, width, _) = x.dim();
    let outputs = w.dim().0;
    let size = window.convolved([height, width]);
    let positions = size.unwrap_or_else(|| panic!("no position for {window:?} on shape {:?}", x.shape()));
    let grid = grid(&x, positions, &w, window);
    let filters = filters(&w);
    let mut y = Array4::zeros((batch, positions[0], positions[1], outputs));
    let images = images_in_a_block(&grid);
    let blocks = y.axis_chunks_iter_mut(Axis(0), images).into_par_iter().zip(x.axis_chunks_iter(Axis(0), images));
    blocks.for_each(|(y, x)| {
        let patches = patches(&grid, x);
        let mut y = pixels_mut(y);
        if let Some(b) = b {
            y.assign(&b);
        }
        general_mat_mul(F::one(), &patches, &filters.t(), F::one(), &mut y);
    });
    y
}

/// The gradient of [`conv2d`] with respect to `x`, of height and width `size`, for the gradient `g` with respect to `y`.
///
/// # Panics
///
/// If the shapes do not fit together.
pub fn conv2d_backward_input<F: Scalar>(
    g: ArrayView4<'_, F>,
    w: ArrayView4<'_, F>,
    window: Window,
    size: [usize; 2],
) -> Array4<F> {
    let (batch, rows, columns, outputs) = g.dim();
    assert!(outputs == w.dim().0, "gradient of shape {:?} for filters of shape {:?}", g.shape(), w.shape());
    let mut x = Array4::zeros((batch, size[0], size[1], w.dim().3));
    let grid = grid(&x.view(), [rows, columns], &w, window);
    let filters = filters(&w);
    let images = images_in_a_block(&grid);
    let blocks = x.axis_chunks_iter_mut(Axis(0), images).into_par_iter().zip(g.axis_chunks_iter(Axis(0), images));
    blocks.for_each(|(mut x, g)| {
        let g = pixels(g);
        let mut patches = Array2::zeros((g.nrows(), grid.columns()));
        general_mat_mul(F::one(), &g, &filters, F::zero(), &mut patches);
        let images = x.as_slice_mut().expect("a block of a fresh array").chunks_exact_mut(grid.image_len());
        let matrices = patches.as_slice().expect("a fresh array").chunks_exact(grid.rows() * grid.columns());
        images.zip(matrices).for_each(|(image, matrix)| grid.scatter(matrix, image));
    });
    x
}

/// The gradient of [`conv2d`] with respect to `w`, for the gradient `g` with respect to `y`.
///
/// # Panics
///
/// If the shapes do not fit together.
pub fn conv2d_backward_weight<F: Scalar>(x: ArrayView4<'_, F>, g: ArrayView4<'_, F>, window: Window) -> Array4<F> {
    let (batch, rows, columns, outputs) = g.dim();
    let [kernel_height, kernel_width] = window.kernel;
    let inputs = x.dim().3;
    let mut dw = Array4::zeros((outputs, kernel_height, kernel_width, inputs));
    let grid = grid(&x, [rows, columns], &dw.view(), window);
    assert!(batch == x.dim().0, "gradient of shape {:?} for images of shape {:?}", g.shape(), x.shape());
    let images = images_in_a_block(&grid);
    let part = images.max(batch.div_ceil(MOST_PARTS));
    let parts: Vec<Array2<F>> = x
        .axis_chunks_iter(Axis(0), part)
        .into_par_iter()
        .zip(g.axis_chunks_iter(Axis(0), part))
        .map(|(x, g)| {
            let mut sum = Array2::zeros((outputs, grid.columns()));
            for (x, g) in x.axis_chunks_iter(Axis(0), images).zip(g.axis_chunks_iter(Axis(0), images)) {
                general_mat_mul(F::one(), &pixels(g).t(), &patches(&grid, x), F::one(), &mut sum);
            }
            sum
        })
        .collect();
    let mut sum = dw.view_mut().into_shape_with_order((outputs, grid.columns())).expect("a fresh array");
    // In the order of the images, whichever part was finished first.
    parts.iter().for_each(|part| sum += part);
    dw
}

/// The gradient of [`conv2d`] with respect to `b`: the sum over everything but the channels.
pub fn sum_pixels<F: Scalar>(g: ArrayView4<'_, F>) -> Array1<F> {
    pixels(g).sum_axis(Axis(0))
}

fn grid<F: Scalar>(x: &ArrayView4<'_, F>, positions: [usize; 2], w: &ArrayView4<'_, F>, window: Window) -> Grid {
    let (_, height, width, channels) = x.dim();
    let (_, kernel_height, kernel_width, inputs) = w.dim();
    let fits = channels == inputs && window.kernel == [kernel_height, kernel_width];
    assert!(fits, "filters of shape {:?} on images of shape {:?}, with {window:?}", w.shape(), x.shape());
    Grid { window, size: [height, width], positions, channels }
}

fn images_in_a_block(grid: &Grid) -> usize {
    (BLOCK_ROWS / grid.rows().max(1)).max(1)
}

fn filters<'a, F: Scalar>(w: &'a ArrayView4<'_, F>) -> ArrayView2<'a, F> {
    let (outputs, height, width, inputs) = w.dim();
    w.view().into_shape_with_order((outputs, height * width * inputs)).expect("filters in memory order")
}

fn patches<F: Scalar>(grid: &Grid, x: ArrayView4<'_, F>) -> Array2<F> {
    let mut matrix = Array2::zeros((x.dim().0 * grid.rows(), grid.columns()));
    let images = x.to_slice().expect("images in memory order").chunks_exact(grid.image_len().max(1));
    let matrices =
        matrix.as_slice_mut().expect("a fresh array").chunks_exact_mut((grid.rows() * grid.columns()).max(1));
    images.zip(matrices).for_each(|(image, matrix)| grid.gather(image, matrix));
    matrix
}

fn pixels<F: Scalar>(images: ArrayView4<'_, F>) -> ArrayView2<'_, F> {
    let (batch, height, width, channels) = images.dim();
    images.into_shape_with_order((batch * height * width, channels)).expect("images in memory order")
}

fn pixels_mut<F: Scalar>(images: ndarray::ArrayViewMut4<'_, F>) -> ArrayViewMut2<'_, F> {
    let (batch, height, width, channels) = images.dim();
    images.into_shape_with_order((batch * height * width, channels)).expect("images in memory order")
}
