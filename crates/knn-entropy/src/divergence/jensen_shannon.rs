use std::slice;

use ndarray::Array1;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use statrs::function::gamma::digamma;

use crate::settings::{Settings, setters};
use crate::significance::shuffle;
use crate::{Boundary, Error, Estimate, Norm, Result, Samples, ToSamples, Warning};

/// Nearest-neighbor estimator of the Jensen-Shannon divergence of two distributions, from samples
/// of both, in nats.
///
/// With the mixture `m = w p + (1 - w) q`, where `w` is 1/2 unless set,
///
/// ```text
/// JSD = w E_p ln(p/m) + (1 - w) E_q ln(q/m)
/// ```
///
/// The divergence is 0 for equal distributions. It is at most `-w ln w - (1 - w) ln(1 - w)`, which
/// is `ln 2` for equal weights, and attains this bound if the densities do not overlap. It is
/// finite for any two distributions. For equal weights it is symmetric, and its square root is a
/// metric (Endres and Schindelin, IEEE Transactions on Information Theory 49, 2003).
///
/// The divergence equals the mutual information between a sample of the mixture and the label that
/// says which distribution the sample is from (Lin, IEEE Transactions on Information Theory 37,
/// 1991). It is estimated as this information (Ross, PLoS ONE 9, 2014): with `n` samples of `p`
/// among `N` of both, each contributes
///
/// ```text
/// psi(N) - psi(n) + psi(k_i) - psi(k_i + c_i)
/// ```
///
/// Here the ball that reaches the k-th neighbor of a sample among the other samples of `p` contains
/// `k_i` samples of `p` and `c_i` samples of `q`. `k_i` equals `k` unless distances are equal. The
/// estimate is exactly unbiased for equal distributions with densities. If the k-th neighbor
/// coincides with the sample, `k_i` also counts the sample itself.
///
/// These terms apply to the weight `w = n / N`. For other weights, such as 1/2 with sets of
/// different sizes, one set is split at random into overlapping parts. Each part has the size that
/// gives it the chosen weight together with the other set. The number of parts is the smallest that
/// includes every sample, and local values are averaged over the parts. No sample is left out, and
/// the expectation for equal distributions is still 0.
///
/// Estimates vary around the truth, so they can be below 0, and above `ln 2` if the densities
/// hardly overlap.
///
/// Repeated rows are allowed, because the divergence of discrete distributions is finite. Rows
/// copied from one set to the other lower the estimate: for two equal sets it is
/// `psi(2k + 1) - psi(k) - ln 2` below 0, which is 0.26 nats for k = 3. Its standard error is then
/// 0, because all local values are equal. A warning says so if the numbers are continuous.
///
/// ```
/// use knn_entropy::JensenShannon;
/// use ndarray::Array2;
/// use ndarray_rand::RandomExt;
/// use ndarray_rand::rand::SeedableRng;
/// use ndarray_rand::rand_distr::StandardUniform;
/// use rand_chacha::ChaCha8Rng;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// // Uniform on 0 to 1 against uniform on 0.5 to 1.5: half of each distribution overlaps the other.
/// let p = Array2::<f64>::random_using((400, 1), StandardUniform, &mut rng);
/// let q = 0.5 + Array2::<f64>::random_using((900, 1), StandardUniform, &mut rng);
/// let found = JensenShannon::new(5).estimate(p.view(), q.view())?;
/// assert!((found.value() - 0.5 * 2_f64.ln()).abs() < 0.05);
/// assert_eq!(found.distance(), found.value().sqrt());
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct JensenShannon<'s> {
    settings: Settings<'s>,
    weight: f64,
    seed: u64,
}

/// An estimate of the Jensen-Shannon divergence in nats.
#[derive(Debug, Clone, PartialEq)]
pub struct JensenShannonEstimate {
    p: Estimate,
    q: Estimate,
    weight: f64,
    warnings: Vec<Warning>,
}

