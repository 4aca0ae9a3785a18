//! Training steps reuse the memory of previous steps.

#![allow(unsafe_code, reason = "the GlobalAlloc trait is unsafe")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use eae::{Autoencoder, Eae, Preset, Stepper};
use ndarray::Array4;

/// Smallest allocation that counts as large. Smaller ones are for shapes, lists of parameters and
/// distances between a hundred codes.
const LARGE: usize = 64 << 10;

struct Counting;

// Counters per thread, so that other tests can run at the same time.
thread_local! {
    static LARGE_ONES: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: all calls are forwarded to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller upholds the contract of this function, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller upholds the contract of this function, which is the same.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        forget(layout.size());
        // SAFETY: the caller upholds the contract of this function, which is the same.
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        forget(layout.size());
        // SAFETY: the caller upholds the contract of this function, which is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

fn count(size: usize) {
    BYTES.set(BYTES.get().wrapping_add(size));
    if size >= LARGE {
        LARGE_ONES.set(LARGE_ONES.get() + 1);
    }
}

/// Subtracts freed memory. The counter wraps around if a thread frees memory of another thread.
fn forget(size: usize) {
    BYTES.set(BYTES.get().wrapping_sub(size));
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn steps_make_no_large_allocations_and_memory_does_not_grow() {
    // Use one thread. With more, the number of concurrent blocks would be random.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    pool.install(|| {
        for (preset, image, batch, steps) in [
            (Preset::Mlp, [28, 28, 1], 32, 1000),
            (Preset::Conv28, [28, 28, 1], 20, 20),
            (Preset::Conv32, [32, 32, 3], 8, 6),
        ] {
            let mut model = Autoencoder::<f32>::new(preset, image, 16, 0).unwrap();
            let [height, width, channels] = image;
            let images = Array4::from_shape_fn((batch, height, width, channels), |(n, i, j, c)| {
                ((n * 31 + i * 7 + j * 13 + c * 3) % 17) as f32 / 17.0
            });
            let all: Vec<usize> = (0..batch).collect();
            let mut stepper = Stepper::default();
            let mut step = || {
                let batch = stepper.batch(images.view(), &all).unwrap();
                let made = stepper.step(&mut model, batch, &Eae::published(2.0), 0.1, 1e-3).unwrap();
                assert!(made.finite);
            };
            (0..3).for_each(|_| step());
            let before = (LARGE_ONES.get(), BYTES.get());
            (0..steps).for_each(|_| step());
            let (large, bytes) = (LARGE_ONES.get() - before.0, BYTES.get());
            assert_eq!(large, 0, "{preset}: allocations of {LARGE} bytes or more in {steps} steps");
            let grown = bytes.wrapping_sub(before.1) as isize;
            assert!(grown <= 4096, "{preset}: {grown} bytes more after {steps} steps");
        }
    });
}
