use std::collections::HashMap;

use crate::settings::Settings;
use crate::{ClosePoints, Error, LocalDivergence, Result, Samples, Warning};

/// The rule for rows that two sets of samples have in common.
///
/// Samples of two continuous distributions never coincide. If rows do, the sets overlap: one is a
/// part of the other, or a set is compared with itself. A row of `p` is then its own nearest
/// neighbor in `q`, and the divergence is too low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum SharedRows {
    /// Shared rows are an error.
    #[default]
    Error,
    /// For each row of `p`, the rows of `q` that coincide with it are left out, and `m` is the
    /// number of the other rows. The divergence of a set from itself is then exactly 0.
    LeaveOut,
}

/// The l-th neighbor in `q` of each row of `p`.
#[derive(Debug)]
pub(crate) struct Across {
    pub(crate) indices: Vec<usize>,
    pub(crate) distances: Vec<f64>,
    /// The number of rows of `q` that each row of `p` can have as a neighbor.
    pub(crate) candidates: Vec<usize>,
    /// Variance of the estimate that is due to the samples of `q`.
    pub(crate) variance: f64,
    pub(crate) warning: Option<Warning>,
}

impl SharedRows {
    /// Finds the l-th neighbor in `q` of each row of `p`, where `l` is the `k` of the settings.
    pub(crate) fn across(self, settings: Settings<'_>, p: &Samples<'_>, q: &Samples<'_>) -> Result<Across> {
        settings.close_points.check()?;
        let l = settings.k;
        if l == 0 {
            return Err(Error::ZeroK);
        }
        let copies = if self == Self::LeaveOut { copies(settings, p, q) } else { vec![0; p.len()] };
        let most = copies.iter().copied().max().unwrap_or(0);
        if let (true, Some(first)) = (l.saturating_add(most) > q.len(), copies.iter().position(|&count| count == most))
        {
            // The number of other rows depends on the shared rows alone.
            let others = q.len() - copies[first];
            return Err(Error::KTooLarge { k: l, others });
        }
        let neighbors = settings.search.between(p, q, l.saturating_add(most), settings.metric)?;
        let shared = |i: &usize| neighbors.distances[[*i, 0]] == 0.0;
        let mut rows = (0..p.len()).filter(shared);
        let warning = match (rows.next(), self, settings.close_points) {
            (Some(first), Self::Error, ClosePoints::Error) => {
                let (count, copy) = (1 + rows.count(), neighbors.indices[[first, 0]]);
                return Err(Error::SharedRows { count, first, copy });
            }
            (Some(first), Self::LeaveOut, _) => {
                let (count, copy) = (1 + rows.count(), neighbors.indices[[first, 0]]);
                Some(Warning::SharedRows { count, first, copy })
            }
            _ => None,
        };
        let last = most + l - 1;
        let neighbors = Settings { k: last + 1, ..settings }.checked(neighbors, last)?;
        let place = |i: usize| [i, copies[i] + l - 1];
        let mut uses = vec![0_u64; q.len()];
        for (i, &copies) in copies.iter().enumerate() {
            (copies..copies + l).for_each(|place| uses[neighbors.indices[[i, place]]] += 1);
        }
        let squares = uses.into_iter().map(|uses| uses * uses).sum();
        Ok(Across {
            variance: LocalDivergence::variance_over_q(squares, l, [p.len(), q.len()]),
            indices: (0..p.len()).map(|i| neighbors.indices[place(i)]).collect(),
            distances: (0..p.len()).map(|i| neighbors.distances[place(i)]).collect(),
            candidates: copies.iter().map(|count| q.len() - count).collect(),
            warning,
        })
    }
}

/// Returns, for each row of `p`, the number of rows of `q` that coincide with it.
fn copies(settings: Settings<'_>, p: &Samples<'_>, q: &Samples<'_>) -> Vec<usize> {
    let (p, q) = (settings.metric.normalized(p), settings.metric.normalized(q));
    // Adding 0 turns -0 into 0.
    let key = |samples: &Samples<'_>, i: usize| -> Vec<u64> {
        samples.point(i).iter().map(|x| (x + 0.0).to_bits()).collect()
    };
    let mut count = HashMap::new();
    for j in 0..q.len() {
        *count.entry(key(&q, j)).or_insert(0) += 1;
    }
    (0..p.len()).map(|i| count.get(&key(&p, i)).copied().unwrap_or(0)).collect()
}
