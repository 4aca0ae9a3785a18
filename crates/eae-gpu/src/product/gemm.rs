use std::sync::OnceLock;

use autodiff_mini::{Cpu, Gemm};
use ndarray::{ArrayView2, ArrayViewMut2, Axis};

use super::{Product, Sum, Transposed};
use crate::{Error, Gpu, GpuMatrix, Result};

/// A backend that computes the matrix products of [`autodiff_mini`] on a GPU. Each product uploads
/// its factors and downloads its result, so this is faster only for large products.
///
/// A [`Gemm`] has no way to return an error. If the GPU fails, the CPU computes this product and
/// all following ones, and [`fault`](GpuGemm::fault) returns the error.
#[derive(Debug)]
pub struct GpuGemm {
    gpu: Gpu,
    fault: OnceLock<Error>,
}

impl GpuGemm {
    /// Creates a backend on this device.
    pub fn new(gpu: Gpu) -> Self {
        Self { gpu, fault: OnceLock::new() }
    }

    /// Returns the error of the GPU after which the CPU took over, or `None`.
    pub fn fault(&self) -> Option<Error> {
        self.fault.get().cloned()
    }

    fn on_device(
        &self,
        alpha: f32,
        a: ArrayView2<'_, f32>,
        b: ArrayView2<'_, f32>,
        beta: f32,
        mut c: ArrayViewMut2<'_, f32>,
    ) -> Result<()> {
        // A transposed factor is uploaded unchanged, and the kernel reads it transposed.
        let is_transposed = |x: &ArrayView2<'_, f32>| !x.is_standard_layout() && x.t().is_standard_layout();
        let (a, b, transposed) = match (is_transposed(&a), is_transposed(&b)) {
            (true, false) => (a.reversed_axes(), b, Transposed::Left),
            (_, true) => (a, b.reversed_axes(), Transposed::Right),
            (false, false) => (a, b, Transposed::Neither),
        };
        let [a, b] = [self.gpu.upload(a)?, self.gpu.upload(b)?];
        let result: GpuMatrix =
            if beta == 0.0 { self.gpu.matrix(c.nrows(), c.ncols())? } else { self.gpu.upload(c.view())? };
        let mut recording = self.gpu.record();
        Product { transposed, alpha, beta, ..Product::default() }.record(
            &mut recording,
            Sum::Products,
            &a,
            &b,
            &result,
        )?;
        recording.submit()?;
        c.assign(&result.read()?);
        Ok(())
    }
}

impl Gemm<f32> for GpuGemm {
    fn gemm(
        &self,
        alpha: f32,
        a: ArrayView2<'_, f32>,
        b: ArrayView2<'_, f32>,
        beta: f32,
        mut c: ArrayViewMut2<'_, f32>,
    ) {
        // If the shapes do not fit, the product on the CPU panics.
        let fit = a.len_of(Axis(1)) == b.len_of(Axis(0)) && c.dim() == (a.nrows(), b.ncols());
        if fit && self.fault.get().is_none() {
            match self.on_device(alpha, a, b, beta, c.view_mut()) {
                Ok(()) => return,
                // Store only the first error.
                Err(error) => drop(self.fault.set(error)),
            }
        }
        Cpu.gemm(alpha, a, b, beta, c);
    }
}
