use autodiff_mini::Var;
use ndarray::IxDyn;

use crate::state::weight_and_bias;
use crate::{Entry, Float, Layer, Layout, ShapeError, Tensor};

/// `y = gamma x + beta`, feature by feature along the last axis: what a [`BatchNorm`](crate::BatchNorm) is followed by
/// where a network wants to choose the scale that was just taken away. PyTorch has the two as one module.
#[derive(Debug, Clone)]
pub struct Affine<F: Float> {
    /// `gamma`, of shape `[features]`.
    pub weight: Tensor<F>,
    /// `beta`, of shape `[features]`.
    pub bias: Tensor<F>,
}

impl<F: Float> Affine<F> {
    /// The identity: `gamma` 1 and `beta` 0.
    pub fn new(features: usize) -> Self {
        Self { weight: Tensor::ones(IxDyn(&[features])), bias: Tensor::zeros(IxDyn(&[features])) }
    }
}

impl<F: Float> Layer<F> for Affine<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        x * x.tape().parameter(&self.weight) + x.tape().parameter(&self.bias)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let features = self.weight.len();
        if input.last() == Some(&features) {
            Ok(input.to_vec())
        } else {
            Err(ShapeError::new(format_args!("Affine({features})"), format_args!("[.., {features}]"), input))
        }
    }

    fn state(&mut self) -> Vec<Entry<'_, F>> {
        weight_and_bias(&mut self.weight, &mut self.bias, Layout::Features)
    }

    fn joins_previous(&self) -> bool {
        true
    }
}
