use autodiff_mini::{Pool, Tape};
use ndarray::{Array4, ArrayView4, Axis};
use nn_layers::optim::{self, Adam, Optimizer};

use crate::{Autoencoder, Float, Objective};

/// What makes training steps: the state of Adam, and memory that each step uses again.
#[derive(Debug, Default)]
pub struct Stepper<F: Float> {
    adam: Adam<F>,
    pool: Pool<F>,
}

/// What a step found before it changed the parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: f64,
    /// The entropy of the batch of codes in nats.
    pub entropy: f64,
    /// Whether the loss was a finite number. If not, the parameters were left as they were.
    pub finite: bool,
}

impl<F: Float> Stepper<F> {
    /// Some of the images, as a batch for [`step`](Stepper::step).
    ///
    /// # Panics
    ///
    /// If there is no such image.
    pub fn batch(&self, images: ArrayView4<'_, F>, indices: &[usize]) -> Array4<F> {
        let mut shape = images.raw_dim();
        shape[0] = indices.len();
        let mut batch = self.pool.array(shape);
        for (mut to, &index) in batch.outer_iter_mut().zip(indices) {
            to.assign(&images.index_axis(Axis(0), index));
        }
        batch
    }

    /// Value, gradient and a step of Adam for a batch of images `[batch, height, width, channels]`, the entropy weighted by
    /// `lambda` in place of [`Objective::lambda`].
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
        objective: &Objective,
        lambda: f64,
        learning_rate: f64,
    ) -> Result<Step, knn_entropy::Error> {
        // Within the thread pool: every parallel loop from outside would put this thread to sleep and wake it again.
        rayon::scope(|_| self.step_within(model, batch, objective, lambda, learning_rate))
    }

    fn step_within(
        &mut self,
        model: &mut Autoencoder<F>,
        batch: Array4<F>,
        objective: &Objective,
        lambda: f64,
        learning_rate: f64,
    ) -> Result<Step, knn_entropy::Error> {
        let tape = Tape::with_pool(&self.pool);
        let terms = objective.terms(model, tape.constant(batch), lambda)?;
        let (mse, entropy) = (terms.mse.scalar().into_f64(), terms.entropy.scalar().into_f64());
        let finite = terms.loss.scalar().is_finite();
        if finite {
            let loss = terms.loss.id();
            let gradients = tape.backward(loss);
            let parameters = model.parameters();
            let gradients = optim::collect(gradients, &parameters);
            self.adam.step(learning_rate, parameters, &gradients);
            gradients.into_iter().flatten().for_each(|gradient| self.pool.recycle(gradient));
        }
        Ok(Step { mse, entropy, finite })
    }
}
