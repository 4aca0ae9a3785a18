//! Tests of the program: its files, its output and its exit codes.

#[path = "../support/mod.rs"]
mod support;

mod changed;
mod compare;
mod device;
mod disk;
mod estimate;
mod evaluate;
#[cfg(feature = "onnx")]
mod export;
mod images;
mod kept;
mod mistakes;
mod networks;
mod quality;
mod report;
mod resume;
#[cfg(feature = "serve")]
mod serve;
mod shell;
mod tables;
#[cfg(feature = "tensorboard")]
mod tensorboard;
mod terminal;
mod train;
mod trained;
mod unlike;
mod used;
mod vectors;
