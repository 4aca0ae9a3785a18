//! The boundary to the rest of the crate: the only place at which kernels are compiled for `f32`
//! and `f64`.
//!
//! A generic function is compiled again in every crate, test and example that uses it, and the
//! kernels are large. As methods of a trait that is implemented for two types, they are ordinary
//! functions, and other crates only call them.

use autodiff_mini::{Pool, Scalar};
use ndarray::{Array1, Array2, Array4, ArrayD, ArrayView2, ArrayView4};

use super::activation::{Activation, Finish};
use super::adam::AdamStep;
use crate::Window;

/// The element types of layers, `f32` and `f64`. The arithmetic is the same, with different
/// instructions.
///
/// The trait is sealed because the arithmetic is compiled once for each of the two types, in this
/// crate.
pub trait Real: Scalar + Compiled<Self> {}

impl Real for f32 {}
impl Real for f64 {}

/// Declares each function `f` as a method of the element type, implemented by a generic function
/// for both types, and `f::<F>` as a call of this method.
macro_rules! compiled {
    ($(
        $(#[$doc:meta])*
        $vis:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? = $path:path;
    )*) => {
        #[expect(unnameable_types, reason = "an unnameable supertrait seals `Real`")]
        pub trait Compiled<F: Scalar> {
            $(fn $name($($argument: $type),*) $(-> $result)?;)*
        }

        const _: () = {
            type F = f32;
            impl Compiled<F> for F {
                $(fn $name($($argument: $type),*) $(-> $result)? { $path($($argument),*) })*
            }
        };

        const _: () = {
            type F = f64;
            impl Compiled<F> for F {
                $(fn $name($($argument: $type),*) $(-> $result)? { $path($($argument),*) })*
            }
        };

        $(
            $(#[$doc])*
            $vis fn $name<F: Real>($($argument: $type),*) $(-> $result)? {
                <F as Compiled<F>>::$name($($argument),*)
            }
        )*
    };
}

compiled! {
    /// Returns the convolution of `x` with `w`, with the `f` and `b` of `finish`:
    ///
    /// ```text
    /// y[n, i, j, o] = f(b[o] + sum_{u, v, c} x[n, i s + u - p, j s + v - p, c] w[o, u, v, c])
    /// ```
    ///
    /// `x` is `[batch, height, width, inputs]`, `w`
    /// `[outputs, kernel height, kernel width, inputs]`, both in memory order.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit together, or the window has no position on the image.
    pub fn conv2d(
        x: ArrayView4<'_, F>, w: ArrayView4<'_, F>, window: Window, finish: Finish<'_, F>, pool: &Pool<F>,
    ) -> Array4<F> = super::conv::conv2d;

    /// Returns the gradient of [`conv2d`] with respect to `x`, of height and width `size`, for the
    /// gradient `g` with respect to `y`. This is the transposed convolution of `g`, to which
    /// `finish` is applied.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit together.
    pub fn conv2d_backward_input(
        g: ArrayView4<'_, F>, w: ArrayView4<'_, F>, window: Window, size: [usize; 2], finish: Finish<'_, F>,
        pool: &Pool<F>,
    ) -> Array4<F> = super::conv::conv2d_backward_input;

    /// Returns the gradient of [`conv2d`] with respect to `w`, for the gradient `g` with respect to
    /// `y`.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit together.
    pub fn conv2d_backward_weight(
        x: ArrayView4<'_, F>, g: ArrayView4<'_, F>, window: Window, pool: &Pool<F>,
    ) -> Array4<F> = super::conv::conv2d_backward_weight;

    /// Returns `y = f(x w^T + b)`, with the `f` and `b` of `finish`; `x` is `[batch, inputs]`, `w`
    /// `[outputs, inputs]`.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit together.
    pub fn dense(
        x: ArrayView2<'_, F>, w: ArrayView2<'_, F>, finish: Finish<'_, F>, pool: &Pool<F>,
    ) -> Array2<F> = super::dense::dense;

    /// Returns the gradient of [`dense`] with respect to `x`, for the gradient `g` with respect to
    /// `x w^T`: `g w`.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit together.
    pub fn dense_backward_input(
        g: ArrayView2<'_, F>, w: ArrayView2<'_, F>, pool: &Pool<F>,
    ) -> Array2<F> = super::dense::dense_backward_input;

    /// Returns the gradient of [`dense`] with respect to `w`: `g^T x`.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit together.
    pub fn dense_backward_weight(
        x: ArrayView2<'_, F>, g: ArrayView2<'_, F>, pool: &Pool<F>,
    ) -> Array2<F> = super::dense::dense_backward_weight;

    pub(crate) fn finish(finish: Finish<'_, F>, pixels: &mut [F]) = super::activation::finish;
    pub(crate) fn activation_backward(
        activation: Option<Activation>, y: &[F], g: &mut [F], channels: usize,
    ) -> Array1<F> = super::activation::backward;

    pub(crate) fn deviations(x: &[F], shift: &[f64]) -> [Vec<f64>; 2] = super::features::deviations;
    pub(crate) fn normalize(x: &[F], mean_and_scale: [&[f64]; 2], y: &mut [F]) = super::features::normalize;
    pub(crate) fn gradient_sums(y: &[F], scale: &[f64], g: &[F]) -> [Vec<f64>; 2] = super::features::gradient_sums;
    pub(crate) fn normalize_backward(
        y: &[F], scale: &[f64], means: [&[f64]; 2], g: &mut [F],
    ) = super::features::normalize_backward;
    pub(crate) fn scale(x: &[F], scale: &[f64], finish: Finish<'_, F>, y: &mut [F]) = super::features::scale;
    pub(crate) fn scale_backward(x: &[F], scale: &[f64], g: &mut [F]) -> Vec<f64> = super::features::scale_backward;

    pub(crate) fn encode(array: &ArrayD<F>) -> Vec<u8> = crate::bytes::encode;
    pub(crate) fn decode_single(bytes: &[u8]) -> Vec<F> = crate::bytes::decode_single;
    pub(crate) fn decode_double(bytes: &[u8]) -> Vec<F> = crate::bytes::decode_double;

    pub(crate) fn adam(step: AdamStep<F>, x: &mut [F], moments: [&mut [F]; 2], g: &[F]) = super::adam::adam;
}
