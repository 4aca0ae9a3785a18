use std::slice;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;
use statrs::function::gamma::digamma;

use super::Weighting;
use super::gradient::Gradient;
use crate::math::compensated_sum;
use crate::neighbors::check_k;
use crate::settings::window::usable;
use crate::settings::{Settings, setters};
use crate::{ClosePoints, Estimate, Float, Neighbors, Norm, Result, Samples, ToSamples};

/// The k-nearest-neighbor estimator of differential entropy of Kozachenko and Leonenko (1987), for
/// any k (Singh et al., 2003), in nats:
///
/// ```text
/// H = psi(n) - psi(k) + ln V_d + (d/n) sum_i ln r_i
/// ```
///
/// Here `n` is the number of samples, `d` the dimension, `r_i` the distance of sample `i` to its
/// k-th nearest other sample, `V_d` the volume of the unit ball of the norm, and `psi` the digamma
/// function. `psi(n) - psi(k)` is exact for every n, not only in the limit: the probability of the
/// ball that just reaches the k-th of n - 1 others has a Beta(k, n - k) distribution, and
/// `psi(n) - psi(k)` is the mean of minus its logarithm. The remaining bias arises because the
/// density is not constant within the balls.
///
/// With a [`Weighting`], the estimate is a combination of the estimates by all neighbors up to the
/// k-th.
///
/// ```
/// use knn_entropy::{KozachenkoLeonenko, Norm};
/// use ndarray::array;
///
/// let x = array![[0.0, 0.0], [1.0, 0.5], [0.3, 2.0], [-1.0, 0.7], [0.4, -1.1]];
/// let estimator = KozachenkoLeonenko::new(2).norm(Norm::LInf);
/// let estimate = estimator.estimate(x.view())?;
/// assert_eq!(estimate.value(), estimator.entropy(x.view())?);
/// println!("{:.2} +- {:.2} nats", estimate.value(), estimate.standard_error());
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct KozachenkoLeonenko<'s> {
    settings: Settings<'s>,
    weighting: Weighting,
}

impl<'s> KozachenkoLeonenko<'s> {
    /// Returns the estimator with the k-th neighbor and Euclidean distances. Coinciding points are
    /// an error, and [`Auto`](crate::Auto) chooses the search.
    ///
    /// A small k has the least bias and a large k the least variance. 3 to 5 is usual, and 1 in
    /// many dimensions. `k` is checked when an estimate is made.
    pub fn new(k: usize) -> Self {
        Self { settings: Settings::new(k, Norm::L2), weighting: Weighting::Kth }
    }

    /// Sets the weights of the neighbors up to the k-th.
    #[must_use]
    pub fn weighting(self, weighting: Weighting) -> Self {
        Self { weighting, ..self }
    }

    setters!();

    /// Returns the entropy in nats of the distribution that the rows of `samples` `[n, d]` were
    /// drawn from.
    ///
    /// # Errors
    ///
    /// - [`Error::NoSamples`](crate::Error::NoSamples),
    ///   [`Error::NoDimensions`](crate::Error::NoDimensions),
    ///   [`Error::NotFinite`](crate::Error::NotFinite) for samples that cannot be used.
    /// - `k` is 0 or not below `n`.
    /// - Points coincide, or samples lie in a plane, unless [`ClosePoints`] has a rule for them. On
    ///   a torus, samples may lie in a plane.
    /// - A floor is not a finite number above 0.
    /// - A distance is larger than the largest finite number.
    /// - Periods do not match the columns, or a ball reaches around the torus.
    pub fn entropy(&self, samples: impl ToSamples) -> Result<f64> {
        Ok(self.estimate(samples)?.value())
    }

