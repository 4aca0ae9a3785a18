use autodiff_mini::{Pool, Tape};
use ndarray::{Array4, Ix2};
use nn_layers::Weights;
use nn_layers::optim::{Adam, Optimizer};

use crate::data::{DataError, Source};
use crate::objective::{Banks, Context, Criterion};
use crate::{Autoencoder, CheckpointError, Eae, Float};

/// What makes training steps: the state of Adam, what is kept of the steps before, and memory that each step uses again.
#[derive(Debug, Default)]
pub struct Stepper<F: Float> {
    adam: Adam<F>,
    banks: Banks<F>,
    steps: u64,
    seed: u64,
    pool: Pool<F>,
}

/// What a step found before it changed the parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: f64,
    /// What the loss is above it.
    pub penalty: f64,
    /// The entropy of the batch of codes in nats.
    pub entropy: f64,
    /// Whether the loss was a finite number. If not, the parameters were left as they were.
    pub finite: bool,
}

impl<F: Float> Stepper<F> {
    /// What is drawn in a step is decided by the seed and the number of the step.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Puts what it keeps from one step to the next under `prefix`.
    pub(crate) fn write(&self, prefix: &str, weights: &mut Weights) {
        self.adam.write(&format!("{prefix}.adam"), weights);
        self.banks.codes.write(&format!("{prefix}.codes"), weights);
        self.banks.features.write(&format!("{prefix}.features"), weights);
    }

    /// Takes it from there, after so many steps on parameters of these shapes, with codes of `latent` numbers.
    pub(crate) fn read(
        &mut self,
        prefix: &str,
        weights: &Weights,
        shapes: &[Vec<usize>],
        latent: usize,
        steps: u64,
    ) -> Result<(), CheckpointError> {
        self.adam.read(&format!("{prefix}.adam"), weights, shapes)?;
        self.banks.codes.read(&format!("{prefix}.codes"), weights)?;
        let codes = self.banks.codes.view();
        if !codes.is_empty() && codes.ncols() != latent {
            let problem = format!("its codes have {} numbers, those of the model {latent}", codes.ncols());
            return Err(CheckpointError::Description(problem));
        }
        self.banks.features.read(&format!("{prefix}.features"), weights)?;
        self.steps = steps;
        Ok(())
    }

    /// Some of the images, as a batch for [`step`](Stepper::step).
    ///
    /// # Errors
    ///
    /// If they cannot be read.
    ///
    /// # Panics
    ///
    /// If there is no such image.
    pub fn batch(&self, images: impl Source<F>, places: &[usize]) -> Result<Array4<F>, DataError> {
        let [height, width, channels] = images.image_shape();
        let mut batch = self.pool.array((places.len(), height, width, channels));
        images.read(places, batch.view_mut())?;
        Ok(batch)
    }

    /// Value, gradient and a step of Adam for a batch of images `[batch, height, width, channels]`, the penalty with a share of
    /// its weight from 0 to 1.
    ///
    /// # Errors
    ///
    /// If the entropy of the codes cannot be estimated. The parameters are then as they were.
    ///
    /// # Panics
    ///
    /// If the images are not those that the model takes.
    pub fn step(
        &mut self,
        model: &mut Autoencoder<F>,
        batch: Array4<F>,
        objective: &impl Criterion,
        share: f64,
        learning_rate: f64,
    ) -> Result<Step, knn_entropy::Error> {
        // Within the thread pool: every parallel loop from outside would put this thread to sleep and wake it again.
        rayon::scope(|_| self.step_within(model, batch, objective, share, learning_rate))
    }

    fn step_within(
        &mut self,
        model: &mut Autoencoder<F>,
        batch: Array4<F>,
        objective: &impl Criterion,
        share: f64,
        learning_rate: f64,
    ) -> Result<Step, knn_entropy::Error> {
        let tape = Tape::with_pool(&self.pool);
        let context = &mut Context::new(share, self.seed, self.steps, &mut self.banks);
        let terms = objective.terms(model, tape.constant(batch), context)?;
        let mse = terms.mse.scalar().into_f64();
        let penalty = terms.loss.scalar().into_f64() - mse;
        let entropy = match terms.entropy {
            Some(entropy) => entropy.scalar().into_f64(),
            None => {
                let codes = terms.codes.value().into_dimensionality::<Ix2>().expect("codes are rows of a matrix");
                Eae { k: objective.k(), ..Eae::default() }.estimator().entropy(codes.view())?
            }
        };
        self.steps += 1;
        let finite = terms.loss.scalar().is_finite();
        if finite {
            let loss = terms.loss.id();
            self.adam.step(learning_rate, &mut model.parameters(), tape.backward(loss));
        }
        Ok(Step { mse, penalty, entropy, finite })
    }
}
