//! Elementwise functions, each beside its derivative.

use crate::{Scalar, Var};

impl<F: Scalar> Var<'_, F> {
    /// Applies `f` to each element. `derivative(x, y)` returns `f'(x)` and may use `x`, `y = f(x)`
    /// or both.
    fn map(self, f: impl Fn(F) -> F, derivative: impl Fn(F, F) -> F + Send + 'static) -> Self {
        let x = self.value();
        let y = x.map(|&x| f(x)).into_shared();
        self.unary(y.clone(), move |mut gradient| {
            ndarray::Zip::from(&mut gradient).and(&x).and(&y).for_each(|g, &x, &y| *g *= derivative(x, y));
            gradient
        })
    }

    /// `e^x`.
    pub fn exp(self) -> Self {
        self.map(F::exp, |_, y| y)
    }

    /// The natural logarithm. As in IEEE arithmetic, it is minus infinity at 0 and NaN below 0.
    pub fn ln(self) -> Self {
        self.map(F::ln, |x, _| x.recip())
    }

    /// The square root. Its derivative at 0 is infinite.
    pub fn sqrt(self) -> Self {
        self.map(F::sqrt, |_, y| F::from_f64(0.5) / y)
    }

    /// `x * x`.
    pub fn square(self) -> Self {
        self.map(|x| x * x, |x, _| x + x)
    }

    /// `x^n` for an integer `n`.
    pub fn powi(self, n: i32) -> Self {
        self.map(move |x| x.powi(n), move |x, _| if n == 0 { F::zero() } else { F::from_f64(n.into()) * x.powi(n - 1) })
    }

    /// `x^p` for a real `p`. NaN for negative `x` unless `p` is an integer.
    pub fn powf(self, p: F) -> Self {
        self.map(move |x| x.powf(p), move |x, _| if p == F::zero() { p } else { p * x.powf(p - F::one()) })
    }

    /// `|x|`, with derivative 0 at 0.
    pub fn abs(self) -> Self {
        self.map(F::abs, |x, _| if x == F::zero() { x } else { x.signum() })
    }

    /// The hyperbolic tangent.
    pub fn tanh(self) -> Self {
        self.map(F::tanh, |_, y| F::one() - y * y)
    }

    /// The logistic function `1 / (1 + e^-x)`.
    pub fn sigmoid(self) -> Self {
        self.map(sigmoid, |_, y| y * (F::one() - y))
    }

    /// `max(x, 0)`, with derivative 0 at 0. NaN stays NaN.
    pub fn relu(self) -> Self {
        self.map(
            // A product of x and 0 would be NaN for minus infinity, and -0 for other negative
            // numbers.
            |x| if x <= F::zero() { F::zero() } else { x },
            |x, _| if x > F::zero() { F::one() } else { F::zero() },
        )
    }

    /// `x` if `x > 0`, otherwise `slope * x`.
    pub fn leaky_relu(self, slope: F) -> Self {
        self.map(
            move |x| if x > F::zero() { x } else { slope * x },
            move |x, _| if x > F::zero() { F::one() } else { slope },
        )
    }

    /// `ln(1 + e^x)`, a smooth `relu`.
    pub fn softplus(self) -> Self {
        // Factoring out the larger of the two terms keeps the exponential from overflowing.
        self.map(|x| x.max(F::zero()) + (-x.abs()).exp().ln_1p(), |x, _| sigmoid(x))
    }
}

/// The logistic function. It exponentiates only negative numbers, so it cannot overflow.
fn sigmoid<F: Scalar>(x: F) -> F {
    let e = (-x.abs()).exp();
    let tail = e / (F::one() + e);
    if x < F::zero() { tail } else { F::one() - tail }
}

#[cfg(test)]
mod tests {
    use crate::Tape;
    use ndarray::array;

    #[test]
    fn large_arguments_do_not_overflow() {
        let tape = Tape::<f32>::without_gradients();
        let x = tape.constant(array![-1e4, 0.0, 1e4]);
        assert_eq!(x.sigmoid().value(), array![0.0, 0.5, 1.0].into_dyn());
        assert_eq!(x.softplus().value(), array![0.0, std::f32::consts::LN_2, 1e4].into_dyn());
        let tiny = tape.constant(array![-80.0_f32]);
        assert!(tiny.sigmoid().scalar() > 0.0 && tiny.softplus().scalar() > 0.0);
    }

    #[test]
    fn relu_propagates_nan() {
        let tape = Tape::<f64>::without_gradients();
        assert!(tape.constant(array![f64::NAN]).relu().scalar().is_nan());
    }

    #[test]
    fn relu_of_negative_numbers_is_zero() {
        let tape = Tape::<f64>::without_gradients();
        let x = tape.constant(array![f64::NEG_INFINITY, -3.0, -0.0, 0.0, 2.0, f64::INFINITY]);
        let bits = x.relu().value().mapv(f64::to_bits);
        assert_eq!(bits, array![0.0, 0.0, 0.0, 0.0, 2.0, f64::INFINITY].mapv(f64::to_bits).into_dyn());
    }
}