    /// Returns the local value of each sample, `psi(n) - psi(k) + ln V_d + d ln r_i`, which
    /// estimates minus the logarithm of the density. [`entropy`](KozachenkoLeonenko::entropy) is
    /// the mean of the local values.
    ///
    /// # Errors
    ///
    /// See [`entropy`](KozachenkoLeonenko::entropy).
    pub fn local(&self, samples: impl ToSamples) -> Result<Array1<f64>> {
        Ok(self.estimate(samples)?.into_local())
    }

    /// Returns the entropy with local values, standard error, confidence interval and warnings.
    ///
    /// # Errors
    ///
    /// See [`entropy`](KozachenkoLeonenko::entropy).
    pub fn estimate(&self, samples: impl ToSamples) -> Result<Estimate> {
        self.estimate_of(&samples.to_samples()?)
    }

    fn estimate_of(&self, samples: &Samples<'_>) -> Result<Estimate> {
        // Check `k` before allocating `k` weights.
        let task = self.settings.task(samples)?;
        let weights = self.weights(samples)?;
        self.settings.check_rank(samples)?;
        let local = Local::new(self, samples.len(), samples.dimension(), &weights);
        // Each value is computed as soon as its neighbors are known, so no neighbor lists are
        // stored.
        let values: Vec<AtomicU64> = vec![0; samples.len()].into_iter().map(AtomicU64::new).collect();
        let coinciding = AtomicBool::new(false);
        self.settings.distances_among(&task, first_used(&weights), &|row, distances| {
            if distances[0] == 0.0 {
                coinciding.store(true, Relaxed);
            }
            values[row].store(local.value(row, |j| distances[j]).to_bits(), Relaxed);
        })?;
        let values: Vec<f64> = values.into_iter().map(|bits| f64::from_bits(bits.into_inner())).collect();
        let estimate = Estimate::new(values.into())?;
        let warning = samples.rounding_warning(local.distance(estimate.value()));
        let repeated = coinciding.into_inner().then(|| samples.repetition_warning()).flatten();
        let scales =
            if self.settings.metric.is_periodic() { None } else { Samples::scales_warning(slice::from_ref(samples)) };
        Ok(estimate.warn(warning).warn(scales).warn(repeated))
    }

    /// Returns the entropies in nats by the first, second, ... k-th neighbor alone, `[k]`, from one
    /// search. The weighting plays no part.
    ///
    /// # Errors
    ///
    /// See [`entropy`](KozachenkoLeonenko::entropy).
    pub fn entropies(&self, samples: impl ToSamples) -> Result<Array1<f64>> {
        let (samples, k) = (&samples.to_samples()?, self.settings.k);
        let task = self.settings.task(samples)?;
        self.settings.check_rank(samples)?;
        let neighbors = self.settings.checked(self.settings.search.find(&task), 0)?;
        let one = |j| {
            let mut weights = vec![0.0; k];
            weights[j] = 1.0;
            self.local_values(samples, &neighbors, &weights, 0).map(|estimate| estimate.value())
        };
        (0..k).map(one).collect()
    }

    /// Returns the entropy in nats and its gradient `[n, d]` with respect to every sample.
    ///
    /// If `j` is the k-th neighbor of `i`, the pair contributes `(d/n) grad ln |z_i - z_j|` to
    /// sample `i` and the negative to sample `j`. In L2 this is `(d/n) (z_i - z_j) / r_i^2`. Hence
    /// the gradients of all samples add up to 0, and `sum_i z_i . g_i = d`. Both follow from how
    /// entropy behaves: a shift leaves it unchanged, and scaling by `a` adds `d ln a`.
    ///
    /// The estimate is smooth as long as no neighbor changes. If two neighbors are equally far, it
    /// has a kink, and the gradient uses the neighbor with the smaller index.
    ///
    /// Set a rule for [close points](KozachenkoLeonenko::close_points) in a training loop.
    /// Coordinates that are constant for a while are then no error, and the time to find them is
    /// saved: up to `O(d^3)`, a seventh of the whole for 200 samples in 16 dimensions.
    ///
    /// # Errors
    ///
    /// See [`entropy`](KozachenkoLeonenko::entropy). Also
    /// [`Error::GradientOverflow`](crate::Error::GradientOverflow) if points are so close that the
    /// gradient overflows `F`.
    pub fn entropy_and_gradient<F: Float>(&self, samples: ArrayView2<'_, F>) -> Result<(f64, Array2<F>)> {
        let samples = Samples::new(samples)?;
        let task = self.settings.task(&samples)?;
        self.settings.check_rank(&samples)?;
        self.gradient_of(&samples, self.settings.search.find(&task), 0)
    }

