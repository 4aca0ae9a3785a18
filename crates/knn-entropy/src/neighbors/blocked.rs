use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::filter::{BLOCK, Filter, Frame, Passed, Real};
use super::nearest::Candidate;
use super::pairs::{Visitor, compare};
use super::{BruteForce, NeighborSearch, Neighbors, SearchTask, brute_force};
use crate::simd::PANEL;
use crate::{Metric, Norm, Samples};

/// Exact search for many dimensions that computes all Euclidean distances by matrix products of
/// blocks, `|a|^2 + |b|^2 - 2 a.b`.
///
/// The product loses digits of distances that are small compared with the coordinates, and it is
/// computed in single precision. Therefore it serves only as a filter, with a proven bound on its
/// error. A few more than `k` points pass the filter, and their distances are computed from
/// differences. Coordinates are shifted and scaled first to make the bound as small as possible. If
/// too many points pass, because clusters are small compared with their distances, the filter is
/// repeated in double precision.
///
/// The search takes `O(n^2 d)` time, half of it among one set, and `O(n k)` memory plus one block.
/// For other metrics it is the search of [`BruteForce`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Blocked;

impl NeighborSearch for Blocked {
    fn find(&self, task: &SearchTask<'_>) -> Neighbors {
        let filtered = if task.window().is_some() { among(task) } else { between(task) };
        filtered.unwrap_or_else(|| BruteForce.find(task))
    }
}

/// None if the distances cannot be filtered.
fn among(task: &SearchTask<'_>) -> Option<Neighbors> {
    let frame = frame(task)?;
    let single = || Among { task, filter: Filter::<f32>::new(task.queries(), &frame)? }.run(true);
    let double = || Among { task, filter: Filter::<f64>::new(task.queries(), &frame)? }.run(false);
    single().or_else(double)
}

/// Searches between two sets. Returns `None` if the distances cannot be filtered. Unlike [`among`],
/// it does not test first whether single precision is good enough.
fn between(task: &SearchTask<'_>) -> Option<Neighbors> {
    let frame = frame(task)?;
    let [left, right] = [task.queries(), task.references()].map(|points| Filter::<f32>::new(points, &frame));
    Some(across(task, &left?, &right?))
}

fn frame(task: &SearchTask<'_>) -> Option<Frame> {
    match task.metric() {
        Metric::Norm(Norm::L2) if task.window().is_some() => Frame::of(&[task.queries()]),
        Metric::Norm(Norm::L2) => Frame::of(&[task.queries(), task.references()]),
        _ => None,
    }
}

/// Number of multiplications below which one thread is faster.
const SERIAL: usize = 6_000_000;

/// Returns the `k` nearest of some points by exact distance.
fn exact(point: &[f64], samples: &Samples<'_>, indices: impl Iterator<Item = usize>, k: usize) -> Vec<Candidate> {
    brute_force::by_distance(indices, |i| Norm::L2.distance(point, samples.point(i)), k)
}

/// Largest number of blocks in a team.
const TEAM: usize = 8;

struct Among<'a, T> {
    task: &'a SearchTask<'a>,
    filter: Filter<T>,
}

