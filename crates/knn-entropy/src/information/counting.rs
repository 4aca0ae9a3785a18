//! From the neighbors in the joint space to the local values of the estimators of Kraskov, Stoegbauer and Grassberger, with
//! the tie rule of Mesner and Shalizi for the rows that have ties.

use ndarray::Array1;
use statrs::function::gamma::digamma;

use super::blocks::Blocks;
use crate::neighborhood::Neighborhood;
use crate::window::usable;
use crate::{Error, Estimate, Neighbors, Result, Ties, Warning};

/// Up to this share of tied rows, an estimate carries no warning.
const FEW_TIES: f64 = 0.01;

/// From this share of rows without other neighbors on, an estimate is called saturated.
const SATURATED: f64 = 0.5;

/// A sum of digamma functions of counts: that of the information between all blocks, or between two given a third.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    /// `I = psi(k) + (m-1) psi(n) - sum_j psi(n_j)`.
    Between,
    /// `I = psi(k) + psi(n_z) - psi(n_xz) - psi(n_yz)`, of the blocks x, y, z.
    Given,
}

impl Sum {
    /// The subspaces in which rows are counted.
    pub(super) fn subspaces(self, blocks: usize) -> Vec<Vec<usize>> {
        match self {
            Self::Between => (0..blocks).map(|block| vec![block]).collect(),
            Self::Given => vec![vec![2], vec![0, 2], vec![1, 2]],
        }
    }

    /// `of_joint` and the digammas of the counts in the subspaces, with that of all rows where it belongs.
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

    /// Whether so many rows at the radius, in each subspace, are the k-th neighbor alone.
    fn is_plain(self, on_radius: &[usize]) -> bool {
        match self {
            Self::Between => on_radius.iter().sum::<usize>() == 1,
            // The k-th neighbor is at the radius in x, in y, or in z, and so in all that contains z.
            Self::Given => matches!(on_radius, [0, 1, 0] | [0, 0, 1] | [1, 1, 1]),
        }
    }
}

/// Local values, and what was noticed on the way.
pub(super) struct Local {
    pub(super) values: Vec<f64>,
    /// Rows with ties.
    pub(super) tied: Vec<bool>,
    /// Rows whose neighborhoods hold nothing but neighbors in the joint space, in every subspace that is subtracted.
    exhausted: usize,
    /// Rows that coincide with their k-th neighbor.
    coinciding: usize,
    /// The largest mean of the values that there can be, if the estimate is saturated.
    bound: f64,
}

/// The first estimator: one radius for all subspaces.
pub(super) fn one_radius(blocks: &Blocks<'_>, sum: Sum, settings: &Neighborhood<'_>, radii: &[f64]) -> Result<Local> {
    let (n, k, window) = (blocks.rows(), settings.k, settings.window);
    let mut shells = Vec::new();
    for which in sum.subspaces(blocks.count()) {
        let space = blocks.space(&which)?;
        let error = blocks.rounding_error(&which);
        let (inner, outer): (Vec<f64>, Vec<f64>) = radii.iter().map(|r| (r - error, r + error)).unzip();
        shells.push(settings.search.count_shells(&space.samples, &inner, &outer, space.metric(), window)?);
    }
    let on_radius = |i: usize| shells.iter().map(move |shell| shell[i].1 - shell[i].0);
    let tied: Vec<bool> = (0..n).map(|i| !sum.is_plain(&on_radius(i).collect::<Vec<_>>())).collect();
    let within = if tied.contains(&true) {
        blocks.closed(&(0..blocks.count()).collect::<Vec<_>>(), radii, window)?
    } else {
        Vec::new()
    };
    let mut local = Local { values: Vec::with_capacity(n), tied, exhausted: 0, coinciding: 0, bound: 0.0 };
    let psi = |count: usize| digamma(count as f64);
    let subtracted = if sum == Sum::Given { 1 } else { 0 };
    for i in 0..n {
        let rows = usable(i, window, n);
        let nearest = if local.tied[i] { within[i] } else { k };
        let (of_all, surplus): (f64, fn((usize, usize)) -> usize) = match local.tied[i] {
            true => (psi(rows - 1), |(_, closed)| closed),
            false => (psi(rows), |(open, _)| open + 1),
        };
        let counts = || shells.iter().map(|shell| surplus(shell[i]));
        local.values.push(sum.value(psi(nearest), of_all, counts().map(psi)));
        let exhausted = shells[subtracted..].iter().all(|shell| shell[i].1 == nearest);
        local.exhausted += usize::from(exhausted);
        // One variable that determines the others ties all their distances, which is no rounding.
        local.tied[i] &= !(exhausted && nearest == k && radii[i] > 0.0);
        local.coinciding += usize::from(radii[i] == 0.0);
    }
    if local.is_saturated() {
        let largest = |i: usize| {
            let smallest = shells.iter().enumerate().map(|(s, shell)| psi(if s < subtracted { shell[i].1 } else { k }));
            sum.value(psi(k), psi(usable(i, window, n)), smallest)
        };
        local.bound = (0..n).map(largest).sum::<f64>() / n as f64;
    }
    Ok(local)
}

impl Local {
    /// The estimate with its warnings, or the error that ties are.
    pub(super) fn estimate(self, blocks: &Blocks<'_>, settings: &Neighborhood<'_>, ties: Ties<'_>) -> Result<Estimate> {
        let rows = self.values.len();
        let tied = self.tied.iter().filter(|tied| **tied).count();
        if let (Ties::Error, Some(first)) = (ties, self.tied.iter().position(|tied| *tied)) {
            return Err(Error::Ties { first, count: tied, k: settings.k });
        }
        let many = tied as f64 > FEW_TIES * rows as f64 || self.coinciding > 0;
        let share = self.exhausted as f64 / rows as f64;
        let saturated =
            (self.is_saturated() && blocks.count() > 1).then_some(Warning::Saturated { share, bound: self.bound });
        let mut estimate = Estimate::new(Array1::from(self.values))?;
        for (block, column) in blocks.constant_columns() {
            estimate = estimate.warn(Some(Warning::Constant { block, column }));
        }
        Ok(estimate.warn((many && tied > 0).then_some(Warning::Ties { tied, rows })).warn(saturated))
    }

    fn is_saturated(&self) -> bool {
        self.exhausted as f64 > SATURATED * self.values.len() as f64
    }
}

/// Checks that the k-th distances can be compared.
pub(super) fn finite_radii(neighbors: &Neighbors, k: usize) -> Result<Vec<f64>> {
    let radii = neighbors.distances.column(k - 1).to_vec();
    match radii.iter().position(|r| r.is_infinite()) {
        Some(first) => Err(Error::Overflow { first, second: neighbors.indices[[first, k - 1]] }),
        None => Ok(radii),
    }
}
