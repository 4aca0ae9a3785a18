use statrs::function::gamma::digamma;

use crate::math::compensated_sum;
use crate::math::special::ln_gamma_ratio;
use crate::settings::window::usable;
use crate::settings::{Settings, setters};
use crate::{ClosePoints, Error, Norm, Result, Samples, ToSamples};

/// Estimator of the Renyi and Tsallis entropies of any order `q` by nearest neighbors (Leonenko,
/// Pronzato and Savani, Annals of Statistics 36, 2008), in nats:
///
/// ```text
/// I_q = E p^(q-1)          estimated by (1/n) sum_i  c (V_d r_i^d)^(1-q),
///                          c = Gamma(k) Gamma(n+1-q) / (Gamma(k+1-q) Gamma(n))
/// Renyi    H_q = ln I_q / (1 - q)
/// Tsallis  T_q = (1 - I_q) / (q - 1)
/// ```
///
/// The constant is exact for every n: the probability `P` of the ball that just reaches the k-th
/// neighbor has a Beta(k, n - k) distribution, and `1/c` is the mean of `P^(1-q)`. (The paper uses
/// the limit, `(n-1)^(1-q)` in place of the second ratio.) At q = 1 both entropies are the Shannon
/// entropy, and this estimator is that of Kozachenko and Leonenko. The transition is smooth to
/// within rounding. All computations use logarithms, so no volume or ratio overflows.
///
/// Orders below 1 emphasize the tails, and orders above 1 the peaks. q must be below `1 + k/2`.
/// From there to `k + 1` the estimator still has an expectation, but its variance is infinite and
/// an estimate is meaningless.
///
/// ```
/// use knn_entropy::Renyi;
/// use ndarray::Array2;
/// use ndarray_rand::RandomExt;
/// use ndarray_rand::rand::SeedableRng;
/// use ndarray_rand::rand_distr::Exp1;
/// use rand_chacha::ChaCha8Rng;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let x = Array2::<f64>::random_using((1000, 1), Exp1, &mut rng);
/// let entropy = Renyi::new(2.0, 3).entropy(x.view())?;
/// // For the exponential distribution, the entropy is ln q / (q - 1).
/// assert!((entropy - 2_f64.ln()).abs() < 0.1);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Renyi<'s> {
    settings: Settings<'s>,
    order: f64,
}

impl<'s> Renyi<'s> {
    /// Returns the estimator of order `q` with the k-th neighbor. Other settings are as in
    /// [`KozachenkoLeonenko::new`](crate::KozachenkoLeonenko::new).
    pub fn new(order: f64, k: usize) -> Self {
        Self { settings: Settings::new(k, Norm::L2), order }
    }

    setters!();

    /// Returns the Renyi entropy in nats of the distribution that the rows of `samples` `[n, d]`
    /// were drawn from.
    ///
    /// # Errors
    ///
    /// See [`KozachenkoLeonenko::entropy`](crate::KozachenkoLeonenko::entropy). Also
    /// [`Error::InvalidOrder`] unless `q < 1 + k/2`.
    pub fn entropy(&self, samples: impl ToSamples) -> Result<f64> {
        self.entropy_of(&samples.to_samples()?)
    }

    fn entropy_of(&self, samples: &Samples<'_>) -> Result<f64> {
        self.settings.check_rank(samples)?;
        let k = self.settings.k;
        // The condition is not written with `>=`, so that NaN is rejected, too.
        if k > 0 && !(self.order.is_finite() && self.order < 1.0 + k as f64 / 2.0) {
            return Err(Error::InvalidOrder { order: self.order, k });
        }
        let (n, d) = (samples.len(), samples.dimension());
        let e = 1.0 - self.order;
        let neighbors = self.settings.among(samples)?;
        // The result is a plain number and cannot carry a warning, so repeated rows are an error.
        if self.settings.close_points == ClosePoints::Error
            && neighbors.any_coincide()
            && samples.repetition_warning().is_some()
        {
            Settings { k: 1, ..self.settings }.checked(neighbors.clone(), 0)?;
        }
        let radii = neighbors.distances.column(k - 1);
        let of_k = if e == 0.0 { digamma(k as f64) } else { ln_gamma_ratio(k as f64, e) / e };
        // The logarithm of the mean probability of the balls divided by e, or the limit for e = 0.
        let of_rows = |i: usize| {
            let rows = usable(i, self.settings.window, n) as f64;
            if e == 0.0 { digamma(rows) } else { ln_gamma_ratio(rows, e) / e }
        };
        let of_all = of_rows(0);
        let log_volume = |(i, r): (usize, &f64)| {
            let of_rows = if self.settings.window == 0 { of_all } else { of_rows(i) };
            of_rows - of_k + d as f64 * self.settings.close_points.radius(*r).ln()
        };
        let volumes: Vec<f64> = radii.iter().enumerate().map(log_volume).collect();
        let entropy = self.settings.log_unit_ball(d) + log_mean_exp(&volumes, e);
        if entropy.is_finite() { Ok(entropy) } else { Err(Error::OutOfRange { what: "the Renyi entropy" }) }
    }

    /// Returns the Tsallis entropy, `(exp((1 - q) H_q) - 1) / (1 - q)`, with the Renyi entropy
    /// `H_q`. Unlike `H_q`, it has no unit: another base of logarithms would not merely rescale it.
    ///
    /// # Errors
    ///
    /// See [`entropy`](Renyi::entropy). Also [`Error::OutOfRange`] if the result is larger than the
    /// largest finite number, which happens easily in many dimensions.
    pub fn tsallis_entropy(&self, samples: impl ToSamples) -> Result<f64> {
        let (entropy, e) = (self.entropy(samples)?, 1.0 - self.order);
        let tsallis = if e == 0.0 { entropy } else { (e * entropy).exp_m1() / e };
        if tsallis.is_finite() { Ok(tsallis) } else { Err(Error::OutOfRange { what: "the Tsallis entropy" }) }
    }
}

/// Computes `ln(mean of exp(e x)) / e`, or the mean of `x` if `e` is 0. Accurate for every `e`.
fn log_mean_exp(x: &[f64], e: f64) -> f64 {
    let n = x.len() as f64;
    let mean = compensated_sum(x.iter().copied()) / n;
    if e == 0.0 {
        return mean;
    }
    let largest = x.iter().map(|x| e * (x - mean)).fold(f64::NEG_INFINITY, f64::max);
    if largest < 1.0 {
        // Around the mean the first term of the series is 0, so dividing by a small e loses no
        // precision.
        let mean_exp = compensated_sum(x.iter().map(|x| (e * (x - mean)).exp_m1())) / n;
        return mean + mean_exp.ln_1p() / e;
    }
    let sum = compensated_sum(x.iter().map(|x| (e * (x - mean) - largest).exp()));
    mean + (largest + (sum / n).ln()) / e
}
