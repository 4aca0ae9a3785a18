use nn_layers::optim::Adam;
use nn_layers::{Weights, WeightsError};

use crate::objective::{Bank, Banks};
use crate::{Autoencoder, Float};

/// The state that an optimizer carries from one step to the next: Adam's moments, and the memory
/// banks of the objective.
#[derive(Debug, Clone, Default)]
pub struct OptimizerState<F: Float> {
    /// Adam with its moments.
    pub adam: Adam<F>,
    /// Codes and features of previous steps.
    pub banks: Banks<F>,
}

impl<F: Float> OptimizerState<F> {
    /// Adds the state to `weights`, under names that begin with `prefix`.
    pub(super) fn write(&self, prefix: &str, weights: &mut Weights) {
        self.adam.write(&format!("{prefix}.adam"), weights);
        self.banks.codes.write(&format!("{prefix}.codes"), weights);
        self.banks.features.write(&format!("{prefix}.features"), weights);
        self.banks.draws.write(&format!("{prefix}.draws"), weights);
    }

    /// Reads the state that [`write`](OptimizerState::write) added to `weights`, for a training of
    /// `model`.
    pub(super) fn read(prefix: &str, weights: &Weights, model: &mut Autoencoder<F>) -> Result<Self, WeightsError> {
        let shapes: Vec<Vec<usize>> = model.parameters().iter().map(|parameter| parameter.shape().to_vec()).collect();
        let mut adam = Adam::default();
        adam.read(&format!("{prefix}.adam"), weights, &shapes)?;
        let mut banks = Banks::default();
        banks.codes = Bank::read(&format!("{prefix}.codes"), weights, model.latent())?;
        banks.features = Bank::read(&format!("{prefix}.features"), weights, model.trunk_width())?;
        banks.draws = Bank::read(&format!("{prefix}.draws"), weights, model.trunk_width())?;
        Ok(Self { adam, banks })
    }
}