impl<T: Real> Among<'_, T> {
    /// Runs the search. If `choosy`, returns `None` if far more points pass the filter than there
    /// are neighbors.
    fn run(&self, choosy: bool) -> Option<Neighbors> {
        let (samples, k) = (self.task.queries(), self.task.k());
        let n = samples.len();
        let blocks: Vec<Mutex<Passed<T>>> =
            (0..n).step_by(BLOCK).map(|start| Mutex::new(Passed::new(BLOCK.min(n - start), k))).collect();
        let lock = |block: usize| blocks[block].lock().expect("no thread has panicked");
        let serial = n * n * samples.dimension() < SERIAL;
        // Compare each block with itself first. This also shows whether the filter is selective
        // enough.
        let passed = AtomicUsize::new(0);
        self.each(blocks.len(), serial, |block| {
            let (points, mut rows) = (self.filter.block(block), lock(block));
            let mut visitor = Within { search: self, start: block * BLOCK, rows: &mut rows };
            compare(points, points, &mut visitor);
            passed.fetch_add(rows.thin(), Ordering::Relaxed);
        });
        if choosy && passed.into_inner() > n * (4 * k + 16) {
            return None;
        }
        // Then compare all pairs of different blocks, each pair once for both.
        let pair = |one: usize, other: usize| {
            let (rows, columns) = (&mut *lock(one), &mut *lock(other));
            let (start, other_start) = (one * BLOCK, other * BLOCK);
            let mut visitor = BothWays { search: self, start, other_start, rows, columns };
            compare(self.filter.block(one), self.filter.block(other), &mut visitor);
        };
        // A team is a few blocks whose candidates stay in the cache while they are compared with
        // those of another team.
        let team = (blocks.len() / (4 * rayon::current_num_threads())).clamp(1, TEAM);
        let members = |number: usize| number * team..blocks.len().min((number + 1) * team);
        let teams = blocks.len().div_ceil(team);
        self.each(teams, serial, |own| {
            members(own).for_each(|one| (one + 1..members(own).end).for_each(|other| pair(one, other)));
        });
        // The rounds are those of a round-robin tournament: in each round every team meets one
        // other team, so no two threads need the same block.
        let players = teams.next_multiple_of(2);
        for round in 0..players - 1 {
            self.each(players / 2, serial, |table| {
                let seat = |place: usize| if place == 0 { 0 } else { 1 + (place - 1 + round) % (players - 1) };
                let (one, other) = (seat(table), seat(players - 1 - table));
                let (one, other) = (one.min(other), one.max(other));
                if other < teams {
                    members(one).for_each(|one| members(other).for_each(|other| pair(one, other)));
                }
            });
        }
        let mut neighbors = Neighbors::zeros(n, k);
        let (indices, distances) = neighbors.rows_mut();
        let rows = indices.chunks_mut(BLOCK * k).zip(distances.chunks_mut(BLOCK * k)).zip(blocks).enumerate();
        let finish = |block: usize, indices: &mut [usize], distances: &mut [f64], passed: Mutex<Passed<T>>| {
            let mut passed = passed.into_inner().expect("no thread has panicked");
            let places = indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
            for (r, (indices, distances)) in places.enumerate() {
                let point = samples.point(block * BLOCK + r);
                brute_force::write(exact(point, samples, passed.of(r), k), indices, distances);
            }
        };
        if serial {
            rows.for_each(|(block, ((indices, distances), passed))| finish(block, indices, distances, passed));
        } else {
            let rows: Vec<_> = rows.collect();
            rows.into_par_iter()
                .for_each(|(block, ((indices, distances), passed))| finish(block, indices, distances, passed));
        }
        Some(neighbors)
    }

    /// Calls `work` with each number from 0 to `count - 1`.
    fn each(&self, count: usize, serial: bool, work: impl Fn(usize) + Sync) {
        if serial { (0..count).for_each(work) } else { (0..count).into_par_iter().for_each(&work) }
    }

    #[inline(always)]
    fn note(&self, passed: &mut Passed<T>, r: usize, query: usize, reference: usize, bound: T) {
        if self.task.allows(query, reference) {
            let (samples, k) = (self.task.queries(), self.task.k());
            let exact = |some: &mut dyn Iterator<Item = usize>| exact(samples.point(query), samples, some, k);
            passed.note(r, (&self.filter, query), (&self.filter, reference), bound, k, &exact);
        }
    }
}

/// Compares a block with itself, right of the diagonal.
struct Within<'s, 'a, T> {
    search: &'s Among<'a, T>,
    start: usize,
    rows: &'s mut Passed<T>,
}

impl<T: Real> Visitor<T> for Within<'_, '_, T> {
    /// Rows after the last column belong to pairs that come again with rows and columns exchanged.
    fn limits_of_rows(&self, column: usize) -> &[T] {
        &self.rows.limits[..column + PANEL]
    }

    fn limits_of_columns(&self, column: usize) -> &[T] {
        &self.rows.limits[column..column + PANEL]
    }

    fn visit(&mut self, r: usize, column: usize, bounds: &[T; PANEL]) {
        let Self { search, start, rows } = self;
        for (c, &bound) in (column..rows.len()).zip(bounds).filter(|&(c, _)| c > r) {
            if bound <= rows.limits[r] {
                search.note(rows, r, *start + r, *start + c, bound);
            }
            if bound <= rows.limits[c] {
                search.note(rows, c, *start + c, *start + r, bound);
            }
        }
    }
}

/// Compares two different blocks, for the points of both.
struct BothWays<'s, 'a, T> {
    search: &'s Among<'a, T>,
    start: usize,
    other_start: usize,
    rows: &'s mut Passed<T>,
    columns: &'s mut Passed<T>,
}