    /// Returns the entropy in nats and its gradient `[n, d]`, with a bank of further samples `[m,
    /// d]` of the distribution, such as those of earlier batches. The bank provides neighbors but
    /// no local values, and has no gradient. The entropy is
    ///
    /// ```text
    /// H = psi(n + m) - psi(k) + ln V_d + (d/n) sum_i ln r_i
    /// ```
    ///
    /// with `m` samples in the bank and `r_i` the distance to the k-th nearest of all `n + m - 1`
    /// others. The gradient is with respect to the `n` samples.
    ///
    /// # Errors
    ///
    /// See [`entropy_and_gradient`](KozachenkoLeonenko::entropy_and_gradient), for the samples and
    /// the bank together. Rows of the bank are numbered from `n` on. Also
    /// [`Error::DimensionMismatch`](crate::Error::DimensionMismatch) if the bank has a different
    /// dimension.
    pub fn entropy_and_gradient_with_bank<F: Float>(
        &self,
        samples: ArrayView2<'_, F>,
        bank: ArrayView2<'_, F>,
    ) -> Result<(f64, Array2<F>)> {
        if bank.nrows() == 0 {
            return self.entropy_and_gradient(samples);
        }
        let (samples, bank) = (Samples::new(samples)?, Samples::new(bank)?);
        let all = samples.followed_by(&bank)?;
        let task = self.settings.task(&all)?;
        self.settings.check_rank(&all)?;
        // Only the samples need neighbors, unless a window counts the rows of both.
        let neighbors = match self.settings.window {
            0 => self.settings.nearest_of_both(&samples, &bank)?,
            _ => self.settings.search.find(&task),
        };
        self.gradient_of(&all, neighbors, bank.len())
    }

    /// Returns the entropy and its gradient from neighbors. The last `bank` rows of `samples` are
    /// the bank.
    fn gradient_of<F: Float>(
        &self,
        samples: &Samples<'_>,
        neighbors: Neighbors,
        bank: usize,
    ) -> Result<(f64, Array2<F>)> {
        let d = samples.dimension();
        let weights = self.weights(samples)?;
        let neighbors = self.settings.checked(neighbors, first_used(&weights))?;
        let entropy = self.local_values(samples, &neighbors, &weights, bank)?.value();
        let n = samples.len() - bank;
        let mut gradient = Gradient::new(n, d);
        let mut push = vec![0.0; d];
        // Samples are visited in order, because several can add to the same neighbor and the order
        // of a sum affects its last bits.
        for i in 0..n {
            for (j, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
                let (other, r) = (neighbors.indices[[i, j]], neighbors.distances[[i, j]]);
                let (a, b) = (samples.point(i), samples.point(other));
                let weight = weight * d as f64 / n as f64;
                self.settings.push_apart(a, b, r, weight, &mut push);
                gradient.add_pair(i, other, &push);
            }
        }
        Ok((entropy, gradient.finish()?))
    }

