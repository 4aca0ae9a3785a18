use rayon::prelude::*;

use super::nearest::{Candidate, Nearest};
use super::{NeighborSearch, Neighbors, SearchTask, Visit};
use crate::Norm;
use crate::metric::with_geometry;

/// Every distance, computed from the differences of the coordinates: `O(n^2 d)` time, `O(n k)`
/// memory. Rows are shared out by rayon; the result does not depend on the number of threads.
///
/// The definition, and what every other search is tested against.
#[derive(Debug, Clone, Copy, Default)]
pub struct BruteForce;

impl NeighborSearch for BruteForce {
    fn find(&self, task: &SearchTask<'_>) -> Neighbors {
        Neighbors::collect(task, |visit| self.find_each(task, visit))
    }

    fn find_each(&self, task: &SearchTask<'_>, visit: &Visit<'_>) {
        let moved = task.map(|samples| task.metric().normalized(samples));
        let task = moved.task(task);
        let (queries, references, metric) = (task.queries(), task.references(), task.metric());
        let d = queries.dimension();
        // One loop for each metric: one looked up for every pair would cost more than the distance in a few
        // dimensions.
        with_geometry!(metric, d, |geometry| each(&task, visit, &|query, room| {
            let Room { nearest, indices, distances } = room;
            let point = queries.point(query);
            nearest.clear();
            for rows in task.allowed(query) {
                let others = references.coordinates()[rows.start * d..rows.end * d].chunks_exact(d);
                for (reference, other) in rows.zip(others) {
                    nearest.offer(geometry.key(point, other), reference);
                }
            }
            let distance = |reference| metric.distance(point, references.point(reference));
            if nearest.is_safe(distance) {
                nearest.write(indices, distances);
            } else {
                let others = task.allowed(query).into_iter().flatten();
                write(by_distance(others, distance, task.k()), indices, distances);
            }
        }));
    }
}

/// The scratch memory of a thread.
struct Room {
    nearest: Nearest,
    indices: Vec<usize>,
    distances: Vec<f64>,
}

/// Looks up each query with `look_up`, and hands on the neighbors that it leaves. Not generic:
/// `look_up` is compiled for each metric, and the threads that call it are not.
fn each(task: &SearchTask<'_>, visit: &Visit<'_>, look_up: &(dyn Fn(usize, &mut Room) + Sync)) {
    let (k, squared) = (task.k(), task.metric().norm() == Norm::L2);
    let room = || Room { nearest: Nearest::new(k, squared), indices: vec![0; k], distances: vec![0.0; k] };
    (0..task.queries().len()).into_par_iter().for_each_init(room, |room, query| {
        look_up(query, room);
        visit(query, &room.indices, &room.distances);
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
