use rayon::prelude::*;

use super::brute_force::write;
use super::nearest::Candidate;
use super::scatter::Scatter;
use super::{KdTree, NeighborSearch, Neighbors, check_among, check_between};
use crate::{Metric, Result, Samples};

/// One dimension: sorted values, and a window that grows from each. `O(n log n)` to sort, `O(k)` for each point.
///
/// In more dimensions, and on a torus, the search is that of [`KdTree`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Sorted;

impl NeighborSearch for Sorted {
    fn among(&self, points: &Samples<'_>, k: usize, metric: Metric<'_>, window: usize) -> Result<Neighbors> {
        if !applies(points, metric) {
            return KdTree.among(points, k, metric, window);
        }
        check_among(points, k, metric, window)?;
        Ok(Line::new(points.coordinates()).among(k, |query, reference| query.abs_diff(reference) > window))
    }

    fn between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
    ) -> Result<Neighbors> {
        if !applies(queries, metric) {
            return KdTree.between(queries, references, k, metric);
        }
        check_between(queries, references, k, metric)?;
        Ok(Line::new(references.coordinates()).between(queries.coordinates(), k))
    }
}

/// Whether distances are differences of two numbers.
pub(super) fn applies(points: &Samples<'_>, metric: Metric<'_>) -> bool {
    points.dimension() == 1 && !metric.is_periodic()
}

/// Whole numbers in the order of finite ones, which compare faster; of -0 and 0 the same.
fn key(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// Sorted numbers.
#[derive(Debug)]
pub(super) struct Line {
    /// Values and indices, by both.
    pub(super) sorted: Vec<(f64, usize)>,
    /// For each place, where the run of equal values that it is in begins and ends; empty if no two are equal.
    runs: Vec<(usize, usize)>,
}

impl Line {
    pub(super) fn new(values: &[f64]) -> Self {
        let mut keyed: Vec<(u64, usize)> = values.iter().enumerate().map(|(i, &x)| (key(x), i)).collect();
        keyed.par_sort_unstable();
        // Adding 0 turns -0 into 0, so that they are one value.
        let sorted: Vec<(f64, usize)> = keyed.into_iter().map(|(_, i)| (values[i] + 0.0, i)).collect();
        let mut runs = Vec::new();
        if sorted.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            for run in sorted.chunk_by(|a, b| a.0 == b.0) {
                let start = runs.len();
                runs.resize(start + run.len(), (start, start + run.len()));
            }
        }
        Self { sorted, runs }
    }

    fn run(&self, place: usize) -> (usize, usize) {
        if self.runs.is_empty() { (place, place + 1) } else { self.runs[place] }
    }

    /// In the order of the values: where to begin is known then, and what is near is in the cache.
    fn among(&self, k: usize, others: impl Fn(usize, usize) -> bool + Sync) -> Neighbors {
        let all = Scatter::new(self.sorted.len(), k);
        let queries = self.sorted.par_iter().enumerate().with_min_len(256);
        queries.for_each_init(Vec::new, |found, (place, &(x, query))| {
            self.nearest(x, self.run(place).0, k, |reference| others(query, reference), found);
            all.write(query, found.iter().copied());
        });
        all.into_neighbors()
    }

    fn between(&self, queries: &[f64], k: usize) -> Neighbors {
        let mut neighbors = Neighbors::zeros(queries.len(), k);
        let (indices, distances) = neighbors.rows_mut();
        let rows = indices.par_chunks_exact_mut(k).zip(distances.par_chunks_exact_mut(k)).zip(queries.par_iter());
        rows.with_min_len(256).for_each_init(Vec::new, |found, ((indices, distances), &x)| {
            let right = self.sorted.partition_point(|&(value, _)| value < x);
            self.nearest(x, right, k, |_| true, found);
            write(found.iter().copied(), indices, distances);
        });
        neighbors
    }

    /// Takes whole runs of equal values, the nearer side first, until there are `k`, and of those all at the last distance.
    /// `right` is the place of the first value that is not below `x`.
    fn nearest(&self, x: f64, mut right: usize, k: usize, allowed: impl Fn(usize) -> bool, found: &mut Vec<Candidate>) {
        found.clear();
        let mut left = right;
        let (mut last, mut ties) = (-1.0, false);
        loop {
            let below = if left > 0 { x - self.sorted[left - 1].0 } else { f64::INFINITY };
            let above = self.sorted.get(right).map_or(f64::INFINITY, |&(value, _)| value - x);
            let distance = if below < above { below } else { above };
            if (left == 0 && right == self.sorted.len()) || (found.len() >= k && distance > last) {
                break;
            }
            ties |= distance == last;
            last = distance;
            let (start, end) = if below < above || right == self.sorted.len() {
                let run = self.run(left - 1);
                left = run.0;
                run
            } else {
                let run = self.run(right);
                right = run.1;
                run
            };
            // Of equal values those with the smallest indices, and they are sorted by index.
            let run = self.sorted[start..end].iter().map(|&(_, index)| index).filter(|&index| allowed(index));
            found.extend(run.take(k).map(|index| Candidate { distance, index }));
        }
        if ties {
            found.sort_unstable_by(Candidate::order);
        }
        found.truncate(k);
    }
}
