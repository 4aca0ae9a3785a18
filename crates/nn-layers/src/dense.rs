use autodiff_mini::{Gemm, Var};
use ndarray::{ArrayView2, Axis, Ix2};
use ndarray_rand::rand::Rng;

use crate::kernels::{self, Finish, dense, dense_backward_input, dense_backward_weight};
use crate::{Activation, Axes, Entry, Init, Kind, Layer, Real, ShapeError, Tensor, weighted};

/// A fully connected layer, `y = x W^T + b`: every output is a weighted sum of every input. Maps
/// `[batch, inputs]` to `[batch, outputs]`.
///
/// For a gradient `g` with respect to `y`, the gradients are `g W` for `x`, `g^T x` for `W`, and
/// the sum of the rows of `g` for `b`.
#[derive(Debug, Clone)]
pub struct Dense<F: Real> {
    /// `W`, of shape `[outputs, inputs]`.
    pub weight: Tensor<F>,
    /// `b`, of shape `[outputs]`.
    pub bias: Tensor<F>,
}

impl<F: Real> Dense<F> {
    /// Creates a layer with PyTorch's default initialization.
    pub fn new<R: Rng + ?Sized>(inputs: usize, outputs: usize, rng: &mut R) -> Self {
        Self::with_init(inputs, outputs, Init::Torch, rng)
    }

    /// Creates a layer with a chosen initialization.
    pub fn with_init<R: Rng + ?Sized>(inputs: usize, outputs: usize, init: Init, rng: &mut R) -> Self {
        let (weight, bias) = init.draw(&[outputs, inputs], outputs, inputs, rng);
        Self { weight, bias }
    }

    fn value<'t>(&self, x: Var<'t, F>, activation: Option<Activation>) -> Var<'t, F> {
        let tape = x.tape();
        let (input, w) = (matrix(&x.value()), matrix(&self.weight));
        assert!(input.ncols() == w.ncols(), "`Dense` of weight {:?} on shape {:?}", w.shape(), input.shape());
        let finish = Finish { bias: self.bias.as_slice(), activation };
        let device = tape.gemm().cloned();
        let y = match &device {
            None => dense(input.view(), w.view(), finish, tape.pool()),
            Some(device) => {
                let mut y = tape.pool().array((input.nrows(), w.nrows()));
                device.gemm(F::one(), input.view(), w.t(), F::zero(), y.view_mut());
                kernels::finish(finish, y.as_slice_mut().expect("a fresh array"));
                y
            }
        };
        let y = y.into_dyn().into_shared();
        weighted::record(x, [&self.weight, &self.bias], y, activation, move |g, sink| {
            let pool = sink.pool();
            let g = g.into_dimensionality::<Ix2>().expect("the gradient of a matrix");
            let product = |a: ArrayView2<'_, F>, b: ArrayView2<'_, F>, device: &dyn Gemm<F>| {
                let mut c = pool.array((a.nrows(), b.ncols()));
                device.gemm(F::one(), a, b, F::zero(), c.view_mut());
                c
            };
            if sink.wants(0) {
                let dx = match &device {
                    None => dense_backward_input(g.view(), w.view(), pool),
                    Some(device) => product(g.view(), w.view(), &**device),
                };
                sink.add(0, dx);
            }
            if sink.wants(1) {
                let dw = match &device {
                    None => dense_backward_weight(input.view(), g.view(), pool),
                    Some(device) => product(g.t(), input.view(), &**device),
                };
                sink.add(1, dw);
            }
            pool.recycle(g);
        })
    }
}

impl<F: Real> Layer<F> for Dense<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        self.value(x, None)
    }

    fn forward_then<'t>(&self, x: Var<'t, F>, activation: Activation) -> Option<Var<'t, F>> {
        activation.shows_its_derivative().then(|| self.value(x, Some(activation)))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let [outputs, inputs] = [self.weight.len_of(Axis(0)), self.weight.len_of(Axis(1))];
        if input == [inputs] {
            Ok(vec![outputs])
        } else {
            Err(ShapeError::new(self.kind(), format_args!("[{inputs}]"), input))
        }
    }

    fn state(&mut self) -> Vec<Entry<'_, F>> {
        weighted::state(&mut self.weight, &mut self.bias, Axes::Matrix)
    }

    fn kind(&self) -> Kind {
        Kind::Dense { inputs: self.weight.len_of(Axis(1)), outputs: self.weight.len_of(Axis(0)) }
    }

    fn keeps_features(&self) -> bool {
        false
    }
}

/// Returns a matrix in any memory order, which the kernels accept.
fn matrix<F: Real>(x: &Tensor<F>) -> ndarray::ArcArray2<F> {
    let shape = x.shape();
    x.clone().into_dimensionality().unwrap_or_else(|_| panic!("`Dense` needs a matrix but got shape {shape:?}"))
}
