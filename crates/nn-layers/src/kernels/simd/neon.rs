//! 128-bit vectors: 12 rows of 2 vectors give 24 sums. With the panel and one entry of the left
//! matrix, they fit into the 32 registers.
#![expect(unsafe_op_in_unsafe_fn, reason = "each function is one instruction with the same requirements")]

use std::arch::aarch64::*;

use super::{Method, Strip, portable, strip};

pub(super) const METHOD: Method<f32> =
    Method { rows: 12, widths: [8, 4], run, transpose: portable::transpose, multiply_adds, name: "neon" };

fn run(work: Strip<'_, f32>) {
    // SAFETY: the method is only offered if the CPU has NEON, and the strip has been checked.
    unsafe { with_features(work) }
}

#[target_feature(enable = "neon")]
unsafe fn with_features(work: Strip<'_, f32>) {
    // SAFETY: the widths are those of two vectors and of one vector.
    unsafe {
        match work.width {
            8 => strip::<float32x4_t, 12, 2>(work),
            _ => strip::<float32x4_t, 12, 1>(work),
        }
    }
}

fn multiply_adds(rounds: usize) -> usize {
    #[target_feature(enable = "neon")]
    unsafe fn with_features(rounds: usize) -> usize {
        // SAFETY: the CPU has the instructions.
        unsafe { super::multiply_adds::<float32x4_t, 12, 2>(rounds) }
    }
    // SAFETY: the method is only offered if the CPU has NEON.
    unsafe { with_features(rounds) }
}

vector!(float32x4_t, [vdupq_n_f32, vld1q_f32, vst1q_f32, vaddq_f32], |a, b, c| vfmaq_f32(c, a, b));
