//! The vectors of each kind of CPU, and the methods that use them.
#![cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    expect(unsafe_op_in_unsafe_fn, reason = "each function is one instruction")
)]

#[cfg(target_arch = "aarch64")]
use std::arch::aarch64::*;
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use ndarray::LinalgScalar;

use super::strip::{Method, Number, PANEL, Strip, portable, strip};

/// A vector of numbers.
///
/// # Safety
///
/// A function may only be called on a CPU with its instruction, and with pointers to `LANES`
/// numbers.
pub(super) unsafe trait Vector: Copy {
    type Number: LinalgScalar;
    const LANES: usize = size_of::<Self>() / size_of::<Self::Number>();
    unsafe fn splat(x: Self::Number) -> Self;
    unsafe fn load(from: *const Self::Number) -> Self;
    unsafe fn store(self, to: *mut Self::Number);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    /// Returns `self - a * b` with one rounding.
    unsafe fn sub_product(self, a: Self, b: Self) -> Self;
    /// Returns true if any number is at most the other.
    unsafe fn any_at_most(self, other: Self) -> bool;
    /// Returns the numbers of `yes` where this is less than `other`, and those of `no` elsewhere.
    unsafe fn if_less(self, other: Self, yes: Self, no: Self) -> Self;
}

/// Implements [`Vector`] by its instructions, and defines a method with tiles of some rows.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
macro_rules! vector {
    (
        $method:ident: $features:literal, $vector:ty, [$number:ty; $rows:literal],
        [$splat:ident, $load:ident, $store:ident, $add:ident, $mul:ident, $max:ident],
        |$sum:ident, $a:ident, $b:ident| $sub_product:expr, |$x:ident, $y:ident| $any_at_most:expr,
        |$yes:ident, $no:ident| $if_less:expr
    ) => {
        // SAFETY: each function is one instruction with the same requirements.
        unsafe impl Vector for $vector {
            type Number = $number;

            #[inline(always)]
            unsafe fn splat(x: $number) -> Self {
                $splat(x)
            }

            #[inline(always)]
            unsafe fn load(from: *const $number) -> Self {
                $load(from)
            }

            #[inline(always)]
            unsafe fn store(self, to: *mut $number) {
                $store(to, self);
            }

            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                $add(self, other)
            }

            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                $mul(self, other)
            }

            #[inline(always)]
            unsafe fn max(self, other: Self) -> Self {
                $max(self, other)
            }

            #[inline(always)]
            unsafe fn sub_product(self, $a: Self, $b: Self) -> Self {
                let $sum = self;
                $sub_product
            }

            #[inline(always)]
            unsafe fn any_at_most(self, $y: Self) -> bool {
                let $x = self;
                $any_at_most
            }

            #[inline(always)]
            unsafe fn if_less(self, $y: Self, $yes: Self, $no: Self) -> Self {
                let $x = self;
                $if_less
            }
        }

        fn $method(work: Strip<'_, $number>) {
            #[target_feature(enable = $features)]
            fn with_features(work: Strip<'_, $number>) {
                // SAFETY: the function has the features, and the strip has been checked.
                unsafe { strip::<$number, $vector, $rows, { PANEL / <$vector as Vector>::LANES }>(work) }
            }
            // SAFETY: the method is only offered if the CPU has the features.
            unsafe { with_features(work) }
        }
    };
}

#[cfg(target_arch = "x86_64")]
vector!(avx512_single: "avx512f", __m512, [f32; 8],
    [_mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_add_ps, _mm512_mul_ps, _mm512_max_ps],
    |sum, a, b| _mm512_fnmadd_ps(a, b, sum),
    |x, y| _mm512_cmp_ps_mask::<_CMP_LE_OQ>(x, y) != 0,
    |yes, no| _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(x, y), no, yes));
#[cfg(target_arch = "x86_64")]
vector!(avx512_double: "avx512f", __m512d, [f64; 4],
    [_mm512_set1_pd, _mm512_loadu_pd, _mm512_storeu_pd, _mm512_add_pd, _mm512_mul_pd, _mm512_max_pd],
    |sum, a, b| _mm512_fnmadd_pd(a, b, sum),
    |x, y| _mm512_cmp_pd_mask::<_CMP_LE_OQ>(x, y) != 0,
    |yes, no| _mm512_mask_blend_pd(_mm512_cmp_pd_mask::<_CMP_LT_OQ>(x, y), no, yes));
#[cfg(target_arch = "x86_64")]
vector!(avx2_single: "avx2,fma", __m256, [f32; 2],
    [_mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_add_ps, _mm256_mul_ps, _mm256_max_ps],
    |sum, a, b| _mm256_fnmadd_ps(a, b, sum),
    |x, y| _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_LE_OQ>(x, y)) != 0,
    |yes, no| _mm256_blendv_ps(no, yes, _mm256_cmp_ps::<_CMP_LT_OQ>(x, y)));
#[cfg(target_arch = "x86_64")]
vector!(avx2_double: "avx2,fma", __m256d, [f64; 1],
    [_mm256_set1_pd, _mm256_loadu_pd, _mm256_storeu_pd, _mm256_add_pd, _mm256_mul_pd, _mm256_max_pd],
    |sum, a, b| _mm256_fnmadd_pd(a, b, sum),
    |x, y| _mm256_movemask_pd(_mm256_cmp_pd::<_CMP_LE_OQ>(x, y)) != 0,
    |yes, no| _mm256_blendv_pd(no, yes, _mm256_cmp_pd::<_CMP_LT_OQ>(x, y)));
#[cfg(target_arch = "aarch64")]
vector!(neon_single: "neon", float32x4_t, [f32; 2],
    [vdupq_n_f32, vld1q_f32, vst1q_f32, vaddq_f32, vmulq_f32, vmaxq_f32],
    |sum, a, b| vfmsq_f32(sum, a, b),
    |x, y| vmaxvq_u32(vcleq_f32(x, y)) != 0,
    |yes, no| vbslq_f32(vcltq_f32(x, y), yes, no));
#[cfg(target_arch = "aarch64")]
vector!(neon_double: "neon", float64x2_t, [f64; 1],
    [vdupq_n_f64, vld1q_f64, vst1q_f64, vaddq_f64, vmulq_f64, vmaxq_f64],
    |sum, a, b| vfmsq_f64(sum, a, b),
    |x, y| vmaxvq_u32(vreinterpretq_u32_u64(vcleq_f64(x, y))) != 0,
    |yes, no| vbslq_f64(vcltq_f64(x, y), yes, no));

/// Implements [`Number`] by the methods for each kind of CPU.
macro_rules! number {
    ($number:ty, $avx512:ident, $avx2:ident, $neon:ident) => {
        impl Number for $number {
            fn methods() -> Vec<Method<Self>> {
                let mut methods = Vec::new();
                #[cfg(target_arch = "x86_64")]
                {
                    if std::is_x86_feature_detected!("avx512f") {
                        methods.push(Method($avx512 as fn(Strip<'_, $number>)));
                    }
                    if std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma") {
                        methods.push(Method($avx2));
                    }
                }
                #[cfg(target_arch = "aarch64")]
                methods.push(Method($neon as fn(Strip<'_, $number>)));
                methods.push(Method(portable));
                methods
            }
        }
    };
}

number!(f32, avx512_single, avx2_single, neon_single);
number!(f64, avx512_double, avx2_double, neon_double);
