//! Means of numbers that lie on several ranks in the order of rows.

use knn_entropy::CompensatedSum;

use crate::{Aside, RankResult, Ranks, Typed};

/// Returns the mean of the numbers of all ranks, with the bits of a [`CompensatedSum`] over all
/// numbers in the order of ranks. `total` is their number on all ranks.
///
/// Each rank continues the sum of the one before it. This takes the time of one addition for every
/// number of every rank, which is small next to a search for neighbors.
pub(crate) fn mean(ranks: &dyn Ranks, mine: &Aside<f64>, total: usize) -> RankResult<f64> {
    mean_of(ranks, mine, total, |x| x)
}

/// Returns the variance of the mean of independent numbers, `mean((x - mean)^2) / total`.
pub(crate) fn variance_of_mean(ranks: &dyn Ranks, mine: &Aside<f64>, mean_value: f64, total: usize) -> RankResult<f64> {
    Ok(mean_of(ranks, mine, total, |x| (x - mean_value).powi(2))? / total as f64)
}

fn mean_of(ranks: &dyn Ranks, mine: &Aside<f64>, total: usize, term: impl Fn(f64) -> f64) -> RankResult<f64> {
    let mut sum = CompensatedSum::default();
    for rank in 0..ranks.size() {
        if rank == ranks.rank() {
            mine.get()?.iter().for_each(|&x| sum.add(term(x)));
        }
        let parts = ranks.broadcast_of(rank, &sum.parts())?;
        sum = CompensatedSum::from_parts([parts[0], parts[1]]);
    }
    Ok(sum.value() / total as f64)
}
