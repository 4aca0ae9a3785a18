//! 256-bit vectors: 6 rows of 2 vectors give 12 sums. With the panel and one entry of the left
//! matrix, they fit into the 16 registers.
#![expect(unsafe_op_in_unsafe_fn, reason = "each function is one instruction with the same requirements")]

use std::arch::x86_64::*;

use super::{Method, SIDE, Strip, Transposition, strip};

pub(super) const METHOD: Method<f32> = Method { rows: 6, widths: [16, 8], run, transpose, multiply_adds, name: "avx2" };

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

fn transpose(work: Transposition<'_, '_, f32>) {
    // SAFETY: the method is only offered if the CPU has AVX2, and the transposition has been
    // checked.
    unsafe { transpose_with_features(work) }
}

/// Transposes 4 rows of 8 columns at a time. Each half of a vector is loaded from another column,
/// so that only the numbers within the halves must be transposed.
#[target_feature(enable = "avx2")]
unsafe fn transpose_with_features(work: Transposition<'_, '_, f32>) {
    let Transposition { columns, rows, to, apart } = work;
    for r in (0..rows).step_by(4) {
        for first in (0..SIDE).step_by(8) {
            // SAFETY: `rows` is a multiple of 4, so every column has 4 numbers from `r` on, and
            // `to` has 16 numbers from row `r` and from each of the next 3 rows on.
            unsafe {
                let half = |c: usize| _mm_loadu_ps(columns[first + c].as_ptr().add(r));
                let halves = |c: usize| _mm256_insertf128_ps::<1>(_mm256_castps128_ps256(half(c)), half(c + 4));
                let [a, b, c, d] = [halves(0), halves(1), halves(2), halves(3)];
                let [ab, cd] = [_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d)].map(|x| _mm256_castps_pd(x));
                let [ef, gh] = [_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d)].map(|x| _mm256_castps_pd(x));
                let four = [
                    _mm256_unpacklo_pd(ab, cd),
                    _mm256_unpackhi_pd(ab, cd),
                    _mm256_unpacklo_pd(ef, gh),
                    _mm256_unpackhi_pd(ef, gh),
                ];
                for (i, row) in four.into_iter().enumerate() {
                    _mm256_storeu_ps(to.as_mut_ptr().add((r + i) * apart + first), _mm256_castpd_ps(row));
                }
            }
        }
    }
}

const _: () = assert!(SIDE == 16, "a transposition fills two vectors of 8 numbers");

fn multiply_adds(rounds: usize) -> usize {
    #[target_feature(enable = "avx2,fma")]
    unsafe fn with_features(rounds: usize) -> usize {
        // SAFETY: the CPU has the instructions.
        unsafe { super::multiply_adds::<__m256, 6, 2>(rounds) }
    }
    // SAFETY: the method is only offered if the CPU has AVX2 and FMA.
    unsafe { with_features(rounds) }
}

vector!(__m256, [_mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_add_ps], |a, b, c| _mm256_fmadd_ps(a, b, c));
