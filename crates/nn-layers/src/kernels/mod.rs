//! The arithmetic of the layers, as functions of array views that are independent of a tape.
//!
//! Images are `[batch, height, width, channels]` in memory order. The values that a filter reads in
//! one row of an image are then contiguous in memory, for any number of channels.
//!
//! The `README.md` in this folder explains the design and how to change a kernel.

mod activation;
mod adam;
mod conv;
mod dense;
mod direct;
mod element;
mod features;
mod gemm;
mod math;
mod patches;
mod real;
mod share;
mod simd;
mod winograd;

pub use activation::{Activation, Finish};
pub(crate) use adam::AdamStep;
pub use real::{
    Real, conv2d, conv2d_backward_input, conv2d_backward_weight, dense, dense_backward_input, dense_backward_weight,
};
pub(crate) use real::{
    activation_backward, adam, deviations, finish, gradient_sums, normalize, normalize_backward, scale, scale_backward,
};

/// Returns the instruction set that products of `f32` use on this CPU: `"avx512"`, `"avx2"`,
/// `"neon"` or `"portable"`.
pub fn instructions() -> &'static str {
    <f32 as element::Element>::method().name
}
