//! Local values of the first estimator of Kraskov, Stoegbauer and Grassberger, with the tie rule of
//! Mesner and Shalizi for rows that have ties.

use ndarray::Array1;
use statrs::function::gamma::digamma;

use super::blocks::Blocks;
use crate::neighbors::check_k;
use crate::settings::Settings;
use crate::settings::window::{digamma_of_usable, usable};
use crate::{Error, Estimate, Neighbors, Result, Ties, Warning};

/// Largest fraction of tied rows at which ties are attributed to chance.
pub(super) const FEW_TIES: f64 = 0.05;

/// Distance from the largest possible estimate, in nats per block after the first, below which an
/// estimate counts as saturated. For normal pairs, saturated estimates are at least 0.4 nats too
/// low.
const SATURATED: f64 = 1.0;

/// The sum of digamma functions of counts that estimates the information between all blocks, or
/// between two blocks given a third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    /// `I = psi(k) + (m-1) psi(n) - sum_j psi(n_j)`.
    Between,
    /// `I = psi(k) + psi(n_z) - psi(n_xz) - psi(n_yz)`, of the blocks x, y, z.
    Given,
}

impl Sum {
    /// Returns the subspaces in which rows are counted.
    pub(super) fn subspaces(self, blocks: usize) -> Vec<Vec<usize>> {
        match self {
            Self::Between => (0..blocks).map(|block| vec![block]).collect(),
            Self::Given => vec![vec![2], vec![0, 2], vec![1, 2]],
        }
    }

    /// Combines the digammas of the joint space, of all rows, and of the counts in the subspaces.
    fn value(self, of_joint: f64, of_all: f64, counts: impl Iterator<Item = f64>) -> f64 {
        let mut counts = counts;
        match self {
            Self::Between => counts.fold((of_joint - of_all, of_all), |(sum, all), count| (sum + all - count, all)).0,
            Self::Given => {
                let mut next = || counts.next().unwrap_or(0.0);
                of_joint + next() - next() - next()
            }
        }
    }

    /// Returns true if the k-th neighbor is alone at the radius, given the number of rows at the
    /// radius in each subspace.
    fn is_plain(self, on_radius: impl Iterator<Item = usize>) -> bool {
        let mut on_radius = on_radius;
        match self {
            Self::Between => on_radius.sum::<usize>() == 1,
            // The k-th neighbor is at the radius in x, in y, or in z. In the last case it is at the
            // radius in every subspace that contains z.
            Self::Given => {
                let [z, xz, yz] = [(); 3].map(|()| on_radius.next().unwrap_or(0));
                matches!((z, xz, yz), (0, 1, 0) | (0, 0, 1) | (1, 1, 1))
            }
        }
    }
}

/// Function from the counts around a row to its local value of [`Ksg`](crate::Ksg), for the first
/// algorithm without a condition. It serves rows whose neighbors were counted elsewhere, such as on
/// several machines. Its values are bit-identical to those of the estimator.
#[derive(Debug, Clone, Copy)]
pub struct LocalInformation {
    k: usize,
    of_k: f64,
    of_rows: f64,
    of_others: f64,
}

impl LocalInformation {
    /// Largest fraction of tied rows at which ties are attributed to chance.
    pub const FEW_TIES: f64 = FEW_TIES;

    /// Returns the function for `n` rows and the k-th neighbor.
    ///
    /// # Errors
    ///
    /// [`Error::ZeroK`] or [`Error::KTooLarge`] if `k` is 0 or not below `n`.
    pub fn new(k: usize, n: usize) -> Result<Self> {
        check_k(k, n.saturating_sub(1))?;
        let psi = |count: usize| digamma(count as f64);
        Ok(Self { k, of_k: psi(k), of_rows: psi(n), of_others: psi(n - 1) })
    }

    /// Returns the local value in nats of a row that has `shells[j] = (nearer, within)` other rows
    /// nearer than its radius and within its radius in block `j`:
    ///
    /// ```text
    /// psi(k) + (b - 1) psi(n) - sum_j psi(nearer_j + 1)        b blocks
    /// ```
    ///
    /// If the row counts all rows at the radius because it is tied, `within_all` is the number of
    /// other rows within the radius in every block.
    pub fn value(&self, shells: &[(usize, usize)], within_all: Option<usize>) -> f64 {
        let psi = |count: usize| digamma(count as f64);
        let counts = shells.iter().map(|&(nearer, within)| psi(if within_all.is_some() { within } else { nearer + 1 }));
        match within_all {
            Some(within) => Sum::Between.value(psi(within), self.of_others, counts),
            None => Sum::Between.value(self.of_k, self.of_rows, counts),
        }
    }

    /// Returns true if several rows are at the radius, to within rounding.
    pub fn is_tied(&self, shells: &[(usize, usize)]) -> bool {
        !Sum::Between.is_plain(shells.iter().map(|(nearer, within)| within - nearer))
    }

    /// Returns true if the neighborhoods in all blocks contain only the k neighbors. `within_all`
    /// is as in [`value`](LocalInformation::value), but given for every tied row.
    pub fn is_exhausted(&self, shells: &[(usize, usize)], within_all: Option<usize>) -> bool {
        within_all.is_none_or(|within| within == self.k) && shells.iter().all(|shell| shell.1 == self.k)
    }
}

/// Local values, with facts about the rows for warnings and errors.
pub(super) struct Local {
    pub(super) values: Vec<f64>,
    /// True for rows with ties.
    pub(super) tied: Vec<bool>,
    /// Number of rows whose neighborhoods, in every subtracted subspace, contain only neighbors in
    /// the joint space.
    exhausted: usize,
    /// Number of rows that coincide with their k-th neighbor.
    coinciding: usize,
    /// The largest possible mean of the values.
    bound: f64,
}

