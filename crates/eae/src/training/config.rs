use std::error::Error as StdError;

use eae_ranks::RankError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::step::StepError;
use crate::builders::builders;
use crate::data::{DataError, Source};
use crate::objective::{Criterion, Setting};
use crate::{Autoencoder, Ending, Float, Objective};

/// The settings of a training. The defaults suit the embedded digits. They were chosen by
/// inspecting decoded draws from N(0, I) and by a classifier's features, among batch sizes of 50 to
/// 400 and learning rates of 1e-3 to 6e-3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TrainConfig {
    /// Number of passes over the images.
    pub epochs: usize,
    /// Number of images per step. The entropy is estimated within the batch, so a larger batch has
    /// a less biased entropy. An incomplete batch at the end of an epoch is skipped, because the
    /// estimate depends on the batch size.
    pub batch_size: usize,
    /// The maximum learning rate of Adam, reached on a one-cycle schedule.
    pub learning_rate: f64,
    /// Number of epochs over which the penalty rises from 0 to its full weight, so that the model
    /// learns to reconstruct before the code is spread out.
    pub warm_up: f64,
    /// The squared error that counts as 1: every penalty is multiplied by this number. With a
    /// fiftieth of the variance of the images, the choice of [`Defaults`](crate::Defaults), a
    /// weight such as lambda means the same for images and tables of any size. With 1, the default,
    /// weights are in units of squared error.
    pub error_unit: f64,
    /// Number of parts into which a batch is cut. One thread computes each, and gradients are added
    /// over the shards in a fixed order. So the result has the same bits on any number of ranks up
    /// to this number; see [`RankStepper`](crate::RankStepper). Another number of shards gives
    /// another rounding. With 1, the default, all threads work on the whole batch.
    pub shards: usize,
    /// The seed of the order of the images and of all random draws.
    pub seed: u64,
    /// The objective to minimize.
    pub objective: Objective,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            epochs: 30,
            batch_size: 100,
            learning_rate: 3e-3,
            warm_up: 1.0,
            error_unit: 1.0,
            shards: 1,
            seed: 0,
            objective: Objective::default(),
        }
    }
}

builders!(TrainConfig {
    epochs: usize,
    batch_size: usize,
    learning_rate: f64,
    warm_up: f64,
    error_unit: f64,
    shards: usize,
    seed: u64
});

impl TrainConfig {
    /// Sets [`objective`](TrainConfig#structfield.objective).
    #[must_use]
    pub fn objective(self, objective: impl Into<Objective>) -> Self {
        Self { objective: objective.into(), ..self }
    }

    /// Returns the factor of the penalty at a step, which rises from 0 to the unit of the error
    /// during the warm-up.
    pub(super) fn penalty_weight(&self, step: usize, steps_per_epoch: usize) -> f64 {
        let warm_up = self.warm_up * steps_per_epoch as f64;
        let share = if warm_up > 0.0 { (step as f64 / warm_up).min(1.0) } else { 1.0 };
        share * self.error_unit
    }

