//! The widest vectors that the processor has, found out at run time. The only module with unsafe
//! code.
#![allow(unsafe_code)]

/// A loop that vectors make faster. `run` must be `#[inline(always)]`, and so must all that it
/// calls in its inner loops: it is compiled again for each kind of processor by being inlined here.
/// No result depends on which of them runs, because the compiler neither reorders sums nor fuses
/// products into them.
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
            // SAFETY: the processor was just asked for the features.
            return unsafe { avx512(kernel) };
        }
        if std::is_x86_feature_detected!("avx2") {
            // SAFETY: as above.
            return unsafe { avx2(kernel) };
        }
    }
    // The portable twin.
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
