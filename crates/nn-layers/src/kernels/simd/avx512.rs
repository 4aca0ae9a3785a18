//! 512-bit vectors: 12 rows of 2 vectors give 24 sums. With the panel and one entry of the left
//! matrix, they fit into the 32 registers.
#![expect(unsafe_op_in_unsafe_fn, reason = "each function is one instruction with the same requirements")]

use std::arch::x86_64::*;

use super::{Method, Strip, Vector, strip};

pub(super) const METHOD: Method<f32> = Method { rows: 12, widths: [32, 16], run, name: "avx512" };

fn run(work: Strip<'_, f32>) {
    // SAFETY: the method is only offered if the CPU has AVX-512, and the strip has been checked.
    unsafe { with_features(work) }
}

#[target_feature(enable = "avx512f")]
unsafe fn with_features(work: Strip<'_, f32>) {
    // SAFETY: the widths are those of two vectors and of one vector.
    unsafe {
        match work.width {
            32 => strip::<__m512, 12, 2>(work),
            _ => strip::<__m512, 12, 1>(work),
        }
    }
}

// SAFETY: each function is one instruction of AVX-512, with 16 numbers at a pointer.
unsafe impl Vector for __m512 {
    const LANES: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> Self {
        _mm512_setzero_ps()
    }

    #[inline(always)]
    unsafe fn splat(x: f32) -> Self {
        _mm512_set1_ps(x)
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        _mm512_loadu_ps(from)
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        _mm512_storeu_ps(to, self);
    }

    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        _mm512_add_ps(self, other)
    }

    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        _mm512_fmadd_ps(self, b, c)
    }
}
