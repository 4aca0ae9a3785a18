//! The matrix product.

use std::sync::Arc;

use ndarray::{Array2, ArrayView2, Ix2};

use crate::{Cpu, Gemm, Scalar, Sink, Var};

impl<F: Scalar> Var<'_, F> {
    /// The matrix product of `[m, k]` and `[k, n]`. For transposed operands write `a.t().matmul(b)`
    /// or `a.matmul(b.t())`: a transpose is a view of the same memory and costs nothing.
    ///
    /// # Panics
    ///
    /// If an operand is not a matrix, or if the inner lengths differ; the message has both shapes.
    pub fn matmul(self, other: Self) -> Self {
        let (a, b) = (self.value(), other.value());
        let (Ok(a), Ok(b)) = (a.clone().into_dimensionality::<Ix2>(), b.clone().into_dimensionality::<Ix2>()) else {
            panic!("`matmul` needs two matrices, got shapes {:?} and {:?}", a.shape(), b.shape());
        };
        assert!(a.ncols() == b.nrows(), "`matmul` cannot multiply shapes {:?} and {:?}", a.shape(), b.shape());
        let gemm = self.tape.gemm().cloned().unwrap_or_else(|| Arc::new(Cpu));
        let value = product(&*gemm, a.view(), b.view());
        self.tape.custom(&[self, other], value, move |gradient, sink: &mut Sink<'_, F>| {
            let gradient = gradient.into_dimensionality::<Ix2>().expect("the gradient has the shape of the value");
            if sink.wants(0) {
                sink.add(0, product(&*gemm, gradient.view(), b.t()));
            }
            if sink.wants(1) {
                sink.add(1, product(&*gemm, a.t(), gradient.view()));
            }
        })
    }
}

fn product<F: Scalar>(gemm: &dyn Gemm<F>, a: ArrayView2<'_, F>, b: ArrayView2<'_, F>) -> Array2<F> {
    let mut c = Array2::zeros((a.nrows(), b.ncols()));
    gemm.gemm(F::one(), a, b, F::zero(), c.view_mut());
    c
}
