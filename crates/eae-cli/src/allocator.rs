//! Settings of the allocator, and the only unsafe code of this crate.

#![allow(unsafe_code, reason = "the allocator of the C library is set by a C function")]

/// Makes the allocator return the memory of freed arrays to the operating system.
///
/// By default, glibc keeps up to twice the largest array that was freed, and does so for each of
/// several groups of threads. Threads of other groups cannot use that memory.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub(crate) fn return_freed_memory() {
    for (setting, value) in [(libc::M_MMAP_THRESHOLD, 1 << 17), (libc::M_ARENA_MAX, 1)] {
        // SAFETY: `mallopt` takes two integers. It locks the allocator, so any thread may call it.
        unsafe { libc::mallopt(setting, value) };
    }
}

/// Does nothing, because the allocators of other systems have no such settings.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub(crate) fn return_freed_memory() {}
