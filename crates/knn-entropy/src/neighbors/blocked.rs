use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use rayon::prelude::*;

use super::filter::{BLOCK, Filter, Frame, Passed, Real, multiply, scratch};
use super::nearest::Candidate;
use super::{BruteForce, NeighborSearch, Neighbors, SearchTask, brute_force};
use crate::simd::{self, Kernel};
use crate::{Metric, Norm, Samples};

/// All Euclidean distances as matrix products of blocks, `|a|^2 + |b|^2 - 2 a.b`, for many
/// dimensions. Exact none the less.
///
/// The product loses the digits of distances that are small beside the coordinates, and it is made
/// in single precision. So it decides nothing: it is a filter with a proved bound on its error.
/// Points that might be among the nearest remain, a few more than `k`, and their distances are
/// computed from differences. Coordinates are moved and scaled first, so that the bound is as small
/// as it can be; where too many points pass, because clusters are small beside their distances, the
/// filter is made again in double precision.
///
/// `O(n^2 d)` time, half of that among one set; `O(n k)` memory and a block. For other metrics the
/// search is that of [`BruteForce`].
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

/// None if the distances cannot be filtered. Without a first look as among points: whether single
/// precision will do is seen in the end.
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

/// For fewer products, waking a thread takes longer.
const SERIAL: usize = 6_000_000;

/// The `k` nearest of some points by distance.
fn exact(point: &[f64], samples: &Samples<'_>, indices: impl Iterator<Item = usize>, k: usize) -> Vec<Candidate> {
    brute_force::by_distance(indices, |i| Norm::L2.distance(point, samples.point(i)), k)
}

struct Among<'a, T> {
    task: &'a SearchTask<'a>,
    filter: Filter<T>,
}

