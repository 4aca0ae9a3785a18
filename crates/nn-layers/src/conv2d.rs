use autodiff_mini::Var;
use ndarray::{ArcArray, Ix4};
use ndarray_rand::rand::Rng;

use crate::kernels::{Finish, conv2d, conv2d_backward_input, conv2d_backward_weight};
use crate::weighted::{self, in_order};
use crate::window::fits;
use crate::{Activation, Axes, Entry, Init, Kind, Layer, Real, ShapeError, Tensor, Window};

/// A two-dimensional convolution: the same small [`Dense`](crate::Dense) layer at every position of
/// an image. Maps `[batch, height, width, inputs]` to `[batch, height', width', outputs]`, where
///
/// ```text
/// y[n, i, j, o] = b[o] + sum_{u, v, c} x[n, i s + u - p, j s + v - p, c] W[o, u, v, c]
/// ```
///
/// for a stride `s` and a padding `p` (see [`Window`]). As usual in machine learning, this is a
/// cross-correlation.
#[derive(Debug, Clone)]
pub struct Conv2d<F: Real> {
    /// `W`, of shape `[outputs, kernel height, kernel width, inputs]`.
    pub weight: Tensor<F>,
    /// `b`, of shape `[outputs]`.
    pub bias: Tensor<F>,
    window: Window,
}

impl<F: Real> Conv2d<F> {
    /// Creates a layer with PyTorch's default initialization.
    pub fn new<R: Rng + ?Sized>(inputs: usize, outputs: usize, window: Window, rng: &mut R) -> Self {
        Self::with_init(inputs, outputs, window, Init::Torch, rng)
    }

    /// Creates a layer with a chosen initialization.
    pub fn with_init<R: Rng + ?Sized>(inputs: usize, outputs: usize, window: Window, init: Init, rng: &mut R) -> Self {
        let [height, width] = window.kernel;
        let (weight, bias) = init.draw(&[outputs, height, width, inputs], outputs, inputs * height * width, rng);
        Self { weight, bias, window }
    }

    fn value<'t>(&self, x: Var<'t, F>, activation: Option<Activation>) -> Var<'t, F> {
        let (input, w) = (images("Conv2d", x), filters(&self.weight));
        let (window, finish) = (self.window, Finish { bias: self.bias.as_slice(), activation });
        let y = conv2d(input.view(), w.view(), window, finish, x.tape().pool()).into_dyn().into_shared();
        weighted::record(x, [&self.weight, &self.bias], y, activation, move |g, sink| {
            let pool = sink.pool();
            let g = g.into_dimensionality::<Ix4>().expect("the gradient of images");
            if sink.wants(0) {
                let (_, height, width, _) = input.dim();
                let nothing = Finish::default();
                sink.add(0, conv2d_backward_input(g.view(), w.view(), window, [height, width], nothing, pool));
            }
            if sink.wants(1) {
                sink.add(1, conv2d_backward_weight(input.view(), g.view(), window, pool));
            }
            pool.recycle(g);
        })
    }
}

impl<F: Real> Layer<F> for Conv2d<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        self.value(x, None)
    }

    fn forward_then<'t>(&self, x: Var<'t, F>, activation: Activation) -> Option<Var<'t, F>> {
        activation.shows_its_derivative().then(|| self.value(x, Some(activation)))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let (outputs, _, _, inputs) = filters(&self.weight).dim();
        let Window { kernel, padding, .. } = self.window;
        let size = match *input {
            [height, width, channels] if channels == inputs => self.window.convolved([height, width]),
            _ => None,
        };
        let fitting = size.filter(|&[height, width]| fits(&[height, width, outputs]));
        let [height, width] = fitting.ok_or_else(|| {
            let [h, w] = [0, 1].map(|side| kernel[side].saturating_sub(padding[side].saturating_mul(2)).max(1));
            let takes = format!("[height, width, {inputs}] of at least {h} x {w} pixels");
            ShapeError::new(self.kind(), self.window.accepted(takes), input)
        })?;
        Ok(vec![height, width, outputs])
    }

    fn state(&mut self) -> Vec<Entry<'_, F>> {
        weighted::state(&mut self.weight, &mut self.bias, Axes::Filters)
    }

    fn kind(&self) -> Kind {
        let (outputs, _, _, inputs) = filters(&self.weight).dim();
        Kind::Conv2d { inputs, outputs, window: self.window }
    }

    fn keeps_features(&self) -> bool {
        false
    }
}

/// Returns the value as images in memory order, as the kernels require. This is free unless an
/// operation has permuted the axes.
pub(crate) fn images<F: Real>(layer: &str, x: Var<'_, F>) -> ArcArray<F, Ix4> {
    let images = in_order(x.value()).into_dimensionality();
    images.unwrap_or_else(|_| panic!("`{layer}` needs [batch, height, width, channels] but got shape {:?}", x.shape()))
}

pub(crate) fn filters<F: Real>(weight: &Tensor<F>) -> ArcArray<F, Ix4> {
    weight.clone().into_dimensionality().expect("filters have four axes")
}
