use autodiff_mini::Tape;
use ndarray::{ArrayView4, Axis, Slice};

use super::config::TrainConfig;
use crate::objective::{Banks, Context, Criterion};
use crate::{Autoencoder, Float};

/// The loss, every penalty at its full weight, on images that were held out: in batches of the
/// training's size, normalised among themselves as those are, so that the entropy is that of as
/// many codes. What is left over is left out, unless it is all there is.
///
/// # Errors
///
/// If the entropy of a batch cannot be estimated.
///
/// # Panics
///
/// If there are no images, or they are not those that the model takes.
pub fn held_out_loss<F: Float>(
    model: &Autoencoder<F>,
    images: ArrayView4<'_, F>,
    config: &TrainConfig,
) -> Result<f64, knn_entropy::Error> {
    // Running statistics change in it.
    let mut model = model.clone();
    let mut banks = Banks::default();
    let count = images.len_of(Axis(0));
    let size = config.batch_size.min(count);
    let batches = count / size;
    let mut sum = 0.0;
    for batch in 0..batches {
        let tape = Tape::without_gradients();
        let x = images.slice_axis(Axis(0), Slice::from(batch * size..(batch + 1) * size)).to_owned();
        let mut context = Context::new(config.error_unit, config.seed, batch as u64, &mut banks);
        sum += config.objective.terms(&mut model, tape.constant(x), &mut context)?.loss.scalar().into_f64();
    }
    Ok(sum / batches as f64)
}
