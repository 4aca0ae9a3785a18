//! What there is of TensorBoard in a program without the feature.

use std::convert::Infallible;
use std::io;
use std::path::Path;

use eae::{Objective, Observer};

/// There is none.
pub(crate) struct TensorBoard(Infallible);

impl TensorBoard {
    pub(crate) fn start(_: &Path, _: &Objective, _: f64, _: usize) -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn pictures(&mut self, _: &Path, _: &[&str]) -> io::Result<()> {
        match self.0 {}
    }
}

impl Observer<f32> for TensorBoard {}
