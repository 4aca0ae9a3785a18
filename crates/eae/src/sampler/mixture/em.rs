//! Expectation-maximisation, in units in which the codes have mean 0 and variance 1.
//!
//! The logarithm of a normal density is linear in the features `f(x) = (1, x_i, x_i x_j for i <=
//! j)`. So the densities of a block of codes under all components are one matrix product, and the
//! moments that all components need are another: `n k d^2 / 2` multiplications each, half of what
//! triangular solves by component take, and in shapes that a product is fast for. The expansion
//! costs digits where a component is thin and far from 0: about 1e-9 nats at the ridge, 1e-6 of the
//! variance.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayViewMut1, Axis};
use rayon::prelude::*;

use super::start::nearest_centres;
use crate::linalg::cholesky;

/// Codes in one matrix product.
const BLOCK: usize = 256;

/// Partial sums. A number of its own, not that of the threads: the result must not depend on them.
const GROUPS: usize = 16;

/// What is added to the variances. scikit-learn's `reg_covar`, which it adds in the units of the
/// data.
pub(super) const RIDGE: f64 = 1e-6;

/// Nats per code that a step must gain for another one.
const TOLERANCE: f64 = 1e-3;

/// The most steps.
const STEPS: usize = 100;

/// What a mixture is made of: weights `[k]`, means `[k, d]` and covariances `[k, d, d]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameters {
    pub(super) weights: Array1<f64>,
    pub(super) means: Array2<f64>,
    pub(super) covariances: Array3<f64>,
}

/// A matrix `[features, k]` that takes features to `ln (w_k N(x; m_k, S_k))`, and the lower
/// Cholesky factors of the `S_k`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Densities {
    coefficients: Array2<f64>,
    pub(super) factors: Array3<f64>,
}

impl Densities {
    /// Of these parameters; or the first component whose covariance is not positive definite.
    pub(super) fn new(parameters: &Parameters) -> Result<Self, usize> {
        let (k, d) = parameters.means.dim();
        let mut coefficients = Array2::zeros((count(d), k));
        let mut factors = Array3::zeros((k, d, d));
        for c in 0..k {
            let (factor, precision, log_determinant) =
                cholesky(parameters.covariances.index_axis(Axis(0), c)).ok_or(c)?;
            let mean = parameters.means.row(c);
            let linear = precision.dot(&mean);
            let normalisation = log_determinant + d as f64 * (2.0 * std::f64::consts::PI).ln() + mean.dot(&linear);
            let mut column = coefficients.column_mut(c);
            column[0] = parameters.weights[c].ln() - 0.5 * normalisation;
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

    /// The sum over codes `[n, d]` of the logarithm of their density.
    pub(super) fn log_likelihood(&self, codes: ArrayView2<'_, f64>) -> f64 {
        let of_group = |group: ArrayView2<'_, f64>, _| {
            let blocks = group.axis_chunks_iter(Axis(0), BLOCK);
            blocks.map(|block| self.responsibilities(&features(block)).1).sum::<f64>()
        };
        in_groups(codes, of_group).iter().sum()
    }

    /// What share each component has in codes with these features, and the sum of the logarithms of
    /// their densities.
    fn responsibilities(&self, features: &Array2<f64>) -> (Array2<f64>, f64) {
        let mut shares = features.dot(&self.coefficients);
        let log_likelihood = shares.outer_iter_mut().map(normalise).sum();
        (shares, log_likelihood)
    }
}

/// Turns logarithms into shares of their sum, and returns the logarithm of the sum.
fn normalise(mut row: ArrayViewMut1<'_, f64>) -> f64 {
    /// `e^-50` is below rounding beside 1, and most components are further away than that.
    const NOTHING: f64 = -50.0;
    let most = row.fold(f64::NEG_INFINITY, |most, &x| most.max(x));
    row.mapv_inplace(|x| if x - most < NOTHING { 0.0 } else { (x - most).exp() });
    let sum = row.sum();
    row /= sum;
    most + sum.ln()
}

/// How many features a code of `d` numbers has.
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

/// What `work` makes of each of the groups of codes, given with the number of its first.
fn in_groups<T: Send>(codes: ArrayView2<'_, f64>, work: impl Fn(ArrayView2<'_, f64>, usize) -> T + Sync) -> Vec<T> {
    let rows = codes.nrows().div_ceil(GROUPS).max(1);
    let groups: Vec<_> = codes.axis_chunks_iter(Axis(0), rows).collect();
    groups.par_iter().enumerate().map(|(i, group)| work(group.view(), i * rows)).collect()
}

