//! Tests of the library's public interface.

#[path = "../../../eae-data/tests/suite/hostile.rs"]
mod hostile;
mod memory;
mod model;
mod parity;
mod ranks;
#[path = "../support/readers.rs"]
mod readers;
mod shards;
mod traffic;
mod training;

use eae::data::{Images, digits};

/// Returns the first digits of the training set.
fn some_digits(n: usize) -> Images<f32> {
    digits().train.select(&(0..n).collect::<Vec<_>>())
}