impl<'s> JensenShannon<'s> {
    /// Returns the estimator with the k-th neighbor, Euclidean distances and the weight 1/2.
    pub fn new(k: usize) -> Self {
        Self { settings: Settings::new(k, Norm::L2), weight: 0.5, seed: 0 }
    }

    /// Sets the weight of `p` in the mixture, above 0 and below 1. The pooled samples have the
    /// weight `n / (n + m)`. Another weight is an [`Error::InvalidWeight`] when an estimate is
    /// made.
    #[must_use]
    pub fn weight(self, weight: f64) -> Self {
        Self { weight, ..self }
    }

    /// Sets the seed for splitting the larger set. The default is 0. The seed has no effect on sets
    /// whose sizes match the weight.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    setters!(periodic);
    setters!(search);

    /// Returns the divergence in nats between the distributions that the rows of `p` `[n, d]` and
    /// of `q` `[m, d]` were drawn from. The result can be below 0 because of the error of the
    /// estimate.
    ///
    /// # Errors
    ///
    /// - [`Error::NoSamples`], [`Error::NoDimensions`], [`Error::NotFinite`],
    ///   [`Error::DimensionMismatch`] for samples that cannot be used.
    /// - [`Error::InvalidWeight`] for a weight that is not between 0 and 1.
    /// - [`Error::ZeroK`]; [`Error::KTooLarge`] unless each sample has `k` others in its set, or in
    ///   its part of the set.
    /// - [`Error::DistanceOverflow`] for a distance above the largest finite number; rows of `q`
    ///   are counted after those of `p`.
    pub fn divergence(&self, p: impl ToSamples, q: impl ToSamples) -> Result<f64> {
        Ok(self.estimate(p, q)?.value())
    }

    /// Returns the divergence with its square root, local values, standard error and warnings.
    ///
    /// # Errors
    ///
    /// See [`divergence`](JensenShannon::divergence).
    pub fn estimate(&self, p: impl ToSamples, q: impl ToSamples) -> Result<JensenShannonEstimate> {
        self.estimate_of(&p.to_samples()?, &q.to_samples()?)
    }

    fn estimate_of(&self, p: &Samples<'_>, q: &Samples<'_>) -> Result<JensenShannonEstimate> {
        p.same_dimension(q)?;
        let weight = self.weight;
        if !(weight > 0.0 && weight < 1.0) {
            return Err(Error::InvalidWeight(weight));
        }
        let (n, m) = (p.len(), q.len());
        // The part sizes have the ratio of the weights, and one of them is the whole set.
        let of_q = (n as f64 * ((1.0 - weight) / weight)).round();
        let (parts_of_p, parts_of_q) = if of_q <= m as f64 {
            (vec![(0..n).collect()], self.parts(m, of_q as usize))
        } else {
            let of_p = (m as f64 * (weight / (1.0 - weight))).round();
            (self.parts(n, of_p as usize), vec![(0..m).collect()])
        };
        let (mut of_p, mut of_q) = (Average::new(n), Average::new(m));
        for rows_p in &parts_of_p {
            for rows_q in &parts_of_q {
                let local = self.local_values(p, q, rows_p, rows_q)?;
                of_p.add(rows_p, &local[..rows_p.len()]);
                of_q.add(rows_q, &local[rows_p.len()..]);
            }
        }
        let scales = || [p, q].into_iter().find_map(|set| Samples::scales_warning(slice::from_ref(set)));
        let scales = if self.settings.metric.is_periodic() { None } else { scales() };
        // Rows of one set that are copies of rows of the other count, too.
        let repeated = p.followed_by(q)?.repetition_warning();
        let warnings = scales.into_iter().chain(repeated).collect();
        Ok(JensenShannonEstimate { p: of_p.finish()?, q: of_q.finish()?, weight, warnings })
    }

