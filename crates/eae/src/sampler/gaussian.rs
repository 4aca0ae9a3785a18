use std::f64::consts::PI;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use nn_layers::Weights;

use super::error::{FitError, ReadError, checked};
use super::normal;
use super::tensors::{axes, covariances, means};
use crate::Float;
use crate::linalg::{cholesky, eigen, moments};

/// The distribution N(m, S) with the mean and the covariance of codes.
///
/// A draw is `m + R z`, with `z` from N(0, I) and `R` the symmetric square root of `S`. Codes in a
/// plane and equal codes are allowed: draws then stay in the plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Gaussian {
    mean: Array1<f64>,
    covariance: Array2<f64>,
    /// The symmetric square root of the covariance.
    root: Array2<f64>,
}

impl Gaussian {
    /// Fits the distribution to the rows of `codes` `[n, d]`. The covariance has divisor n - 1.
    ///
    /// # Errors
    ///
    /// If there are fewer than two codes or no columns, or the codes are not finite.
    pub fn fit<F: Float>(codes: ArrayView2<'_, F>) -> Result<Self, FitError> {
        let (mean, covariance) = moments(checked(codes, 2)?.view());
        let root = square_root(covariance.view()).expect("a covariance to rounding");
        Ok(Self { mean, covariance, root })
    }

    /// Returns the mean `[d]`.
    pub fn mean(&self) -> ArrayView1<'_, f64> {
        self.mean.view()
    }

    /// Returns the covariance `[d, d]`.
    pub fn covariance(&self) -> ArrayView2<'_, f64> {
        self.covariance.view()
    }

    /// Returns the symmetric square root `R` `[d, d]` of the covariance. A draw is `m + R z` with
    /// `z` from N(0, I).
    pub fn root(&self) -> ArrayView2<'_, f64> {
        self.root.view()
    }

    /// Returns the dimension of the codes.
    pub fn latent(&self) -> usize {
        self.mean.len()
    }

    /// Returns the mean log density of the rows of `codes`, in nats, or NaN if there are none. If
    /// the fitted codes lie in a plane, they have no density in the surrounding space, and the
    /// result is minus infinity.
    ///
    /// # Panics
    ///
    /// If the codes do not have dimension [`latent`](Gaussian::latent).
    pub fn log_likelihood<F: Float>(&self, codes: ArrayView2<'_, F>) -> f64 {
        let Some((_, inverse, log_determinant)) = cholesky(self.covariance.view()) else { return f64::NEG_INFINITY };
        let off = codes.mapv(F::into_f64) - &self.mean;
        let (n, d) = off.dim();
        let distances = (off.dot(&inverse) * &off).sum();
        -0.5 * (distances / n as f64 + log_determinant + d as f64 * (2.0 * PI).ln())
    }

    /// Returns `n` draws.
    ///
    /// A seed gives the same codes in both precisions, and the first rows of a larger sample equal
    /// those of a smaller one.
    pub fn sample<F: Float>(&self, n: usize, seed: u64) -> Array2<F> {
        self.tempered(n, seed, 1.0)
    }

    /// Returns draws whose underlying draws from N(0, I) are scaled by `temperature`.
    pub(super) fn tempered<F: Float>(&self, n: usize, seed: u64, temperature: f64) -> Array2<F> {
        let mut codes = normal::<f64>(n, self.latent(), seed) * temperature;
        for mut code in codes.axis_iter_mut(Axis(0)) {
            let draw = self.code(code.view());
            code.assign(&draw);
        }
        codes.mapv(F::from_f64)
    }

    /// Maps a draw from N(0, I) to a code.
    pub(super) fn code(&self, noise: ArrayView1<'_, f64>) -> Array1<f64> {
        self.root.dot(&noise) + &self.mean
    }

    /// Adds mean and covariance, in double precision, as `prefix.mean` and `prefix.covariance`.
    pub(super) fn write(&self, prefix: &str, weights: &mut Weights) {
        weights.insert(format!("{prefix}.mean"), &self.mean.clone().into_dyn());
        weights.insert(format!("{prefix}.covariance"), &self.covariance.clone().into_dyn());
    }

    pub(super) fn read(prefix: &str, weights: &Weights) -> Result<Self, ReadError> {
        let name = |tensor| format!("{prefix}.{tensor}");
        let [d] = axes(weights, &name("mean"), "[d], d at least 1")?;
        let mean = means(weights, &name("mean"), [d])?;
        let covariance = covariances(weights, &name("covariance"), [d, d])?;
        let indefinite = || ReadError::NotDefinite { name: name("covariance"), index: 0 };
        let root = square_root(covariance.view()).ok_or_else(indefinite)?;
        Ok(Self { mean, covariance, root })
    }
}

