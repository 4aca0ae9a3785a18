//! Common parts of layers with a weight and a bias.

use autodiff_mini::{Sink, Var};
use ndarray::{Array1, ArrayD};

use crate::{Activation, Axes, Content, Entry, Real, Tensor, kernels};

/// Records `y`, the value of a layer with input `x`, a weight and a bias, whose epilogue adds the
/// bias and applies the activation. `gradients` gets the gradient before the epilogue, and adds the
/// gradients of operand 0, `x`, and operand 1, the weight.
pub(crate) fn record<'t, F: Real>(
    x: Var<'t, F>,
    [weight, bias]: [&Tensor<F>; 2],
    y: Tensor<F>,
    activation: Option<Activation>,
    gradients: impl FnOnce(ArrayD<F>, &mut Sink<'_, F>) + Send + 'static,
) -> Var<'t, F> {
    let tape = x.tape();
    tape.custom(&[x, tape.parameter(weight), tape.parameter(bias)], y.clone(), move |mut g, sink: &mut Sink<'_, F>| {
        sink.add(2, backward(activation, &y, &mut g));
        gradients(g, sink);
    })
}

/// Turns the gradient with respect to the values `y` of a layer into the gradient with respect to
/// the input of its activation, and returns the gradient with respect to the bias, one number per
/// channel.
pub(crate) fn backward<F: Real>(activation: Option<Activation>, y: &Tensor<F>, g: &mut ArrayD<F>) -> Array1<F> {
    let channels = y.shape().last().copied().unwrap_or(1);
    if !g.is_standard_layout() {
        *g = g.as_standard_layout().into_owned();
    }
    let (y, g) = (y.as_slice().expect("values in memory order"), g.as_slice_mut().expect("a gradient in memory order"));
    kernels::activation_backward(activation, y, g, channels)
}

/// Returns the two entries of the state. The axis of a bias is the layer's outputs.
pub(crate) fn state<'a, F: Real>(weight: &'a mut Tensor<F>, bias: &'a mut Tensor<F>, axes: Axes) -> Vec<Entry<'a, F>> {
    vec![
        Entry { name: "weight", content: Content::Parameter(weight), axes },
        Entry { name: "bias", content: Content::Parameter(bias), axes: Axes::Features },
    ]
}

/// Returns the array in memory order, as most kernels require. This is free unless an operation has
/// permuted the axes.
pub(crate) fn in_order<F: Real>(x: Tensor<F>) -> Tensor<F> {
    if x.is_standard_layout() { x } else { x.as_standard_layout().into_owned().into_shared() }
}
