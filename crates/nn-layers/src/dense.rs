use autodiff_mini::{Scalar, Sink, Var};
use ndarray::{Array2, Axis, Ix1, Ix2};
use ndarray_rand::rand::Rng;

use crate::state::weight_and_bias;
use crate::{Entry, Init, Layer, Layout, ShapeError, Tensor};

/// `y = x W^T + b`: every output a weighted sum of every input. `[batch, inputs]` to `[batch, outputs]`.
///
/// The gradients, for `g` with respect to `y`: `g W` for `x`, `g^T x` for `W`, the sum of the rows of `g` for `b`.
#[derive(Debug, Clone)]
pub struct Dense<F: Scalar> {
    /// `W`, of shape `[outputs, inputs]`.
    pub weight: Tensor<F>,
    /// `b`, of shape `[outputs]`.
    pub bias: Tensor<F>,
}

impl<F: Scalar> Dense<F> {
    /// With PyTorch's default initialisation.
    pub fn new<R: Rng + ?Sized>(inputs: usize, outputs: usize, rng: &mut R) -> Self {
        Self::with_init(inputs, outputs, Init::Torch, rng)
    }

    /// With a chosen initialisation.
    pub fn with_init<R: Rng + ?Sized>(inputs: usize, outputs: usize, init: Init, rng: &mut R) -> Self {
        let (weight, bias) = init.draw(&[outputs, inputs], outputs, [inputs, outputs], rng);
        Self { weight, bias }
    }
}

impl<F: Scalar> Layer<F> for Dense<F> {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        let tape = x.tape();
        let (weight, bias) = (tape.parameter(&self.weight), tape.parameter(&self.bias));
        let (input, w) = (matrix(&x.value()), matrix(&self.weight));
        assert!(input.ncols() == w.ncols(), "`Dense` of weight {:?} on shape {:?}", w.shape(), input.shape());
        let b = self.bias.view().into_dimensionality::<Ix1>().expect("a bias vector");
        let gemm = tape.gemm().clone();
        // The product is added onto the bias, which saves a pass over the output.
        let mut y = Array2::from_shape_fn((input.nrows(), w.nrows()), |(_, output)| b[output]);
        gemm.gemm(F::one(), input.view(), w.t(), F::one(), y.view_mut());
        tape.custom(&[x, weight, bias], y, move |g, sink: &mut Sink<'_, F>| {
            let g = g.into_dimensionality::<Ix2>().expect("the gradient of a matrix");
            if sink.wants(0) {
                let mut dx = Array2::zeros(input.raw_dim());
                gemm.gemm(F::one(), g.view(), w.view(), F::zero(), dx.view_mut());
                sink.add(0, dx);
            }
            let mut dw = Array2::zeros(w.raw_dim());
            gemm.gemm(F::one(), g.t(), input.view(), F::zero(), dw.view_mut());
            sink.add(1, dw);
            sink.add(2, g.sum_axis(Axis(0)));
        })
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        let [outputs, inputs] = [self.weight.len_of(Axis(0)), self.weight.len_of(Axis(1))];
        if input == [inputs] {
            Ok(vec![outputs])
        } else {
            Err(ShapeError::new(format_args!("Dense({inputs} to {outputs})"), format_args!("[{inputs}]"), input))
        }
    }

    fn state(&mut self) -> Vec<Entry<'_, F>> {
        weight_and_bias(&mut self.weight, &mut self.bias, Layout::Matrix)
    }

    fn keeps_features(&self) -> bool {
        false
    }
}

fn matrix<F: Scalar>(x: &Tensor<F>) -> ndarray::ArcArray2<F> {
    let shape = x.shape();
    x.clone().into_dimensionality().unwrap_or_else(|_| panic!("`Dense` needs a matrix, got shape {shape:?}"))
}
