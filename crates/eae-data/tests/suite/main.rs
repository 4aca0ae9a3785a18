//! Tests of the readers through the public interface.

mod hostile;
#[path = "../support/readers.rs"]
mod readers;
