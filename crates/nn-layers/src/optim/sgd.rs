use ndarray::{ArrayD, Zip};

use super::{Optimizer, pairs};
use crate::{Real, Tensor};

/// Gradient descent with momentum: `v <- momentum v + g`, `x <- x - rate v`, as in PyTorch.
#[derive(Debug, Clone)]
pub struct Sgd<F: Real> {
    momentum: f64,
    velocities: Vec<Option<ArrayD<F>>>,
}

impl<F: Real> Sgd<F> {
    /// Creates an optimizer with this momentum, or 0 for plain gradient descent.
    pub fn new(momentum: f64) -> Self {
        Self { momentum, velocities: Vec::new() }
    }
}

impl<F: Real> Optimizer<F> for Sgd<F> {
    fn update(&mut self, learning_rate: f64, parameters: Vec<&mut Tensor<F>>, gradients: &[Option<ArrayD<F>>]) {
        let (rate, momentum) = (F::from_f64(learning_rate), F::from_f64(self.momentum));
        self.velocities.resize(parameters.len(), None);
        for ((x, g), velocity) in pairs(parameters, gradients).zip(&mut self.velocities) {
            let Some(g) = g else { continue };
            let velocity = velocity.get_or_insert_with(|| ArrayD::zeros(g.raw_dim()));
            Zip::from(x).and(velocity).and(g).for_each(|x, v, &g| {
                *v = momentum * *v + g;
                *x -= rate * *v;
            });
        }
    }
}
