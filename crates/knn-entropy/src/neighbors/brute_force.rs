use rayon::prelude::*;

use super::nearest::{Candidate, Nearest};
use super::{NeighborSearch, Neighbors, SearchTask, Visit};
use crate::Norm;
use crate::metric::with_geometry;

/// Search that computes every distance from the differences of coordinates, in `O(n^2 d)` time and
/// `O(n k)` memory. Rayon distributes the rows, and the result does not depend on the number of
/// threads.
///
/// `BruteForce` implements the definition of nearest neighbors, and all other searches are tested
/// against it.
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
        // Each metric has its own loop. In a few dimensions, selecting the metric for every pair
        // would cost more than the distance.
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

/// Scratch memory of a thread.
struct Room {
    nearest: Nearest,
    indices: Vec<usize>,
    distances: Vec<f64>,
}

/// Runs `look_up` for each query and passes the neighbors to `visit`. This function is not generic:
/// only `look_up` is compiled for each metric, and not the parallel loop.
fn each(task: &SearchTask<'_>, visit: &Visit<'_>, look_up: &(dyn Fn(usize, &mut Room) + Sync)) {
    let (k, squared) = (task.k(), task.metric().norm() == Norm::L2);
    let room = || Room { nearest: Nearest::new(k, squared), indices: vec![0; k], distances: vec![0.0; k] };
    (0..task.queries().len()).into_par_iter().for_each_init(room, |room, query| {
        look_up(query, room);
        visit(query, &room.indices, &room.distances);
    });
}

/// Finds the `k` nearest by distance, for keys that overflow or underflow.
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
