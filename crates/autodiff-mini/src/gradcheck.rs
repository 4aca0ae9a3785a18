//! Checks of gradients against finite differences.

use ndarray::{ArcArray, ArrayD, IxDyn};
use thiserror::Error;

use crate::{Gradients, Tape, Var};

/// Compares gradients computed by a tape with central differences, in `f64`.
///
/// The outputs of the function are first summed with fixed irregular weights, so that errors in two
/// outputs do not cancel. The function must be smooth within one step of the inputs: keep the
/// inputs away from kinks and ties.
///
/// ```
/// # use autodiff_mini::GradCheck;
/// # use ndarray::array;
/// GradCheck::default().step(1e-5).relative(1e-4).check(|x| x[0].exp(), &[array![0.3, -1.2].into_dyn()]).unwrap();
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct GradCheck {
    step: f64,
    relative: f64,
    absolute: f64,
}

impl Default for GradCheck {
    fn default() -> Self {
        Self { step: 1e-6, relative: 1e-5, absolute: 1e-7 }
    }
}

/// A gradient that disagrees with the difference quotient.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum GradCheckError {
    /// One component of a gradient disagrees.
    #[non_exhaustive]
    #[error("input {input}, element {index:?}: the gradient is {gradient:e}, the difference quotient {quotient:e}")]
    Component {
        /// Position of the input.
        input: usize,
        /// Index of the element in the input.
        index: Vec<usize>,
        /// Gradient computed by the tape.
        gradient: f64,
        /// Difference quotient.
        quotient: f64,
    },
}

/// Calls [`GradCheck::check`] with the default step and tolerances.
///
/// ```
/// # use autodiff_mini::gradcheck;
/// # use ndarray::array;
/// gradcheck(|x| (x[0] * x[1]).tanh(), &[array![0.3, -1.2].into_dyn(), array![2.0, 0.5].into_dyn()]).unwrap();
/// ```
///
/// # Errors
///
/// Returns the first component on which gradient and difference quotient disagree.
pub fn gradcheck<G>(function: G, inputs: &[ArrayD<f64>]) -> Result<(), GradCheckError>
where
    G: for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
{
    GradCheck::default().check(function, inputs)
}

impl GradCheck {
    /// Sets the step `h`, which is relative for inputs above 1. The default is 1e-6. The difference
    /// quotient has an error of about `h^2` from truncation and `1e-16 / h` from rounding.
    #[must_use]
    pub fn step(self, step: f64) -> Self {
        Self { step, ..self }
    }

    /// Sets the tolerance relative to the difference quotient. The default is 1e-5.
    #[must_use]
    pub fn relative(self, relative: f64) -> Self {
        Self { relative, ..self }
    }

    /// Sets the absolute tolerance, which is added to the relative one. The default is 1e-7.
    #[must_use]
    pub fn absolute(self, absolute: f64) -> Self {
        Self { absolute, ..self }
    }

    /// Checks every component of every gradient, with two evaluations per element of the inputs.
    ///
    /// # Errors
    ///
    /// Returns the first component on which gradient and difference quotient disagree or either is
    /// NaN.
    pub fn check<G>(&self, function: G, inputs: &[ArrayD<f64>]) -> Result<(), GradCheckError>
    where
        G: for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    {
        let shared = share(inputs);
        let gradients = gradients(&function, &shared);
        for (input, array) in inputs.iter().enumerate() {
            for (index, &x) in array.indexed_iter() {
                let h = self.step * x.abs().max(1.0);
                let at = |x: f64| {
                    let mut moved = shared.clone();
                    moved[input][&index] = x;
                    value(&function, &moved)
                };
                // `x + h` is rounded, so divide by the step that was really taken.
                let (above, below) = (x + h, x - h);
                let quotient = (at(above) - at(below)) / (above - below);
                let gradient = gradients.wrt(&shared[input]).map_or(0.0, |gradient| gradient[&index]);
                if !self.agree(gradient, quotient) {
                    let index = ndarray::Dimension::slice(&index).to_vec();
                    return Err(GradCheckError::Component { input, index, gradient, quotient });
                }
            }
        }
        Ok(())
    }

    /// Returns true if the two agree within the tolerances, and false if either is NaN.
    fn agree(&self, gradient: f64, quotient: f64) -> bool {
        (gradient - quotient).abs() <= self.absolute + self.relative * quotient.abs()
    }
}

type Shared = ArcArray<f64, IxDyn>;

fn share(inputs: &[ArrayD<f64>]) -> Vec<Shared> {
    inputs.iter().map(|x| x.to_shared()).collect()
}

/// Sums the outputs with fixed weights that are distinct and nonzero.
fn contract(output: Var<'_, f64>) -> Var<'_, f64> {
    let mut i = 0.0;
    let weights = output.value().map(|_| {
        i += 1.0;
        1.0 + 0.5 * f64::sin(1.7 * i)
    });
    (output * output.tape().constant(weights)).sum()
}

fn value<G>(function: &G, inputs: &[Shared]) -> f64
where
    G: for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
{
    let tape = Tape::without_gradients();
    let inputs: Vec<_> = inputs.iter().map(|x| tape.constant(x.clone())).collect();
    contract(function(&inputs)).scalar()
}

fn gradients<G>(function: &G, inputs: &[Shared]) -> Gradients<f64>
where
    G: for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
{
    let tape = Tape::new();
    let inputs: Vec<_> = inputs.iter().map(|x| tape.parameter(x)).collect();
    let loss = contract(function(&inputs)).id();
    tape.backward(loss)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// The square, with a wrong rule that lacks the factor 2.
    fn wrong_square<'t>(x: &[Var<'t, f64>]) -> Var<'t, f64> {
        let input = x[0].value();
        x[0].tape().custom(x, input.map(|x| x * x), move |g, sink| sink.add(0, g * &input))
    }

    #[test]
    fn catches_a_wrong_rule() {
        let x = [array![[1.0, -2.0], [0.5, 3.0]].into_dyn()];
        let error = gradcheck(wrong_square, &x).unwrap_err();
        assert!(matches!(error, GradCheckError::Component { input: 0, ref index, .. } if index == &[0, 0]), "{error}");
    }

    #[test]
    fn catches_nan() {
        assert!(gradcheck(|x| x[0].ln(), &[array![-1.0].into_dyn()]).is_err());
    }

    #[test]
    fn an_input_without_influence_has_gradient_zero() {
        gradcheck(|x| x[0].square(), &[array![2.0].into_dyn(), array![3.0].into_dyn()]).unwrap();
    }
}
