//! The arithmetic of the layers, as functions of array views that know nothing of a tape.
//!
//! Images are `[batch, height, width, channels]` in memory order: the values that a filter sees in one row of an image are
//! then one run of memory, for every number of channels.
//!
//! How they work, and how to change one, is in `README.md` beside the code.

pub(crate) mod activation;
mod conv;
mod dense;
pub(crate) mod features;
mod gemm;
pub(crate) mod math;
mod patches;
pub(crate) mod simd;
mod winograd;

pub use activation::Finish;
pub use conv::{conv2d, conv2d_backward_input, conv2d_backward_weight};
pub use dense::{dense, dense_backward_input, dense_backward_weight};

/// The instructions that products of `f32` run on here: `"avx512"`, `"avx2"`, `"neon"` or `"portable"`.
pub fn instructions() -> &'static str {
    <f32 as crate::float::fast::Fast>::method().name
}
