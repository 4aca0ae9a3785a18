use autodiff_mini::{Sink, Var};
use ndarray::{ArcArray, Ix4};
use ndarray_rand::rand::Rng;

use crate::activation::backward;
use crate::kernels::{Finish, conv2d, conv2d_backward_input, conv2d_backward_weight};
use crate::state::weight_and_bias;
use crate::{Activation, Entry, Float, Init, Kind, Layer, Layout, ShapeError, Tensor, Window};

/// The same small [`Dense`](crate::Dense) layer at every position of an image: `[batch, height, width, inputs]` to
/// `[batch, height', width', outputs]`, where
///
/// ```text
/// y[n, i, j, o] = b[o] + sum_{u, v, c} x[n, i s + u - p, j s + v - p, c] W[o, u, v, c]
/// ```
///
/// for a step `s` and a padding `p` (see [`Window`]). As everywhere in the field it is a cross-correlation.
#[derive(Debug, Clone)]
pub struct Conv2d<F: Float> {
    /// `W`, of shape `[outputs, kernel height, kernel width, inputs]`.
    pub weight: Tensor<F>,
    /// `b`, of shape `[outputs]`.
    pub bias: Tensor<F>,
    window: Window,
}

impl<F: Float> Conv2d<F> {
    /// With PyTorch's default initialisation.
    pub fn new<R: Rng + ?Sized>(inputs: usize, outputs: usize, window: Window, rng: &mut R) -> Self {
        Self::with_init(inputs, outputs, window, Init::Torch, rng)
    }

    /// With a chosen initialisation.
    pub fn with_init<R: Rng + ?Sized>(inputs: usize, outputs: usize, window: Window, init: Init, rng: &mut R) -> Self {
        let [height, width] = window.kernel;
        let fans = [inputs * height * width, outputs * height * width];
        let (weight, bias) = init.draw(&[outputs, height, width, inputs], outputs, fans, rng);
        Self { weight, bias, window }
    }
}

impl<F: Float> Conv2d<F> {
    fn value<'t>(&self, x: Var<'t, F>, activation: Option<Activation>) -> Var<'t, F> {
        let tape = x.tape();
        let (weight, bias) = (tape.parameter(&self.weight), tape.parameter(&self.bias));
        let (input, w) = (images("Conv2d", x), filters(&self.weight));
        let (window, finish) = (self.window, Finish { bias: self.bias.as_slice(), activation });
        let y = conv2d(input.view(), w.view(), window, finish, tape.pool()).into_dyn().into_shared();
        tape.custom(&[x, weight, bias], y.clone(), move |mut g, sink: &mut Sink<'_, F>| {
            let pool = sink.pool();
            let db = backward(activation, &y, &mut g);
            let g = g.into_dimensionality::<Ix4>().expect("the gradient of images");
            if sink.wants(0) {
                let (_, height, width, _) = input.dim();
                let nothing = Finish::default();
                sink.add(0, conv2d_backward_input(g.view(), w.view(), window, [height, width], nothing, pool));
            }
            if sink.wants(1) {
                sink.add(1, conv2d_backward_weight(input.view(), g.view(), window, pool));
            }
            sink.add(2, db);
            pool.recycle(g);
        })
    }
}

impl<F: Float> Layer<F> for Conv2d<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        self.value(x, None)
    }

    fn forward_then<'t>(&self, x: Var<'t, F>, activation: Activation) -> Var<'t, F> {
        activation.fused(x, |x, activation| self.value(x, activation))
    }

    fn train_then<'t>(&mut self, x: Var<'t, F>, activation: Activation) -> Var<'t, F> {
        self.forward_then(x, activation)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let (outputs, _, _, inputs) = filters(&self.weight).dim();
        let Window { kernel: [h, w], padding: [ph, pw], .. } = self.window;
        let output = match *input {
            [height, width, channels] if channels == inputs => self.window.convolved([height, width]),
            _ => None,
        };
        let [height, width] = output.ok_or_else(|| {
            let least = [h.saturating_sub(2 * ph).max(1), w.saturating_sub(2 * pw).max(1)];
            let takes =
                format_args!("[height, width, {inputs}] of at least {} x {} pixels", least[0], least[1]).to_string();
            ShapeError::new(format_args!("Conv2d({inputs} to {outputs}, {h} x {w})"), takes, input)
        })?;
        Ok(vec![height, width, outputs])
    }

    fn state(&mut self) -> Vec<Entry<'_, F>> {
        weight_and_bias(&mut self.weight, &mut self.bias, Layout::Filters)
    }

    fn kind(&self) -> Kind {
        let (outputs, _, _, inputs) = filters(&self.weight).dim();
        Kind::Conv2d { inputs, outputs, window: self.window }
    }

    fn keeps_features(&self) -> bool {
        false
    }
}

/// The value as images in memory order, which is what the kernels work on; free unless something permuted it.
pub(crate) fn images<F: Float>(layer: &str, x: Var<'_, F>) -> ArcArray<F, Ix4> {
    let value = x.value();
    let shape = value.shape().to_vec();
    let value = if value.is_standard_layout() { value } else { value.as_standard_layout().into_owned().into_shared() };
    let images = value.into_dimensionality();
    images.unwrap_or_else(|_| panic!("`{layer}` needs [batch, height, width, channels], got shape {shape:?}"))
}

pub(crate) fn filters<F: Float>(weight: &Tensor<F>) -> ArcArray<F, Ix4> {
    weight.clone().into_dimensionality().expect("filters have four axes")
}
