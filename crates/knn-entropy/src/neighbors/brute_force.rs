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
        let of = |measure: &dyn Fn(&[f64], &[f64]) -> f64, found: &mut Vec<Candidate>| {
            let references = references.coordinates().chunks_exact(point.len()).enumerate();
            let candidates = references.filter(|&(reference, _)| allowed(query, reference));
            nearest(candidates.map(|(index, reference)| Candidate { key: measure(point, reference), index }), k, found);
        };
        of(&|a, b| norm.comparable(a, b), found);
        // Where a square has left the range of numbers it orders nothing: do the row again with the distances themselves.
        if !found.iter().all(|candidate| norm.is_safe(candidate.key)) {
            of(&|a, b| norm.distance(a, b), found);
        }
        for (candidate, (index, distance)) in found.iter().zip(indices.iter_mut().zip(distances)) {
            *index = candidate.index;
            *distance = norm.distance(point, references.point(candidate.index));
        }
    });
    Ok(Neighbors { indices, distances })
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    key: f64,
    index: usize,
}

impl Candidate {
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.key.total_cmp(&other.key).then(self.index.cmp(&other.index))
    }
}

/// The `k` smallest candidates in order. They come by increasing index, so an equal key never displaces an earlier one.
fn nearest(candidates: impl Iterator<Item = Candidate>, k: usize, found: &mut Vec<Candidate>) {
    found.clear();
    if k > MOST_INSERTED {
        found.extend(candidates);
        if k < found.len() {
            found.select_nth_unstable_by(k - 1, Candidate::order);
            found.truncate(k);
        }
        found.sort_unstable_by(Candidate::order);
        return;
    }
    for candidate in candidates {
        if found.len() == k {
            if candidate.key >= found[k - 1].key {
                continue;
            }
            found.pop();
        }
        let place = found.iter().rposition(|other| other.key <= candidate.key).map_or(0, |place| place + 1);
        found.insert(place, candidate);
    }
}
