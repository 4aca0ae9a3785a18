use autodiff_mini::{Scalar, Var};

use crate::{Layer, ShapeError};

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

impl<F: Scalar> Layer<F> for Activation {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        match *self {
            Self::Relu => x.relu(),
            Self::LeakyRelu(slope) => x.leaky_relu(F::from_f64(slope)),
            Self::Sigmoid => x.sigmoid(),
            Self::Tanh => x.tanh(),
            Self::Softplus => x.softplus(),
        }
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        Ok(input.to_vec())
    }
}
