use std::sync::LazyLock;

use autodiff_mini::Scalar;

use crate::kernels::math;
use crate::kernels::simd::{Method, methods};

/// The element types of layers, `f32` and `f64`: the same arithmetic by different instructions.
pub trait Float: Scalar + fast::Fast {}

impl Float for f32 {}
impl Float for f64 {}

pub(crate) mod fast {
    use super::{LazyLock, Method, math, methods};

    /// What the kernels want to know of an element type.
    #[expect(unnameable_types, reason = "that nobody else can name it keeps the kernels an internal matter")]
    pub trait Fast: Sized + 'static {
        /// The fastest way to multiply on this processor.
        fn method() -> &'static Method<Self>;
        /// `e^x`.
        fn fast_exp(self) -> Self;
        /// `ln(1 + x)` for `x` from 0 to 1.
        fn fast_ln_1p(self) -> Self;
        /// The hyperbolic tangent.
        fn fast_tanh(self) -> Self;
    }

    impl Fast for f32 {
        fn method() -> &'static Method<Self> {
            static BEST: LazyLock<Method<f32>> = LazyLock::new(|| methods()[0]);
            &BEST
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

    impl Fast for f64 {
        fn method() -> &'static Method<Self> {
            &Method::PORTABLE
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
}
