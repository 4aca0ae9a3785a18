//! The comparison of queries with the first leaf of their walk.
//!
//! Most points of this leaf are among the nearest so far, so offering them one by one would mean
//! many branches that a CPU cannot predict. Here, each lane of a vector belongs to one query, and
//! all queries of a group meet the points one by one. A point enters the sorted row of a query
//! without any branch.

use super::nearest::Nearest;
use super::tree::{Node, Tree};
use crate::geometry::{Geometry, LANES, Lanes};
use crate::simd::{Kernel, Smallest};

/// Largest number of neighbors for which ranking is faster than offering each point.
pub(super) const MOST: usize = 16;

/// Computes the keys of all pairs of a query and a point of a leaf.
pub(super) struct Keys<'a, G> {
    pub(super) geometry: G,
    pub(super) queries: &'a Tree,
    /// The leaf of the queries. `rows` has their rows.
    pub(super) leaf: Node,
    pub(super) rows: &'a [usize],
    /// The points of the other leaf, one after the other. `references` has their rows.
    pub(super) points: &'a [f64],
    pub(super) references: &'a [usize],
    /// Pairs of rows at most this far apart are not compared. Twice the window must not overflow.
    pub(super) window: Option<usize>,
    /// For each group of queries, the keys of each point. Keys of excluded pairs are NaN, which is
    /// not less than any number.
    pub(super) keys: &'a mut Vec<Lanes>,
}

impl<G: Geometry> Kernel for Keys<'_, G> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { geometry, queries, leaf, rows, points, references, window, keys } = self;
        let d = geometry.dimension(queries.dimension());
        keys.clear();
        for (group, rows) in queries.groups(leaf).chunks_exact(d).zip(rows.chunks(LANES)) {
            let mut own = [0; LANES];
            own[..rows.len()].copy_from_slice(rows);
            for (point, &reference) in points.chunks_exact(d).zip(references) {
                let mut new = geometry.keys(point, group);
                if let Some(window) = window {
                    for (key, own) in new.iter_mut().zip(own) {
                        // This is `own.abs_diff(reference) <= window` in one comparison.
                        let excluded = own.wrapping_sub(reference).wrapping_add(window) <= 2 * window;
                        *key = if excluded { f64::NAN } else { *key };
                    }
                }
                keys.push(new);
            }
        }
    }
}

/// Begins the search of each query with the nearest points of a leaf, given the keys of [`Keys`].
/// `nearest` has the neighbors of each query, none so far.
pub(super) fn begin(keys: &[Lanes], references: &[usize], k: usize, nearest: &mut [Nearest]) {
    // One place more than neighbors shows a tie of the last neighbor and the next point.
    match k {
        1 => rank::<2>(keys, references, k, nearest),
        2..=4 => rank::<5>(keys, references, k, nearest),
        5..=8 => rank::<9>(keys, references, k, nearest),
        _ => rank::<{ MOST + 1 }>(keys, references, k, nearest),
    }
}

fn rank<const PLACES: usize>(keys: &[Lanes], references: &[usize], k: usize, nearest: &mut [Nearest]) {
    for (keys, nearest) in keys.chunks_exact(references.len()).zip(nearest.chunks_mut(LANES)) {
        let Smallest { numbers, rows } = Smallest::<PLACES>::new(keys);
        for (lane, nearest) in nearest.iter_mut().enumerate() {
            let nearer = numbers.iter().zip(&rows).take(k + 1);
            if nearest.begin_sorted(nearer.map(|(keys, rows)| (keys[lane], references[rows[lane] as usize]))) {
                continue;
            }
            for (keys, &reference) in keys.iter().zip(references) {
                if !keys[lane].is_nan() {
                    nearest.offer(keys[lane], reference);
                }
            }
        }
    }
}
