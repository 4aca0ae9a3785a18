//! Training: step by step, or all of it.

mod checkpoint;
mod config;
mod held_out;
mod observer;

use std::mem;
use std::time::{Duration, Instant};

use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use nn_layers::optim::Schedule;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::data::Source;
use crate::{Autoencoder, Float, Step, Stepper};

pub use checkpoint::CheckpointError;
pub use config::{TrainConfig, TrainError};
pub use held_out::held_out_loss;
pub use observer::{EpochReport, Observer, StepReport};

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

/// Trains a model on images `[count, height, width, channels]`, in memory or another [`Source`], and at the end, or where the observer ended it, sets the
/// running statistics of every batch normalisation to the exact ones over all of them.
///
/// The result depends on the model, the images and the configuration alone: not on the number of threads. [`Training`] does the
/// same in steps, for a training that is to be kept and gone on with.
///
/// # Errors
///
/// If a setting or the images do not fit, before anything is changed; or if the loss stops being finite or images cannot be read,
/// and then the parameters are as the step before left them.
pub fn train<F: Float>(
    model: &mut Autoencoder<F>,
    images: impl Source<F>,
    config: &TrainConfig,
    observer: &mut impl Observer,
) -> Result<Outcome, TrainError> {
    config.check(model, &images)?;
    let start = Instant::now();
    let mut training = Training::new(*config, images.len());
    let mut interrupted = false;
    while let Some((step, epoch)) = training.step(model, &images)? {
        interrupted = observer.step(&step).is_break();
        if let Some(epoch) = epoch.filter(|_| !interrupted) {
            interrupted = observer.epoch(&epoch).is_break() && !training.is_finished();
        }
        if interrupted {
            break;
        }
    }
    model.recalibrate(images)?;
    Ok(Outcome { steps: training.steps(), interrupted, duration: start.elapsed() })
}

/// A training that stands after some of its steps: all of it but the model and the images.
///
/// [`write`](Training::write) keeps it with the model, and what [`read`](Training::read) finds there goes on to the same bits as
/// if nothing had happened.
///
/// ```
/// use eae::{Autoencoder, Preset, TrainConfig, Training, data};
///
/// let digits = data::digits::<f32>();
/// let images = digits.train.select(&(0..60).collect::<Vec<_>>()).pixels;
/// let mut model = Autoencoder::new(Preset::Mlp, [28, 28, 1], 4, 0)?;
/// let config = TrainConfig { epochs: 2, batch_size: 20, ..TrainConfig::default() };
/// config.check(&model, images.view())?;
/// let mut training = Training::new(config, 60);
/// while let Some((step, _)) = training.step(&mut model, images.view())? {
///     println!("{} of {}: {}", step.step + 1, step.steps, step.mse);
/// }
/// model.recalibrate(images.view())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Training<F: Float> {
    config: TrainConfig,
    stepper: Stepper<F>,
    progress: Progress,
    order: Option<Order>,
    /// Since when this epoch, or what is made of it here, has been going on, and how many of its steps were made before.
    since: Option<(Instant, usize)>,
}

/// A step that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct Due<'a> {
    /// Its number.
    pub step: usize,
    /// The places of its images.
    pub places: &'a [usize],
    /// Those of the step after it in the same epoch.
    pub next: Option<&'a [usize]>,
    /// The share, from 0 to 1, of its weight that the penalty has.
    pub share: f64,
    /// The learning rate.
    pub learning_rate: f64,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
struct Progress {
    /// How many images there are.
    images: usize,
    /// Steps made.
    steps: usize,
    /// What its steps of this epoch have summed up to.
    mse: f64,
    entropy: f64,
    penalty: f64,
}

/// The order of the images: shuffled anew for each epoch.
#[derive(Debug)]
struct Order {
    places: Vec<usize>,
    rng: ChaCha8Rng,
    epochs: usize,
}

impl Order {
    fn new(images: usize, seed: u64) -> Self {
        Self { places: (0..images).collect(), rng: ChaCha8Rng::seed_from_u64(seed), epochs: 0 }
    }

    /// That of an epoch, counted from 0: not of one before.
    fn of_epoch(&mut self, epoch: usize) -> &[usize] {
        while self.epochs <= epoch {
            self.places.shuffle(&mut self.rng);
            self.epochs += 1;
        }
        &self.places
    }
}

impl<F: Float> Training<F> {
    /// The whole of it, on so many images; [`TrainConfig::check`] says whether it can be.
    pub fn new(config: TrainConfig, images: usize) -> Self {
        Self {
            config,
            stepper: Stepper::new(config.seed),
            progress: Progress { images, ..Progress::default() },
            order: None,
            since: None,
        }
    }

