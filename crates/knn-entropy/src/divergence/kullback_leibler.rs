use std::slice;

use ndarray::{Array2, ArrayView2};
use statrs::function::gamma::digamma;

use super::shared_rows::Across;
use crate::entropy::gradient::Gradient;
use crate::neighbors::check_k;
use crate::settings::window::digamma_of_usable;
use crate::settings::{Settings, setters};
use crate::{Error, Estimate, Float, Neighbors, Norm, Result, Samples, SharedRows, ToSamples};

/// Nearest-neighbor estimator of the Kullback-Leibler divergence `E_p ln(p/q)` and the
/// cross-entropy `-E_p ln q` of two distributions, from samples of both (Wang, Kulkarni and Verdu,
/// IEEE Transactions on Information Theory 55, 2009), in nats:
///
/// ```text
/// D = (d/n) sum_i ln(s_i / r_i) + psi(m + 1) - psi(n) + psi(k) - psi(l)
/// C = (d/n) sum_i ln s_i + ln V_d + psi(m + 1) - psi(l)
/// ```
///
/// Here there are `n` samples of `p` and `m` of `q`. `r_i` is the distance of sample `i` of `p` to
/// its k-th nearest other sample of `p`, and `s_i` the distance to its l-th nearest sample of `q`.
/// By default `l` equals `k`. The constants are exact for every n and m: the probability of a ball
/// that just reaches the l-th of m points has a Beta(l, m + 1 - l) distribution. (The literature
/// often uses the limit, `ln(m / (n - 1))`.) `C - D` is the Kozachenko-Leonenko estimate of the
/// entropy of `p`.
///
/// If `p` has samples where `q` has hardly any, the divergence is large and the estimate is far too
/// small: `m` samples of `q` can show its rarity only up to about `ln m`.
///
/// ```
/// use knn_entropy::Divergence;
/// use ndarray::Array2;
/// use ndarray_rand::RandomExt;
/// use ndarray_rand::rand::SeedableRng;
/// use ndarray_rand::rand_distr::StandardUniform;
/// use rand_chacha::ChaCha8Rng;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// // Uniform on 0 to 1 against uniform on 0 to 2.
/// let p = Array2::<f64>::random_using((500, 1), StandardUniform, &mut rng);
/// let q = 2.0 * Array2::<f64>::random_using((800, 1), StandardUniform, &mut rng);
/// let divergence = Divergence::new(3).divergence(p.view(), q.view())?;
/// assert!((divergence - 2_f64.ln()).abs() < 0.2);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Divergence<'s> {
    settings: Settings<'s>,
    across: Option<usize>,
    shared_rows: SharedRows,
}

/// A divergence and its gradients with respect to the samples.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DivergenceGradients<F> {
    /// The divergence in nats.
    pub divergence: f64,
    /// Gradient with respect to the samples of `p`, `[n, d]`.
    pub p: Array2<F>,
    /// Gradient with respect to the samples of `q`, `[m, d]`.
    pub q: Array2<F>,
}

impl<'s> Divergence<'s> {
    /// Returns the estimator with the k-th neighbor in both sets and Euclidean distances. Rows that
    /// are in both sets are an error. `k` is checked when an estimate is made.
    pub fn new(k: usize) -> Self {
        Self { settings: Settings::new(k, Norm::L2), across: None, shared_rows: SharedRows::Error }
    }

    /// Sets the number `l` of the neighbor among the samples of `q`. The default is `k`.
    #[must_use]
    pub fn k_across(self, l: usize) -> Self {
        Self { across: Some(l), ..self }
    }

    /// Sets the rule for rows that are in both sets.
    #[must_use]
    pub fn shared_rows(self, shared_rows: SharedRows) -> Self {
        Self { shared_rows, ..self }
    }

    setters!();

