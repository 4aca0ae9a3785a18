//! Our side of the comparison. It also provides the weights and images of all sides.

use autodiff_mini::{Pool, Tape};
use eae::{Autoencoder, Preset, data, squared_error};
use ndarray::{ArcArray, ArrayD, Ix4, s};
use nn_layers::optim;

use crate::{Arrays, LATENT, Peer};

/// Seed of the weights. With some seeds, a sum before a ReLU is zero up to rounding. It then counts
/// on one side and not on another, and single precision determines the gradient only to 1e-2 or
/// 1e-3. With this seed it determines the gradient to 1e-5, and the sides can be compared.
const SEED: u64 = 1;

/// The crates of this repository, as [`eae::Stepper`] uses them.
pub(crate) struct Ours {
    model: Autoencoder<f32>,
    images: ArcArray<f32, Ix4>,
    pool: Pool<f32>,
}

impl Ours {
    /// Creates the untrained preset and loads the first `batch` digits.
    pub(crate) fn new(batch: usize) -> Self {
        let digits = data::digits().train.pixels;
        let model = Autoencoder::new(Preset::Conv28, [28, 28, 1], LATENT, SEED).expect("a preset for digits");
        Self { model, images: digits.slice(s![..batch, .., .., ..]).to_shared(), pool: Pool::default() }
    }

    /// Returns the images as `[batch, channels, height, width]`. With one channel a reshape is
    /// enough.
    pub(crate) fn images(&self) -> ArrayD<f32> {
        let (batch, height, width, channels) = self.images.dim();
        let images = self.images.to_shape((batch, channels, height, width));
        images.expect("the number of elements is the same").into_owned().into_dyn()
    }

    /// Returns the weights and biases.
    pub(crate) fn parameters(&self) -> Arrays {
        arrays(&self.model)
    }
}

impl Peer for Ours {
    fn name(&self) -> &'static str {
        "ours"
    }

    fn step(&mut self, gradients: Option<&mut Arrays>) -> f32 {
        // Run within the thread pool, as training does (see `Stepper::step`).
        let (loss, found) = rayon::scope(|_| {
            let tape = Tape::with_pool(&self.pool);
            let x = tape.constant(self.images.clone());
            let [encoder, decoder] = self.model.networks_mut();
            let codes = encoder.train(x);
            let loss = squared_error(decoder.train(codes), x);
            let (value, loss) = (loss.scalar(), loss.id());
            (value, optim::collect(tape.backward(loss), &self.model.parameters()))
        });
        if let Some(gradients) = gradients {
            // A model with the gradients as its weights exports them with PyTorch's names and
            // layouts.
            let mut model = self.model.clone();
            for (parameter, gradient) in model.parameters().into_iter().zip(&found) {
                *parameter = gradient.clone().expect("the loss depends on it").into_shared();
            }
            *gradients = arrays(&model);
        }
        found.into_iter().flatten().for_each(|gradient| self.pool.recycle(gradient));
        loss
    }
}

/// Returns the trainable parameters in PyTorch's layouts, without the running averages of batch
/// normalization.
fn arrays(model: &Autoencoder<f32>) -> Arrays {
    let weights = model.to_weights();
    let names = weights.names().filter(|name| name.ends_with(".weight") || name.ends_with(".bias"));
    let array =
        |name| weights.get(name, weights.shape(name).expect("the name is in the weights")).expect("single precision");
    names.map(|name| (name.to_owned(), array(name))).collect()
}
