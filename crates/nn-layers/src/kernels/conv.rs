//! Convolution and its two gradients: directly (see `direct`) or, where it pays off, with fewer
//! multiplications (see `winograd`).

use autodiff_mini::Pool;
use ndarray::{Array4, ArrayView4};

use super::activation::Finish;
use super::direct;
use super::element::Element;
use super::patches::Grid;
use super::winograd::Winograd;
use crate::Window;

/// See [`kernels::conv2d`](super::conv2d).
pub(super) fn conv2d<F: Element>(
    x: ArrayView4<'_, F>,
    w: ArrayView4<'_, F>,
    window: Window,
    finish: Finish<'_, F>,
    pool: &Pool<F>,
) -> Array4<F> {
    let (batch, height, width, _) = x.dim();
    let outputs = w.dim().0;
    let size = window.convolved([height, width]);
    let positions = size.unwrap_or_else(|| panic!("{window:?} does not fit on shape {:?}", x.shape()));
    let grid = Grid::new(&x, positions, &w, window);
    let mut y = pool.array((batch, positions[0], positions[1], outputs));
    match Winograd::for_values(&grid, outputs) {
        Some(tiles) => tiles.conv2d(x, w, finish, y.view_mut(), pool),
        None => direct::conv2d(&grid, x, w, finish, y.view_mut(), pool),
    }
    y
}

/// See [`kernels::conv2d_backward_input`](super::conv2d_backward_input).
pub(super) fn conv2d_backward_input<F: Element>(
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
    let grid = Grid::new(&x.view(), [rows, columns], &w, window);
    match Winograd::for_values(&grid, outputs) {
        Some(tiles) => tiles.conv2d_backward_input(g, w, finish, x.view_mut(), pool),
        None => direct::conv2d_backward_input(&grid, g, w, finish, x.view_mut(), pool),
    }
    x
}

/// See [`kernels::conv2d_backward_weight`](super::conv2d_backward_weight).
pub(super) fn conv2d_backward_weight<F: Element>(
    x: ArrayView4<'_, F>,
    g: ArrayView4<'_, F>,
    window: Window,
    pool: &Pool<F>,
) -> Array4<F> {
    let (batch, rows, columns, outputs) = g.dim();
    let [kernel_height, kernel_width] = window.kernel;
    let mut dw = pool.array((outputs, kernel_height, kernel_width, x.dim().3));
    let grid = Grid::new(&x, [rows, columns], &dw.view(), window);
    assert!(batch == x.dim().0, "gradient of shape {:?} for images of shape {:?}", g.shape(), x.shape());
    match Winograd::for_filters(&grid, outputs) {
        Some(tiles) => tiles.conv2d_backward_weight(x, g, dw.view_mut(), pool),
        None => direct::conv2d_backward_weight(&grid, x, g, dw.view_mut(), pool),
    }
    dw
}
