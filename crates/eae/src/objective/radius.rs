use autodiff_mini::Var;
use ndarray::{Array2, ArrayView2};

use super::whole::Rows;
use crate::Float;

/// Returns `sum_i (|z|_(i) - q_i)^2 / n` for the sorted distances of the rows of `z` from the
/// origin and the quantiles `q_i` of the chi distribution at `(i - 1/2) / n`. Up to discretization,
/// this is the squared 2-Wasserstein distance between the two.
/// [`chi_quantiles`](crate::metrics::chi_quantiles) computes the quantiles.
///
/// # Panics
///
/// If `z` is not a matrix, or the number of rows differs from the number of quantiles.
pub fn radius<'t, F: Float>(z: Var<'t, F>, quantiles: &[f64]) -> Var<'t, F> {
    Rows::gather(z).smooth(|codes| off_quantiles(codes, quantiles))
}

/// Returns the value of [`radius`] and its gradient.
pub(super) fn off_quantiles<F: Float>(codes: ArrayView2<'_, F>, quantiles: &[f64]) -> (f64, Array2<F>) {
    let (n, d) = codes.dim();
    assert_eq!(n, quantiles.len(), "one quantile per code");
    let radii: Vec<f64> =
        codes.rows().into_iter().map(|z| z.iter().map(|z| z.into_f64().powi(2)).sum::<f64>().sqrt()).collect();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| radii[a].total_cmp(&radii[b]));
    let (mut value, mut gradient) = (0.0, Array2::zeros((n, d)));
    for (&row, quantile) in order.iter().zip(quantiles) {
        let off = radii[row] - quantile;
        value += off * off / n as f64;
        // A code at the origin has no direction in which to move.
        if radii[row] > 0.0 {
            let factor = F::from_f64(2.0 * off / (n as f64 * radii[row]));
            gradient.row_mut(row).assign(&(&codes.row(row) * factor));
        }
    }
    (value, gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normal::{chi_quantiles, normal_radius};
    use autodiff_mini::{Tape, gradcheck};
    use ndarray::ArrayD;

    #[test]
    fn gradient() {
        let codes = ArrayD::from_shape_fn(vec![12, 3], |i| (1.0 + 0.7 * i[0] as f64 + i[1] as f64).sin());
        gradcheck(|x| radius(x[0], &chi_quantiles(3, 12)), &[codes]).unwrap();
    }

    #[test]
    fn normal_codes_cost_almost_nothing_and_a_shell_its_distance() {
        let quantiles = chi_quantiles(16, 10_000);
        let cost = |codes: Array2<f64>| {
            let tape = Tape::new();
            radius(tape.constant(codes), &quantiles).scalar()
        };
        let mut codes = crate::sampler::normal::<f64>(10_000, 16, 3);
        // The variance of a sorted sample around its quantiles is of the order of 1 / n.
        assert!(cost(codes.clone()) < 1e-3);
        codes.rows_mut().into_iter().for_each(|mut z| z *= 4.0 / z.dot(&z).sqrt());
        // (E|z| - 4)^2 + Var |z| under N(0, I).
        let [mean, sd] = normal_radius(16);
        assert!((cost(codes) - (mean - 4.0).powi(2) - sd * sd).abs() < 1e-3);
    }
}
