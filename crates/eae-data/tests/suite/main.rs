//! Checks the readers from outside.

mod hostile;
#[path = "../support/readers.rs"]
mod readers;
