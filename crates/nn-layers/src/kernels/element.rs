use std::sync::LazyLock;

use autodiff_mini::Scalar;

use super::math;
use super::simd::{Kernel, Method, methods, run};

/// What the kernels need to know of an element type.
pub(crate) trait Element: Scalar {
    /// The fastest way to multiply on this processor.
    fn method() -> &'static Method<Self>;
    /// Runs a loop: of `f32` with the widest vectors that the processor has, of `f64` as it is,
    /// because each kind of vectors is compiled apart, and `f64` is there to check `f32`.
    fn run<K: Kernel>(kernel: K) -> K::Output;
    /// `e^x`.
    fn fast_exp(self) -> Self;
    /// `ln(1 + x)` for `x` from 0 to 1.
    fn fast_ln_1p(self) -> Self;
    /// The hyperbolic tangent.
    fn fast_tanh(self) -> Self;
}

impl Element for f32 {
    fn method() -> &'static Method<Self> {
        static BEST: LazyLock<Method<f32>> = LazyLock::new(|| methods()[0]);
        &BEST
    }
    #[inline(always)]
    fn run<K: Kernel>(kernel: K) -> K::Output {
        run(kernel)
    }
    #[inline(always)]
    fn fast_exp(self) -> Self {
        math::exp(self)
    }
    #[inline(always)]
    fn fast_ln_1p(self) -> Self {
        math::ln_1p(self)
    }
    #[inline(always)]
    fn fast_tanh(self) -> Self {
        math::tanh(self)
    }
}

impl Element for f64 {
    fn method() -> &'static Method<Self> {
        &Method::PORTABLE
    }
    #[inline(always)]
    fn run<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }
    #[inline(always)]
    fn fast_exp(self) -> Self {
        self.exp()
    }
    #[inline(always)]
    fn fast_ln_1p(self) -> Self {
        self.ln_1p()
    }
    #[inline(always)]
    fn fast_tanh(self) -> Self {
        self.tanh()
    }
}
