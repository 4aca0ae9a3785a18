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
    /// The derivative along a direction disagrees.
    #[non_exhaustive]
    #[error("along direction {seed}: the gradient gives {gradient:e}, the difference quotient {quotient:e}")]
    Direction {
        /// The seed of the direction.
        seed: u64,
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

/// Calls [`GradCheck::check_directional`] with the default step and tolerances.
///
/// # Errors
///
/// If gradient and difference quotient disagree.
pub fn gradcheck_directional<G>(function: G, inputs: &[ArrayD<f64>], seed: u64) -> Result<(), GradCheckError>
where
    G: for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
{
    GradCheck::default().check_directional(function, inputs, seed)
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

    /// Checks the derivative along one pseudo-random direction in the space of all inputs, with two
    /// evaluations for inputs of any size. A wrong gradient passes only by coincidence; use a few
    /// seeds.
    ///
    /// # Errors
    ///
    /// If gradient and difference quotient disagree or either is NaN.
    pub fn check_directional<G>(&self, function: G, inputs: &[ArrayD<f64>], seed: u64) -> Result<(), GradCheckError>
    where
        G: for<'t> Fn(&[Var<'t, f64>]) -> Var<'t, f64>,
    {
        let shared = share(inputs);
        let gradients = gradients(&function, &shared);
        let mut random = SplitMix(seed);
        let directions: Vec<ArrayD<f64>> = inputs.iter().map(|x| x.map(|_| random.next())).collect();
        let norm = directions.iter().flatten().map(|u| u * u).sum::<f64>().sqrt();
        let h = self.step * norm.max(1.0).recip();
        let at = |t: f64| {
            let moved: Vec<_> = inputs.iter().zip(&directions).map(|(x, u)| (x + &(u * t)).into_shared()).collect();
            value(&function, &moved)
        };
        let quotient = (at(h) - at(-h)) / (2.0 * h);
        let along = |(x, u): (&Shared, &ArrayD<f64>)| gradients.wrt(x).map_or(0.0, |gradient| (gradient * u).sum());
        let gradient = shared.iter().zip(&directions).map(along).sum();
        if self.agree(gradient, quotient) {
            Ok(())
        } else {
            Err(GradCheckError::Direction { seed, gradient, quotient })
        }
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

/// Steele, Lea and Flood's generator. It is good enough for a direction and saves a dependency.
struct SplitMix(u64);

impl SplitMix {
    /// Returns the next number, uniform in [-1, 1).
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
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
        assert!(gradcheck_directional(wrong_square, &x, 7).is_err());
        assert!(gradcheck_directional(|x| x[0].square(), &x, 7).is_ok());
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