    /// Returns the divergence `E_p ln(p/q)` in nats between the distributions that the rows of `p`
    /// `[n, d]` and of `q` `[m, d]` were drawn from. The divergence is not symmetric.
    ///
    /// # Errors
    ///
    /// - [`Error::NoSamples`], [`Error::NoDimensions`], [`Error::NotFinite`],
    ///   [`Error::DimensionMismatch`] for samples that cannot be used.
    /// - `k` is 0 or not below `n`, or `l` is 0 or above `m`.
    /// - Rows coincide within `p`, or are both in `p` and in `q`, unless there is a rule for them.
    /// - [`Error::Singular`] if the samples of `p` or of `q` lie in a plane, as with a constant
    ///   column. Every column is one dimension of the formula, so a column that adds nothing would
    ///   multiply the estimate. If only one set lies in the plane, the divergence is infinite.
    ///   There is no such check with a rule for close points or with periods.
    /// - A distance is larger than the largest finite number.
    pub fn divergence(&self, p: impl ToSamples, q: impl ToSamples) -> Result<f64> {
        Ok(self.estimate(p, q)?.value())
    }

    /// Returns the divergence with standard error, warnings and local values, one for each sample
    /// of `p`.
    ///
    /// The squared standard error is a sum of two terms. The local values show the variance over
    /// samples of `p`. The samples of `q` are the same for all of them. Their part of the variance
    /// is that of the density ratio `p/q` over the samples of `q`, divided by `m`, and the ratio at
    /// a sample is estimated by the number `c_j` of samples of `p` that have it among their `l`
    /// nearest:
    ///
    /// ```text
    /// sum_j (c_j / (l n) - 1/m)^2
    /// ```
    ///
    /// In trials with normal samples, 1 to 16 dimensions and 20 to 2000 samples per set, the
    /// standard error was between 0.83 and 1.15 times the standard deviation of the estimates. It
    /// was 1.6 times as large where hardly any sample of `q` was close to `p`.
    ///
    /// # Errors
    ///
    /// See [`divergence`](Divergence::divergence).
    pub fn estimate(&self, p: impl ToSamples, q: impl ToSamples) -> Result<Estimate> {
        let (p, q) = (p.to_samples()?, q.to_samples()?);
        let found = self.find(&p, &q)?;
        let estimate = self.local_values(&p, &found)?;
        let of_p = found.within.any_coincide().then(|| p.repetition_warning()).flatten();
        let repeated = of_p.or_else(|| q.repetition_warning());
        // A shift of one column between the sets must not count as its spread.
        let scales = [&p, &q].into_iter().find_map(|set| Samples::scales_warning(slice::from_ref(set)));
        let scales = scales.filter(|_| !self.settings.metric.is_periodic());
        Ok(estimate.warn(scales).warn(repeated))
    }

    /// Returns the cross-entropy `-E_p ln q` in nats, which is the entropy of `p` plus the
    /// divergence:
    ///
    /// ```text
    /// psi(m + 1) - psi(l) + ln V_d + (d/n) sum_i ln s_i
    /// ```
    ///
    /// with the distance `s_i` from sample `i` of `p` to the l-th nearest sample of `q`.
    ///
    /// # Errors
    ///
    /// See [`divergence`](Divergence::divergence), except for errors about neighbors in `p` or
    /// about a plane that contains `p`.
    pub fn cross_entropy(&self, p: impl ToSamples, q: impl ToSamples) -> Result<f64> {
        Ok(self.cross_entropy_estimate(p, q)?.value())
    }

    /// Returns the cross-entropy with standard error, warnings and local values, one for each
    /// sample of `p`. The standard error has the same two terms as that of
    /// [`estimate`](Divergence::estimate).
    ///
    /// # Errors
    ///
    /// See [`cross_entropy`](Divergence::cross_entropy).
    pub fn cross_entropy_estimate(&self, p: impl ToSamples, q: impl ToSamples) -> Result<Estimate> {
        self.cross_entropy_of(&p.to_samples()?, &q.to_samples()?)
    }