    /// What it was begun with.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// How many images it is on.
    pub fn images(&self) -> usize {
        self.progress.images
    }

    /// Steps made.
    pub fn steps(&self) -> usize {
        self.progress.steps
    }

    /// Epochs that are whole.
    pub fn epochs(&self) -> usize {
        self.progress.steps / self.steps_per_epoch()
    }

    /// Whether no step is left.
    pub fn is_finished(&self) -> bool {
        self.progress.steps >= self.all_steps()
    }

    fn steps_per_epoch(&self) -> usize {
        (self.progress.images / self.config.batch_size).max(1)
    }

    fn all_steps(&self) -> usize {
        self.config.epochs.saturating_mul(self.steps_per_epoch())
    }

    /// The next step, and after the last one of an epoch a report of that; nothing if there is none left.
    ///
    /// # Errors
    ///
    /// If the images cannot be read, the loss is not finite, or the entropy of the batch cannot be estimated. The model is as it was.
    ///
    /// # Panics
    ///
    /// If there are not as many images as there were, or they are not those that the model takes.
    pub fn step(
        &mut self,
        model: &mut Autoencoder<F>,
        images: impl Source<F>,
    ) -> Result<Option<(StepReport, Option<EpochReport>)>, TrainError> {
        assert_eq!(images.len(), self.progress.images, "the images that the training was begun with");
        let objective = self.config.objective;
        let mut stepper = mem::take(&mut self.stepper);
        let made = self.step_with(|due| {
            let batch = stepper.batch(&images, due.places)?;
            // While this step is made.
            if let Some(next) = due.next {
                images.prefetch(next);
            }
            let made = stepper.step(model, batch, &objective, due.share, due.learning_rate);
            made.map_err(|source| TrainError::Entropy { step: due.step, source })
        });
        self.stepper = stepper;
        made
    }

    /// The same for a step that is made elsewhere, on another device: what is due is given to `make`. The state of the optimiser is
    /// there, too, and not what [`write`](Training::write) writes.
    ///
    /// # Errors
    ///
    /// Those of `make`, and if the loss is not finite.
    pub fn step_with<E: From<TrainError>>(
        &mut self,
        make: impl FnOnce(Due<'_>) -> Result<Step, E>,
    ) -> Result<Option<(StepReport, Option<EpochReport>)>, E> {
        if self.is_finished() {
            return Ok(None);
        }
        let (steps, steps_per_epoch) = (self.all_steps(), self.steps_per_epoch());
        let TrainConfig { epochs, batch_size, learning_rate, .. } = self.config;
        let step = self.progress.steps;
        let (epoch, place) = (step / steps_per_epoch, step % steps_per_epoch);
        let (since, before) = *self.since.get_or_insert_with(|| (Instant::now(), place));

        let share = self.config.share(step, steps_per_epoch);
        let learning_rate = Schedule::OneCycle { peak: learning_rate, steps }.at(step);
        let order = self.order.get_or_insert_with(|| Order::new(self.progress.images, self.config.seed));
        let mut batches = order.of_epoch(epoch).chunks_exact(batch_size).skip(place);
        let places = batches.next().expect("the step is one of the epoch");
        let made = make(Due { step, places, next: batches.next(), share, learning_rate })?;
        let Step { mse, entropy, penalty, finite } = made;
        if !finite {
            return Err(TrainError::NotFinite { step, mse, entropy, learning_rate }.into());
        }
        let report = StepReport { step, steps, epoch, mse, entropy, penalty, share, learning_rate };

        let progress = &mut self.progress;
        progress.steps += 1;
        progress.mse += mse / steps_per_epoch as f64;
        progress.entropy += entropy / steps_per_epoch as f64;
        progress.penalty += penalty / steps_per_epoch as f64;
        if place + 1 < steps_per_epoch {
            return Ok(Some((report, None)));
        }
        let Progress { images, steps, mse, entropy, penalty } = *progress;
        *progress = Progress { images, steps, ..Progress::default() };
        self.since = None;
        let made = (steps_per_epoch - before) * batch_size;
        let samples_per_second = made as f64 / since.elapsed().as_secs_f64();
        let epoch = epoch + 1;
        let whole = EpochReport { epoch, epochs, mse, entropy, penalty, share, learning_rate, samples_per_second };
        Ok(Some((report, Some(whole))))
    }
}
