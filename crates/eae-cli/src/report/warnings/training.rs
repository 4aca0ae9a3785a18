//! Warnings about the training and the errors of reconstructions.

use eae::Defaults;
use eae::objective::Objective;

use super::facts::Facts;
use crate::report::number::{counted, short};

/// Number of training steps below which networks are hardly trained, whatever the data.
const FEW_STEPS: usize = 500;
/// Share of the mean image's error above which a model has learned little but the mean.
const LITTLE: f64 = 0.8;
/// Ratio of the held-out error and the training error above which a model has overfitted.
const OVERFITTED: f64 = 1.4;

impl Facts<'_> {
    /// Returns advice for a model that has learned almost nothing, based on its settings.
    fn training_advice(&self) -> String {
        let suited = Defaults::learning_rate(self.config.batch_size);
        let rate = self.config.learning_rate;
        let mut ways = Vec::new();
        if rate > 4.0 * suited {
            ways.push(format!("a `--learning-rate` below {rate}, for example {suited}"));
        } else if rate < suited / 4.0 {
            ways.push(format!("a `--learning-rate` above {rate}, for example {suited}"));
        }
        if let Objective::Eae(eae) = &self.config.objective
            && eae.lambda * self.config.error_unit > self.mean_image_error / 10.0
        {
            ways.push(format!("a `--lambda` below {}", eae.lambda));
        }
        if self.latent < 16.min(self.numbers) {
            ways.push(format!("a `--latent` above {}", self.latent));
        }
        if let Objective::Eae(eae) = &self.config.objective
            && (eae.draws > 0.0 || eae.critic > 0.0)
        {
            ways.push("`--draws 0 --critic 0`".to_owned());
        }
        ways.push(format!("more than {} `--epochs`", self.config.epochs));
        format!("Try {}.", ways.join(", or "))
    }
}

/// Compares an error with that of the mean image. Returns `None` if the error is clearly smaller.
pub(crate) fn no_better_than_the_mean(error: f64, mean: f64) -> Option<&'static str> {
    // An error of NaN counts as worse.
    if error.is_nan() || error > mean {
        Some("worse than")
    } else if error > LITTLE * mean {
        Some("hardly better than")
    } else {
        None
    }
}

pub(super) fn training(facts: &Facts<'_>, warn: &mut impl FnMut(String, String)) {
    let Facts { images, epochs: [made, planned], steps, held_out_error: error, mean_image_error: mean, .. } = *facts;
    if facts.unfinished {
        warn(
            format!("Training is unfinished: {made} of {planned} epochs are complete."),
            "Resume with `eae train --resume RUN`.".to_owned(),
        );
    } else if steps < FEW_STEPS {
        warn(
            format!("Training was short: only {}.", counted(steps, "step")),
            "Train for more epochs (`--epochs`) or with a smaller batch size (`--batch`).".to_owned(),
        );
    }
    if let Some(how) = no_better_than_the_mean(error, mean) {
        warn(
            format!(
                "Reconstructions are {how} the mean of all {images}: the error is {}, compared with {} for the mean.",
                short(error),
                short(mean)
            ),
            facts.training_advice(),
        );
    }
    if let Some(trained) = facts.training_error.filter(|trained| error > OVERFITTED * trained && error < LITTLE * mean)
    {
        warn(
            format!(
                "Reconstructions of held-out {images} are worse than those of training {images}: the error is {}, compared with {} \
                 in the last epoch.",
                short(error),
                short(trained)
            ),
            "Use more data, keep the best epoch with `--keep-best`, or stop early with `--patience 5`.".to_owned(),
        );
    }
}
