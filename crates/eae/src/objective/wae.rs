//! The Wasserstein autoencoder.

use autodiff_mini::Var;
use knn_entropy::Error;
use ndarray::{Array2, ArrayView1, ArrayView2};
use ndarray_rand::RandomExt;
use ndarray_rand::rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use super::whole::Rows;
use super::{Context, Criterion, Ending, Setting, Terms, squared_error};
use crate::builders::builders;
use crate::{Autoencoder, Float};

/// The Wasserstein autoencoder with maximum mean discrepancy (Tolstikhin, Bousquet, Gelly and
/// Schoelkopf, ICLR 2018):
///
/// ```text
/// E |x - D(E(x))|^2 + weight MMD^2(Z, N(0, I))
/// ```
///
/// where `MMD^2` is the unbiased estimate between the codes of the batch and the same number of
/// draws from N(0, I). The kernel is the sum over seven scales of inverse multiquadratic kernels,
/// see [`discrepancy`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Wae {
    /// The weight of the discrepancy.
    pub weight: f64,
}

impl Default for Wae {
    fn default() -> Self {
        Self { weight: 10.0 }
    }
}

builders!(Wae { weight: f64 });

impl Criterion for Wae {
    type Error = Error;

    fn ending(&self) -> Ending {
        Ending::Plain
    }

    fn settings(&self) -> Vec<Setting> {
        vec![Setting::weight("weight", self.weight)]
    }

    fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: Var<'t, F>,
        context: &mut Context<'_, F>,
    ) -> Result<Terms<'t, F>, Error> {
        let codes = model.encoder.train(x);
        let output = model.decoder.train(codes);
        let mse = squared_error(output, x);
        let rows = Rows::gather(codes);
        let draws = Array2::<f64>::random_using(rows.all().raw_dim(), StandardNormal, &mut context.draws);
        let discrepancy = rows.smooth(|codes| value_and_gradient(codes, &draws));
        let discrepancy = discrepancy * F::from_f64(context.penalty_weight * self.weight);
        Ok(Terms { loss: mse + discrepancy, mse, entropy: None, codes, output })
    }
}

/// Scales of the kernels, as multiples of `2 d`, the expected squared distance of two draws from
/// N(0, I).
const SCALES: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Returns the unbiased estimate of the squared maximum mean discrepancy between the rows of `z`
/// and the rows of `draws`:
///
/// ```text
/// sum_{i != j} k(z_i, z_j) / (n (n - 1)) + sum_{i != j} k(p_i, p_j) / (m (m - 1))
///     - 2 sum_{ij} k(z_i, p_j) / (n m)
///
/// k(x, y) = sum_s C_s / (C_s + |x - y|^2),    C_s = 2 d s,    s = .1, .2, .5, 1, 2, 5, 10
/// ```
///
/// # Panics
///
/// If `z` is not a matrix, the numbers of columns differ, or one has fewer than two rows.
pub fn discrepancy<F: Float>(z: Var<'_, F>, draws: Array2<f64>) -> Var<'_, F> {
    Rows::gather(z).smooth(|codes| value_and_gradient(codes, &draws))
}

fn value_and_gradient<F: Float>(codes: ArrayView2<'_, F>, draws: &Array2<f64>) -> (f64, Array2<F>) {
    let codes = codes.mapv(F::into_f64);
    let ((n, d), m) = (codes.dim(), draws.nrows());
    assert!(
        n > 1 && m > 1 && draws.ncols() == d,
        "the discrepancy between shapes {:?} and {:?} is undefined",
        codes.shape(),
        draws.shape()
    );
    let mut gradient = Array2::<f64>::zeros((n, d));
    let mut value = 0.0;
    for i in 0..n {
        for j in 0..i {
            let weight = 2.0 / (n * (n - 1)) as f64;
            let (kernel, slope) = kernel(codes.row(i), codes.row(j));
            value += weight * kernel;
            for c in 0..d {
                let pull = 2.0 * weight * slope * (codes[[i, c]] - codes[[j, c]]);
                gradient[[i, c]] += pull;
                gradient[[j, c]] -= pull;
            }
        }
        for j in 0..m {
            let weight = -2.0 / (n * m) as f64;
            let (kernel, slope) = kernel(codes.row(i), draws.row(j));
            value += weight * kernel;
            for c in 0..d {
                gradient[[i, c]] += 2.0 * weight * slope * (codes[[i, c]] - draws[[j, c]]);
            }
        }
    }
    for i in 0..m {
        value += (0..i).map(|j| kernel(draws.row(i), draws.row(j)).0).sum::<f64>() * 2.0 / (m * (m - 1)) as f64;
    }
    (value, gradient.mapv(F::from_f64))
}

/// Returns the kernel and its derivative with respect to the squared distance.
fn kernel(x: ArrayView1<'_, f64>, y: ArrayView1<'_, f64>) -> (f64, f64) {
    let distance: f64 = x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum();
    SCALES.iter().fold((0.0, 0.0), |(value, slope), scale| {
        let c = 2.0 * x.len() as f64 * scale;
        let part = c / (c + distance);
        (value + part, slope - part / (c + distance))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler;
    use autodiff_mini::{Tape, gradcheck};

    fn of(codes: Array2<f64>, draws: Array2<f64>) -> f64 {
        let tape = Tape::new();
        discrepancy(tape.constant(codes), draws).scalar()
    }

    #[test]
    fn gradient() {
        let codes = sampler::normal::<f64>(6, 3, 1).into_dyn();
        gradcheck(|x| discrepancy(x[0], sampler::normal(5, 3, 2)), &[codes]).unwrap();
    }

    #[test]
    fn matches_the_definition() {
        let (x, y) = (sampler::normal::<f64>(4, 2, 1), sampler::normal::<f64>(3, 2, 2));
        let k = |a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>| -> f64 {
            let distance = (&a - &b).mapv(|u| u * u).sum();
            [0.4, 0.8, 2.0, 4.0, 8.0, 20.0, 40.0].iter().map(|c| c / (c + distance)).sum()
        };
        let mean = |a: &Array2<f64>, b: &Array2<f64>, count: f64, with_self: bool| -> f64 {
            let pairs = a.rows().into_iter().enumerate().flat_map(|(i, p)| {
                b.rows().into_iter().enumerate().map(move |(j, q)| if with_self || i != j { k(p, q) } else { 0.0 })
            });
            pairs.sum::<f64>() / count
        };
        let expected = mean(&x, &x, 12.0, false) + mean(&y, &y, 6.0, false) - 2.0 * mean(&x, &y, 12.0, true);
        assert!((of(x, y) - expected).abs() < 1e-13);
    }

    #[test]
    fn unbiased_for_equal_distributions_and_larger_for_a_shift() {
        let draws = |seed| sampler::normal::<f64>(100, 8, seed);
        let found: Vec<f64> = (0..200).map(|i| of(draws(2 * i), draws(2 * i + 1))).collect();
        let mean = found.iter().sum::<f64>() / 200.0;
        let error = (found.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 199.0 / 200.0).sqrt();
        assert!(mean.abs() < 4.0 * error, "{mean} +- {error}");
        assert!(of(draws(1) + 0.5, draws(2)) > 20.0 * error);
    }
}
