use rayon::prelude::*;

use super::brute_force::write;
use super::nearest::Candidate;
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
        let line = Line::new(points.coordinates());
        Ok(line.search(points.coordinates(), k, |query, reference| query.abs_diff(reference) > window))
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
        Ok(Line::new(references.coordinates()).search(queries.coordinates(), k, |_, _| true))
    }
}

/// Whether distances are differences of two numbers.
pub(super) fn applies(points: &Samples<'_>, metric: Metric<'_>) -> bool {
    points.dimension() == 1 && !matches!(metric, Metric::Torus(..))
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
        // Adding 0 turns -0 into 0.
        let mut sorted: Vec<(f64, usize)> = values.iter().enumerate().map(|(i, &x)| (x + 0.0, i)).collect();
        sorted.par_sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
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

    fn search(&self, queries: &[f64], k: usize, others: impl Fn(usize, usize) -> bool + Sync) -> Neighbors {
        let mut neighbors = Neighbors::zeros(queries.len(), k);
        let (indices, distances) = neighbors.rows_mut();
        let rows = indices.par_chunks_exact_mut(k).zip(distances.par_chunks_exact_mut(k)).zip(queries.par_iter());
        rows.enumerate().with_min_len(256).for_each_init(Vec::new, |found, (query, ((indices, distances), &x))| {
            self.nearest(x, k, |reference| others(query, reference), found);
            write(found.iter().copied(), indices, distances);
        });
        neighbors
    }

    /// Takes whole runs of equal values, the nearer side first, until there are `k`, and of those all at the last distance.
    fn nearest(&self, x: f64, k: usize, allowed: impl Fn(usize) -> bool, found: &mut Vec<Candidate>) {
        found.clear();
        let mut right = self.sorted.partition_point(|&(value, _)| value < x);
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
