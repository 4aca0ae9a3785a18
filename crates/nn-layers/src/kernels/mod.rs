//! The arithmetic of the layers, as functions of array views that know nothing of a tape.
//!
//! Images are `[batch, height, width, channels]` in memory order: the values that a filter sees in
//! one row of an image are then one run of memory, for every number of channels.
//!
//! How they work, and how to change one, is in `README.md` beside the code.

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
    activation_backward, adam, deviations, finish, normalize, normalize_backward, scale, scale_backward,
};

/// The instructions that products of `f32` run on here: `"avx512"`, `"avx2"`, `"neon"` or
/// `"portable"`.
pub fn instructions() -> &'static str {
    <f32 as element::Element>::method().name
}
