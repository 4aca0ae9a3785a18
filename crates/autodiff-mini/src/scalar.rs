use ndarray::{ArrayView2, ArrayViewMut2, NdFloat};

use crate::cpu;

mod sealed {
    use super::{ArrayView2, ArrayViewMut2};

    #[expect(unnameable_types, reason = "that nobody else can name it is what seals it")]
    pub trait Sealed: Sized {
        /// The processor's matrix product, compiled here once for each type and not again by
        /// whoever uses it.
        fn product(
            alpha: Self,
            a: ArrayView2<'_, Self>,
            b: ArrayView2<'_, Self>,
            beta: Self,
            c: ArrayViewMut2<'_, Self>,
        );
    }
}

/// The two element types: `f32` to train, `f64` to check.
///
/// Sealed, so that kernels may rely on there being no third one.
pub trait Scalar: NdFloat + Default + std::iter::Sum + sealed::Sealed {
    /// The nearest value of this type.
    fn from_f64(x: f64) -> Self;

    /// The same value in `f64`; exact.
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
