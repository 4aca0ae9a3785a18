//! What the crate promises, seen from outside.

// `&[x.clone()]` says what a list of inputs is better than `slice::from_ref(&x)`.
#![allow(clippy::cloned_ref_to_slice_refs)]

mod ops;
mod tape;
