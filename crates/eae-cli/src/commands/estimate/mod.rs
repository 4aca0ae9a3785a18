//! The commands that estimate from files. `settings` has their common flags, `input` reads the
//! files, `hints` rewords the library's errors and `warnings` its warnings, and `print` has the
//! common part of reports.

mod blocks;
mod choice;
pub(crate) mod divergence;
mod doubts;
pub(crate) mod entropy;
mod hints;
mod input;
mod measure;
pub(crate) mod mi;
mod peaks;
mod print;
mod rounding;
mod settings;
mod shape;
mod significance;
pub(crate) mod te;
mod texts;
mod ties;
mod warnings;
mod wish;
