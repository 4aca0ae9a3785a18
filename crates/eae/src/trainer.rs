use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use ndarray::{ArrayView4, Axis};
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use nn_layers::optim::Schedule;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::objective::{Criterion, Setting};
use crate::{Autoencoder, Ending, Float, Objective, Step, Stepper};

/// How to train. The defaults are for the embedded digits: found by decoding N(0, I) and looking, and with a classifier's
/// features, among batches of 50 to 400 and learning rates of 1e-3 to 6e-3.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Passes over the images.
    pub epochs: usize,
    /// Images a step. The entropy is estimated within the batch, so a larger one has a less biased entropy. What is left
    /// at the end of an epoch is left out, because the estimate depends on the size.
    pub batch_size: usize,
    /// The largest learning rate of Adam, reached on a one-cycle schedule.
    pub learning_rate: f64,
    /// Epochs over which the penalty rises from 0 to its full weight, so that there is something to reconstruct before the
    /// code is spread out.
    pub warm_up: f64,
    /// Decides the order of the images, and what is drawn.
    pub seed: u64,
    /// What is minimised.
    pub objective: Objective,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 40,
            batch_size: 200,
            learning_rate: 4e-3,
            warm_up: 1.0,
            seed: 0,
            objective: Objective::default(),
        }
    }
}

/// Why training could not start or go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting out of range.
    #[error("{setting} is {value}, it must be {must}")]
    Setting {
        /// Which.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        must: String,
    },
    /// The images are not those that the model takes.
    #[error("the model takes images of shape {expected:?}, these are {found:?}")]
    ImageShape {
        /// Height, width and channels that the model takes.
        expected: [usize; 3],
        /// Those of the images.
        found: [usize; 3],
    },
    /// The objective wants another end of the encoder.
    #[error(
        "the objective wants an encoder that ends {expected:?}, this one ends {found:?}: make the model with its ending"
    )]
    Ending {
        /// What the objective wants.
        expected: Ending,
        /// What the model has.
        found: Ending,
    },
    /// A pixel is NaN or infinite.
    #[error("image {image} has a pixel that is {value}; pixels must be finite")]
    Pixel {
        /// The first such image.
        image: usize,
        /// Its first such pixel.
        value: f64,
    },
    /// The entropy of a batch could not be estimated.
    #[error("step {step}: the entropy of the codes cannot be estimated: {source}; try a lower learning rate")]
    Entropy {
        /// The step, counted from 0.
        step: usize,
        /// Why.
        source: knn_entropy::Error,
    },
    /// The loss is no number any more.
    #[error(
        "step {step}: the loss is not finite (mse {mse}, entropy {entropy}); try a lower learning rate than {learning_rate}"
    )]
    NotFinite {
        /// The step, counted from 0.
        step: usize,
        /// The squared error.
        mse: f64,
        /// The entropy.
        entropy: f64,
        /// The learning rate of the step.
        learning_rate: f64,
    },
}

/// One step that was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StepReport {
    /// The step, counted from 0, of `steps` in all.
    pub step: usize,
    /// All steps that there will be.
    pub steps: usize,
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: f64,
    /// The entropy of the batch of codes in nats.
    pub entropy: f64,
    /// What the loss is above the squared error: for an entropic autoencoder minus the weighted entropy.
    pub penalty: f64,
    /// From 0 to 1: how much of its weight the penalty has.
    pub share: f64,
    /// The learning rate.
    pub learning_rate: f64,
}

/// One epoch that was made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct EpochReport {
    /// The epoch, counted from 1, of `epochs` in all.
    pub epoch: usize,
    /// All epochs that there will be.
    pub epochs: usize,
    /// The mean of its steps' squared errors.
    pub mse: f64,
    /// The mean of its steps' entropies.
    pub entropy: f64,
    /// The mean of its steps' penalties.
    pub penalty: f64,
    /// How much of its weight the penalty has in its last step.
    pub share: f64,
    /// The learning rate of its last step.
    pub learning_rate: f64,
    /// Images a second.
    pub samples_per_second: f64,
}

/// Hears of the training as it goes on, and can end it: progress bars, logs and interrupts are made of this. Both methods
/// do nothing unless implemented.
pub trait Observer {
    /// After each step. [`ControlFlow::Break`] ends the training.
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        let _ = report;
        ControlFlow::Continue(())
    }

    /// After each epoch. [`ControlFlow::Break`] ends the training.
    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        let _ = report;
        ControlFlow::Continue(())
    }
}

/// Hears nothing.
impl Observer for () {}

/// So that an observer can be lent to a training and used again.
impl<T: Observer> Observer for &mut T {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        (**self).step(report)
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        (**self).epoch(report)
    }
}

/// Both hear; either can end the training.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn step(&mut self, report: &StepReport) -> ControlFlow<()> {
        either(self.0.step(report), self.1.step(report))
    }

    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        either(self.0.epoch(report), self.1.epoch(report))
    }
}

fn either(a: ControlFlow<()>, b: ControlFlow<()>) -> ControlFlow<()> {
    if a.is_break() { a } else { b }
}

/// How a training ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Outcome {
    /// Steps made.
    pub steps: usize,
    /// Whether the observer ended it early.
    pub interrupted: bool,
    /// How long it took.
    pub duration: Duration,
}