    /// Returns the function from neighbor distances to local values, for `n` samples of `d`
    /// coordinates whose neighbors were found elsewhere, such as on several machines. Its values
    /// are bit-identical to those of [`local`](KozachenkoLeonenko::local).
    ///
    /// # Errors
    ///
    /// - [`Error::ZeroK`](crate::Error::ZeroK) or [`Error::KTooLarge`](crate::Error::KTooLarge) if
    ///   `k` is 0 or not below `n`.
    /// - [`Error::InvalidFloor`](crate::Error::InvalidFloor) if a floor is not a finite number
    ///   above 0.
    /// - [`Error::InvalidWeightBound`](crate::Error::InvalidWeightBound) if the bound of
    ///   [`Weighting`] is too small.
    ///
    /// # Panics
    ///
    /// If the estimator has a window or periods, or if `d` is 0.
    pub fn local_entropy(&self, n: usize, d: usize) -> Result<LocalEntropy> {
        assert!(
            self.settings.window == 0 && !self.settings.metric.is_periodic(),
            "windows and periods are not supported"
        );
        assert!(d > 0, "samples have at least one dimension");
        self.settings.close_points.check()?;
        check_k(self.settings.k, n.saturating_sub(1))?;
        let weights = self.weighting.weights(self.settings.k, d)?;
        Ok(LocalEntropy { local: Local::new(self, n, d, &weights) })
    }

    fn weights(&self, samples: &Samples<'_>) -> Result<Vec<f64>> {
        self.weighting.weights(self.settings.k, samples.dimension())
    }

    /// Computes `sum_j w_j (psi(n) - psi(j) + ln V_d + d ln r_ij)` for each sample before the bank.
    fn local_values(
        &self,
        samples: &Samples<'_>,
        neighbors: &Neighbors,
        weights: &[f64],
        bank: usize,
    ) -> Result<Estimate> {
        let local = Local::new(self, samples.len(), samples.dimension(), weights);
        let value = |i: usize| local.value(i, |j| neighbors.distances[[i, j]]);
        let n = samples.len() - bank;
        let values: Vec<f64> =
            if n < SERIAL { (0..n).map(value).collect() } else { (0..n).into_par_iter().map(value).collect() };
        Estimate::new(values.into())
    }
}

/// Returns the position of the first nonzero weight.
fn first_used(weights: &[f64]) -> usize {
    weights.iter().position(|&weight| weight != 0.0).unwrap_or(0)
}

/// Function from the distances of a sample to its neighbors to the sample's local value, made by
/// [`KozachenkoLeonenko::local_entropy`].
#[derive(Debug, Clone)]
pub struct LocalEntropy {
    local: Local,
}

impl LocalEntropy {
    /// Returns the local value of a sample in nats, `sum_j w_j (psi(n) - psi(j) + ln V_d + d ln
    /// r_j)`, for its distances `r_j` to the k nearest others, the nearest first.
    ///
    /// # Panics
    ///
    /// If there are fewer than k distances.
    pub fn value(&self, distances: &[f64]) -> f64 {
        self.local.value(0, |j| distances[j])
    }

    /// Returns the geometric mean of the distances from which an entropy in nats was computed, for
    /// [`Samples::rounding_warning`].
    pub fn distance(&self, entropy: f64) -> f64 {
        self.local.distance(entropy)
    }
}

/// The parts of `sum_j w_j (psi(n) - psi(j) + ln V_d + d ln r_ij)` that do not depend on the
/// sample.
#[derive(Debug, Clone)]
struct Local {
    samples: usize,
    dimension: f64,
    window: usize,
    close_points: ClosePoints,
    volume: f64,
    of_all: f64,
    /// The neighbors with a nonzero weight, and their weights.
    used: Vec<(usize, f64)>,
    of_neighbors: f64,
}

impl Local {
    fn new(estimator: &KozachenkoLeonenko<'_>, n: usize, d: usize, weights: &[f64]) -> Self {
        let settings = &estimator.settings;
        let volume = settings.log_unit_ball(d);
        let used: Vec<(usize, f64)> =
            weights.iter().copied().enumerate().filter(|(_, weight)| *weight != 0.0).collect();
        Self {
            samples: n,
            dimension: d as f64,
            window: settings.window,
            close_points: settings.close_points,
            volume,
            of_all: digamma(n as f64) + volume,
            of_neighbors: compensated_sum(used.iter().map(|&(j, weight)| weight * digamma(j as f64 + 1.0))),
            used,
        }
    }

