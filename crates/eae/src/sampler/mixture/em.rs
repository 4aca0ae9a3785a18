//! Expectation-maximization, in units in which the codes have mean 0 and variance 1.
//!
//! The logarithm of a normal density is linear in the features
//! `f(x) = (1, x_i, x_i x_j for i <= j)`. One matrix product therefore gives the densities of a
//! block of codes under all components, and another the moments that all components need. Each
//! takes `n k d^2 / 2` multiplications, half of the cost of triangular solves per component, and in
//! shapes for which a product is fast. The expansion loses digits where a component is thin and far
//! from 0: about 1e-9 nats at the ridge, 1e-6 of the variance.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayViewMut1, Axis};
use rayon::prelude::*;

use super::start::nearest_centers;
use crate::linalg::cholesky;

/// Number of codes in one matrix product.
const BLOCK: usize = 256;

/// Number of partial sums. It is independent of the number of threads, so that the result is, too.
const GROUPS: usize = 16;

/// Amount added to the variances. scikit-learn's `reg_covar` is added in the units of the data.
pub(super) const RIDGE: f64 = 1e-6;

/// Smallest gain of a step, in nats per code, after which another step follows.
const TOLERANCE: f64 = 1e-3;

/// Largest number of steps.
const STEPS: usize = 100;

/// The parameters of a mixture: weights `[k]`, means `[k, d]` and covariances `[k, d, d]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameters {
    pub(super) weights: Array1<f64>,
    pub(super) means: Array2<f64>,
    pub(super) covariances: Array3<f64>,
}

/// A matrix `[features, k]` that maps features to `ln (w_k N(x; m_k, S_k))`, and the lower Cholesky
/// factors of the `S_k`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Densities {
    coefficients: Array2<f64>,
    pub(super) factors: Array3<f64>,
}

impl Densities {
    /// Prepares the densities of these parameters, or returns the first component whose covariance
    /// is not positive definite.
    pub(super) fn new(parameters: &Parameters) -> Result<Self, usize> {
        let (k, d) = parameters.means.dim();
        let mut coefficients = Array2::zeros((count(d), k));
        let mut factors = Array3::zeros((k, d, d));
        for c in 0..k {
            let (factor, precision, log_determinant) =
                cholesky(parameters.covariances.index_axis(Axis(0), c)).ok_or(c)?;
            let mean = parameters.means.row(c);
            let linear = precision.dot(&mean);
            let normalization = log_determinant + d as f64 * (2.0 * std::f64::consts::PI).ln() + mean.dot(&linear);
            let mut column = coefficients.column_mut(c);
            column[0] = parameters.weights[c].ln() - 0.5 * normalization;
            column.slice_axis_mut(Axis(0), (1..=d).into()).assign(&linear);
            let mut at = d + 1;
            for i in 0..d {
                for j in i..d {
                    column[at] = -precision[[i, j]] * if i == j { 0.5 } else { 1.0 };
                    at += 1;
                }
            }
            factors.index_axis_mut(Axis(0), c).assign(&factor);
        }
        Ok(Self { coefficients, factors })
    }

    /// Returns the sum over codes `[n, d]` of the log density.
    pub(super) fn log_likelihood(&self, codes: ArrayView2<'_, f64>) -> f64 {
        let of_group = |group: ArrayView2<'_, f64>, _| {
            let blocks = group.axis_chunks_iter(Axis(0), BLOCK);
            blocks.map(|block| self.responsibilities(&features(block)).1).sum::<f64>()
        };
        in_groups(codes, of_group).iter().sum()
    }

    /// Returns the share of each component in the codes with these features, and the sum of the log
    /// densities.
    fn responsibilities(&self, features: &Array2<f64>) -> (Array2<f64>, f64) {
        let mut shares = features.dot(&self.coefficients);
        let log_likelihood = shares.outer_iter_mut().map(normalize).sum();
        (shares, log_likelihood)
    }
}