/// The features `[features, k]` summed over the codes by share, and the sum of what `shares`
/// returns beside them, for the features of a block and the number of its first code.
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

/// The parameters of greatest likelihood for these sums.
///
/// A component of less than `d + 1` codes has no covariance of its own: it is left out, and its
/// codes go to the others.
fn maximise(sums: ArrayView2<'_, f64>, d: usize) -> Parameters {
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
                // Rounding can leave a variance of 0 below it.
                let covariance = if i == j { covariance.max(0.0) } else { covariance };
                covariances[[c, i, j]] = covariance + ridge;
                covariances[[c, j, i]] = covariance + ridge;
                at += 1;
            }
        }
    }
    Parameters { weights, means, covariances }
}

/// Up to `k` components, and the mean log-likelihood before each step.
pub(super) fn fit(codes: ArrayView2<'_, f64>, k: usize, seed: u64) -> (Parameters, Vec<f64>) {
    let (n, d) = codes.dim();
    let nearest = nearest_centres(codes, k, seed);
    let k = nearest.iter().max().map_or(1, |most| most + 1);
    let whole = |features: &Array2<f64>, first: usize| {
        let mut shares = Array2::zeros((features.nrows(), k));
        (0..features.nrows()).for_each(|i| shares[[i, nearest[first + i]]] = 1.0);
        (shares, 0.0)
    };
    let mut parameters = maximise(sums(codes, k, whole).0.view(), d);
    let mut history: Vec<f64> = Vec::new();
    for _ in 0..STEPS {
        // A rounding error is at most about n 1e-16, since no code is further than sqrt(n) standard
        // deviations.
        let densities = Densities::new(&parameters).expect("the ridge makes it positive definite");
        let k = parameters.weights.len();
        let (sums, log_likelihood) = sums(codes, k, |features, _| densities.responsibilities(features));
        let mean = log_likelihood / n as f64;
        let gain = history.last().map(|last| mean - last);
        history.push(mean);
        let next = maximise(sums.view(), d);
        // When a component goes, the likelihood can fall, and has not converged.
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
    fn no_step_lowers_the_likelihood() {
        // No clusters at all, where it takes many steps.
        let codes = normal::<f64>(3_000, 3, 4);
        for seed in 0..3 {
            let (parameters, history) = fit(codes.view(), 6, seed);
            assert!(parameters.weights.len() == 6 && history.len() > 5, "{}", history.len());
            // The ridge moves the maximum by about as much.
            assert!(history.windows(2).all(|pair| pair[1] > pair[0] - RIDGE), "{history:?}");
            assert!(history.last() > history.first());
        }
    }

    #[test]
    fn shares_far_out_in_the_tail() {
        let mut row = array![-1e6, -1e6 - 1.0, -2e6];
        let log_sum = normalise(row.view_mut());
        let share = 1.0 / (1.0 + (-1.0_f64).exp());
        assert_relative_eq!(log_sum, -1e6 - share.ln(), max_relative = 1e-15);
        assert!(difference(&row, &array![share, 1.0 - share, 0.0]) < 1e-14);
    }

    #[test]
    fn components_without_codes_are_left_out() {
        // Two clusters of which one has three codes, as few as two dimensions can have, and then one with
        // two.
        let mut codes = normal::<f64>(103, 2, 1) * 0.1;
        codes.slice_axis_mut(Axis(0), (..3).into()).mapv_inplace(|x| x + 5.0);
        assert_eq!(fit(codes.view(), 2, 0).0.weights.len(), 2);
        let (parameters, _) = fit(codes.slice_axis(Axis(0), (1..).into()), 2, 0);
        assert_eq!((parameters.weights, parameters.means.dim()), (array![1.0], (1, 2)));
        // Fewer codes than one component asks for, and many components.
        let (parameters, history) = fit(codes.slice_axis(Axis(0), (..2).into()), 50, 0);
        assert_eq!(parameters.weights, array![1.0]);
        assert!(history.iter().all(|x| x.is_finite()));
    }
}