impl<T: Real> Visitor<T> for BothWays<'_, '_, T> {
    fn limits_of_rows(&self, _: usize) -> &[T] {
        &self.rows.limits
    }

    fn limits_of_columns(&self, column: usize) -> &[T] {
        &self.columns.limits[column..column + PANEL]
    }

    fn visit(&mut self, r: usize, column: usize, bounds: &[T; PANEL]) {
        let Self { search, start, other_start, rows, columns } = self;
        for (c, &bound) in (column..columns.len()).zip(bounds) {
            if bound <= rows.limits[r] {
                search.note(rows, r, *start + r, *other_start + c, bound);
            }
            if bound <= columns.limits[c] {
                search.note(columns, c, *other_start + c, *start + r, bound);
            }
        }
    }
}

/// Measures the seconds that one thread takes per pair of points in a large set, from the pairs of
/// the first block with the last.
pub(super) fn time_of_pair(points: &Samples<'_>, k: usize) -> Option<f64> {
    let filter = Filter::<f32>::new(points, &Frame::of(&[points])?)?;
    let (own, other) = (filter.block(0), filter.blocks() - 1);
    let mut passed = Passed::new(filter.len_of(0), k);
    // In a large set, good candidates are known for nearly all pairs, so hardly any passes.
    passed.limits.fill(f32::NEG_INFINITY);
    let no_limits = [f32::NEG_INFINITY; PANEL];
    let run = |_| {
        let start = Instant::now();
        let (queries, references, left, right) = (points, points, &filter, &filter);
        let mut visitor =
            Across { queries, references, left, right, block: 0, other, k, passed: &mut passed, no_limits };
        compare(own, filter.block(other), &mut visitor);
        start.elapsed().as_secs_f64()
    };
    // Memory is new to the first run, and another program may interrupt any of them.
    let fastest = (0..5).map(run).fold(f64::INFINITY, f64::min);
    Some(fastest / (filter.len_of(0) * filter.len_of(other)) as f64)
}

/// Finds the neighbors with filters of the queries and of the references.
fn across<T: Real>(task: &SearchTask<'_>, left: &Filter<T>, right: &Filter<T>) -> Neighbors {
    let (queries, references, k) = (task.queries(), task.references(), task.k());
    let mut neighbors = Neighbors::zeros(queries.len(), k);
    let (indices, distances) = neighbors.rows_mut();
    let rows = indices.par_chunks_mut(BLOCK * k).zip(distances.par_chunks_mut(BLOCK * k));
    let no_limits = [T::zero() - T::INFINITY; PANEL];
    rows.enumerate().for_each(|(block, (indices, distances))| {
        let own = left.block(block);
        let mut passed = Passed::new(left.len_of(block), k);
        for other in 0..right.blocks() {
            let mut visitor =
                Across { queries, references, left, right, block, other, k, passed: &mut passed, no_limits };
            compare(own, right.block(other), &mut visitor);
        }
        let places = indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
        for (r, (indices, distances)) in places.enumerate() {
            let point = queries.point(block * BLOCK + r);
            brute_force::write(exact(point, references, passed.of(r), k), indices, distances);
        }
    });
    neighbors
}

/// Compares a block of queries with a block of references.
struct Across<'s, 'a, T> {
    queries: &'s Samples<'a>,
    references: &'s Samples<'a>,
    left: &'s Filter<T>,
    right: &'s Filter<T>,
    block: usize,
    other: usize,
    k: usize,
    passed: &'s mut Passed<T>,
    /// Columns have no neighbors here, so no bound is of interest to them.
    no_limits: [T; PANEL],
}

impl<T: Real> Visitor<T> for Across<'_, '_, T> {
    fn limits_of_rows(&self, _: usize) -> &[T] {
        &self.passed.limits
    }

    fn limits_of_columns(&self, _: usize) -> &[T] {
        &self.no_limits
    }

    fn visit(&mut self, r: usize, column: usize, bounds: &[T; PANEL]) {
        let Self { queries, references, left, right, block, other, k, passed, .. } = self;
        let (query, references_start) = (*block * BLOCK + r, *other * BLOCK);
        let point = queries.point(query);
        for (reference, &bound) in (references_start + column..right.len()).zip(bounds) {
            if bound <= passed.limits[r] {
                let exact = |some: &mut dyn Iterator<Item = usize>| exact(point, references, some, *k);
                passed.note(r, (left, query), (right, reference), bound, *k, &exact);
            }
        }
    }
}
