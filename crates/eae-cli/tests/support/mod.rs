//! Helpers of the tests.

pub(crate) mod data;
pub(crate) mod model;
pub(crate) mod program;
#[cfg(feature = "serve")]
pub(crate) mod server;
pub(crate) mod transcript;
