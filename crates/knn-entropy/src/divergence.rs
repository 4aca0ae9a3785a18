use ndarray::{Array2, ArrayView2};
use statrs::function::gamma::digamma;

use crate::entropy::gradient::Gradient;
use crate::neighborhood::{Neighborhood, neighborhood_settings};
use crate::{Estimate, Float, Neighbors, Norm, Result, Samples};

/// The Kullback-Leibler divergence `E_p ln(p/q)` and the cross-entropy `-E_p ln q` of two distributions from samples of both
/// (Wang, Kulkarni and Verdu, IEEE Transactions on Information Theory 55, 2009), in nats:
///
/// ```text
/// D = (d/n) sum_i ln(s_i / r_i) + psi(m + 1) - psi(n) + psi(k) - psi(l)
/// C = (d/n) sum_i ln s_i + ln V_d + psi(m + 1) - psi(l)
/// ```
///
/// with `n` samples of `p` and `m` of `q`, `r_i` the distance of sample `i` of `p` to its k-th nearest other sample of `p`,
/// and `s_i` that to its l-th nearest sample of `q`; `l` is `k` unless set. The constants are exact for every n and m: the
/// probability of a ball that just reaches the l-th of m points has a Beta(l, m + 1 - l) distribution. (One often finds
/// `ln(m / (n - 1))`, their limit.) `C - D` is the Kozachenko-Leonenko estimate of the entropy of `p`.
///
/// Where `p` has samples and `q` hardly any, the divergence is large and its estimate far too small: samples of `q` tell
/// how rare they are only as far as about `ln m`.
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
    around: Neighborhood<'s>,
    l: Option<usize>,
}

/// A divergence and what becomes of it when samples move.
#[derive(Debug, Clone, PartialEq)]
pub struct DivergenceGradients<F> {
    /// The divergence in nats.
    pub divergence: f64,
    /// `[n, d]`: its gradient with respect to the samples of `p`.
    pub p: Array2<F>,
    /// `[m, d]`: that with respect to the samples of `q`.
    pub q: Array2<F>,
}

impl<'s> Divergence<'s> {
    /// With the k-th neighbour in both sets, and Euclidean distances.
    pub fn new(k: usize) -> Self {
        Self { around: Neighborhood::new(k, Norm::L2), l: None }
    }

    /// With another neighbour among the samples of `q`.
    #[must_use]
    pub fn k_across(self, l: usize) -> Self {
        Self { l: Some(l), ..self }
    }

    neighborhood_settings!();

    /// The divergence `E_p ln(p/q)` in nats between the distributions that the rows of `p` `[n, d]` and of `q` `[m, d]` were
    /// drawn from. Not symmetric.
    ///
    /// # Errors
    ///
    /// Samples that are none, of no or of different dimensions, or not finite; `k` 0 or not below `n`, `l` 0 or above `m`;
    /// coinciding points, unless there is a rule for them, where the second row that is named may be one of `q`; a distance
    /// beyond the largest number.
    pub fn divergence<F: Float>(&self, p: ArrayView2<'_, F>, q: ArrayView2<'_, F>) -> Result<f64> {
        Ok(self.estimate(p, q)?.value())
    }

    /// The divergence with its local values, one for each sample of `p`, standard error and interval of confidence.
    ///
    /// # Errors
    ///
    /// As [`divergence`](Divergence::divergence).
    pub fn estimate<F: Float>(&self, p: ArrayView2<'_, F>, q: ArrayView2<'_, F>) -> Result<Estimate> {
        let (p, q) = (Samples::new(p)?, Samples::new(q)?);
        let found = self.find(&p, &q)?;
        self.local_values(&p, &q, &found)
    }

    /// The cross-entropy `-E_p ln q` in nats: the entropy of `p` plus the divergence.
    ///
    /// # Errors
    ///
    /// As [`divergence`](Divergence::divergence), but for what concerns neighbours in `p`.
    pub fn cross_entropy<F: Float>(&self, p: ArrayView2<'_, F>, q: ArrayView2<'_, F>) -> Result<f64> {
        Ok(self.cross_entropy_estimate(p, q)?.value())
    }

