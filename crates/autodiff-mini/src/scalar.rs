use ndarray::{ArrayView2, ArrayViewMut2, NdFloat};

use crate::cpu;

mod sealed {
    use super::{ArrayView2, ArrayViewMut2};

    #[expect(unnameable_types, reason = "the trait is sealed because no other crate can name it")]
    pub trait Sealed: Sized {
        /// Matrix product on the CPU. Behind this method it is compiled once per type in this
        /// crate, and not again in each crate that uses it.
        fn product(
            alpha: Self,
            a: ArrayView2<'_, Self>,
            b: ArrayView2<'_, Self>,
            beta: Self,
            c: ArrayViewMut2<'_, Self>,
        );
    }
}

/// Element type of a tape: `f32` for training or `f64` for checking gradients.
///
/// The trait is sealed, so kernels may rely on these two types being the only ones.
pub trait Scalar: NdFloat + Default + std::iter::Sum + sealed::Sealed {
    /// Converts `x` to the nearest value of this type.
    fn from_f64(x: f64) -> Self;

    /// Converts to `f64`, exactly.
    fn into_f64(self) -> f64;
}

impl Scalar for f32 {
    fn from_f64(x: f64) -> Self {
        x as f32
    }

    fn into_f64(self) -> f64 {
        f64::from(self)
    }
}

impl Scalar for f64 {
    fn from_f64(x: f64) -> Self {
        x
    }

    fn into_f64(self) -> f64 {
        self
    }
}

impl sealed::Sealed for f32 {
    fn product(alpha: f32, a: ArrayView2<'_, f32>, b: ArrayView2<'_, f32>, beta: f32, c: ArrayViewMut2<'_, f32>) {
        cpu::product(alpha, a, b, beta, c);
    }
}

impl sealed::Sealed for f64 {
    fn product(alpha: f64, a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>, beta: f64, c: ArrayViewMut2<'_, f64>) {
        cpu::product(alpha, a, b, beta, c);
    }
}
