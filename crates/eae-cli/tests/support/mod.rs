//! What the tests share.

pub(crate) mod data;
pub(crate) mod model;
pub(crate) mod program;
#[cfg(feature = "serve")]
pub(crate) mod server;
pub(crate) mod transcript;
