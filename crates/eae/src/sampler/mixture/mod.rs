//! Mixtures of Gaussians.

mod em;
mod start;

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayView3, Axis};
use ndarray_rand::rand::seq::SliceRandom;
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::StandardNormal;
use nn_layers::Weights;
use rand_chacha::ChaCha8Rng;

use self::em::{Densities, Parameters};
use super::error::{FitError, ReadError, checked};
use super::tensors::{axes, covariances, means, numbers};
use crate::Float;

/// A mixture of Gaussians with the density `p(x) = sum_k w_k N(x; m_k, S_k)` and full covariances.
///
/// The mixture is fitted by expectation-maximization (Dempster, Laird and Rubin, 1977) from a
/// k-means++ start, in units in which each coordinate has variance 1. The fit ends when a step
/// gains less than 0.001 nats per code, or after 100 steps. In these units 1e-6 is added to the
/// variances, so that the covariance of a component whose codes lie in a plane is not singular. A
/// component with only `d` codes or fewer is dropped: so few codes do not determine a covariance,
/// and draws from it would repeat them.
///
/// The result depends on the codes and the seed, not on the number of threads.
///
/// ```
/// use eae::sampler::{Mixture, normal};
///
/// let mut codes = normal::<f64>(400, 2, 0);
/// codes.outer_iter_mut().step_by(2).for_each(|mut code| code += 20.0);
/// let mixture = Mixture::fit(codes.view(), 2, 0)?;
/// assert_eq!(mixture.components(), 2);
/// assert_eq!(mixture.sample::<f32>(10, 1).dim(), (10, 2));
/// # Ok::<(), eae::sampler::FitError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Mixture {
    parameters: Parameters,
    /// The mean and the standard deviation of each coordinate of all codes. `densities` applies to
    /// codes that are standardized with them.
    center: Array1<f64>,
    scale: Array1<f64>,
    densities: Densities,
}

impl Mixture {
    /// Fits up to `components` components to the rows of `codes` `[n, d]`. Each step takes
    /// `n k d^2` operations.
    ///
    /// # Errors
    ///
    /// If `components` is 0, if there are fewer than two codes or fewer codes than components, if
    /// the codes have no columns, or if a code is not finite.
    pub fn fit<F: Float>(codes: ArrayView2<'_, F>, components: usize, seed: u64) -> Result<Self, FitError> {
        if components == 0 {
            return Err(FitError::NoComponents);
        }
        let mut codes = checked(codes, components.max(2))?;
        let (center, scale) = units(codes.view());
        codes = (codes - &center) / &scale;
        let (mut parameters, _) = em::fit(codes.view(), components, seed);
        parameters.means = parameters.means * &scale + &center;
        for mut covariance in parameters.covariances.outer_iter_mut() {
            covariance.indexed_iter_mut().for_each(|((i, j), x)| *x *= scale[i] * scale[j]);
        }
        Ok(Self::new(parameters).expect("a positive definite covariance stays so in other units"))
    }

