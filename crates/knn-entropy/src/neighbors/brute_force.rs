use ndarray::Array2;
use rayon::prelude::*;

use super::{NeighborSearch, Neighbors};
use crate::{Error, Norm, Result, Samples};

/// Every distance, computed from the differences of the coordinates: `O(n^2 d)` time, `O(n k)` memory. Rows are shared out
/// by rayon; the result does not depend on the number of threads.
///
/// Never from `|a|^2 + |b|^2 - 2 a.b`, which loses every digit of a distance that is small beside the coordinates.
#[derive(Debug, Clone, Copy, Default)]
pub struct BruteForce;

/// Up to here candidates are kept sorted by insertion; beyond, all distances are collected and the smallest selected.
const MOST_INSERTED: usize = 32;

impl NeighborSearch for BruteForce {
    fn among(&self, points: &Samples<'_>, k: usize, norm: Norm) -> Result<Neighbors> {
        search(points, points, k, norm, points.len() - 1, |query, reference| query != reference)
    }

    fn between(&self, queries: &Samples<'_>, references: &Samples<'_>, k: usize, norm: Norm) -> Result<Neighbors> {
        let (one, other) = (queries.dimension(), references.dimension());
        if one != other {
            return Err(Error::Dimensions { queries: one, references: other });
        }
        search(queries, references, k, norm, references.len(), |_, _| true)
    }
}

fn search(
    queries: &Samples<'_>,
    references: &Samples<'_>,
    k: usize,
    norm: Norm,
    others: usize,
    allowed: impl Fn(usize, usize) -> bool + Sync,
) -> Result<Neighbors> {
    if k == 0 {
        return Err(Error::ZeroK);
    }
    if k > others {
        return Err(Error::KTooLarge { k, others });
    }
    let mut indices = Array2::zeros((queries.len(), k));
    let mut distances = Array2::zeros((queries.len(), k));
    let index_rows = indices.as_slice_mut().expect("a fresh array").par_chunks_exact_mut(k);
    let distance_rows = distances.as_slice_mut().expect("a fresh array").par_chunks_exact_mut(k);
    index_rows.zip(distance_rows).enumerate().for_each_init(Vec::new, |found, (query, (indices, distances))| {
        let point = queries.point(query);
        let others = || {
            let references = references.coordinates().chunks_exact(point.len()).enumerate();
            references.filter(|&(reference, _)| allowed(query, reference))
        };
        // One loop for each norm: a norm looked up for every pair would cost more than the distance in a few dimensions.
        match norm {
            Norm::L1 => nearest(others(), |p| Norm::L1.comparable(point, p), |key| key, k, found),
            Norm::L2 => nearest(others(), |p| Norm::L2.comparable(point, p), f64::sqrt, k, found),
            Norm::LInf => nearest(others(), |p| Norm::LInf.comparable(point, p), |key| key, k, found),
        }
        // Where a square has left the range of numbers it orders nothing: do the row again with the distances themselves.
        if !found.iter().all(|candidate| norm.is_safe(candidate.key)) {
            nearest(others(), |p| norm.distance(point, p), |key| key, k, found);
        }
        for (candidate, (index, distance)) in found.iter().zip(indices.iter_mut().zip(distances)) {
            *index = candidate.index;
            *distance = candidate.distance;
        }
    });
    Ok(Neighbors { indices, distances })
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    /// What was compared first: the distance, or its square.
    key: f64,
    distance: f64,
    index: usize,
}

impl Candidate {
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.distance.total_cmp(&other.distance).then(self.index.cmp(&other.index))
    }
}

/// The `k` nearest of some points, which come by increasing index, in order of distance and index. `key` is cheap and never
/// decreases as the distance grows; `distance` makes the distance of it.
///
/// Most points are turned away by their key alone. Those that are not are ordered by distance: two squares that differ in
/// the last digit can have the same root, and then the index must decide.
#[inline(always)]
fn nearest<'p>(
    points: impl Iterator<Item = (usize, &'p [f64])>,
    key: impl Fn(&[f64]) -> f64,
    distance: impl Fn(f64) -> f64,
    k: usize,
    found: &mut Vec<Candidate>,
) {
    found.clear();
    let candidate = |key, index| Candidate { key, distance: distance(key), index };
    if k > MOST_INSERTED {
        found.extend(points.map(|(index, point)| candidate(key(point), index)));
        if k < found.len() {
            found.select_nth_unstable_by(k - 1, Candidate::order);
            found.truncate(k);
        }
        found.sort_unstable_by(Candidate::order);
        return;
    }
    for (index, point) in points {
        let key = key(point);
        if found.len() == k && key >= found[k - 1].key {
            continue;
        }
        let new = candidate(key, index);
        if found.len() == k {
            if new.distance >= found[k - 1].distance {
                continue;
            }
            found.pop();
        }
        // Behind all that are as near: their indices are smaller.
        let place = found.iter().rposition(|other| other.distance <= new.distance).map_or(0, |place| place + 1);
        found.insert(place, new);
    }
}
