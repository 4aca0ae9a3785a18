//! 256-bit vectors: 6 rows of 2 vectors give 12 sums. With the panel and one entry of the left
//! matrix, they fit into the 16 registers.
#![expect(unsafe_op_in_unsafe_fn, reason = "each function is one instruction with the same requirements")]

use std::arch::x86_64::*;

use super::{Method, Strip, Vector, portable, strip};

pub(super) const METHOD: Method<f32> =
    Method { rows: 6, widths: [16, 8], run, transpose: portable::transpose, multiply_adds, name: "avx2" };

fn run(work: Strip<'_, f32>) {
    // SAFETY: the method is only offered if the CPU has AVX2 and FMA, and the strip has been
    // checked.
    unsafe { with_features(work) }
}

#[target_feature(enable = "avx2,fma")]
unsafe fn with_features(work: Strip<'_, f32>) {
    // SAFETY: the widths are those of two vectors and of one vector.
    unsafe {
        match work.width {
            16 => strip::<__m256, 6, 2>(work),
            _ => strip::<__m256, 6, 1>(work),
        }
    }
}

fn multiply_adds(rounds: usize) -> usize {
    #[target_feature(enable = "avx2,fma")]
    unsafe fn with_features(rounds: usize) -> usize {
        // SAFETY: the CPU has the instructions.
        unsafe { super::multiply_adds::<__m256, 6, 2>(rounds) }
    }
    // SAFETY: the method is only offered if the CPU has AVX2 and FMA.
    unsafe { with_features(rounds) }
}

// SAFETY: each function is one instruction of AVX2 and FMA, with 8 numbers at a pointer.
unsafe impl Vector for __m256 {
    const LANES: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> Self {
        _mm256_setzero_ps()
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        _mm256_set1_ps(x)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        _mm256_loadu_ps(from)
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        _mm256_storeu_ps(to, self);
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        _mm256_add_ps(self, other)
    }

    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        _mm256_fmadd_ps(self, b, c)
    }
}
