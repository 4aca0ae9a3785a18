//! The trait behind every matrix product of a tape, and its implementation on the CPU.

use ndarray::{ArrayView2, ArrayViewMut2};

use crate::Scalar;

/// A matrix product `C <- alpha A B + beta C`.
///
/// Transposes need no flag, because a view with swapped strides is the transpose. To compute
/// [`Var::matmul`](crate::Var::matmul) on another device, implement this trait and pass the
/// implementation to [`Tape::with_gemm`](crate::Tape::with_gemm).
pub trait Gemm<F: Scalar>: Send + Sync {
    /// Computes `c <- alpha a b + beta c` with `a` of shape `[m, k]`, `b` of shape `[k, n]` and `c`
    /// of shape `[m, n]`. If `beta` is zero, the old `c` is not read, so NaN in it does no harm.
    ///
    /// # Panics
    ///
    /// If the shapes do not match.
    fn gemm(&self, alpha: F, a: ArrayView2<'_, F>, b: ArrayView2<'_, F>, beta: F, c: ArrayViewMut2<'_, F>);
}

/// Matrix product on the CPU: `matrixmultiply`'s kernels on blocks of `C`, distributed by rayon.
///
/// The blocks depend on the shapes alone, so the result is bit-identical for every number of
/// threads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu;

impl<F: Scalar> Gemm<F> for Cpu {
    fn gemm(&self, alpha: F, a: ArrayView2<'_, F>, b: ArrayView2<'_, F>, beta: F, c: ArrayViewMut2<'_, F>) {
        F::product(alpha, a, b, beta, c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    fn ramp(rows: usize, columns: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, columns), |(i, j)| ((i * 7 + j * 13) % 17) as f64 - 8.0)
    }

    /// Computes the product by its definition. The tests use small integers, for which every order
    /// of summation is exact.
    fn naive(a: &Array2<f64>, b: &Array2<f64>) -> Array2<f64> {
        Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| (0..a.ncols()).map(|k| a[[i, k]] * b[[k, j]]).sum())
    }

    #[test]
    fn equals_the_definition_for_every_split() {
        for (m, k, n) in [(1, 1, 1), (3, 0, 2), (0, 3, 2), (5, 7, 11), (513, 64, 130), (64, 200, 700)] {
            let (a, b) = (ramp(m, k), ramp(k, n));
            let mut c = Array2::from_elem((m, n), f64::NAN);
            Cpu.gemm(1.0, a.view(), b.view(), 0.0, c.view_mut());
            assert_eq!(c, naive(&a, &b), "{m} x {k} x {n}");
            Cpu.gemm(2.0, a.view(), b.view(), -1.0, c.view_mut());
            assert_eq!(c, naive(&a, &b), "accumulating, {m} x {k} x {n}");
            let (at, bt) = (a.t().as_standard_layout().to_owned(), b.t().as_standard_layout().to_owned());
            Cpu.gemm(1.0, at.t(), bt.t(), 0.0, c.view_mut());
            assert_eq!(c, naive(&a, &b), "transposed, {m} x {k} x {n}");
        }
    }

    #[test]
    fn result_is_bit_identical_for_every_number_of_threads() {
        let (a, b) = (ramp(300, 150).mapv(|x| (x / 7.0) as f32), ramp(150, 260).mapv(|x| (x / 3.0) as f32));
        let run = |threads| {
            let mut c = Array2::zeros((300, 260));
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Cpu.gemm(1.0, a.view(), b.view(), 0.0, c.view_mut()));
            c
        };
        assert_eq!(run(1), run(2));
        assert_eq!(run(1), run(3));
    }
}
