//! A training between its steps: its progress and the next step.

use std::time::Instant;

use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand::seq::SliceRandom;
use nn_layers::optim::Schedule;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::config::TrainConfig;
use super::report::{EpochReport, StepReport};
use super::step::{Step, StepPlan};

/// A training between two steps: everything but the model, the images and the state of the
/// optimizer.
///
/// [`write`](Training::write) saves it in a checkpoint with the model and the optimizer. A training
/// that [`read`](Training::read) restores continues to the same bits as an uninterrupted one.
///
/// ```
/// use eae::{Autoencoder, Preset, Stepper, TrainConfig, Training, data};
///
/// let digits = data::digits::<f32>();
/// let images = digits.train.select(&(0..60).collect::<Vec<_>>()).pixels;
/// let mut model = Autoencoder::new(Preset::Mlp, [28, 28, 1], 4, 0)?;
/// let config = TrainConfig::default().epochs(2).batch_size(20);
/// config.check(&model, images.view())?;
/// let mut training = Training::new(config, 60);
/// let mut stepper = Stepper::default();
/// while let Some((step, _)) = training.step(&mut model, images.view(), &mut stepper)? {
///     println!("{} of {}: {}", step.step + 1, step.steps, step.mse);
/// }
/// model.recalibrate(images.view())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Training {
    pub(super) config: TrainConfig,
    pub(super) progress: Progress,
    order: Option<Order>,
    /// The time at which this process started on the current epoch, and the number of its steps
    /// already made.
    since: Option<(Instant, usize)>,
}

/// The progress of a training.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The number of images.
    pub(super) images: usize,
    /// Number of steps made.
    pub(super) steps: usize,
    /// Sums over the steps of the current epoch, each divided by the number of steps per epoch.
    mse: f64,
    entropy: f64,
    penalty: f64,
}

/// The order of the images, shuffled for each epoch.
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

    /// Returns the order in an epoch, counted from 0. Epochs must be requested in ascending order.
    fn of_epoch(&mut self, epoch: usize) -> &[usize] {
        while self.epochs <= epoch {
            self.places.shuffle(&mut self.rng);
            self.epochs += 1;
        }
        &self.places
    }
}

impl Training {
    /// Creates a training at its first step, on this many images. [`TrainConfig::check`] reports
    /// invalid settings.
    pub fn new(config: TrainConfig, images: usize) -> Self {
        Self::resumed(config, Progress { images, ..Progress::default() })
    }

    /// Creates a training after this many epochs when only the model is left. The optimizer starts
    /// afresh.
    pub fn after(epochs: usize, config: TrainConfig, images: usize) -> Self {
        let mut training = Self::new(config, images);
        training.progress.steps = epochs.saturating_mul(training.steps_per_epoch());
        training
    }

    /// Sets the total number of epochs. From the current step on, the learning rate follows the
    /// schedule of a training of the new length. With more epochs it rises to its value on that
    /// schedule, and it falls to almost 0 at the new end.
    pub fn set_epochs(&mut self, epochs: usize) {
        self.config.epochs = epochs;
    }

    /// Returns the learning rate of the next step.
    pub fn learning_rate(&self) -> f64 {
        self.rates()[1]
    }

    /// Returns the settings.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// Returns the number of images.
    pub fn images(&self) -> usize {
        self.progress.images
    }

    /// Returns the number of steps made.
    pub fn steps(&self) -> usize {
        self.progress.steps
    }

    /// Returns the number of complete epochs made.
    pub fn epochs(&self) -> usize {
        self.steps() / self.steps_per_epoch()
    }

    /// Returns true if no step is left.
    pub fn is_finished(&self) -> bool {
        self.steps() >= self.all_steps()
    }

    pub(super) fn resumed(config: TrainConfig, progress: Progress) -> Self {
        Self { config, progress, order: None, since: None }
    }

    fn steps_per_epoch(&self) -> usize {
        (self.progress.images / self.config.batch_size).max(1)
    }

    fn all_steps(&self) -> usize {
        self.config.epochs.saturating_mul(self.steps_per_epoch())
    }

    /// Returns the penalty's weight and the learning rate of the next step.
    fn rates(&self) -> [f64; 2] {
        let (step, steps) = (self.progress.steps, self.all_steps());
        let learning_rate = Schedule::OneCycle { peak: self.config.learning_rate, steps }.at(step);
        [self.config.penalty_weight(step, self.steps_per_epoch()), learning_rate]
    }

    /// Plans the next step. The training must not be finished.
    pub(super) fn plan(&mut self) -> StepPlan<'_> {
        let ([penalty_weight, learning_rate], steps_per_epoch) = (self.rates(), self.steps_per_epoch());
        let Self { config, progress: Progress { images, steps: step, .. }, order, since } = self;
        let (step, place) = (*step, *step % steps_per_epoch);
        since.get_or_insert_with(|| (Instant::now(), place));
        let order = order.get_or_insert_with(|| Order::new(*images, config.seed));
        let mut batches = order.of_epoch(step / steps_per_epoch).chunks_exact(config.batch_size).skip(place);
        let places = batches.next().expect("the step is one of the epoch");
        let (objective, next, seed) = (&config.objective, batches.next(), config.seed);
        StepPlan { step, objective, places, next, penalty_weight, learning_rate, shards: config.shards, seed }
    }

    /// Advances past the planned step after it was made.
    pub(super) fn advance(&mut self, made: &Step) -> (StepReport, Option<EpochReport>) {
        let ([penalty_weight, learning_rate], steps, steps_per_epoch) =
            (self.rates(), self.all_steps(), self.steps_per_epoch());
        let &Step { mse, entropy, penalty, .. } = made;
        let progress = &mut self.progress;
        let (step, epoch) = (progress.steps, progress.steps / steps_per_epoch);
        let report = StepReport { step, steps, epoch, mse, entropy, penalty, penalty_weight, learning_rate };

        progress.steps += 1;
        progress.mse += mse / steps_per_epoch as f64;
        progress.entropy += entropy / steps_per_epoch as f64;
        progress.penalty += penalty / steps_per_epoch as f64;
        if !progress.steps.is_multiple_of(steps_per_epoch) {
            return (report, None);
        }
        let Progress { images, steps, mse, entropy, penalty } = *progress;
        *progress = Progress { images, steps, ..Progress::default() };
        let (start, before) = self.since.take().expect("the epoch's first step here was planned");
        let made = (steps_per_epoch - before) * self.config.batch_size;
        let samples_per_second = made as f64 / start.elapsed().as_secs_f64();
        let (epoch, epochs) = (epoch + 1, self.config.epochs);
        let whole = EpochReport {
            epoch,
            epochs,
            mse,
            entropy,
            penalty,
            penalty_weight,
            learning_rate,
            samples_per_second,
            held_out_mse: None,
        };
        (report, Some(whole))
    }
}
