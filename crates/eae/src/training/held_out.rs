//! Images that were held out, in a training under way.

use std::ops::ControlFlow;

use autodiff_mini::Tape;
use ndarray::{Array4, ArrayView4, Axis, Slice};

use super::config::TrainConfig;
use super::observer::{Observer, Underway};
use super::report::{EpochReport, StepReport};
use crate::metrics::reconstruction_error;
use crate::objective::{Banks, Context, Criterion, Objective};
use crate::{Autoencoder, Float};

/// Returns the loss on held-out images, with every penalty at its full weight.
///
/// The penalties are those of batches of the training's size, normalized within each batch, so that
/// the entropy is estimated from the same number of codes as in training. An incomplete last batch
/// is skipped unless it is the only one. The term of the critic is left out, because its value says
/// more about the critic than about the model.
///
/// The squared error is that of all images in evaluation mode, as after the training. Normalized
/// within their batch, images would have other codes than those from which the decoder learned if
/// they are distributed differently, such as the last rows of a sorted table. The error of a
/// variational autoencoder includes the noise of its codes, as in training.
///
/// # Errors
///
/// If the entropy of a batch cannot be estimated.
///
/// # Panics
///
/// If there are no images, or they are not of the model's shape.
pub fn held_out_loss<F: Float>(
    model: &Autoencoder<F>,
    images: ArrayView4<'_, F>,
    config: &TrainConfig,
) -> Result<f64, knn_entropy::Error> {
    Ok(F::held_out(model, images, config)?[0])
}

/// Returns the loss, and the squared error that is part of it.
pub(crate) fn held_out_terms<F: Float>(
    model: &Autoencoder<F>,
    images: ArrayView4<'_, F>,
    config: &TrainConfig,
) -> Result<[f64; 2], knn_entropy::Error> {
    // The loop changes the running statistics.
    let mut changed = model.clone();
    let mut objective = config.objective.clone();
    if let Objective::Eae(eae) = &mut objective {
        eae.critic = 0.0;
    }
    let mut banks = Banks::default();
    let count = images.len_of(Axis(0));
    let size = config.batch_size.min(count);
    let batches = count / size;
    let mut sums = [0.0; 2];
    for batch in 0..batches {
        let tape = Tape::without_gradients();
        let x = images.slice_axis(Axis(0), Slice::from(batch * size..(batch + 1) * size)).to_owned();
        let mut context = Context::new(config.error_unit, config.seed, batch as u64, &mut banks);
        let terms = objective.terms(&mut changed, tape.constant(x), &mut context)?;
        sums[0] += terms.loss.scalar().into_f64();
        sums[1] += terms.mse.scalar().into_f64();
    }
    let [loss, in_training] = sums.map(|sum| sum / batches as f64);
    if matches!(objective, Objective::Vae(_)) {
        return Ok([loss, in_training]);
    }
    let error = reconstruction_error(images, model.reconstruct(images).view());
    Ok([loss - in_training + error, error])
}

/// Passes everything on to another observer, and adds the squared error of held-out images to the
/// reports of epochs, so that overfitting is seen early. The error is the one in [`held_out_loss`].
///
/// ```
/// use eae::{Autoencoder, EpochReport, HeldOut, Observer, Preset, TrainConfig, train};
/// use ndarray::{Array4, s};
/// use std::ops::ControlFlow;
///
/// struct Print;
///
/// impl Observer<f32> for Print {
///     fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
///         println!("{} {:?}", report.mse, report.held_out_mse);
///         ControlFlow::Continue(())
///     }
/// }
///
/// let images = Array4::from_shape_fn((60, 4, 4, 1), |(n, i, j, _)| ((n * i + j) % 7) as f32 / 7.0);
/// let (train_on, held_out) = (images.slice(s![..50, .., .., ..]), images.slice(s![50.., .., .., ..]));
/// let mut model = Autoencoder::new(Preset::Mlp, [4, 4, 1], 2, 0)?;
/// let config = TrainConfig::default().epochs(2).batch_size(10);
/// train(&mut model, train_on, &config, &mut HeldOut::new(held_out.to_owned(), 1, Print))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct HeldOut<F: Float, O> {
    images: Array4<F>,
    every: usize,
    then: O,
}

impl<F: Float, O: Observer<F>> HeldOut<F, O> {
    /// Looks at the images after the first epoch, the last, and each `every`-th, and passes
    /// everything on to `then`. If there are no images, it only does that.
    ///
    /// # Panics
    ///
    /// If `every` is 0.
    pub fn new(images: Array4<F>, every: usize, then: O) -> Self {
        assert!(every > 0, "no epoch is every 0th");
        Self { images, every, then }
    }

    /// Returns the squared error after an epoch, or `None` if it is not measured then. An error of
    /// the measurement does not end the training.
    fn error(&self, epoch: &EpochReport, training: &mut Underway<'_, F>) -> Option<f64> {
        let EpochReport { epoch, epochs, .. } = *epoch;
        let due = epoch == 1 || epoch == epochs || epoch.is_multiple_of(self.every);
        if !due || self.images.is_empty() {
            return None;
        }
        let config = training.training().config().clone();
        let [_, error] = F::held_out(training.model().ok()?, self.images.view(), &config).ok()?;
        Some(error).filter(|error| error.is_finite())
    }
}

impl<F: Float, O: Observer<F>> Observer<F> for HeldOut<F, O> {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        self.then.step(report)
    }

    /// Passes the report of an epoch on once there is a model to go with it.
    fn underway(&mut self, training: &mut Underway<'_, F>) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        if let Some(mut report) = training.epoch().copied() {
            report.held_out_mse = self.error(&report, training);
            training.set_epoch(report);
            flow = self.then.epoch(&report);
        }
        super::observer::either(flow, self.then.underway(training))
    }
}
