use rayon::prelude::*;

use super::nearest::{Candidate, Nearest};
use super::scatter::Scatter;
use super::{NeighborSearch, Neighbors, Visit, check_among, check_between};
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
        let found = Scatter::new(points.len(), k);
        self.for_each_among(points, k, metric, window, &|row, indices, distances| {
            found.write(row, indices, distances);
        })?;
        Ok(found.into_neighbors())
    }

    fn between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
    ) -> Result<Neighbors> {
        check_between(queries, references, k, metric)?;
        let (queries, references) = (metric.normalised(queries), metric.normalised(references));
        let found = Scatter::new(queries.len(), k);
        let visit: &Visit<'_> = &|row, indices, distances| found.write(row, indices, distances);
        search(&queries, &references, k, metric, |_, _| true, visit);
        Ok(found.into_neighbors())
    }

    fn for_each_among(
        &self,
        points: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
        window: usize,
        visit: &Visit<'_>,
    ) -> Result<()> {
        check_among(points, k, metric, window)?;
        let points = metric.normalised(points);
        search(&points, &points, k, metric, |query, reference| query.abs_diff(reference) > window, visit);
        Ok(())
    }
}

fn search(
    queries: &Samples<'_>,
    references: &Samples<'_>,
    k: usize,
    metric: Metric<'_>,
    allowed: impl Fn(usize, usize) -> bool + Sync,
    visit: &Visit<'_>,
) {
    let d = queries.dimension();
    // One loop for each metric: one looked up for every pair would cost more than the distance in a few dimensions.
    with_geometry!(metric, d, |geometry| {
        let room = || (Nearest::new(k), vec![0; k], vec![0.0; k]);
        (0..queries.len()).into_par_iter().for_each_init(room, |(nearest, indices, distances), query| {
            let point = queries.point(query);
            nearest.clear();
            for (reference, other) in references.coordinates().chunks_exact(d).enumerate() {
                if allowed(query, reference) {
                    nearest.offer(geometry, geometry.key(point, other), reference);
                }
            }
            let distance = |reference| metric.distance(point, references.point(reference));
            if nearest.is_safe(geometry, distance) {
                nearest.write(geometry, indices, distances);
            } else {
                let others = (0..references.len()).filter(|&reference| allowed(query, reference));
                write(by_distance(others, distance, k), indices, distances);
            }
            visit(query, indices, distances);
        });
    });
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
