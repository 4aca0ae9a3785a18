//! Short programs, each showing one crate or one idea. Run one with `cargo run --release --example
//! NAME`:
//!
//! - `eae`: the main example; trains an entropic autoencoder on handwritten digits and makes new ones.
//! - `entropy`: the estimator of `knn-entropy` on samples whose entropy is known, in few and in
//!   many dimensions.
//! - `free_particles`: what the entropy term wants when there is no network: a sphere, in many
//!   dimensions.
//! - `tape`: `autodiff-mini` alone, fitting a line.

#![forbid(unsafe_code)]

/// The snippets of the workspace's README, so that they are compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// The programs of the guide to the crates.
#[cfg(doctest)]
#[doc = include_str!("../docs/guides/rust.md")]
struct Guide;