/// Trains a model on images `[count, height, width, channels]`, and at the end, or where the observer ended it, sets the
/// running statistics of every batch normalisation to the exact ones over all of them.
///
/// The result depends on the model, the images and the configuration alone: not on the number of threads.
///
/// # Errors
///
/// If a setting or the images do not fit, before anything is changed; or if the loss stops being finite, and then the
/// parameters are as the step before left them.
pub fn train<F: Float>(
    model: &mut Autoencoder<F>,
    images: ArrayView4<'_, F>,
    config: &TrainConfig,
    observer: &mut impl Observer,
) -> Result<Outcome, TrainError> {
    config.check(model, images)?;
    let start = Instant::now();
    let count = images.len_of(Axis(0));
    let steps_per_epoch = count / config.batch_size;
    let steps = config.epochs.saturating_mul(steps_per_epoch);
    let schedule = Schedule::OneCycle { peak: config.learning_rate, steps };
    let mut stepper = Stepper::new(config.seed);
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed);
    let mut order: Vec<usize> = (0..count).collect();
    let mut step = 0;
    let mut interrupted = false;
    'training: for epoch in 0..config.epochs {
        order.shuffle(&mut rng);
        let epoch_start = Instant::now();
        let (mut mse, mut entropy, mut penalty) = (0.0, 0.0, 0.0);
        let mut last = None;
        for batch in order.chunks_exact(config.batch_size) {
            let share = config.share(step, steps_per_epoch);
            let learning_rate = schedule.at(step);
            let batch = stepper.batch(images, batch);
            let made = stepper.step(model, batch, &config.objective, share, learning_rate);
            let made = made.map_err(|source| TrainError::Entropy { step, source })?;
            if let Step { mse, entropy, finite: false, .. } = made {
                return Err(TrainError::NotFinite { step, mse, entropy, learning_rate });
            }
            let Step { mse: error, penalty: above, entropy: nats, .. } = made;
            let report =
                StepReport { step, steps, epoch, mse: error, entropy: nats, penalty: above, share, learning_rate };
            step += 1;
            mse += report.mse / steps_per_epoch as f64;
            entropy += report.entropy / steps_per_epoch as f64;
            penalty += report.penalty / steps_per_epoch as f64;
            last = Some(report);
            if observer.step(&report).is_break() {
                interrupted = true;
                break 'training;
            }
        }
        let StepReport { share, learning_rate, .. } = last.expect("at least one batch, as was checked");
        let seconds = epoch_start.elapsed().as_secs_f64();
        let samples_per_second = (steps_per_epoch * config.batch_size) as f64 / seconds;
        let (epoch, epochs) = (epoch + 1, config.epochs);
        let report = EpochReport { epoch, epochs, mse, entropy, penalty, share, learning_rate, samples_per_second };
        if observer.epoch(&report).is_break() {
            interrupted = epoch < epochs;
            break;
        }
    }
    model.recalibrate(images);
    Ok(Outcome { steps: step, interrupted, duration: start.elapsed() })
}

impl TrainConfig {
    /// How much of its weight the penalty has at a step: from 0 up to all of it over the warm-up.
    fn share(&self, step: usize, steps_per_epoch: usize) -> f64 {
        let warm_up = self.warm_up * steps_per_epoch as f64;
        if warm_up > 0.0 { (step as f64 / warm_up).min(1.0) } else { 1.0 }
    }

    /// What [`train`] checks before it starts.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, or the images are not finite or not those that the model takes.
    pub fn check<F: Float>(&self, model: &Autoencoder<F>, images: ArrayView4<'_, F>) -> Result<(), TrainError> {
        let (count, height, width, channels) = images.dim();
        let (expected, found) = (model.image_shape(), [height, width, channels]);
        if expected != found {
            return Err(TrainError::ImageShape { expected, found });
        }
        // A model of one's own networks is taken at its word.
        let expected = self.objective.ending();
        if let Some(found) = model.ending().filter(|&found| found != expected) {
            return Err(TrainError::Ending { expected, found });
        }
        for Setting { name: setting, value, fits, must } in self.objective.settings() {
            if !fits {
                return Err(TrainError::Setting { setting, value, must: must.to_owned() });
            }
        }
        let k = self.objective.k();
        let positive = "a finite number above 0";
        let settings = [
            ("epochs", self.epochs as f64, self.epochs > 0, "at least 1".to_owned()),
            ("batch size", self.batch_size as f64, self.batch_size > k, format!("above k, which is {k}")),
            ("batch size", self.batch_size as f64, self.batch_size <= count, format!("at most the {count} images")),
            (
                "learning rate",
                self.learning_rate,
                self.learning_rate.is_finite() && self.learning_rate > 0.0,
                positive.to_owned(),
            ),
            (
                "warm-up",
                self.warm_up,
                self.warm_up.is_finite() && self.warm_up >= 0.0,
                "a finite number of epochs, 0 or above".to_owned(),
            ),
        ];
        for (setting, value, fits, must) in settings {
            if !fits {
                return Err(TrainError::Setting { setting, value, must });
            }
        }
        for (image, pixels) in images.outer_iter().enumerate() {
            if let Some(value) = pixels.iter().find(|x| !x.is_finite()) {
                return Err(TrainError::Pixel { image, value: value.into_f64() });
            }
        }
        Ok(())
    }
}
