//! Run-time dispatch to the widest vector instructions of the CPU. This is the only module with
//! unsafe code.
#![allow(unsafe_code)]

mod smallest;
mod strip;
mod vectors;

pub(crate) use smallest::Smallest;
pub(crate) use strip::{Method, Number, PANEL, Points, Strip};

/// A loop that profits from vector instructions.
///
/// `run` must be `#[inline(always)]`, and so must every function that it calls in its inner loops:
/// inlining here compiles the loop again for each instruction set. Results do not depend on the
/// instruction set, because the compiler neither reorders sums nor fuses products into them.
pub(crate) trait Kernel {
    type Output;
    fn run(self) -> Self::Output;
}

#[inline(always)]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    {
        if std::is_x86_feature_detected!("avx512f")
            && std::is_x86_feature_detected!("avx512dq")
            && std::is_x86_feature_detected!("avx512vl")
        {
            // SAFETY: the CPU was just found to have these features.
            return unsafe { avx512(kernel) };
        }
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: the CPU was just found to have this feature.
            return unsafe { avx2(kernel) };
        }
    }
    // The portable version.
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512dq,avx512vl")]
fn avx512<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}
