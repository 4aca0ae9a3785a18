//! A dense layer and its two gradients: products of whole matrices.

use autodiff_mini::Pool;
use ndarray::{Array2, ArrayView2};

use super::activation::Finish;
use super::gemm::multiply;
use crate::Float;

/// `y = f(x w^T + b)`, with what `finish` says of `f` and `b`; `x` is `[batch, inputs]`, `w` `[outputs, inputs]`.
///
/// # Panics
///
/// If the shapes do not fit together.
pub fn dense<F: Float>(x: ArrayView2<'_, F>, w: ArrayView2<'_, F>, finish: Finish<'_, F>, pool: &Pool<F>) -> Array2<F> {
    product(x, w.reversed_axes(), finish, pool)
}

/// The gradient of [`dense`] with respect to `x`, for the gradient `g` with respect to `x w^T`: `g w`.
///
/// # Panics
///
/// If the shapes do not fit together.
pub fn dense_backward_input<F: Float>(g: ArrayView2<'_, F>, w: ArrayView2<'_, F>, pool: &Pool<F>) -> Array2<F> {
    product(g, w, Finish::default(), pool)
}

/// The gradient of [`dense`] with respect to `w`: `g^T x`.
///
/// # Panics
///
/// If the shapes do not fit together.
pub fn dense_backward_weight<F: Float>(x: ArrayView2<'_, F>, g: ArrayView2<'_, F>, pool: &Pool<F>) -> Array2<F> {
    product(g.reversed_axes(), x, Finish::default(), pool)
}

fn product<F: Float>(a: ArrayView2<'_, F>, b: ArrayView2<'_, F>, finish: Finish<'_, F>, pool: &Pool<F>) -> Array2<F> {
    assert!(a.ncols() == b.nrows(), "a product of shapes {:?} and {:?}", a.shape(), b.shape());
    let mut c = pool.array((a.nrows(), b.ncols()));
    multiply(a, b, c.view_mut(), pool);
    finish.apply_all(c.as_slice_mut().expect("a fresh array"));
    c
}
