//! Negation, and `+ - * /` between variables, with broadcasting, and with numbers.

use std::ops::{Add, Div, Mul, Neg, Sub};

use ndarray::{ArcArray, ArrayD, IxDyn, Zip};

use super::broadcast::{joint_shape, sum_to};
use crate::{Scalar, Sink, Var};

type Value<F> = ArcArray<F, IxDyn>;

/// Applies `f` to each pair of elements, with broadcasting.
fn zip<F: Scalar>(operation: &str, a: &Value<F>, b: &Value<F>, f: impl Fn(F, F) -> F) -> ArrayD<F> {
    let shape = joint_shape(operation, a.shape(), b.shape());
    let (a, b) = (a.broadcast(&shape[..]), b.broadcast(&shape[..]));
    Zip::from(a.expect("checked")).and(b.expect("checked")).map_collect(|&a, &b| f(a, b))
}

/// Replaces each element of a gradient by `f` of it and the corresponding element of `value`, with
/// broadcasting.
fn zip_into<F: Scalar>(mut gradient: ArrayD<F>, value: &Value<F>, f: impl Fn(F, F) -> F) -> ArrayD<F> {
    gradient.zip_mut_with(value, |g, &x| *g = f(*g, x));
    gradient
}

impl<'t, F: Scalar> Var<'t, F> {
    /// Records an operation with two operands, each with its own rule. A rule runs only if its
    /// operand needs a gradient. The last rule to run owns the gradient of the result and can work
    /// in place.
    fn binary(
        self,
        other: Self,
        value: ArrayD<F>,
        left: impl FnOnce(ArrayD<F>) -> ArrayD<F> + Send + 'static,
        right: impl FnOnce(ArrayD<F>) -> ArrayD<F> + Send + 'static,
    ) -> Self {
        let (left_shape, right_shape) = (self.shape(), other.shape());
        self.tape.custom(&[self, other], value, move |gradient, sink: &mut Sink<'_, F>| {
            if !sink.wants(1) {
                return sink.add(0, sum_to(left(gradient), &left_shape));
            }
            if sink.wants(0) {
                sink.add(0, sum_to(left(gradient.clone()), &left_shape));
            }
            sink.add(1, sum_to(right(gradient), &right_shape));
        })
    }
}

impl<F: Scalar> Add for Var<'_, F> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let value = zip("add", &self.value(), &other.value(), |a, b| a + b);
        self.binary(other, value, |g| g, |g| g)
    }
}

impl<F: Scalar> Sub for Var<'_, F> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        let value = zip("sub", &self.value(), &other.value(), |a, b| a - b);
        self.binary(other, value, |g| g, |g| -g)
    }
}

impl<F: Scalar> Mul for Var<'_, F> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let (a, b) = (self.value(), other.value());
        let value = zip("mul", &a, &b, |a, b| a * b);
        self.binary(other, value, move |g| zip_into(g, &b, |g, b| g * b), move |g| zip_into(g, &a, |g, a| g * a))
    }
}

impl<F: Scalar> Div for Var<'_, F> {
    type Output = Self;

    fn div(self, other: Self) -> Self {
        let (a, b) = (self.value(), other.value());
        let value = zip("div", &a, &b, |a, b| a / b);
        let divisor = b.clone();
        self.binary(
            other,
            value,
            move |g| zip_into(g, &divisor, |g, b| g / b),
            move |g| zip_into(zip_into(g, &a, |g, a| g * a), &b, |g, b| -g / (b * b)),
        )
    }
}

impl<F: Scalar> Neg for Var<'_, F> {
    type Output = Self;

    fn neg(self) -> Self {
        self.unary((-self.value().into_owned()).into_shared(), |g| -g)
    }
}

impl<F: Scalar> Add<F> for Var<'_, F> {
    type Output = Self;

    fn add(self, number: F) -> Self {
        self.unary(self.value() + number, |g| g)
    }
}

impl<F: Scalar> Sub<F> for Var<'_, F> {
    type Output = Self;

    fn sub(self, number: F) -> Self {
        self + -number
    }
}

impl<F: Scalar> Mul<F> for Var<'_, F> {
    type Output = Self;

    fn mul(self, number: F) -> Self {
        self.unary(self.value() * number, move |g| g * number)
    }
}

impl<F: Scalar> Div<F> for Var<'_, F> {
    type Output = Self;

    fn div(self, number: F) -> Self {
        self.unary(self.value() / number, move |g| g / number)
    }
}

/// Implements the operators with a number on the left. One generic implementation is not possible:
/// Rust forbids implementing a foreign trait for a type parameter.
macro_rules! number_on_the_left {
    ($($F:ty)*) => {$(
        impl<'t> Add<Var<'t, $F>> for $F {
            type Output = Var<'t, $F>;

            fn add(self, x: Var<'t, $F>) -> Self::Output {
                x + self
            }
        }

        impl<'t> Sub<Var<'t, $F>> for $F {
            type Output = Var<'t, $F>;

            fn sub(self, x: Var<'t, $F>) -> Self::Output {
                -x + self
            }
        }

        impl<'t> Mul<Var<'t, $F>> for $F {
            type Output = Var<'t, $F>;

            fn mul(self, x: Var<'t, $F>) -> Self::Output {
                x * self
            }
        }

        impl<'t> Div<Var<'t, $F>> for $F {
            type Output = Var<'t, $F>;

            fn div(self, x: Var<'t, $F>) -> Self::Output {
                x.powi(-1) * self
            }
        }
    )*};
}

number_on_the_left!(f32 f64);