    /// The cross-entropy with its local values, one for each sample of `p`, standard error and interval of confidence.
    ///
    /// # Errors
    ///
    /// As [`cross_entropy`](Divergence::cross_entropy).
    pub fn cross_entropy_estimate<F: Float>(&self, p: ArrayView2<'_, F>, q: ArrayView2<'_, F>) -> Result<Estimate> {
        let (p, q) = (Samples::new(p)?, Samples::new(q)?);
        let across = self.across();
        let neighbors = across.between(&p, &q)?;
        let d = p.dimension();
        let constant = digamma(q.len() as f64 + 1.0) - digamma(across.k as f64) + across.log_unit_ball(d);
        let s = neighbors.distances.column(across.k - 1);
        Estimate::new(s.mapv(|s| constant + d as f64 * across.close_points.radius(s).ln()))
    }

    /// The divergence, and its gradients with respect to the samples of both.
    ///
    /// Each sample of `p` is drawn to its neighbours in `p` and pushed from those in `q`, which pushed themselves the other
    /// way. All gradients add up to 0, and so do their products with the positions: nothing changes if both sets are
    /// shifted or scaled together.
    ///
    /// # Errors
    ///
    /// As [`divergence`](Divergence::divergence), and if points are so close that a gradient is larger than the largest `F`.
    pub fn divergence_and_gradients<F: Float>(
        &self,
        p: ArrayView2<'_, F>,
        q: ArrayView2<'_, F>,
    ) -> Result<DivergenceGradients<F>> {
        let (p, q) = (Samples::new(p)?, Samples::new(q)?);
        let found = self.find(&p, &q)?;
        let (n, d) = (p.len(), p.dimension());
        let weight = d as f64 / n as f64;
        let (mut of_p, mut of_q) = (Gradient::new(n, d), Gradient::new(q.len(), d));
        let mut push = vec![0.0; d];
        for i in 0..n {
            let (k, l) = (self.around.k - 1, self.across().k - 1);
            let (j, r) = (found.within.indices[[i, k]], found.within.distances[[i, k]]);
            self.around.push_apart(p.point(i), p.point(j), r, -weight, &mut push);
            of_p.add_pair(i, j, &push);
            let (j, s) = (found.across.indices[[i, l]], found.across.distances[[i, l]]);
            self.around.push_apart(p.point(i), q.point(j), s, weight, &mut push);
            of_p.row(i).iter_mut().zip(&push).for_each(|(g, push)| *g += push);
            of_q.row(j).iter_mut().zip(&push).for_each(|(g, push)| *g -= push);
        }
        let divergence = self.local_values(&p, &q, &found)?.value();
        Ok(DivergenceGradients { divergence, p: of_p.finish()?, q: of_q.finish()? })
    }

    fn across(&self) -> Neighborhood<'s> {
        Neighborhood { k: self.l.unwrap_or(self.around.k), window: 0, ..self.around }
    }

    fn find(&self, p: &Samples<'_>, q: &Samples<'_>) -> Result<Found> {
        p.same_dimension(q)?;
        Ok(Found { within: self.around.among(p)?, across: self.across().between(p, q)? })
    }

    fn local_values(&self, p: &Samples<'_>, q: &Samples<'_>, found: &Found) -> Result<Estimate> {
        let (k, l) = (self.around.k, self.across().k);
        let candidates = p.len() - 2 * self.around.window.min((p.len() - 1) / 2);
        let constant =
            digamma(q.len() as f64 + 1.0) - digamma(candidates as f64) + (digamma(k as f64) - digamma(l as f64));
        let radius = |r: f64| self.around.close_points.radius(r).ln();
        let pairs = found.within.distances.column(k - 1).into_iter().zip(found.across.distances.column(l - 1));
        let d = p.dimension() as f64;
        Estimate::new(pairs.map(|(&r, &s)| constant + d * (radius(s) - radius(r))).collect())
    }
}

/// The neighbours of the samples of p, in p and in q.
struct Found {
    within: Neighbors,
    across: Neighbors,
}