    /// Chooses the number of components from `candidates` that maximizes the likelihood of held-out
    /// codes, a random tenth drawn with `seed`, and fits that many components to all codes. Among
    /// equal candidates the first wins.
    ///
    /// The Bayesian information criterion would not need held-out codes, but it assumes that the
    /// codes follow one of the candidates. The codes of images lie along curved sheets, which no
    /// mixture describes exactly. The best choice is the one that predicts new codes best, and the
    /// held-out tenth measures this.
    ///
    /// # Errors
    ///
    /// If there are no candidates or fewer than 20 codes, or if [`fit`](Mixture::fit) fails on nine
    /// tenths of the codes.
    pub fn fit_best<F: Float>(codes: ArrayView2<'_, F>, candidates: &[usize], seed: u64) -> Result<Self, FitError> {
        let codes = checked(codes, 20)?;
        let mut order: Vec<usize> = (0..codes.nrows()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let (held_out, rest) = order.split_at(codes.nrows() / 10);
        let [held_out, rest] = [held_out, rest].map(|rows| codes.select(Axis(0), rows));
        let mut best: Option<(f64, usize)> = None;
        for &components in candidates {
            let score = Self::fit(rest.view(), components, seed)?.log_likelihood(held_out.view());
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, components));
            }
        }
        let (_, components) = best.ok_or(FitError::NoCandidates)?;
        Self::fit(codes.view(), components, seed)
    }

    /// Creates a mixture with these parameters. If a covariance is not positive definite, returns
    /// the index of the first such component.
    fn new(parameters: Parameters) -> Result<Self, usize> {
        let Parameters { weights, means, covariances } = &parameters;
        let center = weights.dot(means);
        let mut variance = Array1::<f64>::zeros(center.len());
        for (c, &weight) in weights.iter().enumerate() {
            let own = covariances.index_axis(Axis(0), c);
            // This also guards the square root below.
            if own.diag().iter().any(|x| *x <= 0.0) {
                return Err(c);
            }
            let between = (&means.row(c) - &center).mapv(|x| x * x);
            variance.scaled_add(weight, &(&own.diag() + &between));
        }
        let scale = variance.mapv(f64::sqrt);
        let mut standard = parameters.clone();
        standard.means = (&standard.means - &center) / &scale;
        for mut covariance in standard.covariances.outer_iter_mut() {
            // Two divisions, because the product of two scales could underflow.
            covariance.indexed_iter_mut().for_each(|((i, j), x)| *x = *x / scale[i] / scale[j]);
        }
        let densities = Densities::new(&standard)?;
        Ok(Self { parameters, center, scale, densities })
    }

    /// Returns the number of components.
    pub fn components(&self) -> usize {
        self.parameters.weights.len()
    }

    /// Returns the dimension of the codes.
    pub fn latent(&self) -> usize {
        self.center.len()
    }

    /// Returns the weights `[k]`, which sum to one.
    pub fn weights(&self) -> ArrayView1<'_, f64> {
        self.parameters.weights.view()
    }

    /// Returns the means `[k, d]`.
    pub fn means(&self) -> ArrayView2<'_, f64> {
        self.parameters.means.view()
    }

    /// Returns the covariances `[k, d, d]`.
    pub fn covariances(&self) -> ArrayView3<'_, f64> {
        self.parameters.covariances.view()
    }

    /// Returns the lower Cholesky factors `F` `[k, d, d]` of the covariances. A draw from component
    /// c is `m_c + F_c z` with `z` from N(0, I).
    pub fn factors(&self) -> Array3<f64> {
        // The factors of the densities are in units in which the mixture has variance 1.
        &self.densities.factors * &self.scale.view().insert_axis(Axis(1))
    }

    /// Returns the mean log density of the rows of `codes`, in nats, or NaN if there are none.
    ///
    /// # Panics
    ///
    /// If the codes do not have dimension [`latent`](Mixture::latent).
    pub fn log_likelihood<F: Float>(&self, codes: ArrayView2<'_, F>) -> f64 {
        let (n, d) = codes.dim();
        assert!(d == self.latent(), "the codes have dimension {d}, the mixture {}", self.latent());
        let standard = (codes.mapv(F::into_f64) - &self.center) / &self.scale;
        self.densities.log_likelihood(standard.view()) / n as f64 - self.scale.mapv(f64::ln).sum()
    }

    /// Returns `n` draws. Each draw selects a component with the probability of its weight, and
    /// then draws from this component.
    ///
    /// A seed gives the same codes in both precisions, and the first rows of a larger sample equal
    /// those of a smaller one.
    pub fn sample<F: Float>(&self, n: usize, seed: u64) -> Array2<F> {
        self.tempered(n, seed, 1.0)
    }

    /// Returns draws whose underlying draws from N(0, I) are scaled by `temperature`.
    pub(super) fn tempered<F: Float>(&self, n: usize, seed: u64, temperature: f64) -> Array2<F> {
        let rng = &mut ChaCha8Rng::seed_from_u64(seed);
        let mut codes = Array2::zeros((n, self.latent()));
        for mut code in codes.outer_iter_mut() {
            let uniform = rng.random::<f64>();
            let z: Array1<f64> =
                (0..self.latent()).map(|_| temperature * rng.sample::<f64, _>(StandardNormal)).collect();
            code.assign(&self.code(z.view(), uniform));
        }
        codes.mapv(F::from_f64)
    }

    /// Maps a draw from N(0, I) to a code of the component that `uniform` selects. The weights
    /// divide the interval from 0 to 1 into one part per component, and `uniform` lies in one of
    /// the parts.
    pub(super) fn code(&self, noise: ArrayView1<'_, f64>, uniform: f64) -> Array1<f64> {
        let mut left = uniform;
        let chosen = self.weights().iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        // By rounding, the weights can sum to slightly less than 1.
        let c = chosen.unwrap_or(self.components() - 1);
        self.densities.factors.index_axis(Axis(0), c).dot(&noise) * &self.scale + self.means().row(c)
    }

    /// Adds the parameters to `weights` in double precision, as `prefix.weights`, `prefix.means`
    /// and `prefix.covariances`.
    pub(super) fn write(&self, prefix: &str, weights: &mut Weights) {
        weights.insert(format!("{prefix}.weights"), &self.weights().to_owned().into_dyn());
        weights.insert(format!("{prefix}.means"), &self.means().to_owned().into_dyn());
        weights.insert(format!("{prefix}.covariances"), &self.covariances().to_owned().into_dyn());
    }

    pub(super) fn read(prefix: &str, weights: &Weights) -> Result<Self, ReadError> {
        let name = |tensor| format!("{prefix}.{tensor}");
        let [k, d] = axes(weights, &name("means"), "[k, d], both at least 1")?;
        let parameters = Parameters {
            weights: numbers(weights, &name("weights"), [k], "a weight is above 0 and at most 1", |x| {
                x > 0.0 && x <= 1.0
            })?,
            means: means(weights, &name("means"), [k, d])?,
            covariances: covariances(weights, &name("covariances"), [k, d, d])?,
        };
        let sum = parameters.weights.sum();
        if (sum - 1.0).abs() > 1e-9 {
            return Err(ReadError::Sum { name: name("weights"), sum });
        }
        let name = name("covariances");
        for (index, covariance) in parameters.covariances.outer_iter().enumerate() {
            let unequal = |((i, j), x): ((usize, usize), &f64)| *x != covariance[[j, i]];
            if covariance.indexed_iter().any(unequal) {
                return Err(ReadError::NotDefinite { name, index });
            }
        }
        Self::new(parameters).map_err(|index| ReadError::NotDefinite { name, index })
    }
}

/// Returns the mean of the codes, and a nonzero standard deviation for each coordinate. A
/// coordinate that is almost constant gets the scale of the others.
fn units(codes: ArrayView2<'_, f64>) -> (Array1<f64>, Array1<f64>) {
    let center = codes.mean_axis(Axis(0)).expect("there are codes");
    let variance = (&codes - &center).mapv(|x| x * x).mean_axis(Axis(0)).expect("there are codes");
    let scale = variance.mapv(f64::sqrt);
    let least = (1e-9 * scale.fold(0.0_f64, |most, &x| most.max(x))).max(1e-100);
    // The variance of a constant column is the rounding error of its mean.
    let size = codes.fold_axis(Axis(0), 0.0_f64, |most, x| most.max(x.abs()));
    let scale = ndarray::Zip::from(&scale).and(&size).map_collect(|&sd, &size| sd.max(least).max(1e-12 * size));
    (center, scale)
}

#[cfg(test)]
mod tests;
