//! Tests of the public API.

// `&[x.clone()]` is a clearer list of inputs than `slice::from_ref(&x)`.
#![allow(clippy::cloned_ref_to_slice_refs)]

mod ops;
mod tape;