/// Computes the local values of the first estimator, which uses one radius for all subspaces.
pub(super) fn one_radius(blocks: &Blocks<'_>, sum: Sum, settings: &Settings<'_>, radii: &[f64]) -> Result<Local> {
    let (n, k, window) = (blocks.rows(), settings.k, settings.window);
    let mut shells = Vec::new();
    for which in sum.subspaces(blocks.count()) {
        let space = blocks.space(&which)?;
        let error = blocks.rounding_error(&which);
        let (inner, outer): (Vec<f64>, Vec<f64>) = radii.iter().map(|r| (r - error, r + error)).unzip();
        shells.push(settings.search.count_shells(&space.samples, &inner, &outer, space.metric(), window)?);
    }
    let on_radius = |i: usize| shells.iter().map(move |shell| shell[i].1 - shell[i].0);
    let tied: Vec<bool> = (0..n).map(|i| !sum.is_plain(on_radius(i))).collect();
    let within = if tied.contains(&true) {
        blocks.closed(&(0..blocks.count()).collect::<Vec<_>>(), radii, window)?
    } else {
        Vec::new()
    };
    let mut local = Local { values: Vec::with_capacity(n), tied, exhausted: 0, coinciding: 0, bound: 0.0 };
    let psi = |count: usize| digamma(count as f64);
    let subtracted = if sum == Sum::Given { 1 } else { 0 };
    // Occasional ties are due to chance and hardly change the mean. But rows that coincide have no
    // radius.
    let few = tied_count(&local.tied) as f64 <= FEW_TIES * n as f64;
    let (of_k, of_usable) = (psi(k), digamma_of_usable(window, n));
    for i in 0..n {
        let counts_all = local.tied[i] && (!few || radii[i] == 0.0);
        let nearest = if local.tied[i] { within[i] } else { k };
        let count = |(open, closed): (usize, usize)| psi(if counts_all { closed } else { open + 1 });
        let counts = shells.iter().map(|shell| count(shell[i]));
        local.values.push(match counts_all {
            true => sum.value(psi(nearest), psi(usable(i, window, n) - 1), counts),
            false => sum.value(of_k, of_usable(i), counts),
        });
        let exhausted = nearest == k && shells[subtracted..].iter().all(|shell| shell[i].1 == k);
        local.exhausted += usize::from(exhausted);
        // If one variable determines the others, all their distances are tied without any rounding.
        local.tied[i] &= !(exhausted && radii[i] > 0.0);
        local.coinciding += usize::from(radii[i] == 0.0);
    }
    let largest = |i: usize| {
        let smallest = |(s, shell): (usize, &Vec<(usize, usize)>)| if s < subtracted { psi(shell[i].1) } else { of_k };
        sum.value(of_k, of_usable(i), shells.iter().enumerate().map(smallest))
    };
    // All rows have the same bound, unless the number of usable rows or of rows with the same
    // condition differs.
    let alike = window == 0 && sum == Sum::Between;
    local.bound = if alike { largest(0) } else { (0..n).map(largest).sum::<f64>() / n as f64 };
    Ok(local)
}

fn tied_count(tied: &[bool]) -> usize {
    tied.iter().filter(|tied| **tied).count()
}

impl Local {
    /// Returns the estimate with its warnings, or an error if ties are an error.
    pub(super) fn estimate(self, blocks: &Blocks<'_>, settings: &Settings<'_>, ties: Ties<'_>) -> Result<Estimate> {
        let rows = self.values.len();
        let tied = tied_count(&self.tied);
        if let (Ties::Error, Some(first)) = (ties, self.tied.iter().position(|tied| *tied)) {
            return Err(Error::Ties { first, count: tied, k: settings.k });
        }
        let many = tied as f64 > FEW_TIES * rows as f64 || self.coinciding > 0;
        let share = self.exhausted as f64 / rows as f64;
        let bound = self.bound;
        let mut estimate = Estimate::new(Array1::from(self.values))?;
        let room = SATURATED * (blocks.count() as f64 - 1.0).min(bound / 2.0);
        let near = blocks.count() > 1 && estimate.value() > bound - room;
        let saturated = near.then_some(Warning::Saturated { share, bound });
        for (block, column) in blocks.constant_columns() {
            estimate = estimate.warn(Some(Warning::Constant { block, column }));
        }
        Ok(estimate.warn((many && tied > 0).then_some(Warning::Ties { tied, rows })).warn(saturated))
    }
}

/// Returns a warning if the information between two variables is near `psi(n) - psi(k)`, the
/// largest possible estimate from n rows. `share` is the fraction of rows without other neighbors.
pub(super) fn saturation_of_two(value: f64, n: usize, k: usize, share: f64) -> Option<Warning> {
    let bound = digamma(n as f64) - digamma(k as f64);
    (value > bound - SATURATED.min(bound / 2.0)).then_some(Warning::Saturated { share, bound })
}

/// Returns the distances to the k-th neighbors after checking that they are finite.
pub(super) fn finite_radii(neighbors: &Neighbors, k: usize) -> Result<Vec<f64>> {
    let radii = neighbors.distances.column(k - 1).to_vec();
    match radii.iter().position(|r| r.is_infinite()) {
        Some(first) => Err(Error::DistanceOverflow { first, second: neighbors.indices[[first, k - 1]] }),
        None => Ok(radii),
    }
}
