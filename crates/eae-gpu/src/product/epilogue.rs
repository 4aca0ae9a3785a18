//! The epilogue: the operations on each entry before it is written, for products and other sums.

use std::fmt::Write;

use nn_layers::Activation;

use crate::kernel::Access;
use crate::{Error, Result};

/// The operations on each entry before it is written.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Epilogue {
    /// Adds `beta` times the old content.
    pub(crate) add: bool,
    pub(crate) bias: bool,
    pub(crate) activation: Option<Curve>,
    /// Multiplies by the derivative of an activation, computed from its value.
    pub(crate) derivative: Option<Curve>,
}

/// An [`Activation`] without its parameter, which is in the uniform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curve {
    Relu,
    LeakyRelu,
    Sigmoid,
    Tanh,
    Softplus,
}

impl Curve {
    /// Returns the curve of an activation and its parameter.
    pub(crate) fn of(activation: Activation) -> Option<(Self, f32)> {
        match activation {
            Activation::Relu => Some((Self::Relu, 0.0)),
            // For a negative slope the value does not determine the sign of the input.
            Activation::LeakyRelu(slope) if slope < 0.0 => None,
            Activation::LeakyRelu(slope) => Some((Self::LeakyRelu, slope as f32)),
            Activation::Sigmoid => Some((Self::Sigmoid, 0.0)),
            Activation::Tanh => Some((Self::Tanh, 0.0)),
            Activation::Softplus => Some((Self::Softplus, 0.0)),
            _ => None,
        }
    }

    /// Returns the code of the value at `v`. It preserves NaN, which `max` may lose.
    fn value(self) -> &'static str {
        match self {
            Self::Relu => "select(v, T(0.0), v <= T(0.0))",
            Self::LeakyRelu => "select(v, v * p.slope, v <= T(0.0))",
            Self::Sigmoid => "T(1.0) / (T(1.0) + exp(-v))",
            // Some drivers compute tanh from exponentials that overflow.
            Self::Tanh => "tanh(clamp(v, T(-20.0), T(20.0)))",
            Self::Softplus => "select(v, T(0.0), v <= T(0.0)) + log(T(1.0) + exp(-abs(v)))",
        }
    }

    /// Returns the code of `v` times the derivative at the value `y`.
    pub(crate) fn times_derivative(self) -> &'static str {
        match self {
            Self::Relu => "select(v, T(0.0), y <= T(0.0))",
            Self::LeakyRelu => "select(v, v * p.slope, y <= T(0.0))",
            Self::Sigmoid => "v * y * (T(1.0) - y)",
            Self::Tanh => "v * (T(1.0) - y * y)",
            Self::Softplus => "v * (T(1.0) - exp(-y))",
        }
    }
}

impl Epilogue {
    /// Creates the epilogue, and returns it with the parameter of the activation.
    pub(crate) fn of(
        add: bool,
        bias: bool,
        activation: Option<Activation>,
        derivative: Option<Activation>,
    ) -> Result<(Self, f32)> {
        let curve = |activation| {
            Curve::of(activation)
                .ok_or_else(|| Error::Unsupported(format!("{activation:?} is not supported on the GPU")))
        };
        let (activation, derivative) = (activation.map(curve).transpose()?, derivative.map(curve).transpose()?);
        let slope = activation.or(derivative).map_or(0.0, |(_, slope)| slope);
        let [activation, derivative] = [activation, derivative].map(|some| some.map(|(curve, _)| curve));
        Ok((Self { add, bias, activation, derivative }, slope))
    }

    /// Returns the inputs: the bias, and the values of the activation whose derivative is used.
    pub(crate) fn bindings(self) -> impl Iterator<Item = Access> {
        [self.bias, self.derivative.is_some()].into_iter().filter(|&there| there).map(|_| Access::Read)
    }

    /// Returns the function `epilogue(v, at, column)` of the entry, or vector, that is written to
    /// `c[at]`. `words` is 1 or 4.
    pub(crate) fn text(self, first_binding: usize, words: u32) -> String {
        let mut text = String::new();
        let mut binding = first_binding;
        for (there, name) in [(self.bias, "bias"), (self.derivative.is_some(), "values")] {
            if there {
                let _ = writeln!(text, "@group(0) @binding({binding}) var<storage, read> {name}: array<T>;");
                binding += 1;
            }
        }
        text += "fn epilogue(number: T, at: u32, place: u32, column: u32) -> T {\n    var v = number;\n";
        if self.add {
            text += "    v += p.beta * c[at];\n";
        }
        if self.bias {
            let _ = writeln!(text, "    v += bias[(p.bias_at + column) / {words}u];");
        }
        if let Some(curve) = self.activation {
            let _ = writeln!(text, "    v = {};", curve.value());
        }
        if let Some(curve) = self.derivative {
            let _ = writeln!(
                text,
                "    let y = values[(p.y_at + place) / {words}u];\n    v = {};",
                curve.times_derivative()
            );
        }
        text + "    return v;\n}\n"
    }
}
