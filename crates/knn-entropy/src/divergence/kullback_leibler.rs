use ndarray::{Array2, ArrayView2};
use statrs::function::gamma::digamma;

use super::shared_rows::Across;
use crate::entropy::gradient::Gradient;
use crate::settings::window::digamma_of_usable;
use crate::settings::{Settings, setters};
use crate::{Error, Estimate, Float, Neighbors, Norm, Result, Samples, SharedRows, ToSamples};

/// The Kullback-Leibler divergence `E_p ln(p/q)` and the cross-entropy `-E_p ln q` of two
/// distributions from samples of both (Wang, Kulkarni and Verdu, IEEE Transactions on Information
/// Theory 55, 2009), in nats:
///
/// ```text
/// D = (d/n) sum_i ln(s_i / r_i) + psi(m + 1) - psi(n) + psi(k) - psi(l)
/// C = (d/n) sum_i ln s_i + ln V_d + psi(m + 1) - psi(l)
/// ```
///
/// with `n` samples of `p` and `m` of `q`, `r_i` the distance of sample `i` of `p` to its k-th
/// nearest other sample of `p`, and `s_i` that to its l-th nearest sample of `q`; `l` is `k` unless
/// set. The constants are exact for every n and m: the probability of a ball that just reaches the
/// l-th of m points has a Beta(l, m + 1 - l) distribution. (One often finds `ln(m / (n - 1))`,
/// their limit.) `C - D` is the Kozachenko-Leonenko estimate of the entropy of `p`.
///
/// Where `p` has samples and `q` hardly any, the divergence is large and its estimate far too
/// small: samples of `q` tell how rare they are only as far as about `ln m`.
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

/// A divergence and what becomes of it when samples move.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DivergenceGradients<F> {
    /// The divergence in nats.
    pub divergence: f64,
    /// `[n, d]`: its gradient with respect to the samples of `p`.
    pub p: Array2<F>,
    /// `[m, d]`: that with respect to the samples of `q`.
    pub q: Array2<F>,
}

impl<'s> Divergence<'s> {
    /// With the k-th neighbor in both sets, and Euclidean distances.
    pub fn new(k: usize) -> Self {
        Self { settings: Settings::new(k, Norm::L2), across: None, shared_rows: SharedRows::Error }
    }

    /// With another neighbor among the samples of `q`.
    #[must_use]
    pub fn k_across(self, l: usize) -> Self {
        Self { across: Some(l), ..self }
    }

    /// With another rule for rows that are in both sets.
    #[must_use]
    pub fn shared_rows(self, shared_rows: SharedRows) -> Self {
        Self { shared_rows, ..self }
    }

    setters!();

    /// Returns the divergence `E_p ln(p/q)` in nats between the distributions that the rows of `p`
    /// `[n, d]` and of `q` `[m, d]` were drawn from. Not symmetric.
    ///
    /// # Errors
    ///
    /// Samples that are none, of no or of different dimensions, or not finite; `k` 0 or not below
    /// `n`, `l` 0 or above `m`; rows that coincide within `p`, or rows of `p` that `q` has,
    /// too, unless there is a rule for them; a distance beyond the largest number.
    pub fn divergence(&self, p: impl ToSamples, q: impl ToSamples) -> Result<f64> {
        Ok(self.estimate(p, q)?.value())
    }

    /// Returns the divergence with its local values, one for each sample of `p`, standard error and
    /// warnings.
    ///
    /// # Errors
    ///
    /// As [`divergence`](Divergence::divergence).
    pub fn estimate(&self, p: impl ToSamples, q: impl ToSamples) -> Result<Estimate> {
        let (p, q) = (p.to_samples()?, q.to_samples()?);
        let found = self.find(&p, &q)?;
        let estimate = self.local_values(&p, &found)?;
        let of_p = found.within.any_coincide().then(|| p.repetition_warning()).flatten();
        let repeated = of_p.or_else(|| q.repetition_warning());
        Ok(estimate.warn(repeated))
    }

    /// Returns the cross-entropy `-E_p ln q` in nats: the entropy of `p` plus the divergence.
    ///
    /// # Errors
    ///
    /// As [`divergence`](Divergence::divergence), but for what concerns neighbors in `p`.
    pub fn cross_entropy(&self, p: impl ToSamples, q: impl ToSamples) -> Result<f64> {
        Ok(self.cross_entropy_estimate(p, q)?.value())
    }