/// Returns the symmetric `R` with `R R = a`, or `None` unless `a` is symmetric and its eigenvalues
/// are not negative, up to rounding.
fn square_root(a: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    const ROUNDING: f64 = 1e-10;
    let largest = a.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let symmetric = a.indexed_iter().all(|((i, j), x)| (x - a[[j, i]]).abs() <= ROUNDING * largest);
    let (values, vectors) = eigen(a)?;
    let positive = values.iter().all(|&x| x >= -ROUNDING * a.nrows() as f64 * largest);
    // Eigenvalues that should be 0 can have either sign because of rounding.
    let scaled = &vectors * &values.mapv(|x| x.max(0.0).sqrt());
    (symmetric && positive).then(|| scaled.dot(&vectors.t()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::difference;
    use ndarray::array;

    #[test]
    fn recovers_mean_and_covariance() {
        let truth = Gaussian::fit(array![[3.0, 1.0, 0.0], [1.0, -1.0, 1.0], [-2.0, 4.0, 5.0], [0.0, 7.0, 1.0]].view());
        let truth = truth.unwrap();
        let n = 20_000;
        let fitted = Gaussian::fit(truth.sample::<f64>(n, 1).view()).unwrap();
        let (s, found) = (truth.covariance(), fitted.covariance());
        for i in 0..3 {
            let error = (s[[i, i]] / n as f64).sqrt();
            assert!((fitted.mean()[i] - truth.mean()[i]).abs() < 4.0 * error, "mean {i}");
            for j in 0..3 {
                // The variance of a normal sample's covariance is (s_ii s_jj + s_ij^2) / (n - 1).
                let error = ((s[[i, i]] * s[[j, j]] + s[[i, j]].powi(2)) / (n as f64 - 1.0)).sqrt();
                assert!((found[[i, j]] - s[[i, j]]).abs() < 4.0 * error, "covariance {i}, {j}");
            }
        }
    }

    #[test]
    fn codes_in_a_plane_and_equal_codes() {
        let flat = normal::<f64>(50, 2, 1).dot(&array![[1.0, 2.0, 3.0], [1.0, 0.0, -1.0]]);
        let draws = Gaussian::fit(flat.view()).unwrap().sample::<f64>(100, 2);
        // The normal of the plane is (1, -2, 1).
        let off = draws.dot(&array![1.0, -2.0, 1.0]);
        assert!(off.iter().all(|x| x.abs() < 1e-6), "{off}");
        assert!(draws.std_axis(Axis(0), 0.0).iter().all(|&sd| sd > 0.5));
        let same = Gaussian::fit(Array2::from_elem((5, 2), 7.5_f32).view()).unwrap();
        assert_eq!(same.sample::<f32>(3, 0), Array2::from_elem((3, 2), 7.5));
    }

    #[test]
    fn square_roots_of_matrices() {
        let a = array![[2.0, 1.0], [1.0, 2.0]];
        let root = square_root(a.view()).unwrap();
        assert!(difference(&root.dot(&root), &a) < 1e-14);
        assert!(difference(&root, &root.t().to_owned()) < 1e-15);
        assert!(square_root(array![[1.0, 2.0], [2.0, 1.0]].view()).is_none());
        assert!(square_root(array![[2.0, 1.0], [0.0, 2.0]].view()).is_none());
    }

    #[test]
    fn too_few_codes_are_an_error() {
        assert_eq!(Gaussian::fit(array![[1.0]].view()), Err(FitError::NotEnough { n: 1, needed: 2 }));
    }
}
