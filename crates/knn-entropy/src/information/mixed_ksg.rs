use statrs::function::gamma::digamma;

use super::blocks::Blocks;
use super::counting::{FEW_TIES, finite_radii, saturation_of_two};
use crate::settings::window::usable;
use crate::settings::{Settings, setters};
use crate::{Estimate, Norm, Result, Samples, Ties, ToSamples, Warning};

/// Mutual information between variables that may be continuous, discrete, or a mixture of both, in
/// nats (Gao, Kannan, Oh and Viswanath, "Estimating mutual information for discrete-continuous
/// mixtures", NeurIPS 2017):
///
/// ```text
/// I = < psi(k_i) + ln n - psi(n_x) - psi(n_y) >
/// ```
///
/// With `r` the distance to the k-th neighbor in the joint space, where the distance is the larger
/// one of both: if `r` is above 0, `k_i` is `k`, and `n_x` and `n_y` are the numbers of samples
/// nearer than `r`, the sample itself counted; if it is 0, they are the numbers of samples that
/// coincide with it in both, in x and in y. So the estimate is that of [`Ksg`](crate::Ksg) for
/// continuous samples, and close to the plug-in estimate for discrete ones. This is the authors'
/// program; the paper itself has points at `r` counted, too, and `ln(n_x + 1)` for `psi(n_x)`,
/// which is lower by up to `ln(k + 1) - psi(k)`, 0.29 nats for k = 5.
///
/// With a window, `n` is the number of rows outside the window around sample `i`, and the counts
/// are of these.
///
/// Numbers that are *rounded*, and not discrete, have neighbors at equal distances above 0, of
/// which this formula counts the nearer ones alone: for normal pairs rounded to a tenth of their
/// standard deviation the estimate is up to 0.6 nats too high, and carries [`Warning::Ties`]. Use
/// [`Ksg`](crate::Ksg) or [`MesnerShalizi`](crate::MesnerShalizi) for them.
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
/// // y is x rounded: one of four values.
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
    /// With the k-th neighbor, and the maximum norm within both.
    pub fn new(k: usize) -> Self {
        Self { settings: Settings::new(k, Norm::LInf), periods: &[] }
    }

    setters!(blocks);

    /// The mutual information in nats between the rows of `x` and those of `y`; row i of each is
    /// the same observation.
    ///
    /// # Errors
    ///
    /// Samples that are none, of no dimension or not finite; of different lengths; `k` 0 or not
    /// below `n`; a distance beyond the largest number.
    pub fn mutual_information(&self, x: impl ToSamples, y: impl ToSamples) -> Result<f64> {
        Ok(self.estimate(x, y)?.value())
    }

    /// The information with its local values.
    ///
    /// # Errors
    ///
    /// As [`mutual_information`](MixedKsg::mutual_information).
    pub fn estimate(&self, x: impl ToSamples, y: impl ToSamples) -> Result<Estimate> {
        self.estimate_of(vec![x.to_samples()?, y.to_samples()?])
    }

    fn estimate_of(&self, parts: Vec<Samples<'_>>) -> Result<Estimate> {
        let blocks = Blocks::new(parts, self.settings.norm(), self.periods, Ties::Count)?;
        let joint = blocks.space(&[0, 1])?;
        let Settings { k, window, search, .. } = self.settings;
        let radii = finite_radii(&search.among(&joint.samples, k, joint.metric(), window)?, k)?;
        // Within rounding, so that the unit of measurement makes no difference.
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
            // The boundary counts where the radius is 0, and only there.
            match coincides(i) {
                true => psi(both[i].1) + of_all - psi(x[i].1) - psi(y[i].1),
                false => digamma(k as f64) + of_all - psi(x[i].0) - psi(y[i].0),
            }
        });
        // More than the k-th neighbor at a radius above 0 is what this formula has no rule for.
        let on_radius = |i: &usize| x[*i].1 - x[*i].0 + y[*i].1 - y[*i].0;
        let tied = (0..n).filter(|i| !coincides(*i) && on_radius(i) > 1).count();
        let ties = (tied as f64 > FEW_TIES * n as f64).then_some(Warning::Ties { tied, rows: n });
        let alone = (0..n).filter(|&i| x[i].1 == k && y[i].1 == k).count() as f64 / n as f64;
        let estimate = Estimate::new(local.collect())?.warn(ties);
        let saturated = saturation_of_two(estimate.value(), n, k, alone);
        Ok(estimate.warn(saturated).warn(blocks.scales_warning()))
    }
}
