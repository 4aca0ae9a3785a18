//! The arithmetic of the layers, as functions of array views that are independent of a tape.
//!
//! Images are `[batch, height, width, channels]` in memory order. The values that a filter reads in
//! one row of an image are then contiguous in memory, for any number of channels.
//!
//! The `README.md` in this folder explains the design and how to change a kernel.

mod activation;
mod adam;
mod cache;
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

use std::time::{Duration, Instant};

use autodiff_mini::Pool;
use ndarray::{ArrayView2, ArrayViewMut2, Axis, CowArray};

pub use activation::{Activation, Finish};
pub(crate) use adam::AdamStep;
pub use real::{
    Real, conv2d, conv2d_backward_input, conv2d_backward_weight, dense, dense_backward_input, dense_backward_weight,
};
pub(crate) use real::{
    activation_backward, adam, decode_double, decode_single, deviations, encode, finish, gradient_sums, normalize,
    normalize_backward, scale, scale_backward,
};

/// Returns the instruction set that products of `f32` use on this CPU: `"avx512"`, `"avx2"`,
/// `"neon"` or `"portable"`.
pub fn instructions() -> &'static str {
    <f32 as element::Element>::method().name
}

/// Performs rounds of multiply-adds of `f32` in registers, with the instructions of
/// [`instructions`], and returns the number of floating-point operations. Nothing is loaded or
/// stored, so no matrix product is faster. Benchmarks take the rate of these operations as limit.
pub fn multiply_adds(rounds: usize) -> usize {
    (<f32 as element::Element>::method().multiply_adds)(rounds)
}

/// Returns the time of the innermost loop in `c = a b`: the fastest of some runs, after `b` has
/// been packed and rows of `a` have been copied as in a product. For benchmarks.
///
/// # Panics
///
/// If the shapes do not fit together.
pub fn time_product(
    a: ArrayView2<'_, f32>,
    b: ArrayView2<'_, f32>,
    mut c: ArrayViewMut2<'_, f32>,
    runs: usize,
) -> Duration {
    assert!(c.dim() == (a.nrows(), b.ncols()), "the shapes of the product do not fit");
    let (rows, packed) = (gemm::rows_in_turn(a, b.ncols()).max(1), gemm::Packed::new(b, &Pool::default()));
    let copy = |a: ArrayView2<'_, f32>| a.t().as_standard_layout().into_owned().reversed_axes();
    let parts = a.axis_chunks_iter(Axis(0), rows);
    let parts: Vec<_> = parts.map(|a| if gemm::is_scattered(a) { copy(a).into() } else { CowArray::from(a) }).collect();
    let mut time = |_| {
        let start = Instant::now();
        for (a, c) in parts.iter().zip(c.axis_chunks_iter_mut(Axis(0), rows)) {
            packed.product(a.view(), c);
        }
        start.elapsed()
    };
    (0..runs).map(&mut time).min().unwrap_or_default()
}