    /// Splits the rows `0..n` at random into parts of `size` rows, using the smallest number of
    /// parts that covers all rows.
    fn parts(&self, n: usize, size: usize) -> Vec<Vec<usize>> {
        let size = size.clamp(1, n);
        let mut rows: Vec<usize> = (0..n).collect();
        if size == n {
            return vec![rows];
        }
        shuffle(&mut rows, &mut ChaCha8Rng::seed_from_u64(self.seed));
        let parts = n.div_ceil(size);
        // The starts are evenly spaced, and the last part ends at the last row.
        let start = |part: usize| ((n - size) as u128 * part as u128 / (parts as u128 - 1)) as usize;
        (0..parts).map(|part| rows[start(part)..start(part) + size].to_vec()).collect()
    }

    /// Returns the local values of some rows of p, followed by those of some rows of q.
    fn local_values(&self, p: &Samples<'_>, q: &Samples<'_>, rows_p: &[usize], rows_q: &[usize]) -> Result<Vec<f64>> {
        let Settings { k, metric, search, .. } = self.settings;
        let both = [(p.select(rows_p), rows_p, 0), (q.select(rows_q), rows_q, p.len())];
        let (mut radii, mut own, mut constants) = (Vec::new(), Vec::new(), Vec::new());
        let all = (rows_p.len() + rows_q.len()) as f64;
        for (set, rows, first_row) in &both {
            let neighbors = search.among(set, k, metric, 0)?;
            let of_set = neighbors.distances.column(k - 1).to_vec();
            if let Some(place) = of_set.iter().position(|r| r.is_infinite()) {
                let second = neighbors.indices[[place, k - 1]];
                return Err(Error::DistanceOverflow {
                    first: first_row + rows[place],
                    second: first_row + rows[second],
                });
            }
            own.extend(search.count_among(set, &of_set, Boundary::Closed, metric, 0)?);
            constants.extend(vec![digamma(all) - digamma(set.len() as f64); set.len()]);
            radii.extend(of_set);
        }
        let pooled = both[0].0.followed_by(&both[1].0)?;
        let counts = search.count_among(&pooled, &radii, Boundary::Closed, metric, 0)?;
        let local = |place: usize| {
            // A ball of radius 0 is not defined by one chosen neighbor, so the sample itself
            // counts, too.
            let itself = if radii[place] == 0.0 { 1.0 } else { 0.0 };
            constants[place] + digamma(own[place] as f64 + itself) - digamma(counts[place] as f64 + itself)
        };
        Ok((0..radii.len()).map(local).collect())
    }
}

impl JensenShannonEstimate {
    /// Returns the divergence: the weighted sum of the means of both sets' local values.
    pub fn value(&self) -> f64 {
        self.weight * self.p.value() + (1.0 - self.weight) * self.q.value()
    }

    /// Returns the square root of the divergence, which is a metric between distributions if the
    /// weights are equal. Returns 0 for an estimate below 0.
    pub fn distance(&self) -> f64 {
        self.value().max(0.0).sqrt()
    }

    /// Returns reasons to doubt the estimate. The slice is empty if the samples suit the estimator.
    /// Rows of `q` are counted after those of `p`.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Returns the standard error of the value. It treats the means of both sets as independent.
    pub fn standard_error(&self) -> f64 {
        (self.weight * self.p.standard_error()).hypot((1.0 - self.weight) * self.q.standard_error())
    }

    /// Returns the estimate of `E_p ln(p/m)`, with a local value for each sample of `p`.
    pub fn p(&self) -> &Estimate {
        &self.p
    }

    /// Returns the estimate of `E_q ln(q/m)`, with a local value for each sample of `q`.
    pub fn q(&self) -> &Estimate {
        &self.q
    }
}

/// Average of local values over the parts that contain a sample.
struct Average {
    sums: Array1<f64>,
    parts: Array1<f64>,
}

impl Average {
    fn new(n: usize) -> Self {
        Self { sums: Array1::zeros(n), parts: Array1::zeros(n) }
    }

    fn add(&mut self, rows: &[usize], local: &[f64]) {
        for (&row, local) in rows.iter().zip(local) {
            self.sums[row] += local;
            self.parts[row] += 1.0;
        }
    }

    fn finish(self) -> Result<Estimate> {
        Estimate::new(self.sums / self.parts)
    }
}
