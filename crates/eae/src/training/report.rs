use serde::Serialize;

/// The report of one step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// The step, counted from 0.
    pub step: usize,
    /// The number of steps of the whole training.
    pub steps: usize,
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: f64,
    /// The entropy of the batch of codes in nats.
    pub entropy: f64,
    /// The loss minus the squared error. For an entropic autoencoder this is minus the weighted
    /// entropy, plus its other terms.
    pub penalty: f64,
    /// The factor of the penalty: the warm-up factor, from 0 to 1, times the unit of the error. The
    /// key in JSON is `share`.
    #[serde(rename = "share")]
    pub penalty_weight: f64,
    /// The learning rate.
    pub learning_rate: f64,
}

/// The report of one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EpochReport {
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// The number of epochs of the whole training.
    pub epochs: usize,
    /// The mean squared error of the steps.
    pub mse: f64,
    /// The mean entropy of the steps.
    pub entropy: f64,
    /// The mean penalty of the steps.
    pub penalty: f64,
    /// The factor of the penalty in the last step, as in [`StepReport`]. The key in JSON is
    /// `share`.
    #[serde(rename = "share")]
    pub penalty_weight: f64,
    /// The learning rate of the last step.
    pub learning_rate: f64,
    /// Number of images per second.
    pub samples_per_second: f64,
    /// The squared error of held-out images after the epoch, where [`HeldOut`](crate::HeldOut)
    /// looked at some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out_mse: Option<f64>,
}