    /// Checks the settings, the model and the images before a training starts.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, or the images are not finite or not of the model's shape.
    pub fn check<F: Float>(&self, model: &Autoencoder<F>, images: impl Source<F>) -> Result<(), TrainError> {
        let count = images.len();
        let (expected, found) = (model.image_shape(), images.image_shape());
        if expected != found {
            return Err(TrainError::ImageShape { expected, found });
        }
        // For a model of the user's own networks the ending is not checked.
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
            ("number of shards", self.shards as f64, self.shards > 0, "at least 1".to_owned()),
            (
                "number of shards",
                self.shards as f64,
                self.shards <= self.batch_size,
                format!("at most the batch size, {}", self.batch_size),
            ),
            (
                "learning rate",
                self.learning_rate,
                self.learning_rate.is_finite() && self.learning_rate > 0.0,
                positive.to_owned(),
            ),
            (
                "unit of the error",
                self.error_unit,
                self.error_unit.is_finite() && self.error_unit > 0.0,
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
        match images.not_finite() {
            Some((image, value)) => Err(TrainError::Pixel { image, value: value.into_f64() }),
            None => Ok(()),
        }
    }
}

/// A reason why training cannot start or continue.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting is out of range.
    #[error("{setting} is {value}; it must be {must}")]
    Setting {
        /// The name of the setting.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// The required range.
        must: String,
    },
    /// The images are not of the model's shape.
    #[error("the model takes images of shape {expected:?}, but these have shape {found:?}")]
    ImageShape {
        /// Height, width and channels that the model takes.
        expected: [usize; 3],
        /// Height, width and channels of the images.
        found: [usize; 3],
    },
    /// The objective needs another ending of the encoder.
    #[error(
        "the objective needs an encoder with the ending {expected:?}, but this one has {found:?}; create the model with the objective's ending"
    )]
    Ending {
        /// The ending that the objective needs.
        expected: Ending,
        /// The ending of the model.
        found: Ending,
    },
    /// A pixel is NaN or infinite.
    #[error("image {image} has a pixel that is {value}; pixels must be finite")]
    Pixel {
        /// The index of the first image with an invalid pixel.
        image: usize,
        /// The value of its first invalid pixel.
        value: f64,
    },
    /// The images cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The objective has no value, for instance because the entropy of the codes cannot be
    /// estimated.
    #[error("step {step}: the objective cannot be computed: {problem}; try a lower learning rate")]
    Objective {
        /// The step, counted from 0.
        step: usize,
        /// The objective's error.
        problem: Box<dyn StdError + Send + Sync>,
    },
    /// The device that performs the steps has failed.
    #[error("step {step}: {problem}")]
    Device {
        /// The step, counted from 0.
        step: usize,
        /// The device's error.
        problem: Box<dyn StdError + Send + Sync>,
    },
    /// A rank of a training over ranks has met an error, or has ended.
    #[error("step {step}: {problem}")]
    Ranks {
        /// The step, counted from 0.
        step: usize,
        /// The error, which names the rank.
        problem: RankError,
    },
    /// There are more ranks than shards.
    #[error(
        "there are {ranks} ranks, but the number of shards is {shards}; use fewer ranks, or start a training with more shards"
    )]
    Shards {
        /// The number of ranks.
        ranks: usize,
        /// The number of shards of the training.
        shards: usize,
    },
    /// The loss is not a finite number.
    #[error(
        "step {step}: the training diverged: the loss is not finite (mse {mse}, entropy {entropy}); try a lower learning rate than {learning_rate:?}{}",
        or_weight(*weight)
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
        /// The name and the value of the largest weight of the objective, if any is above 0.
        weight: Option<(&'static str, f64)>,
    },
}

/// Returns the name and the value of the largest weight of an objective, if any is above 0.
fn largest_weight(objective: &Objective) -> Option<(&'static str, f64)> {
    let settings = objective.settings().into_iter();
    let weights = settings.filter(|setting| !["k", "floor"].contains(&setting.name) && setting.value > 0.0);
    let largest = weights.max_by(|a, b| a.value.total_cmp(&b.value));
    largest.map(|setting| (setting.name, setting.value))
}

/// Returns the advice about a weight, for the end of a message.
fn or_weight(weight: Option<(&str, f64)>) -> String {
    weight.map_or_else(String::new, |(name, value)| format!(", or a smaller weight than {name} = {value:?}"))
}

impl TrainError {
    /// Returns the error of a step whose loss is not finite.
    pub(super) fn diverged(step: usize, [mse, entropy]: [f64; 2], learning_rate: f64, objective: &Objective) -> Self {
        let weight = largest_weight(objective);
        Self::NotFinite { step, mse, entropy, learning_rate, weight }
    }

    /// Returns the error of a step that failed. Codes that are not finite are a sign of divergence,
    /// and their rows are not rows of the data.
    pub(super) fn of(step: usize, error: StepError, learning_rate: f64, objective: &Objective) -> Self {
        let error = match error {
            StepError::Objective(problem)
                if matches!(problem.downcast_ref(), Some(knn_entropy::Error::NotFinite { .. })) =>
            {
                let weight = largest_weight(objective);
                let weight = weight.map_or_else(String::new, |(name, value)| format!(" or weight {name} = {value:?}"));
                let text = format!(
                    "a code is not finite, so an image is not finite or the training diverged because of its learning rate \
                     {learning_rate:?}{weight}"
                );
                StepError::Objective(text.into())
            }
            error => error,
        };
        Self::of_step(step, error)
    }

    pub(super) fn of_step(step: usize, error: StepError) -> Self {
        match error {
            StepError::Data(error) => Self::Data(error),
            StepError::Objective(problem) => Self::Objective { step, problem },
            StepError::Device(problem) => Self::Device { step, problem },
            StepError::Ranks(problem) => Self::Ranks { step, problem },
            StepError::Shards { ranks, shards } => Self::Shards { ranks, shards },
        }
    }
}