impl<T: Real> Among<'_, T> {
    /// None if far more points pass than there are neighbors, unless that does not matter.
    fn run(&self, choosy: bool) -> Option<Neighbors> {
        let (samples, k) = (self.task.queries(), self.task.k());
        let n = samples.len();
        let blocks: Vec<Mutex<Passed<T>>> =
            (0..n).step_by(BLOCK).map(|start| Mutex::new(Passed::new(BLOCK.min(n - start), k))).collect();
        let lock = |block: usize| blocks[block].lock().expect("no thread has panicked");
        let serial = n * n * samples.dimension() < SERIAL;
        // Each block with itself, which also shows whether the filter is any good.
        let passed = AtomicUsize::new(0);
        self.each(blocks.len(), serial, |products, block| {
            let view = self.filter.block(block);
            let products = multiply(view, view, products);
            let mut rows = lock(block);
            simd::run(Within { search: self, products, start: block * BLOCK, rows: &mut rows });
            passed.fetch_add(rows.thin(), Ordering::Relaxed);
        });
        if choosy && passed.into_inner() > n * (4 * k + 16) {
            return None;
        }
        // Then all pairs of different blocks, once for both. As in a tournament: in each round every block
        // meets one other, so that no two threads want the same.
        let players = blocks.len().next_multiple_of(2);
        for round in 0..players - 1 {
            self.each(players / 2, serial, |products, table| {
                let seat = |place: usize| if place == 0 { 0 } else { 1 + (place - 1 + round) % (players - 1) };
                let (one, other) = (seat(table), seat(players - 1 - table));
                let (one, other) = (one.min(other), one.max(other));
                if other < blocks.len() {
                    let products = multiply(self.filter.block(one), self.filter.block(other), products);
                    let (rows, columns) = (&mut *lock(one), &mut *lock(other));
                    let (start, other_start) = (one * BLOCK, other * BLOCK);
                    simd::run(BothWays { search: self, products, start, other_start, rows, columns });
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

    /// Does some work, each with room for products.
    fn each(&self, count: usize, serial: bool, work: impl Fn(&mut [T], usize) + Sync) {
        let n = self.task.queries().len();
        let scratch = || scratch::<T>(n, n);
        if serial {
            let mut products = scratch();
            (0..count).for_each(|i| work(&mut products, i));
        } else {
            (0..count).into_par_iter().for_each_init(scratch, |products, i| work(products, i));
        }
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

/// A block with itself: what is right of the diagonal.
struct Within<'s, 'a, T> {
    search: &'s Among<'a, T>,
    products: &'s [T],
    start: usize,
    rows: &'s mut Passed<T>,
}

impl<T: Real> Kernel for Within<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { search, products, start, rows } = self;
        let width = rows.limits.len();
        let lower = &search.filter.lower[start..start + width];
        for (r, product) in products.chunks_exact(width).enumerate() {
            let first = r + 1;
            for (part, product) in product[first..].chunks(TOGETHER).enumerate() {
                let c = first + part * TOGETHER;
                let lower_of_columns = &lower[c..c + product.len()];
                if !any_below(product, lower_of_columns, lower[r], rows.limits[r], &rows.limits[c..]) {
                    continue;
                }
                for (lane, (&p, &other)) in product.iter().zip(lower_of_columns).enumerate() {
                    let (bound, c) = (p + (other + lower[r]), c + lane);
                    if bound <= rows.limits[r] {
                        search.note(rows, r, start + r, start + c, bound);
                    }
                    if bound <= rows.limits[c] {
                        search.note(rows, c, start + c, start + r, bound);
                    }
                }
            }
        }
    }
}

/// How many pairs are looked at together: nearly always none passes, which one comparison of all
/// finds out.
const TOGETHER: usize = 16;

/// Calls `visit` for the lower bounds in those parts of a row of products where any is below the
/// limit; it returns the new limit.
#[inline(always)]
fn each_below<T: Real>(product: &[T], lower: &[T], own: T, mut limit: T, mut visit: impl FnMut(usize, T) -> T) {
    for (part, (product, lower)) in product.chunks(TOGETHER).zip(lower.chunks(TOGETHER)).enumerate() {
        let mut any = false;
        for (&p, &other) in product.iter().zip(lower) {
            any |= p + (other + own) <= limit;
        }
        if any {
            for (lane, (&p, &other)) in product.iter().zip(lower).enumerate() {
                limit = visit(part * TOGETHER + lane, p + (other + own));
            }
        }
    }
}

/// Whether any lower bound in a part of a row of products is below the limit of its row or of its
/// column.
#[inline(always)]
fn any_below<T: Real>(product: &[T], lower: &[T], own: T, of_row: T, of_columns: &[T]) -> bool {
    let mut any = false;
    for ((&p, &other), &of_column) in product.iter().zip(lower).zip(&of_columns[..product.len()]) {
        any |= p + (other + own) <= if of_row > of_column { of_row } else { of_column };
    }
    any
}

/// A block with another one.
struct BothWays<'s, 'a, T> {
    search: &'s Among<'a, T>,
    products: &'s [T],
    start: usize,
    other_start: usize,
    rows: &'s mut Passed<T>,
    columns: &'s mut Passed<T>,
}

impl<T: Real> Kernel for BothWays<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { search, products, start, other_start, rows, columns } = self;
        let width = columns.limits.len();
        let lower = &search.filter.lower[other_start..other_start + width];
        for (r, product) in products.chunks_exact(width).enumerate() {
            let own = search.filter.lower[start + r];
            for (part, (product, lower)) in product.chunks(TOGETHER).zip(lower.chunks(TOGETHER)).enumerate() {
                let c = part * TOGETHER;
                if !any_below(product, lower, own, rows.limits[r], &columns.limits[c..]) {
                    continue;
                }
                for (lane, (&p, &other)) in product.iter().zip(lower).enumerate() {
                    let (bound, c) = (p + (other + own), c + lane);
                    if bound <= rows.limits[r] {
                        search.note(rows, r, start + r, other_start + c, bound);
                    }
                    if bound <= columns.limits[c] {
                        search.note(columns, c, other_start + c, start + r, bound);
                    }
                }
            }
        }
    }
}

/// The seconds that one thread takes for a pair of points in a large set, by the first block of
/// these with the last.
pub(super) fn time_of_pair(points: &Samples<'_>, k: usize) -> Option<f64> {
    let filter = Filter::<f32>::new(points, &Frame::of(&[points])?)?;
    let (own, other) = (filter.block(0), filter.blocks() - 1);
    let mut passed = Passed::new(own.nrows(), k);
    let mut products = scratch::<f32>(points.len(), points.len());
    let mut run = || {
        let start = Instant::now();
        let products = multiply(own, filter.block(other), &mut products);
        let (queries, references, left, right) = (points, points, &filter, &filter);
        let passed = &mut passed;
        simd::run(Across { queries, references, left, right, products, block: 0, other, k, passed });
        start.elapsed().as_secs_f64()
    };
    // In a large set nearly all pairs come when good candidates are known, as in the second of two
    // runs.
    run();
    Some(run() / (own.nrows() * filter.block(other).nrows()) as f64)
}

/// The neighbors by filters of the queries and of the references.
fn across<T: Real>(task: &SearchTask<'_>, left: &Filter<T>, right: &Filter<T>) -> Neighbors {
    let (queries, references, k) = (task.queries(), task.references(), task.k());
    let mut neighbors = Neighbors::zeros(queries.len(), k);
    let (indices, distances) = neighbors.rows_mut();
    let rows = indices.par_chunks_mut(BLOCK * k).zip(distances.par_chunks_mut(BLOCK * k));
    rows.enumerate().for_each_init(
        || scratch::<T>(queries.len(), references.len()),
        |products, (block, (indices, distances))| {
            let own = left.block(block);
            let mut passed = Passed::new(own.nrows(), k);
            for other in 0..right.blocks() {
                let products = multiply(own, right.block(other), products);
                simd::run(Across { queries, references, left, right, products, block, other, k, passed: &mut passed });
            }
            let places = indices.chunks_exact_mut(k).zip(distances.chunks_exact_mut(k));
            for (r, (indices, distances)) in places.enumerate() {
                let point = queries.point(block * BLOCK + r);
                brute_force::write(exact(point, references, passed.of(r), k), indices, distances);
            }
        },
    );
    neighbors
}

/// A block of queries with a block of references.
struct Across<'s, 'a, T> {
    queries: &'s Samples<'a>,
    references: &'s Samples<'a>,
    left: &'s Filter<T>,
    right: &'s Filter<T>,
    products: &'s [T],
    block: usize,
    other: usize,
    k: usize,
    passed: &'s mut Passed<T>,
}

impl<T: Real> Kernel for Across<'_, '_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { queries, references, left, right, products, block, other, k, passed } = self;
        let (start, other_start) = (block * BLOCK, other * BLOCK);
        let width = right.block(other).nrows();
        let lower = &right.lower[other_start..other_start + width];
        for (r, product) in products.chunks_exact(width).enumerate() {
            let point = queries.point(start + r);
            each_below(product, lower, left.lower[start + r], passed.limits[r], |lane, bound| {
                if bound <= passed.limits[r] {
                    let exact = |some: &mut dyn Iterator<Item = usize>| exact(point, references, some, k);
                    passed.note(r, (left, start + r), (right, other_start + lane), bound, k, &exact);
                }
                passed.limits[r]
            });
        }
    }
}
