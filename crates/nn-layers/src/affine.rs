use autodiff_mini::{Sink, Var};
use ndarray::{Array1, IxDyn};

use crate::activation::backward;
use crate::kernels::Finish;
use crate::kernels::features::{each, two_sums};
use crate::state::weight_and_bias;
use crate::{Activation, Entry, Float, Kind, Layer, Layout, ShapeError, Tensor};

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

impl<F: Float> Affine<F> {
    fn value<'t>(&self, x: Var<'t, F>, activation: Option<Activation>) -> Var<'t, F> {
        let tape = x.tape();
        let (weight, bias) = (tape.parameter(&self.weight), tape.parameter(&self.bias));
        let input = x.value();
        let (shape, features) = (input.shape(), self.weight.len());
        assert!(shape.last() == Some(&features), "`Affine` of {features} features on shape {shape:?}");
        let input =
            if input.is_standard_layout() { input } else { input.as_standard_layout().into_owned().into_shared() };
        let ordered = "in memory order";
        let gamma: Vec<f64> = self.weight.iter().map(|x| x.into_f64()).collect();
        let mut y = tape.pool().array(input.raw_dim());
        let finish = Finish { bias: self.bias.as_slice(), activation };
        let (to, from) = (y.as_slice_mut().expect(ordered), input.as_slice().expect(ordered));
        each(to, from, [&gamma; 3], finish, |_, x, [gamma, ..]| gamma * x);
        let y = y.into_shared();
        tape.custom(&[x, weight, bias], y.clone(), move |mut g, sink: &mut Sink<'_, F>| {
            let db = backward(activation, &y, &mut g);
            let (gradient, x) = (g.as_slice_mut().expect(ordered), input.as_slice().expect(ordered));
            let [dw, _] = two_sums(gradient, x, &gamma, |g, x, _| [g * x, 0.0]);
            sink.add(1, dw.into_iter().map(F::from_f64).collect::<Array1<F>>());
            sink.add(2, db);
            if sink.wants(0) {
                each(gradient, x, [&gamma; 3], Finish::default(), |g, _, [gamma, ..]| gamma * g);
                sink.add(0, g);
            } else {
                sink.pool().recycle(g);
            }
        })
    }
}

impl<F: Float> Layer<F> for Affine<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        self.value(x, None)
    }

    fn forward_then<'t>(&self, x: Var<'t, F>, activation: Activation) -> Var<'t, F> {
        activation.fused(x, |x, activation| self.value(x, activation))
    }

    fn train_then<'t>(&mut self, x: Var<'t, F>, activation: Activation) -> Var<'t, F> {
        self.forward_then(x, activation)
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

    fn kind(&self) -> Kind {
        Kind::Affine { features: self.weight.len() }
    }

    fn joins_previous(&self) -> bool {
        true
    }
}