    fn cross_entropy_of(&self, p: &Samples<'_>, q: &Samples<'_>) -> Result<Estimate> {
        p.same_dimension(q)?;
        let settings = self.across();
        settings.check_rank(q)?;
        let across = self.shared_rows.across(settings, p, q)?;
        let d = p.dimension();
        let (of_l, volume) = (digamma(settings.k as f64), settings.log_unit_ball(d));
        let local =
            across.candidates.iter().zip(&across.distances).map(|(&m, &s)| {
                digamma(m as f64 + 1.0) - of_l + volume + d as f64 * settings.close_points.radius(s).ln()
            });
        Ok(Estimate::new(local.collect())?.with_variance_of_others(across.variance).warn(across.warning))
    }

    /// Returns the divergence and its gradients with respect to the samples of both sets.
    ///
    /// Each sample of `p` is pulled toward its neighbors in `p` and pushed away from its neighbors
    /// in `q`, which are pushed the other way. All gradients add up to 0, and so do their products
    /// with the positions, because shifting or scaling both sets together does not change the
    /// divergence.
    ///
    /// # Errors
    ///
    /// See [`divergence`](Divergence::divergence). Also [`Error::GradientOverflow`] if points are
    /// so close that a gradient overflows `F`.
    pub fn divergence_and_gradients<F: Float>(
        &self,
        p: ArrayView2<'_, F>,
        q: ArrayView2<'_, F>,
    ) -> Result<DivergenceGradients<F>> {
        let (p, q) = (Samples::new(p)?, Samples::new(q)?);
        let mut of_q = Gradient::new(q.len(), q.dimension());
        let (divergence, of_p) = self.with_gradient(&p, &q, |j, push| {
            of_q.row(j).iter_mut().zip(push).for_each(|(g, push)| *g -= push);
        })?;
        Ok(DivergenceGradients { divergence, p: of_p.finish()?, q: of_q.finish()? })
    }

    /// Returns the divergence and its gradient with respect to the samples of `p` alone, which are
    /// those of [`divergence_and_gradients`](Divergence::divergence_and_gradients). It takes less
    /// time if there are many more samples of `q`.
    ///
    /// # Errors
    ///
    /// See [`divergence_and_gradients`](Divergence::divergence_and_gradients).
    pub fn divergence_and_gradient<F: Float>(
        &self,
        p: ArrayView2<'_, F>,
        q: ArrayView2<'_, F>,
    ) -> Result<(f64, Array2<F>)> {
        let (divergence, of_p) = self.with_gradient(&Samples::new(p)?, &Samples::new(q)?, |_, _| {})?;
        Ok((divergence, of_p.finish()?))
    }

    /// Returns the divergence and its gradient with respect to `p`. The negative gradient with
    /// respect to a sample of `q` is the sum of what is passed to `pull` with its row.
    fn with_gradient(
        &self,
        p: &Samples<'_>,
        q: &Samples<'_>,
        mut pull: impl FnMut(usize, &[f64]),
    ) -> Result<(f64, Gradient)> {
        let found = self.find(p, q)?;
        let (n, d, k) = (p.len(), p.dimension(), self.settings.k - 1);
        let weight = d as f64 / n as f64;
        let mut gradient = Gradient::new(n, d);
        let mut push = vec![0.0; d];
        for i in 0..n {
            let (j, r) = (found.within.indices[[i, k]], found.within.distances[[i, k]]);
            self.settings.push_apart(p.point(i), p.point(j), r, -weight, &mut push);
            gradient.add_pair(i, j, &push);
            let (j, s) = (found.across.indices[i], found.across.distances[i]);
            self.settings.push_apart(p.point(i), q.point(j), s, weight, &mut push);
            gradient.row(i).iter_mut().zip(&push).for_each(|(g, push)| *g += push);
            pull(j, &push);
        }
        Ok((self.local_values(p, &found)?.value(), gradient))
    }