/// Converts logarithms to shares of their sum, and returns the logarithm of the sum.
fn normalize(mut row: ArrayViewMut1<'_, f64>) -> f64 {
    /// Logarithm below which a share counts as 0. Next to 1, `e^-50` is below rounding, and most
    /// components are farther away than that.
    const NOTHING: f64 = -50.0;
    let most = row.fold(f64::NEG_INFINITY, |most, &x| most.max(x));
    row.mapv_inplace(|x| if x - most < NOTHING { 0.0 } else { (x - most).exp() });
    let sum = row.sum();
    row /= sum;
    most + sum.ln()
}

/// Returns the number of features of a code of dimension `d`.
fn count(d: usize) -> usize {
    (d + 1) * (d + 2) / 2
}

fn features(codes: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut features = Array2::zeros((codes.nrows(), count(codes.ncols())));
    for (code, mut row) in codes.outer_iter().zip(features.outer_iter_mut()) {
        let d = code.len();
        let (first, mut rest) = row.as_slice_mut().expect("in order").split_at_mut(d + 1);
        first[0] = 1.0;
        first[1..].iter_mut().zip(code).for_each(|(to, x)| *to = *x);
        for i in 0..d {
            let (products, after) = rest.split_at_mut(d - i);
            products.iter_mut().zip(&first[1 + i..]).for_each(|(to, x)| *to = first[1 + i] * x);
            rest = after;
        }
    }
    features
}

/// Applies `work` to each group of codes, together with the index of its first code.
fn in_groups<T: Send>(codes: ArrayView2<'_, f64>, work: impl Fn(ArrayView2<'_, f64>, usize) -> T + Sync) -> Vec<T> {
    let rows = codes.nrows().div_ceil(GROUPS).max(1);
    let groups: Vec<_> = codes.axis_chunks_iter(Axis(0), rows).collect();
    groups.par_iter().enumerate().map(|(i, group)| work(group.view(), i * rows)).collect()
}

/// Returns the features `[features, k]` summed over the codes by share, and the sum of the second
/// result of `shares`. `shares` gets the features of a block and the index of its first code.
fn sums(
    codes: ArrayView2<'_, f64>,
    k: usize,
    shares: impl Fn(&Array2<f64>, usize) -> (Array2<f64>, f64) + Sync,
) -> (Array2<f64>, f64) {
    let empty = || (Array2::zeros((count(codes.ncols()), k)), 0.0);
    let of_group = |group: ArrayView2<'_, f64>, first| {
        let (mut sums, mut total) = empty();
        for (i, block) in group.axis_chunks_iter(Axis(0), BLOCK).enumerate() {
            let features = features(block);
            let (shares, value) = shares(&features, first + i * BLOCK);
            general_mat_mul(1.0, &features.t(), &shares, 1.0, &mut sums);
            total += value;
        }
        (sums, total)
    };
    in_groups(codes, of_group).into_iter().fold(empty(), |(sums, total), (more, value)| (sums + more, total + value))
}

/// Returns the parameters of maximum likelihood for these sums.
///
/// A component of less than `d + 1` codes does not determine a covariance. It is left out, and its
/// codes go to the others.
fn maximize(sums: ArrayView2<'_, f64>, d: usize) -> Parameters {
    let counts = sums.row(0);
    let mut kept: Vec<usize> = (0..counts.len()).filter(|&c| counts[c] >= d as f64 + 1.0).collect();
    if kept.is_empty() {
        kept.extend((0..counts.len()).max_by(|&a, &b| counts[a].total_cmp(&counts[b])));
    }
    let total: f64 = kept.iter().map(|&c| counts[c]).sum();
    let k = kept.len();
    let weights = kept.iter().map(|&c| counts[c] / total).collect();
    let means = Array2::from_shape_fn((k, d), |(c, i)| sums[[1 + i, kept[c]]] / counts[kept[c]]);
    let mut covariances = Array3::zeros((k, d, d));
    for (c, &column) in kept.iter().enumerate() {
        let mut at = d + 1;
        for i in 0..d {
            for j in i..d {
                let ridge = if i == j { RIDGE } else { 0.0 };
                let covariance = sums[[at, column]] / counts[column] - means[[c, i]] * means[[c, j]];
                // Rounding can make a variance of 0 negative.
                let covariance = if i == j { covariance.max(0.0) } else { covariance };
                covariances[[c, i, j]] = covariance + ridge;
                covariances[[c, j, i]] = covariance + ridge;
                at += 1;
            }
        }
    }
    Parameters { weights, means, covariances }
}

