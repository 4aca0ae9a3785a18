use statrs::function::gamma::digamma;

use super::blocks::Blocks;
use super::counting::{FEW_TIES, finite_radii, saturation_of_two};
use crate::settings::window::usable;
use crate::settings::{Settings, setters};
use crate::{Estimate, Norm, Result, Samples, Ties, ToSamples, Warning};

/// Estimator of the mutual information between variables that may be continuous, discrete, or a
/// mixture of both, in nats (Gao, Kannan, Oh and Viswanath, "Estimating mutual information for
/// discrete-continuous mixtures", NeurIPS 2017):
///
/// ```text
/// I = < psi(k_i) + ln n - psi(n_x) - psi(n_y) >
/// ```
///
/// `r` is the distance to the k-th neighbor in the joint space, where the distance is the larger of
/// the two blocks' distances. If `r` is above 0, `k_i` is `k`, and `n_x` and `n_y` are the numbers
/// of samples nearer than `r`, including the sample itself. If `r` is 0, `k_i`, `n_x` and `n_y` are
/// the numbers of samples that coincide with the sample in both blocks, in x and in y. The estimate
/// equals that of [`Ksg`](crate::Ksg) for continuous samples and is close to the plug-in estimate
/// for discrete samples.
///
/// This is the formula of the authors' program. The paper itself also counts points at `r` and has
/// `ln(n_x + 1)` for `psi(n_x)`, which is lower by up to `ln(k + 1) - psi(k)`, 0.29 nats for k = 5.
///
/// With a window, `n` and the counts include only rows outside the window around sample `i`.
///
/// *Rounded* numbers, as opposed to discrete ones, have neighbors at equal distances above 0, which
/// this formula does not count. For normal pairs rounded to a tenth of their standard deviation,
/// the estimate is up to 0.6 nats too high and carries [`Warning::Ties`]. Use [`Ksg`](crate::Ksg)
/// or [`MesnerShalizi`](crate::MesnerShalizi) for rounded numbers.
///
/// ```
/// use knn_entropy::MixedKsg;
/// use ndarray::Array2;
/// use ndarray_rand::RandomExt;
/// use ndarray_rand::rand::SeedableRng;
/// use ndarray_rand::rand_distr::StandardUniform;
/// use rand_chacha::ChaCha8Rng;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// // y is x rounded to one of four values.
/// let x = Array2::<f64>::random_using((400, 1), StandardUniform, &mut rng);
/// let y = x.mapv(|x| (4.0 * x).floor());
/// let information = MixedKsg::new(5).mutual_information(x.view(), y.view())?;
/// assert!((information - 4_f64.ln()).abs() < 0.15);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct MixedKsg<'s> {
    settings: Settings<'s>,
    periods: &'s [f64],
}

impl<'s> MixedKsg<'s> {
    /// Returns the estimator with the k-th neighbor and the maximum norm within both blocks.
    pub fn new(k: usize) -> Self {
        Self { settings: Settings::new(k, Norm::LInf), periods: &[] }
    }

    setters!(blocks);

    /// Returns the mutual information in nats between the rows of `x` and `y`. Row i of each
    /// belongs to the same observation.
    ///
    /// # Errors
    ///
    /// - No samples, no columns, numbers that are not finite, or different numbers of rows.
    /// - `k` is 0 or not below `n`.
    /// - A distance is larger than the largest finite number.
    pub fn mutual_information(&self, x: impl ToSamples, y: impl ToSamples) -> Result<f64> {
        Ok(self.estimate(x, y)?.value())
    }

    /// Returns the information with local values, standard error and warnings.
    ///
    /// # Errors
    ///
    /// See [`mutual_information`](MixedKsg::mutual_information).
    pub fn estimate(&self, x: impl ToSamples, y: impl ToSamples) -> Result<Estimate> {
        self.estimate_of(vec![x.to_samples()?, y.to_samples()?])
    }

    fn estimate_of(&self, parts: Vec<Samples<'_>>) -> Result<Estimate> {
        let blocks = Blocks::new(parts, self.settings.norm(), self.periods, Ties::Count)?;
        let joint = blocks.space(&[0, 1])?;
        let Settings { k, window, search, .. } = self.settings;
        let radii = finite_radii(&search.among(&joint.samples, k, joint.metric(), window)?, k)?;
        // Compare to within rounding, so that the estimate does not depend on the unit of
        // measurement.
        let within = |which: &[usize]| {
            let (space, error) = (blocks.space(which)?, blocks.rounding_error(which));
            let (inner, outer): (Vec<f64>, Vec<f64>) = radii.iter().map(|r| (r - error, r + error)).unzip();
            search.count_shells(&space.samples, &inner, &outer, space.metric(), window)
        };
        let [x, y, both] = [within(&[0])?, within(&[1])?, within(&[0, 1])?];
        let error = blocks.rounding_error(&[0, 1]);
        let coincides = |i: usize| radii[i] <= error;
        let psi = |others: usize| digamma(others as f64 + 1.0);
        let n = blocks.rows();
        let local = (0..n).map(|i| {
            let of_all = (usable(i, window, n) as f64).ln();
            // Points at the radius count only if the radius is 0.
            match coincides(i) {
                true => psi(both[i].1) + of_all - psi(x[i].1) - psi(y[i].1),
                false => digamma(k as f64) + of_all - psi(x[i].0) - psi(y[i].0),
            }
        });
        // This formula has no rule for several neighbors at the same radius above 0.
        let on_radius = |i: &usize| x[*i].1 - x[*i].0 + y[*i].1 - y[*i].0;
        let tied = (0..n).filter(|i| !coincides(*i) && on_radius(i) > 1).count();
        let ties = (tied as f64 > FEW_TIES * n as f64).then_some(Warning::Ties { tied, rows: n });
        let alone = (0..n).filter(|&i| x[i].1 == k && y[i].1 == k).count() as f64 / n as f64;
        let estimate = Estimate::new(local.collect())?.warn(ties);
        let saturated = saturation_of_two(estimate.value(), n, k, alone);
        Ok(estimate.warn(saturated).warn(blocks.scales_warning()))
    }
}
