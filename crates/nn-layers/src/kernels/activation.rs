//! The epilogue of an output, a bias and an activation, applied in one pass over the memory; and
//! its gradient.

use autodiff_mini::Scalar;
use ndarray::Array1;

use super::element::Element;
use super::share::{each_part, map_parts};
use super::simd::Kernel;

/// An element-wise function.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` above 0, and `x` times this slope below 0.
    LeakyRelu(f64),
    /// `1 / (1 + e^-x)`.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// `ln(1 + e^x)`.
    Softplus,
}

impl Activation {
    /// Returns true if the derivative can be computed from the value. This is not the case if the
    /// value does not determine the sign of `x`.
    pub(crate) fn shows_its_derivative(self) -> bool {
        !matches!(self, Self::LeakyRelu(slope) if slope < 0.0)
    }
}

/// The epilogue of a layer, `f(x + b)`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Finish<'a, F> {
    /// The bias, one number per channel.
    pub bias: Option<&'a [F]>,
    /// The activation `f`.
    pub activation: Option<Activation>,
}

impl<'a, F> Finish<'a, F> {
    /// Creates an epilogue with an optional bias and an optional activation.
    pub fn new(bias: Option<&'a [F]>, activation: Option<Activation>) -> Self {
        Self { bias, activation }
    }
}

impl<F> Default for Finish<'_, F> {
    fn default() -> Self {
        Self { bias: None, activation: None }
    }
}

/// Number of entries that one thread processes at a time.
const BLOCK: usize = 1 << 15;

/// Length to which short channel vectors are repeated. A loop over one or three channels would not
/// vectorize.
const ENOUGH: usize = 64;

/// Returns the number of times to repeat the channels for an efficient loop.
fn repeats(channels: usize) -> usize {
    ENOUGH.div_ceil(channels.max(1))
}

/// Applies the epilogue to whole pixels.
pub(super) fn apply<F: Element>(finish: &Finish<'_, F>, pixels: &mut [F]) {
    if finish.bias.is_none() && finish.activation.is_none() {
        return;
    }
    let bias = finish.bias.map(|bias| bias.repeat(repeats(bias.len()))).unwrap_or_default();
    F::run(Forward { pixels, bias: &bias, activation: finish.activation });
}

/// Applies the epilogue like [`apply`], on all threads.
pub(super) fn finish<F: Element>(finish: Finish<'_, F>, pixels: &mut [F]) {
    let channels = finish.bias.map_or(1, <[F]>::len).max(1);
    each_part(pixels.chunks_mut(BLOCK.next_multiple_of(channels)), |pixels| apply(&finish, pixels));
}

struct Forward<'a, F> {
    pixels: &'a mut [F],
    /// The repeated bias, or an empty slice.
    bias: &'a [F],
    activation: Option<Activation>,
}

impl<F: Element> Kernel for Forward<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { pixels, bias, activation } = self;
        match activation {
            None => each(pixels, bias, |x| x),
            Some(Activation::Relu) => each(pixels, bias, |x| if x <= F::zero() { F::zero() } else { x }),
            Some(Activation::LeakyRelu(slope)) => {
                let slope = F::from_f64(slope);
                each(pixels, bias, |x| if x > F::zero() { x } else { slope * x });
            }
            Some(Activation::Sigmoid) => each(pixels, bias, |x| F::one() / (F::one() + F::fast_exp(-x))),
            Some(Activation::Tanh) => each(pixels, bias, F::fast_tanh),
            Some(Activation::Softplus) => each(pixels, bias, |x| {
                // Take out the largest term, so that the exponential does not overflow.
                let positive = if x > F::zero() { x } else { F::zero() };
                positive + F::fast_ln_1p(F::fast_exp(-x.abs()))
            }),
        }
    }
}

#[inline(always)]
fn each<F: Element>(pixels: &mut [F], bias: &[F], f: impl Fn(F) -> F) {
    if bias.is_empty() {
        pixels.iter_mut().for_each(|x| *x = f(*x));
        return;
    }
    for pixels in pixels.chunks_mut(bias.len()) {
        pixels.iter_mut().zip(bias).for_each(|(x, &bias)| *x = f(*x + bias));
    }
}

/// Turns the gradient `g` with respect to the values `y` of [`Finish`] into the gradient with
/// respect to its input, in place, and returns the gradient with respect to the bias.
///
/// The derivatives are computed from `y`, so the input need not be stored.
pub(super) fn backward<F: Element>(activation: Option<Activation>, y: &[F], g: &mut [F], channels: usize) -> Array1<F> {
    let repeated = (channels * repeats(channels)).max(1);
    let block = BLOCK.next_multiple_of(repeated);
    // The blocks depend only on the shape and are summed in order, so the result does not depend on
    // the number of threads.
    let parts = map_parts(g.chunks_mut(block).zip(y.chunks(block)), |(g, y)| {
        F::run(Backward { activation, y, g, sums: vec![F::zero(); repeated] })
    });
    let mut bias = Array1::zeros(channels);
    for part in parts.iter().flat_map(|part| part.chunks_exact(channels.max(1))) {
        bias.iter_mut().zip(part).for_each(|(sum, &x)| *sum += x);
    }
    bias
}

struct Backward<'a, F> {
    activation: Option<Activation>,
    y: &'a [F],
    g: &'a mut [F],
    sums: Vec<F>,
}

impl<F: Element> Kernel for Backward<'_, F> {
    type Output = Vec<F>;

    #[inline(always)]
    fn run(self) -> Vec<F> {
        let Self { activation, y, g, mut sums } = self;
        let s = &mut sums[..];
        let (zero, one) = (F::zero(), F::one());
        match activation {
            None => each_gradient(y, g, s, |_, g| g),
            Some(Activation::Relu) => each_gradient(y, g, s, |y, g| if y > zero { g } else { zero }),
            Some(Activation::LeakyRelu(slope)) => {
                let slope = F::from_f64(slope);
                each_gradient(y, g, s, |y, g| if y > zero { g } else { slope * g });
            }
            Some(Activation::Sigmoid) => each_gradient(y, g, s, |y, g| normal(y * (one - y) * g)),
            Some(Activation::Tanh) => each_gradient(y, g, s, |y, g| normal((one - y * y) * g)),
            Some(Activation::Softplus) => each_gradient(y, g, s, |y, g| normal(one_less_exp(y) * g)),
        }
        sums
    }
}

/// Returns `1 - e^-y` for nonnegative `y`. Near 0 the difference would lose all digits, so the
/// first terms of the series are used.
#[inline(always)]
fn one_less_exp<F: Element>(y: F) -> F {
    let c = F::from_f64;
    let series = y * (F::one() - y * (c(0.5) - y * (c(1.0 / 6.0) - y * (c(1.0 / 24.0) - y * c(1.0 / 120.0)))));
    if y < c(0.0625) { series } else { F::one() - F::fast_exp(-y) }
}

/// Flushes subnormal numbers to 0, because CPUs are slow on them. The tails of a sigmoid produce
/// many of them.
#[inline(always)]
fn normal<F: Scalar>(x: F) -> F {
    if x.abs() < F::min_positive_value() { F::zero() } else { x }
}

#[inline(always)]
fn each_gradient<F: Element>(y: &[F], g: &mut [F], sums: &mut [F], f: impl Fn(F, F) -> F) {
    let repeated = sums.len();
    for (g, y) in g.chunks_mut(repeated).zip(y.chunks(repeated)) {
        for ((g, &y), sum) in g.iter_mut().zip(y).zip(&mut *sums) {
            *g = f(y, *g);
            *sum += *g;
        }
    }
}
