use std::sync::LazyLock;

use autodiff_mini::Scalar;

use super::math;
use super::simd::{Kernel, Method, methods, run};

/// The operations of an element type that the kernels need.
pub(crate) trait Element: Scalar {
    /// Returns the fastest multiplication method on this CPU.
    fn method() -> &'static Method<Self>;
    /// Runs a loop. For `f32` it uses the widest vectors of the CPU. For `f64`, which only verifies
    /// `f32`, it uses the baseline instructions to save compile time.
    fn run<K: Kernel>(kernel: K) -> K::Output;
    /// Returns `e^x`.
    fn fast_exp(self) -> Self;
    /// Returns `ln(1 + x)` for `x` from 0 to 1.
    fn fast_ln_1p(self) -> Self;
    /// Returns the hyperbolic tangent.
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
