//! Short programs, each showing one crate or one idea. Run them with
//! `cargo run --release --example NAME`:
//!
//! - `eae`: trains an entropic autoencoder on handwritten digits and generates new digits.
//! - `entropy`: runs the estimator of `knn-entropy` on samples of known entropy, in 1 to 64
//!   dimensions.
//! - `free_particles`: maximizes the entropy of free points, without a network. In many dimensions
//!   they approach a sphere.
//! - `tape`: fits a line with `autodiff-mini` alone.

#![forbid(unsafe_code)]

/// Compiles and runs the code in the workspace's README as part of the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// Compiles and runs the code in the guide to the crates as part of the tests.
#[cfg(doctest)]
#[doc = include_str!("../docs/guides/rust.md")]
struct Guide;
