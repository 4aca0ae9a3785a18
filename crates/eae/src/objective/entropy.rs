use autodiff_mini::{Sink, Var};
use knn_entropy::{Error, KozachenkoLeonenko};
use ndarray::{Array2, ArrayView2, Axis, Ix2, Slice, arr0};

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
    entropy_with_bank(z, estimator, ArrayView2::from_shape((0, z.shape()[1]), &[]).expect("no rows"))
}

/// Returns the entropy with neighbors also from a bank, which gets no gradient.
pub(super) fn entropy_with_bank<'t, F: Float>(
    z: Var<'t, F>,
    estimator: &KozachenkoLeonenko<'_>,
    bank: ArrayView2<'_, F>,
) -> Result<Var<'t, F>, Error> {
    let codes = z.value().into_dimensionality::<Ix2>().expect("codes are rows of a matrix");
    let (value, gradient) = estimator.entropy_and_gradient_with_bank(codes.view(), bank)?;
    Ok(on_tape(z, value, gradient))
}

/// Returns the sum of the entropies of the coordinates, each estimated from its column alone. This
/// equals the entropy of the code if the coordinates are independent and exceeds it otherwise.
pub(super) fn marginal_entropy<'t, F: Float>(
    z: Var<'t, F>,
    estimator: &KozachenkoLeonenko<'_>,
    bank: ArrayView2<'_, F>,
) -> Result<Var<'t, F>, Error> {
    let codes = z.value().into_dimensionality::<Ix2>().expect("codes are rows of a matrix");
    let (mut sum, mut gradient) = (0.0, Array2::zeros(codes.dim()));
    // An empty bank may have no columns.
    let bank = if bank.is_empty() { codes.slice_axis(Axis(0), Slice::from(..0)) } else { bank };
    for (column, mut to) in gradient.axis_chunks_iter_mut(Axis(1), 1).enumerate() {
        let [codes, bank] = [codes.view(), bank].map(|all| all.slice_axis_move(Axis(1), Slice::from(column..=column)));
        let (value, found) = estimator.entropy_and_gradient_with_bank(codes, bank)?;
        sum += value;
        to.assign(&found);
    }
    Ok(on_tape(z, sum, gradient))
}

/// Returns a value with a known gradient with respect to `z`, as an operation on the tape.
pub(super) fn on_tape<F: Float>(z: Var<'_, F>, value: f64, gradient: Array2<F>) -> Var<'_, F> {
    z.tape().custom(&[z], arr0(F::from_f64(value)), move |g, sink: &mut Sink<'_, F>| sink.add(0, gradient * g[[]]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodiff_mini::{Tape, gradcheck};
    use knn_entropy::Weighting;
    use ndarray::ArrayD;

    fn spiral(n: usize, d: usize) -> ArrayD<f64> {
        ArrayD::from_shape_fn(vec![n, d], |i| (1.0 + i[0] as f64 * 0.7 + i[1] as f64).sin() * (1.0 + 0.3 * i[0] as f64))
    }

    #[test]
    fn gradients() {
        for k in [1, 3] {
            gradcheck(|x| entropy(x[0], &KozachenkoLeonenko::new(k)).unwrap(), &[spiral(12, 3)]).unwrap();
        }
        let bank = spiral(9, 3).into_dimensionality().unwrap() + 0.3;
        let estimator = KozachenkoLeonenko::new(2).weighting(Weighting::Mean);
        gradcheck(|x| entropy_with_bank(x[0], &estimator, bank.view()).unwrap(), &[spiral(12, 3)]).unwrap();
        gradcheck(|x| marginal_entropy(x[0], &estimator, bank.view()).unwrap(), &[spiral(12, 3)]).unwrap();
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
            let tape = Tape::new();
            let z = tape.constant(codes);
            let joint = entropy(z, &estimator).unwrap().scalar();
            let marginal = marginal_entropy(z, &estimator, Array2::zeros((0, 0)).view()).unwrap().scalar();
            let information = -0.5 * (1.0 - c * c).ln();
            assert!((marginal - joint - information).abs() < 0.06, "{c}: {marginal}, {joint}");
        }
    }
}
