use autodiff_mini::{Sink, Var};
use ndarray::{Array1, ArrayD};

use crate::kernels::{self, Finish};
use crate::{Float, Kind, Layer, ShapeError, Tensor};

/// A function of each element.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` above 0, this slope times `x` below.
    LeakyRelu(f64),
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `ln(1 + e^x)`.
    Softplus,
}

impl<F: Float> Layer<F> for Activation {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        let (activation, input) = (*self, x.value());
        if let Self::LeakyRelu(slope) = activation
            && !activation.shows_its_derivative()
        {
            return x.leaky_relu(F::from_f64(slope));
        }
        let pool = x.tape().pool();
        let mut y = pool.array(input.raw_dim());
        y.assign(&input);
        let finish = Finish { bias: None, activation: Some(activation) };
        finish.apply_all(y.as_slice_mut().expect("a fresh array"));
        let y = y.into_shared();
        x.tape().custom(&[x], y.clone(), move |mut g, sink: &mut Sink<'_, F>| {
            backward(Some(activation), &y, &mut g);
            sink.add(0, g);
        })
    }

    fn kind(&self) -> Kind {
        Kind::Activation(*self)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        Ok(input.to_vec())
    }
}

impl Activation {
    /// A layer's value with the activation as its last step, or where that cannot be, followed by it.
    pub(crate) fn fused<'t, F: Float>(
        self,
        x: Var<'t, F>,
        value: impl FnOnce(Var<'t, F>, Option<Activation>) -> Var<'t, F>,
    ) -> Var<'t, F> {
        if self.shows_its_derivative() { value(x, Some(self)) } else { self.forward(value(x, None)) }
    }

    /// Whether its derivative can be told from its value: not where the value does not tell on which side of 0 it was taken.
    pub(crate) fn shows_its_derivative(self) -> bool {
        !matches!(self, Self::LeakyRelu(slope) if slope < 0.0)
    }
}

/// Turns the gradient with respect to the values `y` of a layer into that with respect to what its activation was given, and
/// returns that with respect to its bias, a number for each channel.
pub(crate) fn backward<F: Float>(activation: Option<Activation>, y: &Tensor<F>, g: &mut ArrayD<F>) -> Array1<F> {
    let channels = y.shape().last().copied().unwrap_or(1);
    if !g.is_standard_layout() {
        *g = g.as_standard_layout().into_owned();
    }
    let (y, g) = (y.as_slice().expect("values in memory order"), g.as_slice_mut().expect("a gradient in memory order"));
    kernels::activation::backward(activation, y, g, channels)
}
