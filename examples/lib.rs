//! Short programs, each showing one crate or one idea. Run one with `cargo run --release --example NAME`:
//!
//! - `eae`: the main job; trains an entropic autoencoder on handwritten digits.
