//! Replacement for the ONNX export in a program built without the feature `onnx`.

use std::convert::Infallible;
use std::path::Path;

use serde::{Serialize, Serializer};

use crate::failure::Failure;
use crate::run_folder::Trained;
use crate::sampling::Chosen;

/// ONNX files, of which there are none without the feature.
pub(super) struct Files(Infallible);

impl Serialize for Files {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match self.0 {}
    }
}

impl Files {
    pub(super) fn describe(&self, _: &Chosen, _: &str) -> String {
        match self.0 {}
    }
}

pub(super) fn write(_: &Trained, _: &Chosen, _: Option<&str>, _: &Path) -> Result<Files, Failure> {
    Err(Failure::usage(
        "this program was built without --onnx: build it with `cargo install --path crates/eae-cli --features onnx`",
    ))
}
