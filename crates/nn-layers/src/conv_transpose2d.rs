use autodiff_mini::Var;
use ndarray::Ix4;
use ndarray_rand::rand::Rng;

use crate::conv2d::{filters, images};
use crate::kernels::{Finish, conv2d, conv2d_backward_input, conv2d_backward_weight};
use crate::window::fits;
use crate::{Activation, Axes, Entry, Init, Kind, Layer, Real, ShapeError, Tensor, Window, weighted};

/// A transposed convolution: the transpose, as a linear map, of the [`Conv2d`](crate::Conv2d) with
/// the same weights. Each pixel adds its multiple of the filter to the output. Maps
/// `[batch, height, width, inputs]` to `[batch, height', width', outputs]`.
///
/// The value of this layer is the gradient of that convolution with respect to its input, and vice
/// versa.
#[derive(Debug, Clone)]
pub struct ConvTranspose2d<F: Real> {
    /// `W`, of shape `[inputs, kernel height, kernel width, outputs]`.
    pub weight: Tensor<F>,
    /// `b`, of shape `[outputs]`.
    pub bias: Tensor<F>,
    window: Window,
}

impl<F: Real> ConvTranspose2d<F> {
    /// Creates a layer with PyTorch's default initialization.
    pub fn new<R: Rng + ?Sized>(inputs: usize, outputs: usize, window: Window, rng: &mut R) -> Self {
        Self::with_init(inputs, outputs, window, Init::Torch, rng)
    }

    /// Creates a layer with a chosen initialization.
    pub fn with_init<R: Rng + ?Sized>(inputs: usize, outputs: usize, window: Window, init: Init, rng: &mut R) -> Self {
        let [height, width] = window.kernel;
        // PyTorch uses the fan of the convolution that a transposed layer transposes.
        let fan_in = outputs * height * width;
        let (weight, bias) = init.draw(&[inputs, height, width, outputs], outputs, fan_in, rng);
        Self { weight, bias, window }
    }

    fn value<'t>(&self, x: Var<'t, F>, activation: Option<Activation>) -> Var<'t, F> {
        let (input, w) = (images("ConvTranspose2d", x), filters(&self.weight));
        let (window, (_, height, width, _)) = (self.window, input.dim());
        let size = window.transposed([height, width]);
        let size = size.unwrap_or_else(|| panic!("`ConvTranspose2d` leaves no pixels of shape {:?}", input.shape()));
        let finish = Finish { bias: self.bias.as_slice(), activation };
        let y = conv2d_backward_input(input.view(), w.view(), window, size, finish, x.tape().pool());
        let y = y.into_dyn().into_shared();
        weighted::record(x, [&self.weight, &self.bias], y, activation, move |g, sink| {
            let pool = sink.pool();
            let g = g.into_dimensionality::<Ix4>().expect("the gradient of images");
            if sink.wants(0) {
                sink.add(0, conv2d(g.view(), w.view(), window, Finish::default(), pool));
            }
            if sink.wants(1) {
                sink.add(1, conv2d_backward_weight(g.view(), input.view(), window, pool));
            }
            pool.recycle(g);
        })
    }
}

impl<F: Real> Layer<F> for ConvTranspose2d<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        self.value(x, None)
    }

    fn forward_then<'t>(&self, x: Var<'t, F>, activation: Activation) -> Option<Var<'t, F>> {
        activation.shows_its_derivative().then(|| self.value(x, Some(activation)))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let (inputs, _, _, outputs) = filters(&self.weight).dim();
        let size = match *input {
            [height, width, channels] if channels == inputs => self.window.transposed([height, width]),
            _ => None,
        };
        let fitting = size.filter(|&[height, width]| fits(&[height, width, outputs]));
        let [height, width] = fitting.ok_or_else(|| {
            let takes = format!("[height, width, {inputs}] that leaves at least one pixel");
            ShapeError::new(self.kind(), self.window.accepted(takes), input)
        })?;
        Ok(vec![height, width, outputs])
    }

    fn state(&mut self) -> Vec<Entry<'_, F>> {
        weighted::state(&mut self.weight, &mut self.bias, Axes::Filters)
    }

    fn kind(&self) -> Kind {
        let (inputs, _, _, outputs) = filters(&self.weight).dim();
        Kind::ConvTranspose2d { inputs, outputs, window: self.window }
    }

    fn keeps_features(&self) -> bool {
        false
    }
}
