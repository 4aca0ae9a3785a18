use autodiff_mini::{Scalar, Sink, Var};
use ndarray::{Ix1, Ix4};
use ndarray_rand::rand::Rng;

use crate::conv2d::{filters, images};
use crate::kernels::{conv2d, conv2d_backward_input, conv2d_backward_weight, sum_pixels};
use crate::state::weight_and_bias;
use crate::{Entry, Init, Layer, Layout, ShapeError, Tensor, Window};

/// The transpose, as a linear map, of the [`Conv2d`](crate::Conv2d) with the same weights: each pixel paints its filter,
/// and where filters overlap they add. `[batch, height, width, inputs]` to `[batch, height', width', outputs]`.
///
/// So nothing here is new: its value is that convolution's gradient with respect to its input, and the other way round.
#[derive(Debug, Clone)]
pub struct ConvTranspose2d<F: Scalar> {
    /// `W`, of shape `[inputs, kernel height, kernel width, outputs]`.
    pub weight: Tensor<F>,
    /// `b`, of shape `[outputs]`.
    pub bias: Tensor<F>,
    window: Window,
}

impl<F: Scalar> ConvTranspose2d<F> {
    /// With PyTorch's default initialisation.
    pub fn new<R: Rng + ?Sized>(inputs: usize, outputs: usize, window: Window, rng: &mut R) -> Self {
        Self::with_init(inputs, outputs, window, Init::Torch, rng)
    }

    /// With a chosen initialisation.
    pub fn with_init<R: Rng + ?Sized>(inputs: usize, outputs: usize, window: Window, init: Init, rng: &mut R) -> Self {
        let [height, width] = window.kernel;
        // PyTorch counts a transposed layer's fans as those of the convolution that it transposes.
        let fans = [outputs * height * width, inputs * height * width];
        let (weight, bias) = init.draw(&[inputs, height, width, outputs], outputs, fans, rng);
        Self { weight, bias, window }
    }
}

impl<F: Scalar> Layer<F> for ConvTranspose2d<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        let tape = x.tape();
        let (weight, bias) = (tape.parameter(&self.weight), tape.parameter(&self.bias));
        let (input, w) = (images("ConvTranspose2d", x), filters(&self.weight));
        let (window, (_, height, width, _)) = (self.window, input.dim());
        let size = window.transposed([height, width]);
        let size = size.unwrap_or_else(|| panic!("`ConvTranspose2d` leaves nothing of shape {:?}", input.shape()));
        let mut y = conv2d_backward_input(input.view(), w.view(), window, size);
        y += &self.bias.view().into_dimensionality::<Ix1>().expect("a bias vector");
        tape.custom(&[x, weight, bias], y, move |g, sink: &mut Sink<'_, F>| {
            let g = g.as_standard_layout().into_dimensionality::<Ix4>().expect("the gradient of images");
            if sink.wants(0) {
                sink.add(0, conv2d(g.view(), w.view(), None, window));
            }
            sink.add(1, conv2d_backward_weight(g.view(), input.view(), window));
            sink.add(2, sum_pixels(g.view()));
        })
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let (inputs, h, w, outputs) = filters(&self.weight).dim();
        let output = match *input {
            [height, width, channels] if channels == inputs => self.window.transposed([height, width]),
            _ => None,
        };
        let [height, width] = output.ok_or_else(|| {
            let layer = format_args!("ConvTranspose2d({inputs} to {outputs}, {h} x {w})").to_string();
            ShapeError::new(layer, format_args!("[height, width, {inputs}] that leaves at least one pixel"), input)
        })?;
        Ok(vec![height, width, outputs])
    }

    fn state(&mut self) -> Vec<Entry<'_, F>> {
        weight_and_bias(&mut self.weight, &mut self.bias, Layout::Filters)
    }

    fn keeps_features(&self) -> bool {
        false
    }
}
