//! 512-bit vectors: 12 rows of 2 vectors give 24 sums. With the panel and one entry of the left
//! matrix, they fit into the 32 registers.
#![expect(unsafe_op_in_unsafe_fn, reason = "each function is one instruction with the same requirements")]

use std::arch::x86_64::*;

use super::{Method, SIDE, Strip, Transposition, strip};

pub(super) const METHOD: Method<f32> =
    Method { rows: 12, widths: [32, 16], run, transpose, multiply_adds, name: "avx512" };

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

fn transpose(work: Transposition<'_, '_, f32>) {
    // SAFETY: the method is only offered if the CPU has AVX-512, and the transposition has been
    // checked.
    unsafe { transpose_with_features(work) }
}

/// Transposes 4 rows at a time. Each quarter of a vector is loaded from another column, so that
/// only the numbers within the quarters must be transposed.
#[target_feature(enable = "avx512f")]
unsafe fn transpose_with_features(work: Transposition<'_, '_, f32>) {
    let Transposition { columns, rows, to, apart } = work;
    for r in (0..rows).step_by(4) {
        // SAFETY: `rows` is a multiple of 4, so every column has 4 numbers from `r` on, and `to`
        // has 16 numbers from row `r` and from each of the next 3 rows on.
        unsafe {
            let quarter = |c: usize| _mm_loadu_ps(columns[c].as_ptr().add(r));
            let quarters = |c: usize| {
                let x = _mm512_castps128_ps512(quarter(c));
                let x = _mm512_insertf32x4::<1>(x, quarter(c + 4));
                let x = _mm512_insertf32x4::<2>(x, quarter(c + 8));
                _mm512_insertf32x4::<3>(x, quarter(c + 12))
            };
            let [a, b, c, d] = [quarters(0), quarters(1), quarters(2), quarters(3)];
            let [ab, cd] = [_mm512_unpacklo_ps(a, b), _mm512_unpacklo_ps(c, d)].map(|x| _mm512_castps_pd(x));
            let [ef, gh] = [_mm512_unpackhi_ps(a, b), _mm512_unpackhi_ps(c, d)].map(|x| _mm512_castps_pd(x));
            let four = [
                _mm512_unpacklo_pd(ab, cd),
                _mm512_unpackhi_pd(ab, cd),
                _mm512_unpacklo_pd(ef, gh),
                _mm512_unpackhi_pd(ef, gh),
            ];
            for (i, row) in four.into_iter().enumerate() {
                _mm512_storeu_ps(to.as_mut_ptr().add((r + i) * apart), _mm512_castpd_ps(row));
            }
        }
    }
}

const _: () = assert!(SIDE == 16, "a transposition fills vectors of 16 numbers");

fn multiply_adds(rounds: usize) -> usize {
    #[target_feature(enable = "avx512f")]
    unsafe fn with_features(rounds: usize) -> usize {
        // SAFETY: the CPU has the instructions.
        unsafe { super::multiply_adds::<__m512, 12, 2>(rounds) }
    }
    // SAFETY: the method is only offered if the CPU has AVX-512.
    unsafe { with_features(rounds) }
}

vector!(__m512, [_mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_add_ps], |a, b, c| _mm512_fmadd_ps(a, b, c));
