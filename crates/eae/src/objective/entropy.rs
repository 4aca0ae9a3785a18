use autodiff_mini::Var;
use knn_entropy::{Error, KozachenkoLeonenko};
use ndarray::{Array2, ArrayView2, Axis, Slice};

use super::whole::{Rows, share};
use crate::Float;

/// Returns the entropy of the rows of `z` in nats, as an operation on the tape. The estimator
/// provides the gradient.
///
/// # Errors
///
/// See [`KozachenkoLeonenko::entropy`].
///
/// # Panics
///
/// If `z` is not a matrix.
pub fn entropy<'t, F: Float>(z: Var<'t, F>, estimator: &KozachenkoLeonenko<'_>) -> Result<Var<'t, F>, Error> {
    let rows = Rows::gather(z);
    let nothing = ArrayView2::from_shape((0, rows.all().ncols()), &[]).expect("no rows");
    rows.function(|codes| entropy_with_bank(codes, estimator, nothing))
}

/// Returns the entropy of the rows of `z` in nats without a gradient, for a report.
pub(crate) fn entropy_for_report<F: Float>(z: Var<'_, F>, estimator: &KozachenkoLeonenko<'_>) -> Result<f64, Error> {
    let rows = Rows::gather(z);
    Result::clone(&share(z.tape(), || estimator.entropy(rows.all())))
}

/// Returns the entropy with neighbors also from a bank, which gets no gradient, and its gradient.
pub(super) fn entropy_with_bank<F: Float>(
    codes: ArrayView2<'_, F>,
    estimator: &KozachenkoLeonenko<'_>,
    bank: ArrayView2<'_, F>,
) -> Result<(f64, Array2<F>), Error> {
    estimator.entropy_and_gradient_with_bank(codes, bank)
}

/// Returns the sum of the entropies of the coordinates, each estimated from its column alone, and
/// its gradient. The sum equals the entropy of the code if the coordinates are independent and
/// exceeds it otherwise.
pub(super) fn marginal_entropy<F: Float>(
    codes: ArrayView2<'_, F>,
    estimator: &KozachenkoLeonenko<'_>,
    bank: ArrayView2<'_, F>,
) -> Result<(f64, Array2<F>), Error> {
    let (mut sum, mut gradient) = (0.0, Array2::zeros(codes.dim()));
    // An empty bank may have no columns.
    let bank = if bank.is_empty() { codes.slice_axis(Axis(0), Slice::from(..0)) } else { bank };
    for (column, mut to) in gradient.axis_chunks_iter_mut(Axis(1), 1).enumerate() {
        let [codes, bank] = [codes, bank].map(|all| all.slice_axis_move(Axis(1), Slice::from(column..=column)));
        let (value, found) = estimator.entropy_and_gradient_with_bank(codes, bank)?;
        sum += value;
        to.assign(&found);
    }
    Ok((sum, gradient))
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodiff_mini::gradcheck;
    use knn_entropy::Weighting;
    use ndarray::ArrayD;

    fn spiral(n: usize, d: usize) -> ArrayD<f64> {
        // Columns of one frequency would lie in a plane.
        ArrayD::from_shape_fn(vec![n, d], |i| {
            (1.0 + i[0] as f64 * (0.7 + 0.4 * i[1] as f64)).sin() * (1.0 + 0.3 * i[0] as f64)
        })
    }

    #[test]
    fn gradients() {
        for k in [1, 3] {
            gradcheck(|x| entropy(x[0], &KozachenkoLeonenko::new(k)).unwrap(), &[spiral(12, 3)]).unwrap();
        }
        let bank = spiral(9, 3).into_dimensionality().unwrap() + 0.3;
        let estimator = KozachenkoLeonenko::new(2).weighting(Weighting::Mean);
        for of in [entropy_with_bank, marginal_entropy] {
            let function = |codes: ArrayView2<'_, f64>| of(codes, &estimator, bank.view());
            gradcheck(|x| Rows::gather(x[0]).function(function).unwrap(), &[spiral(12, 3)]).unwrap();
        }
    }

    /// The entropy of two normal coordinates with correlation c is `-ln(1 - c^2) / 2` below the sum
    /// of their entropies.
    #[test]
    fn marginal_entropy_ignores_dependence() {
        let estimator = KozachenkoLeonenko::new(3);
        let draws = crate::sampler::normal::<f64>(4000, 2, 1);
        for c in [0.0_f64, 0.99] {
            let mut codes = draws.clone();
            codes.outer_iter_mut().for_each(|mut z| z[1] = c * z[0] + (1.0 - c * c).sqrt() * z[1]);
            let joint = estimator.entropy(codes.view()).unwrap();
            let (marginal, _) = marginal_entropy(codes.view(), &estimator, Array2::zeros((0, 0)).view()).unwrap();
            let information = -0.5 * (1.0 - c * c).ln();
            assert!((marginal - joint - information).abs() < 0.06, "{c}: {marginal}, {joint}");
        }
    }
}
