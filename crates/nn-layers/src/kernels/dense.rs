//! A dense layer and its two gradients: products of whole matrices.

use autodiff_mini::Pool;
use ndarray::{Array2, ArrayView2};

use super::activation::{Finish, finish};
use super::element::Element;
use super::gemm::multiply;

/// See [`kernels::dense`](super::dense).
pub(super) fn dense<F: Element>(
    x: ArrayView2<'_, F>,
    w: ArrayView2<'_, F>,
    finish: Finish<'_, F>,
    pool: &Pool<F>,
) -> Array2<F> {
    product(x, w.reversed_axes(), finish, pool)
}

/// See [`kernels::dense_backward_input`](super::dense_backward_input).
pub(super) fn dense_backward_input<F: Element>(
    g: ArrayView2<'_, F>,
    w: ArrayView2<'_, F>,
    pool: &Pool<F>,
) -> Array2<F> {
    product(g, w, Finish::default(), pool)
}

/// See [`kernels::dense_backward_weight`](super::dense_backward_weight).
pub(super) fn dense_backward_weight<F: Element>(
    x: ArrayView2<'_, F>,
    g: ArrayView2<'_, F>,
    pool: &Pool<F>,
) -> Array2<F> {
    product(g.reversed_axes(), x, Finish::default(), pool)
}

fn product<F: Element>(a: ArrayView2<'_, F>, b: ArrayView2<'_, F>, last: Finish<'_, F>, pool: &Pool<F>) -> Array2<F> {
    assert!(a.ncols() == b.nrows(), "a product of shapes {:?} and {:?}", a.shape(), b.shape());
    let mut c = pool.array((a.nrows(), b.ncols()));
    multiply(a, b, c.view_mut(), pool);
    finish(last, c.as_slice_mut().expect("a fresh array"));
    c
}
