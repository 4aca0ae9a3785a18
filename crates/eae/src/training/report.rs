use serde::Serialize;

/// Report of one step.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// The step, counted from 0, of `steps` in all.
    pub step: usize,
    /// The number of steps of the whole training.
    pub steps: usize,
    /// The epoch, counted from 0.
    pub epoch: usize,
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: f64,
    /// The entropy of the batch of codes in nats.
    pub entropy: f64,
    /// The loss less the squared error: for an entropic autoencoder minus the weighted entropy, and
    /// what is added to it.
    pub penalty: f64,
    /// The factor of the penalty: the warm-up's, from 0 to 1, times the unit of the error. Its key
    /// in JSON is `share`.
    #[serde(rename = "share")]
    pub penalty_weight: f64,
    /// The learning rate.
    pub learning_rate: f64,
}

/// Report of one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EpochReport {
    /// The epoch, counted from 1, of `epochs` in all.
    pub epoch: usize,
    /// The number of epochs of the whole training.
    pub epochs: usize,
    /// The mean of its steps' squared errors.
    pub mse: f64,
    /// The mean of its steps' entropies.
    pub entropy: f64,
    /// The mean of its steps' penalties.
    pub penalty: f64,
    /// The factor of the penalty in the last step, as in [`StepReport`]. Its key in JSON is
    /// `share`.
    #[serde(rename = "share")]
    pub penalty_weight: f64,
    /// The learning rate of its last step.
    pub learning_rate: f64,
    /// Images a second.
    pub samples_per_second: f64,
    /// The squared error of held-out images after the epoch, where [`HeldOut`](crate::HeldOut)
    /// looked at some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out_mse: Option<f64>,
}