/// Fits up to `k` components. Also returns the mean log-likelihood before each step.
pub(super) fn fit(codes: ArrayView2<'_, f64>, k: usize, seed: u64) -> (Parameters, Vec<f64>) {
    let (n, d) = codes.dim();
    let nearest = nearest_centers(codes, k, seed);
    let k = nearest.iter().max().map_or(1, |most| most + 1);
    let whole = |features: &Array2<f64>, first: usize| {
        let mut shares = Array2::zeros((features.nrows(), k));
        (0..features.nrows()).for_each(|i| shares[[i, nearest[first + i]]] = 1.0);
        (shares, 0.0)
    };
    let mut parameters = maximize(sums(codes, k, whole).0.view(), d);
    let mut history: Vec<f64> = Vec::new();
    for _ in 0..STEPS {
        // The rounding error is at most about n 1e-16, because no code is more than sqrt(n)
        // standard deviations from the mean.
        let densities = Densities::new(&parameters).expect("the ridge makes it positive definite");
        let k = parameters.weights.len();
        let (sums, log_likelihood) = sums(codes, k, |features, _| densities.responsibilities(features));
        let mean = log_likelihood / n as f64;
        let gain = history.last().map(|last| mean - last);
        history.push(mean);
        let next = maximize(sums.view(), d);
        // When a component is dropped, the likelihood can fall without having converged.
        let all = next.weights.len() == k;
        if all && gain.is_some_and(|gain| gain < TOLERANCE) {
            break;
        }
        parameters = next;
    }
    (parameters, history)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::difference;
    use crate::sampler::normal;
    use approx::assert_relative_eq;
    use ndarray::array;

    #[test]
    fn steps_never_lower_the_likelihood() {
        // Data without clusters need many steps.
        let codes = normal::<f64>(3_000, 3, 4);
        for seed in 0..3 {
            let (parameters, history) = fit(codes.view(), 6, seed);
            assert!(parameters.weights.len() == 6 && history.len() > 5, "{}", history.len());
            // The ridge shifts the maximum by about this much.
            assert!(history.windows(2).all(|pair| pair[1] > pair[0] - RIDGE), "{history:?}");
            assert!(history.last() > history.first());
        }
    }

    #[test]
    fn shares_in_the_far_tail() {
        let mut row = array![-1e6, -1e6 - 1.0, -2e6];
        let log_sum = normalize(row.view_mut());
        let share = 1.0 / (1.0 + (-1.0_f64).exp());
        assert_relative_eq!(log_sum, -1e6 - share.ln(), max_relative = 1e-15);
        assert!(difference(&row, &array![share, 1.0 - share, 0.0]) < 1e-14);
    }

    #[test]
    fn components_with_too_few_codes_are_dropped() {
        // Two clusters, one of which has three codes, the smallest number in two dimensions, and
        // then only two.
        let mut codes = normal::<f64>(103, 2, 1) * 0.1;
        codes.slice_axis_mut(Axis(0), (..3).into()).mapv_inplace(|x| x + 5.0);
        assert_eq!(fit(codes.view(), 2, 0).0.weights.len(), 2);
        let (parameters, _) = fit(codes.slice_axis(Axis(0), (1..).into()), 2, 0);
        assert_eq!((parameters.weights, parameters.means.dim()), (array![1.0], (1, 2)));
        // Fewer codes than one component needs, and many components.
        let (parameters, history) = fit(codes.slice_axis(Axis(0), (..2).into()), 50, 0);
        assert_eq!(parameters.weights, array![1.0]);
        assert!(history.iter().all(|x| x.is_finite()));
    }
}