    /// Returns the cross-entropy with its local values, one for each sample of `p`, standard error
    /// and warnings.
    ///
    /// # Errors
    ///
    /// As [`cross_entropy`](Divergence::cross_entropy).
    pub fn cross_entropy_estimate(&self, p: impl ToSamples, q: impl ToSamples) -> Result<Estimate> {
        self.cross_entropy_of(&p.to_samples()?, &q.to_samples()?)
    }

    fn cross_entropy_of(&self, p: &Samples<'_>, q: &Samples<'_>) -> Result<Estimate> {
        p.same_dimension(q)?;
        let settings = self.across();
        let across = self.shared_rows.across(settings, p, q)?;
        let d = p.dimension();
        let (of_l, volume) = (digamma(settings.k as f64), settings.log_unit_ball(d));
        let local =
            across.candidates.iter().zip(&across.distances).map(|(&m, &s)| {
                digamma(m as f64 + 1.0) - of_l + volume + d as f64 * settings.close_points.radius(s).ln()
            });
        Ok(Estimate::new(local.collect())?.warn(across.warning))
    }

    /// Returns the divergence, and its gradients with respect to the samples of both.
    ///
    /// Each sample of `p` is drawn to its neighbors in `p` and pushed from those in `q`, which are
    /// pushed themselves the other way. All gradients add up to 0, and so do their products
    /// with the positions: nothing changes if both sets are shifted or scaled together.
    ///
    /// # Errors
    ///
    /// As [`divergence`](Divergence::divergence), and if points are so close that a gradient is
    /// larger than the largest `F`.
    pub fn divergence_and_gradients<F: Float>(
        &self,
        p: ArrayView2<'_, F>,
        q: ArrayView2<'_, F>,
    ) -> Result<DivergenceGradients<F>> {
        let (p, q) = (Samples::new(p)?, Samples::new(q)?);
        let found = self.find(&p, &q)?;
        let (n, d, k) = (p.len(), p.dimension(), self.settings.k - 1);
        let weight = d as f64 / n as f64;
        let (mut of_p, mut of_q) = (Gradient::new(n, d), Gradient::new(q.len(), d));
        let mut push = vec![0.0; d];
        for i in 0..n {
            let (j, r) = (found.within.indices[[i, k]], found.within.distances[[i, k]]);
            self.settings.push_apart(p.point(i), p.point(j), r, -weight, &mut push);
            of_p.add_pair(i, j, &push);
            let (j, s) = (found.across.indices[i], found.across.distances[i]);
            self.settings.push_apart(p.point(i), q.point(j), s, weight, &mut push);
            of_p.row(i).iter_mut().zip(&push).for_each(|(g, push)| *g += push);
            of_q.row(j).iter_mut().zip(&push).for_each(|(g, push)| *g -= push);
        }
        let divergence = self.local_values(&p, &found)?.value();
        Ok(DivergenceGradients { divergence, p: of_p.finish()?, q: of_q.finish()? })
    }

    fn across(&self) -> Settings<'s> {
        Settings { k: self.across.unwrap_or(self.settings.k), window: 0, ..self.settings }
    }

    fn find(&self, p: &Samples<'_>, q: &Samples<'_>) -> Result<Found> {
        p.same_dimension(q)?;
        let within = self.settings.among(p)?;
        let across = self.shared_rows.across(self.across(), p, q)?;
        // Rows that repeat within p, too, were rounded, and leaving some of their neighbors out would be no
        // remedy.
        let repeated = |i: &usize| across.candidates[*i] < q.len() && within.distances[[*i, 0]] == 0.0;
        if let Some(first) = (0..p.len()).find(repeated) {
            let count = (0..p.len()).filter(repeated).count();
            return Err(Error::Duplicates { first, second: within.indices[[first, 0]], count, k: 1 });
        }
        Ok(Found { within, across })
    }

    fn local_values(&self, p: &Samples<'_>, found: &Found) -> Result<Estimate> {
        let (n, d, k, l) = (p.len(), p.dimension() as f64, self.settings.k, self.across().k);
        let of_rows = digamma_of_usable(self.settings.window, n);
        let of_neighbors = digamma(k as f64) - digamma(l as f64);
        let radius = |r: f64| self.settings.close_points.radius(r).ln();
        let local = |i: usize| {
            let (r, s) = (found.within.distances[[i, k - 1]], found.across.distances[i]);
            let of_candidates = digamma(found.across.candidates[i] as f64 + 1.0);
            of_candidates - of_rows(i) + of_neighbors + d * (radius(s) - radius(r))
        };
        Ok(Estimate::new((0..n).map(local).collect())?.warn(found.across.warning.clone()))
    }
}

/// The neighbors of the samples of p, in p and in q.
struct Found {
    within: Neighbors,
    across: Across,
}
