use autodiff_mini::{Sink, Var};

use crate::kernels::{self, Finish};
use crate::weighted::backward;
use crate::{Activation, Kind, Layer, Real, ShapeError};

impl<F: Real> Layer<F> for Activation {
    fn forward<'t>(&self, x: Var<'t, F>) -> Var<'t, F> {
        let (activation, input) = (*self, x.value());
        if let Self::LeakyRelu(slope) = activation
            && !activation.shows_its_derivative()
        {
            return x.leaky_relu(F::from_f64(slope));
        }
        let mut y = x.tape().pool().array(input.raw_dim());
        y.assign(&input);
        let finish = Finish { bias: None, activation: Some(activation) };
        kernels::finish(finish, y.as_slice_mut().expect("a fresh array"));
        let y = y.into_shared();
        x.tape().custom(&[x], y.clone(), move |mut g, sink: &mut Sink<'_, F>| {
            backward(Some(activation), &y, &mut g);
            sink.add(0, g);
        })
    }

    fn kind(&self) -> Kind {
        Kind::Activation(*self)
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, ShapeError> {
        Ok(input.to_vec())
    }
}
