//! Sorted points in one dimension.

use rayon::prelude::*;

use super::Visit;
use super::nearest::Candidate;
use super::places::Places;
use super::rows::Rows;
use super::sweep::{Rest, sweep};
use crate::{Metric, Samples};

/// Returns true if distances are differences of two numbers.
pub(super) fn is_line(points: &Samples<'_>, metric: Metric<'_>) -> bool {
    points.dimension() == 1 && !metric.is_periodic()
}

/// Maps a finite number to an integer with the same order, because integers compare faster. -0 and
/// 0 map to the same integer.
fn key(x: f64) -> u64 {
    let bits = (x + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// Sorted numbers.
#[derive(Debug)]
pub(super) struct Line {
    /// Values and indices, sorted by value and then by index.
    pub(super) sorted: Vec<(f64, usize)>,
    /// Start and end of the run of equal values at each place. Empty if no two values are equal.
    runs: Vec<(usize, usize)>,
}

impl Line {
    pub(super) fn new(values: &[f64]) -> Self {
        let mut keyed: Vec<(u64, usize)> = values.iter().enumerate().map(|(i, &x)| (key(x), i)).collect();
        keyed.par_sort_unstable();
        // Adding 0 turns -0 into 0.
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

    /// Returns the place of each row.
    pub(super) fn places(&self) -> Rows {
        let mut places = Rows::zeros(self.sorted.len(), self.sorted.len());
        self.sorted.iter().enumerate().for_each(|(place, &(_, row))| places.set(row, place));
        places
    }

    /// Passes the neighbors of each row to `visit`.
    pub(super) fn among(&self, k: usize, window: usize, visit: &Visit<'_>) {
        if window == 0 {
            // Visiting rows in the order of their values gives the starting point, and near values
            // are in the cache.
            let queries = self.sorted.par_iter().enumerate().with_min_len(256);
            queries.for_each_init(Found::default, |found, (place, &(x, query))| {
                self.nearest(x, self.run(place).0, k, &Others(query), &mut found.candidates);
                found.hand_on(query, visit);
            });
            return;
        }
        // Visiting rows in the order of time means that the set of rows outside the window changes
        // little.
        let places = self.places();
        let all = || Outside { places: &places, present: Places::full(self.sorted.len()), found: Found::default() };
        sweep(&mut vec![(); self.sorted.len()], window, all, |Outside { present, found, .. }, row| {
            let place = places.get(row);
            let (x, start) = (self.sorted[place].0, self.run(place).0);
            self.nearest(x, start, k, &*present, &mut found.candidates);
            found.hand_on(row, visit);
        });
    }

    /// Passes the neighbors of each query to `visit`.
    pub(super) fn between(&self, queries: &[f64], k: usize, visit: &Visit<'_>) {
        let queries = queries.par_iter().enumerate().with_min_len(256);
        queries.for_each_init(Found::default, |found, (query, &x)| {
            let right = self.sorted.partition_point(|&(value, _)| value < x);
            self.nearest(x, right, k, &All, &mut found.candidates);
            found.hand_on(query, visit);
        });
    }

    /// Takes whole runs of equal values, the nearer side first, until there are `k` neighbors and
    /// all at the last distance are included. `right` is the place of the first value that is not
    /// below `x`.
    fn nearest(&self, x: f64, mut right: usize, k: usize, allowed: &impl Allowed, found: &mut Vec<Candidate>) {
        found.clear();
        let n = self.sorted.len();
        let mut left = right;
        let (mut last, mut ties) = (-1.0, false);
        loop {
            let (lower, upper) = (allowed.previous(left, &self.sorted), allowed.next(right, &self.sorted));
            let below = lower.map_or(f64::INFINITY, |place| x - self.sorted[place].0);
            let above = upper.map_or(f64::INFINITY, |place| self.sorted[place].0 - x);
            let distance = if below < above { below } else { above };
            if (found.len() >= k && distance > last) || (lower.is_none() && upper.is_none()) {
                break;
            }
            ties |= distance == last;
            last = distance;
            let (start, end) = match (lower, upper) {
                (Some(place), None) => self.run(place),
                (Some(place), Some(_)) if below < above => self.run(place),
                (_, place) => self.run(place.unwrap_or(n)),
            };
            if end <= left {
                left = start;
            } else {
                right = end;
            }
            // Of equal values, take those with the smallest indices. They are sorted by index.
            let mut place = start;
            for _ in 0..k {
                match allowed.next(place, &self.sorted).filter(|&next| next < end) {
                    Some(next) => {
                        found.push(Candidate { distance, index: self.sorted[next].1 });
                        place = next + 1;
                    }
                    None => break,
                }
            }
        }
        if ties {
            found.sort_unstable_by(Candidate::order);
        }
        found.truncate(k);
    }
}

/// The set of places of the points that may be neighbors.
trait Allowed {
    /// Returns the first place in the set that is not below `from`.
    fn next(&self, from: usize, sorted: &[(f64, usize)]) -> Option<usize>;

    /// Returns the last place in the set below `before`.
    fn previous(&self, before: usize, sorted: &[(f64, usize)]) -> Option<usize>;
}

/// The places of all points.
struct All;

impl Allowed for All {
    #[inline(always)]
    fn next(&self, from: usize, sorted: &[(f64, usize)]) -> Option<usize> {
        (from < sorted.len()).then_some(from)
    }

    #[inline(always)]
    fn previous(&self, before: usize, _: &[(f64, usize)]) -> Option<usize> {
        before.checked_sub(1)
    }
}

/// The places of all rows except one.
struct Others(usize);

impl Allowed for Others {
    #[inline(always)]
    fn next(&self, from: usize, sorted: &[(f64, usize)]) -> Option<usize> {
        let from = from + usize::from(sorted.get(from).is_some_and(|&(_, row)| row == self.0));
        (from < sorted.len()).then_some(from)
    }

    #[inline(always)]
    fn previous(&self, before: usize, sorted: &[(f64, usize)]) -> Option<usize> {
        let last = before.checked_sub(1)?;
        if sorted[last].1 == self.0 { last.checked_sub(1) } else { Some(last) }
    }
}

impl Allowed for Places {
    #[inline(always)]
    fn next(&self, from: usize, _: &[(f64, usize)]) -> Option<usize> {
        self.next(from)
    }

    #[inline(always)]
    fn previous(&self, before: usize, _: &[(f64, usize)]) -> Option<usize> {
        self.previous(before)
    }
}

/// The places of the rows outside a window, and scratch memory for the neighbors.
struct Outside<'p> {
    places: &'p Rows,
    present: Places,
    found: Found,
}

impl Rest for Outside<'_> {
    fn remove(&mut self, row: usize) {
        self.present.remove(self.places.get(row));
    }

    fn insert(&mut self, row: usize) {
        self.present.insert(self.places.get(row));
    }
}

/// The neighbors of a point, and scratch memory to pass them on.
#[derive(Default)]
struct Found {
    candidates: Vec<Candidate>,
    indices: Vec<usize>,
    distances: Vec<f64>,
}

impl Found {
    fn hand_on(&mut self, row: usize, visit: &Visit<'_>) {
        self.indices.clear();
        self.indices.extend(self.candidates.iter().map(|found| found.index));
        self.distances.clear();
        self.distances.extend(self.candidates.iter().map(|found| found.distance));
        visit(row, &self.indices, &self.distances);
    }
}