    fn across(&self) -> Settings<'s> {
        Settings { k: self.across.unwrap_or(self.settings.k), window: 0, ..self.settings }
    }

    fn find(&self, p: &Samples<'_>, q: &Samples<'_>) -> Result<Found> {
        p.same_dimension(q)?;
        // Check `k` first, as an entropy does.
        let task = self.settings.task(p)?;
        [p, q].into_iter().try_for_each(|set| self.settings.check_rank(set))?;
        let within = self.settings.checked(self.settings.search.find(&task), self.settings.k - 1)?;
        let across = self.shared_rows.across(self.across(), p, q)?;
        // Rows that also repeat within p were rounded. Leaving out shared rows would not solve
        // that.
        let repeated = |i: &usize| across.candidates[*i] < q.len() && within.distances[[*i, 0]] == 0.0;
        if let Some(first) = (0..p.len()).find(repeated) {
            let count = (0..p.len()).filter(repeated).count();
            return Err(Error::Duplicates { first, second: within.indices[[first, 0]], count, k: 1 });
        }
        Ok(Found { within, across })
    }

    fn local_values(&self, p: &Samples<'_>, found: &Found) -> Result<Estimate> {
        let (n, d, k) = (p.len(), p.dimension(), self.settings.k);
        let of_rows = digamma_of_usable(self.settings.window, n);
        let of_neighbors = LocalDivergence::of_neighbors(k, self.across().k);
        let radius = |r: f64| self.settings.close_points.radius(r);
        let local = |i: usize| {
            let (r, s) = (found.within.distances[[i, k - 1]], found.across.distances[i]);
            let of_candidates = digamma(found.across.candidates[i] as f64 + 1.0);
            LocalDivergence { of_candidates, of_rows: of_rows(i), of_neighbors, d }.value(radius(r), radius(s))
        };
        let estimate = Estimate::new((0..n).map(local).collect())?.with_variance_of_others(found.across.variance);
        Ok(estimate.warn(found.across.warning.clone()))
    }
}

/// Function from the two distances of a sample of `p` to its local value of [`Divergence`], for
/// samples whose neighbors were found elsewhere, such as on several machines. Its values are
/// bit-identical to those of the estimator.
#[derive(Debug, Clone, Copy)]
pub struct LocalDivergence {
    of_candidates: f64,
    of_rows: f64,
    of_neighbors: f64,
    d: usize,
}

impl LocalDivergence {
    /// Returns the function for the k-th of `n` samples of `p` and the l-th of `m` samples of `q`,
    /// of `d` coordinates.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroK`] or [`Error::KTooLarge`] if `k` is 0 or not below `n`, or `l` is 0 or above
    /// `m`.
    pub fn new([k, l]: [usize; 2], [n, m]: [usize; 2], d: usize) -> Result<Self> {
        check_k(k, n.saturating_sub(1))?;
        check_k(l, m)?;
        let (of_candidates, of_rows) = (digamma(m as f64 + 1.0), digamma(n as f64));
        Ok(Self { of_candidates, of_rows, of_neighbors: Self::of_neighbors(k, l), d })
    }

    /// Returns the local value in nats, `psi(m + 1) - psi(n) + psi(k) - psi(l) + d ln(s/r)`, for
    /// the distance `r` to the k-th nearest other sample of `p` and the distance `s` to the l-th
    /// nearest sample of `q`. The value is not finite if a distance is 0.
    pub fn value(&self, r: f64, s: f64) -> f64 {
        self.of_candidates - self.of_rows + self.of_neighbors + self.d as f64 * (s.ln() - r.ln())
    }

    /// Returns the part of the estimate's variance that is due to the samples of `q`,
    /// `sum_j c_j^2 / (l n)^2 - 1/m`, or 0 if that is negative. `squares` is the sum of all `c_j^2`
    /// of [`Divergence::estimate`].
    pub fn variance_over_q(squares: u64, l: usize, [n, m]: [usize; 2]) -> f64 {
        (squares as f64 / (l as f64 * n as f64).powi(2) - 1.0 / m as f64).max(0.0)
    }

    fn of_neighbors(k: usize, l: usize) -> f64 {
        digamma(k as f64) - digamma(l as f64)
    }
}

/// Neighbors of the samples of p, in p and in q.
struct Found {
    within: Neighbors,
    across: Across,
}
