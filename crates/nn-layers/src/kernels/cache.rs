//! The size of the second-level cache of this CPU.
//!
//! The size decides the order of loops and the number of images in a block, but only where results
//! do not depend on them to the last bit. Blocks that determine the order of additions have
//! constant sizes.

use std::sync::LazyLock;

/// Size in bytes if the CPU does not report one.
const USUAL: usize = 1 << 20;

/// Smallest and largest size that is believed. Virtual machines can report any number.
const BELIEVED: [usize; 2] = [1 << 18, 1 << 22];

/// Returns the number of entries that fit into the second-level cache.
pub(super) fn entries<F>() -> usize {
    static BYTES: LazyLock<usize> = LazyLock::new(|| believed(reported()));
    *BYTES / size_of::<F>()
}

/// Returns the size in bytes that the CPU reports.
fn reported() -> Option<usize> {
    // Miri has no CPU to ask.
    if cfg!(miri) { None } else { cache_size::l2_cache_size() }
}

fn believed(reported: Option<usize>) -> usize {
    reported.map_or(USUAL, |bytes| bytes.clamp(BELIEVED[0], BELIEVED[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_real_caches() {
        assert_eq!(believed(None), USUAL);
        assert_eq!(believed(Some(0)), 1 << 18);
        assert_eq!(believed(Some(2 << 20)), 2 << 20);
        assert_eq!(believed(Some(usize::MAX)), 4 << 20);
        assert_eq!(entries::<f32>(), 2 * entries::<f64>());
    }
}
