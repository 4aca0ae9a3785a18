use nn_layers::optim::Adam;
use nn_layers::{Weights, WeightsError};

use crate::objective::{Bank, Banks, Critic};
use crate::{Autoencoder, Float};

/// The state that an optimizer carries from one step to the next: Adam's moments, and the memory
/// banks and the critic of the objective.
#[derive(Debug, Clone, Default)]
pub struct OptimizerState<F: Float> {
    /// Adam with its moments.
    pub adam: Adam<F>,
    /// Codes and features of previous steps, and the critic.
    pub banks: Banks<F>,
}

impl<F: Float> OptimizerState<F> {
    /// Adds the state to `weights`, under names that begin with `prefix`.
    pub(super) fn write(&self, prefix: &str, weights: &mut Weights) {
        self.adam.write(&format!("{prefix}.adam"), weights);
        self.banks.codes.write(&format!("{prefix}.codes"), weights);
        self.banks.features.write(&format!("{prefix}.features"), weights);
        self.banks.draws.write(&format!("{prefix}.draws"), weights);
        if let Some(critic) = &self.banks.critic {
            critic.write(&format!("{prefix}.critic"), weights);
        }
    }

    /// Reads the state that [`write`](OptimizerState::write) added to `weights`, for a training of
    /// `model`.
    pub(super) fn read(prefix: &str, weights: &Weights, model: &mut Autoencoder<F>) -> Result<Self, WeightsError> {
        let mut banks = Banks::default();
        banks.critic = Critic::read(&format!("{prefix}.critic"), weights, model.front_width())?;
        let parameters = model.parameters().into_iter().chain(banks.critic.iter_mut().flat_map(Critic::parameters));
        let shapes: Vec<Vec<usize>> = parameters.map(|parameter| parameter.shape().to_vec()).collect();
        let mut adam = Adam::default();
        adam.read(&format!("{prefix}.adam"), weights, &shapes)?;
        banks.codes = Bank::read(&format!("{prefix}.codes"), weights, model.latent())?;
        banks.features = Bank::read(&format!("{prefix}.features"), weights, model.trunk_width())?;
        banks.draws = Bank::read(&format!("{prefix}.draws"), weights, model.trunk_width())?;
        Ok(Self { adam, banks })
    }
}
