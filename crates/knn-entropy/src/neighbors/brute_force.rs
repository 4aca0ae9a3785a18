use rayon::prelude::*;

use super::nearest::{Candidate, Nearest};
use super::{NeighborSearch, Neighbors, check_among, check_between};
use crate::geometry::with_geometry;
use crate::{Metric, Result, Samples};

/// Every distance, computed from the differences of the coordinates: `O(n^2 d)` time, `O(n k)` memory. Rows are shared out
/// by rayon; the result does not depend on the number of threads.
///
/// The definition, and what every other search is tested against.
#[derive(Debug, Clone, Copy, Default)]
pub struct BruteForce;

impl NeighborSearch for BruteForce {
    fn among(&self, points: &Samples<'_>, k: usize, metric: Metric<'_>, window: usize) -> Result<Neighbors> {
        check_among(points, k, metric, window)?;
        let points = metric.normalised(points);
        Ok(search(&points, &points, k, metric, |query, reference| query.abs_diff(reference) > window))
    }

    fn between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
    ) -> Result<Neighbors> {
        check_between(queries, references, k, metric)?;
        Ok(search(&metric.normalised(queries), &metric.normalised(references), k, metric, |_, _| true))
    }
}

fn search(
    queries: &Samples<'_>,
    references: &Samples<'_>,
    k: usize,
    metric: Metric<'_>,
    allowed: impl Fn(usize, usize) -> bool + Sync,
) -> Neighbors {
    let mut neighbors = Neighbors::zeros(queries.len(), k);
    let (indices, distances) = neighbors.rows_mut();
    let d = queries.dimension();
    // One loop for each metric: one looked up for every pair would cost more than the distance in a few dimensions.
    with_geometry!(metric, d, |geometry| {
        let rows = indices.par_chunks_exact_mut(k).zip(distances.par_chunks_exact_mut(k)).enumerate();
        rows.for_each_init(
            || Nearest::new(k),
            |nearest, (query, (indices, distances))| {
                let point = queries.point(query);
                nearest.clear();
                for (reference, other) in references.coordinates().chunks_exact(d).enumerate() {
                    if allowed(query, reference) {
                        nearest.offer(geometry, geometry.key(point, other), reference);
                    }
                }
                let distance = |reference| metric.distance(point, references.point(reference));
                if nearest.is_safe(geometry, distance) {
                    write(nearest.sorted(geometry), indices, distances);
                } else {
                    let others = (0..references.len()).filter(|&reference| allowed(query, reference));
                    write(by_distance(others, distance, k), indices, distances);
                }
            },
        );
    });
    neighbors
}

/// The `k` nearest by their distances, where keys are out of the range of numbers.
pub(super) fn by_distance(
    others: impl Iterator<Item = usize>,
    distance: impl Fn(usize) -> f64,
    k: usize,
) -> Vec<Candidate> {
    let mut all: Vec<_> = others.map(|index| Candidate { distance: distance(index), index }).collect();
    if k < all.len() {
        all.select_nth_unstable_by(k - 1, Candidate::order);
        all.truncate(k);
    }
    all.sort_unstable_by(Candidate::order);
    all
}

pub(super) fn write(found: impl IntoIterator<Item = Candidate>, indices: &mut [usize], distances: &mut [f64]) {
    for (candidate, (index, distance)) in found.into_iter().zip(indices.iter_mut().zip(distances)) {
        *index = candidate.index;
        *distance = candidate.distance;
    }
}
