use autodiff_mini::Var;
use ndarray::{Array1, IxDyn};

use crate::kernels::{self, Finish};
use crate::layer::same_shape;
use crate::weighted::{self, in_order};
use crate::{Activation, Axes, Entry, Kind, Layer, Real, ShapeError, Tensor};

/// The feature-wise map `y = gamma x + beta` along the last axis. It follows a
/// [`BatchNorm`](crate::BatchNorm) if the network should learn the scale and shift again. In
/// PyTorch both are one module.
#[derive(Debug, Clone)]
pub struct Affine<F: Real> {
    /// `gamma`, of shape `[features]`.
    pub weight: Tensor<F>,
    /// `beta`, of shape `[features]`.
    pub bias: Tensor<F>,
}

impl<F: Real> Affine<F> {
    /// Creates the identity map: `gamma` 1 and `beta` 0.
    pub fn new(features: usize) -> Self {
        Self { weight: Tensor::ones(IxDyn(&[features])), bias: Tensor::zeros(IxDyn(&[features])) }
    }

    fn value<'t>(&self, x: Var<'t, F>, activation: Option<Activation>) -> Var<'t, F> {
        let (input, features) = (in_order(x.value()), self.weight.len());
        let shape = input.shape();
        assert!(shape.last() == Some(&features), "`Affine` of {features} features on shape {shape:?}");
        let ordered = "in memory order";
        let gamma: Vec<f64> = self.weight.iter().map(|x| x.into_f64()).collect();
        let mut y = x.tape().pool().array(input.raw_dim());
        let finish = Finish { bias: self.bias.as_slice(), activation };
        kernels::scale(input.as_slice().expect(ordered), &gamma, finish, y.as_slice_mut().expect(ordered));
        weighted::record(x, [&self.weight, &self.bias], y.into_shared(), activation, move |mut g, sink| {
            let (gradient, x) = (g.as_slice_mut().expect(ordered), input.as_slice().expect(ordered));
            let dw = kernels::scale_backward(x, &gamma, gradient);
            sink.add(1, dw.into_iter().map(F::from_f64).collect::<Array1<F>>());
            sink.add(0, g);
        })
    }
}

impl<F: Real> Layer<F> for Affine<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        self.value(x, None)
    }

    fn forward_then<'t>(&self, x: Var<'t, F>, activation: Activation) -> Option<Var<'t, F>> {
        activation.shows_its_derivative().then(|| self.value(x, Some(activation)))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        same_shape::<F>(self, self.weight.len(), input)
    }

    fn state(&mut self) -> Vec<Entry<'_, F>> {
        weighted::state(&mut self.weight, &mut self.bias, Axes::Features)
    }

    fn kind(&self) -> Kind {
        Kind::Affine { features: self.weight.len() }
    }

    fn joins_previous(&self) -> bool {
        true
    }
}
