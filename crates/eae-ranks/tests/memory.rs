//! The memory of ranks that keep their data in files.

#![allow(unsafe_code, reason = "the GlobalAlloc trait is unsafe")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use eae_ranks::{Disk, Entropy, Rows};

struct Counting;

/// Bytes in use, and the most so far.
static BYTES: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all calls are forwarded to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let bytes = BYTES.fetch_add(layout.size(), Relaxed) + layout.size();
        MOST.fetch_max(bytes, Relaxed);
        // SAFETY: the caller upholds the contract of this function, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller upholds the contract of this function, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Points in a square, computed when they are read.
struct Scattered(usize);

impl Rows for Scattered {
    fn len(&self) -> usize {
        self.0
    }

    fn dimension(&self) -> usize {
        2
    }

    fn read(&self, rows: Range<usize>) -> Result<Vec<f64>, String> {
        let mut x = Vec::with_capacity(2 * rows.len());
        x.extend(
            rows.flat_map(|row| [(0.618_033_988_75 * row as f64).fract(), (0.414_213_562_37 * row as f64).fract()]),
        );
        Ok(x)
    }
}

/// Returns the most bytes of an estimate over so many parts of 40 000 points each.
fn most(parts: usize) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let before = BYTES.load(Relaxed);
    MOST.store(before, Relaxed);
    let entropy = Entropy::new(2).at_once(40_000);
    let all = Disk::run(parts, folder.path(), |ranks| {
        entropy.estimate(ranks, &Scattered(40_000 * parts)).map(|estimated| estimated.value)
    });
    all.unwrap().into_iter().for_each(|value| assert!(value.unwrap().is_finite()));
    MOST.load(Relaxed) - before
}

#[test]
fn one_part_at_a_time_is_in_memory() {
    let [few, many] = [4, 16].map(most);
    // What grows is the sample of 2048 points of each part that divides space, with its copies, and
    // the channels between parts. 480 000 more points would need 11.5 MB.
    let samples = 5 * 12 * 2048 * 24;
    let channels = 16 * 16 * 2048;
    assert!(many < few + samples + channels, "{few} bytes for 4 parts, {many} for 16");
}