    /// Returns the value of sample `i`, whose neighbor `j` is at `distance(j)`.
    fn value(&self, i: usize, distance: impl Fn(usize) -> f64) -> f64 {
        // Samples within the window cannot be neighbors, so they do not count in `n`.
        let constant = match self.window {
            0 => self.of_all,
            window => digamma(usable(i, window, self.samples) as f64) + self.volume,
        };
        let log_radius = |j| self.close_points.radius(distance(j)).ln();
        let sum = compensated_sum(self.used.iter().map(|&(j, weight)| weight * log_radius(j)));
        constant - self.of_neighbors + self.dimension * sum
    }

    /// Returns the geometric mean of the distances behind an entropy.
    fn distance(&self, entropy: f64) -> f64 {
        ((entropy - self.of_all + self.of_neighbors) / self.dimension).exp()
    }
}

/// Number of samples below which computing the logarithms takes less time than waking a thread.
const SERIAL: usize = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn digamma_for_every_number_of_samples() {
        let table: serde_json::Value = serde_json::from_str(include_str!("../../tests/data/constants.json")).unwrap();
        for entry in table["digamma"].as_array().unwrap() {
            let [x, psi] = ["x", "psi"].map(|key| entry[key].as_f64().unwrap());
            approx::assert_relative_eq!(digamma(x), psi, max_relative = 1e-13);
        }
    }

    /// Compares the streaming estimate with the one from neighbor lists, including errors.
    #[test]
    fn streaming_estimate_equals_the_one_from_lists() {
        let tenths = Array2::from_shape_fn((60, 2), |(i, c)| ((i * (7 + 4 * c)) % 23) as f64 / 10.0);
        let few = Array2::from_shape_fn((40, 2), |(i, c)| ((i * (3 + c)) % 5) as f64);
        let huge = Array2::from_shape_fn((9, 1), |(i, _)| (i as f64 - 4.0) * 4e307);
        let one = Array2::from_elem((30, 3), 1.0);
        let sparse = Array2::from_shape_fn((9, 2), |(i, c)| (i * (2 + 3 * c)) as f64 * 0.29);
        let mut outcomes = [0; 4];
        for x in [&tenths, &few, &huge, &one, &sparse] {
            let periods = vec![2.3; x.ncols()];
            for (k, weighting, window) in (1..8)
                .flat_map(|k| [Weighting::Kth, Weighting::Mean, Weighting::Efficient { bound: 5.0 }].map(|w| (k, w)))
                .flat_map(|(k, w)| [0, 1, 3].map(|window| (k, w, window)))
            {
                let plain = KozachenkoLeonenko::new(k).weighting(weighting).window(window);
                for estimator in [plain, plain.close_points(ClosePoints::Floor(0.05)), plain.periods(&periods)] {
                    let found = estimator.entropy(x.view());
                    let samples = Samples::new(x.view()).unwrap();
                    let expected = estimator.settings.task(&samples).and_then(|task| {
                        let weights = estimator.weights(&samples)?;
                        estimator.settings.check_rank(&samples)?;
                        let neighbors = estimator.settings.search.find(&task);
                        let neighbors = estimator.settings.checked(neighbors, first_used(&weights))?;
                        Ok(estimator.local_values(&samples, &neighbors, &weights, 0)?.value())
                    });
                    assert_eq!(found, expected, "{estimator:?}");
                    outcomes[match found {
                        Ok(_) => 0,
                        Err(Error::Duplicates { .. }) => 1,
                        Err(Error::TorusTooSmall { .. }) => 2,
                        Err(_) => 3,
                    }] += 1;
                }
            }
        }
        assert!(outcomes.iter().all(|&count| count > 10), "{outcomes:?}");
    }
}
