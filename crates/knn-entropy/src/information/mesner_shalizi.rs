use statrs::function::gamma::digamma;

use super::blocks::Blocks;
use super::counting::{finite_radii, saturation_of_two};
use crate::settings::window::digamma_of_usable;
use crate::settings::{Settings, setters};
use crate::{Error, Estimate, Norm, Result, Ties, ToSamples};

/// Estimator of the mutual and conditional information of variables that may be continuous,
/// discrete, or a mixture of both, in nats (Mesner and Shalizi, "Conditional mutual information
/// estimation for mixed, discrete and continuous data", IEEE Transactions on Information Theory 67,
/// 2021):
///
/// ```text
/// I(X; Y)      = < psi(k_i) + psi(n) - psi(n_x) - psi(n_y) >
/// I(X; Y | Z)  = < psi(k_i) + psi(n_z) - psi(n_xz) - psi(n_yz) >
/// ```
///
/// `r_i` is the distance of sample `i` to its k-th neighbor in the joint space, where the distance
/// is the largest of the blocks' distances. `k_i` is the number of other samples that are not
/// farther than `r_i` in the joint space, and `n_x`, `n_y`, ... are the numbers in the subspaces.
/// For continuous samples `k_i` is `k`. For discrete samples the estimate tends to the plug-in
/// estimate. Distances are compared to within the rounding of the coordinates, so the estimate does
/// not depend on the unit of measurement. The authors replace negative estimates by 0. This
/// implementation keeps them, so that the estimate for independent variables is 0 on average.
///
/// Encode labels as numbers whose distances are larger than the range of the other variables, so
/// that different labels are never neighbors.
///
/// With a window, `n` and the counts include only rows outside the window around sample `i`.
///
/// ```
/// use knn_entropy::MesnerShalizi;
///
/// // Two fair coins that agree three times in four have an information of 0.131 nats.
/// let x: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
/// let y: Vec<f64> = (0..400).map(|i| f64::from(if i % 8 < 6 { i % 2 } else { 1 - i % 2 })).collect();
/// let information = MesnerShalizi::new(5).mutual_information(&x, &y)?;
/// assert!((information - 0.131).abs() < 0.01);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct MesnerShalizi<'s> {
    settings: Settings<'s>,
    periods: &'s [f64],
}

impl<'s> MesnerShalizi<'s> {
    /// Returns the estimator with the k-th neighbor and the maximum norm within blocks.
    pub fn new(k: usize) -> Self {
        Self { settings: Settings::new(k, Norm::LInf), periods: &[] }
    }

    setters!(blocks);

    /// Returns the mutual information in nats between the rows of `x` and `y`. Row i of each
    /// belongs to the same observation.
    ///
    /// # Errors
    ///
    /// - [`Error::NoSamples`], [`Error::NoDimensions`], [`Error::NotFinite`],
    ///   [`Error::RowMismatch`] for samples that cannot be used.
    /// - [`Error::ZeroK`] or [`Error::KTooLarge`] if `k` is 0 or not below the number of usable
    ///   rows.
    /// - [`Error::DistanceOverflow`] if a distance is larger than the largest finite number.
    /// - [`Error::PeriodMismatch`] or [`Error::InvalidPeriod`] if periods do not match the columns.
    pub fn mutual_information(&self, x: impl ToSamples, y: impl ToSamples) -> Result<f64> {
        Ok(self.estimate(x, y)?.value())
    }

    /// Returns the mutual information with local values and standard error.
    ///
    /// # Errors
    ///
    /// See [`mutual_information`](MesnerShalizi::mutual_information).
    pub fn estimate(&self, x: impl ToSamples, y: impl ToSamples) -> Result<Estimate> {
        let parts = vec![x.to_samples()?, y.to_samples()?];
        self.local_values(&Blocks::new(parts, self.settings.norm(), self.periods, Ties::Count)?)
    }

    /// Returns the mutual information in nats between `x` and `y` given `z`. If `z` has no columns,
    /// it is the mutual information of `x` and `y`.
    ///
    /// # Errors
    ///
    /// See [`mutual_information`](MesnerShalizi::mutual_information).
    pub fn conditional(&self, x: impl ToSamples, y: impl ToSamples, z: impl ToSamples) -> Result<f64> {
        Ok(self.conditional_estimate(x, y, z)?.value())
    }

    /// Returns the conditional information with local values and standard error.
    ///
    /// # Errors
    ///
    /// See [`mutual_information`](MesnerShalizi::mutual_information).
    pub fn conditional_estimate(&self, x: impl ToSamples, y: impl ToSamples, z: impl ToSamples) -> Result<Estimate> {
        let mut parts = vec![x.to_samples()?, y.to_samples()?];
        let z = z.to_samples();
        match &z {
            Ok(z) => parts.push(z.reborrow()),
            Err(Error::NoDimensions) => {}
            Err(error) => return Err(error.clone()),
        }
        self.local_values(&Blocks::new(parts, self.settings.norm(), self.periods, Ties::Count)?)
    }

    /// Computes the estimate between two blocks, or between two blocks given the third.
    fn local_values(&self, blocks: &Blocks<'_>) -> Result<Estimate> {
        let all: Vec<usize> = (0..blocks.count()).collect();
        let joint = blocks.space(&all)?;
        let Settings { k, window, search, .. } = self.settings;
        let radii = finite_radii(&search.among(&joint.samples, k, joint.metric(), window)?, k)?;
        let within = |which: &[usize]| blocks.closed(which, &radii, window);
        let (n, psi) = (blocks.rows(), |count: usize| digamma(count as f64));
        if blocks.count() > 2 {
            let [z, xz, yz, all] = [within(&[2])?, within(&[0, 2])?, within(&[1, 2])?, within(&all)?];
            let local: Vec<f64> = (0..n).map(|i| psi(all[i]) + psi(z[i]) - psi(xz[i]) - psi(yz[i])).collect();
            return Estimate::new(local.into());
        }
        let of_all = digamma_of_usable(window, n);
        let [x, y, both] = [within(&[0])?, within(&[1])?, within(&all)?];
        let local: Vec<f64> = (0..n).map(|i| psi(both[i]) + of_all(i) - psi(x[i]) - psi(y[i])).collect();
        let estimate = Estimate::new(local.into())?;
        let alone = x.into_iter().filter(|&count| count == k).count();
        let saturated = saturation_of_two(estimate.value(), n, k, alone as f64 / n as f64);
        Ok(estimate.warn(saturated))
    }
}
