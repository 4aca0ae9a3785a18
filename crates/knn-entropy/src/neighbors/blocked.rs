use std::sync::Mutex;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, LinalgScalar, Slice};
use rayon::prelude::*;

use super::nearest::Candidate;
use super::{BruteForce, NeighborSearch, Neighbors, brute_force, check_among};
use crate::norm::power_of_two;
use crate::{Float, Metric, Norm, Result, Samples};

/// All Euclidean distances as matrix products of blocks, `|a|^2 + |b|^2 - 2 a.b`, for many dimensions. Exact none the less.
///
/// The product loses the digits of distances that are small beside the coordinates, and it is made in single precision. So
/// it decides nothing: it is a filter with a proved bound on its error. Points that might be among the nearest remain, a
/// few more than `k`, and their distances are computed from differences. Coordinates are moved and scaled first, so that the
/// bound is as small as it can be; where too many points pass, because clusters are small beside their distances, the
/// filter is made again in double precision.
///
/// `O(n^2 d)` time, `O(n k)` memory and two blocks. For other metrics the search is that of [`BruteForce`].
#[derive(Debug, Clone, Copy, Default)]
pub struct Blocked;

/// Points in a block: a block of products stays in the cache of a core.
const BLOCK: usize = 256;

/// What passes the filter is thinned out when there are so many more than `k`.
const SPARE: usize = 24;

impl NeighborSearch for Blocked {
    fn among(&self, points: &Samples<'_>, k: usize, metric: Metric<'_>, window: usize) -> Result<Neighbors> {
        if metric != Metric::Norm(Norm::L2) {
            return BruteForce.among(points, k, metric, window);
        }
        check_among(points, k, metric, window)?;
        let others = |a: usize, b: usize| a.abs_diff(b) > window;
        if let Some(single) = Among::<f32, _>::new(points, k, others)
            && single.diagonal()
        {
            return Ok(single.finish());
        }
        match Among::<f64, _>::new(points, k, others) {
            Some(double) => {
                double.diagonal();
                Ok(double.finish())
            }
            None => BruteForce.among(points, k, metric, window),
        }
    }

    fn between(
        &self,
        queries: &Samples<'_>,
        references: &Samples<'_>,
        k: usize,
        metric: Metric<'_>,
    ) -> Result<Neighbors> {
        BruteForce.between(queries, references, k, metric)
    }
}

/// What a filter is made in.
trait Real: Float + LinalgScalar + PartialOrd + std::ops::AddAssign {
    /// Half the distance from 1 to the next number.
    const ROUNDING: f64;
    /// More than the error of a product that underflows.
    const LEAST: f64;
    const INFINITY: Self;
}

impl Real for f32 {
    const ROUNDING: f64 = f32::EPSILON as f64 / 2.0;
    const LEAST: f64 = 1e-37;
    const INFINITY: Self = f32::INFINITY;
}

impl Real for f64 {
    const ROUNDING: f64 = f64::EPSILON / 2.0;
    const LEAST: f64 = 1e-307;
    const INFINITY: Self = f64::INFINITY;
}

/// The points as the filter sees them. With `s` the squared length of a point, the computed `p = -2 a.b` and
/// `c = (d + 24) u`, where `u` is the rounding error of one operation,
///
/// ```text
/// (1 - c) (s_a + s_b) + p  <=  |a - b|^2  <=  (1 + c) (s_a + s_b) + p
/// ```
///
/// holds in computed numbers: a sum of d products is off by at most d u sum |a_i b_i| in whatever order it is made, and
/// that is at most d u (s_a + s_b) / 2; the rest of c is for rounding the coordinates, the lengths and the sums.
struct Filter<T> {
    points: Array2<T>,
    /// `(1 - c) s`.
    lower: Vec<T>,
    /// `2 c s`: from the lower to the upper bound.
    width: Vec<T>,
    /// Distances of the filter are those of the points times this.
    scale: f64,
}

impl<T: Real> Filter<T> {
    /// None if the coordinates cannot be brought near 1, or are too many for the bound.
    fn new(samples: &Samples<'_>) -> Option<Self> {
        let d = samples.dimension();
        let c = (d as f64 + 24.0) * T::ROUNDING;
        // Halved, because the sum of two numbers can be larger than the largest.
        let mut low = vec![f64::INFINITY; d];
        let mut high = vec![f64::NEG_INFINITY; d];
        let mut mean = vec![0.0; d];
        let share = 1.0 / samples.len() as f64;
        for point in samples.coordinates().chunks_exact(d) {
            for (j, &x) in point.iter().enumerate() {
                mean[j] += x * share;
                low[j] = if x < low[j] { x } else { low[j] };
                high[j] = if x > high[j] { x } else { high[j] };
            }
        }
        let reach = (0..d).fold(0.0_f64, |most, j| most.max(high[j] - mean[j]).max(mean[j] - low[j]));
        if c > 0.1 || !(1e-280..1e280).contains(&reach) {
            return None;
        }
        let scale = power_of_two(-(reach.log2().floor() as i32));
        let mut points = Array2::<T>::zeros((samples.len(), d));
        let (mut lower, mut width) = (Vec::with_capacity(samples.len()), Vec::with_capacity(samples.len()));
        let least = d as f64 * T::LEAST;
        let rows = points.as_slice_mut().expect("fresh").chunks_exact_mut(d);
        for (point, row) in samples.coordinates().chunks_exact(d).zip(rows) {
            let mut square = 0.0;
            for (j, (&x, place)) in point.iter().zip(row).enumerate() {
                let x = T::narrow((x - mean[j]) * scale);
                square += x.widen() * x.widen();
                *place = x;
            }
            lower.push(T::narrow(square * (1.0 - c) - least));
            width.push(T::narrow(square * 2.0 * c + 2.0 * least));
        }
        Some(Self { points, lower, width, scale })
    }

    fn block(&self, block: usize) -> ArrayView2<'_, T> {
        let end = self.points.nrows().min((block + 1) * BLOCK);
        self.points.slice_axis(Axis(0), Slice::from(block * BLOCK..end))
    }
}

/// The points of a block that may have more neighbours.
struct Rows<T> {
    /// The largest lower bound that a neighbour of each can have.
    limits: Vec<T>,
    rows: Vec<Row<T>>,
}

struct Row<T> {
    /// The `k` smallest upper bounds, sorted.
    upper: Vec<T>,
    /// What has passed: lower bounds and indices.
    passed: Vec<(T, usize)>,
}

struct Among<'a, T, A> {
    samples: &'a Samples<'a>,
    filter: Filter<T>,
    k: usize,
    others: A,
    blocks: Vec<Mutex<Rows<T>>>,
}

impl<'a, T: Real, A: Fn(usize, usize) -> bool + Sync> Among<'a, T, A> {
    fn new(samples: &'a Samples<'a>, k: usize, others: A) -> Option<Self> {
        let filter = Filter::new(samples)?;
        let blocks = (0..samples.len()).step_by(BLOCK).map(|start| {
            let rows = BLOCK.min(samples.len() - start);
            let row = || Row { upper: Vec::with_capacity(k + 1), passed: Vec::with_capacity(k + SPARE) };
            Mutex::new(Rows { limits: vec![T::INFINITY; rows], rows: (0..rows).map(|_| row()).collect() })
        });
        Some(Self { samples, k, others, blocks: blocks.collect(), filter })
    }

    /// Compares each block with itself. Whether the filter is any good: a few points for each neighbour have passed.
    fn diagonal(&self) -> bool {
        let passed: usize = (0..self.blocks.len())
            .into_par_iter()
            .map_init(scratch::<T>, |products, block| {
                let view = self.filter.block(block);
                let products = multiply(view, view, products);
                let mut rows = self.blocks[block].lock().expect("no thread has panicked");
                self.one_way(&mut rows, block * BLOCK, block * BLOCK, products);
                let Rows { rows, limits } = &mut *rows;
                rows.iter_mut().zip(limits).map(|(row, limit)| row.thin(*limit)).sum::<usize>()
            })
            .sum();
        passed <= self.samples.len() * (4 * self.k + 16)
    }

    /// Compares all pairs of different blocks and takes the nearest of what has passed.
    fn finish(self) -> Neighbors {
        // As in a tournament: in each round every block meets one other, so that no two threads want the same.
        let players = self.blocks.len().next_multiple_of(2);
        for round in 0..players - 1 {
            (0..players / 2).into_par_iter().for_each_init(scratch::<T>, |products, table| {
                let seat = |place: usize| if place == 0 { 0 } else { 1 + (place - 1 + round) % (players - 1) };
                let (one, other) = (seat(table), seat(players - 1 - table));
                let (one, other) = (one.min(other), one.max(other));
                if other < self.blocks.len() && one != other {
                    let products = multiply(self.filter.block(one), self.filter.block(other), products);
                    let lock = |block: usize| self.blocks[block].lock().expect("no thread has panicked");
                    self.both_ways(&mut lock(one), one * BLOCK, &mut lock(other), other * BLOCK, products);
                }
            });
        }
        self.nearest()
    }

    fn one_way(&self, rows: &mut Rows<T>, start: usize, other_start: usize, products: ArrayView2<'_, T>) {
        let lower = &self.filter.lower[other_start..other_start + products.ncols()];
        for (r, product) in products.outer_iter().enumerate() {
            let own = self.filter.lower[start + r];
            let product = product.to_slice().expect("rows are in memory order");
            for (c, (&p, &other)) in product.iter().zip(lower).enumerate() {
                let bound = p + (other + own);
                if bound <= rows.limits[r] {
                    self.pass(rows, r, start + r, other_start + c, bound);
                }
            }
        }
    }

    fn both_ways(
        &self,
        rows: &mut Rows<T>,
        start: usize,
        columns: &mut Rows<T>,
        other_start: usize,
        products: ArrayView2<'_, T>,
    ) {
        const LANES: usize = 16;
        let lower = &self.filter.lower[other_start..other_start + products.ncols()];
        for (r, product) in products.outer_iter().enumerate() {
            let own = self.filter.lower[start + r];
            let product = product.to_slice().expect("rows are in memory order");
            for (part, (product, lower)) in product.chunks(LANES).zip(lower.chunks(LANES)).enumerate() {
                let c = part * LANES;
                let limit = rows.limits[r];
                // Nearly always nothing passes, and this loop finds that out for many pairs at once.
                let mut any = false;
                for ((&p, &other), &column_limit) in product.iter().zip(lower).zip(&columns.limits[c..]) {
                    let bound = p + (other + own);
                    any |= bound <= if limit > column_limit { limit } else { column_limit };
                }
                if !any {
                    continue;
                }
                for (lane, (&p, &other)) in product.iter().zip(lower).enumerate() {
                    let bound = p + (other + own);
                    if bound <= rows.limits[r] {
                        self.pass(rows, r, start + r, other_start + c + lane, bound);
                    }
                    if bound <= columns.limits[c + lane] {
                        self.pass(columns, c + lane, other_start + c + lane, start + r, bound);
                    }
                }
            }
        }
    }

    /// A point may be among the nearest of another.
    #[inline(never)]
    fn pass(&self, rows: &mut Rows<T>, r: usize, query: usize, reference: usize, bound: T) {
        if !(self.others)(query, reference) {
            return;
        }
        let row = &mut rows.rows[r];
        row.passed.push((bound, reference));
        let upper = bound + (self.filter.width[query] + self.filter.width[reference]);
        if row.upper.len() < self.k || upper < row.upper[self.k - 1] {
            let place = row.upper.partition_point(|&other| other <= upper);
            row.upper.insert(place, upper);
            row.upper.truncate(self.k);
            if row.upper.len() == self.k && row.upper[self.k - 1] < rows.limits[r] {
                rows.limits[r] = row.upper[self.k - 1];
            }
        }
        if row.passed.len() >= self.k + SPARE && row.thin(rows.limits[r]) >= self.k + SPARE / 2 {
            // The bounds cannot tell them apart: compare distances, so that memory stays bounded.
            let nearest = self.exact(query, row);
            let farthest = nearest[self.k - 1].distance * self.filter.scale;
            let kept: Vec<_> =
                row.passed.iter().copied().filter(|(_, i)| nearest.iter().any(|c| c.index == *i)).collect();
            row.passed = kept;
            let limit = T::narrow(farthest * farthest * (1.0 + 8.0 * T::ROUNDING) + T::LEAST);
            rows.limits[r] = if limit < rows.limits[r] { limit } else { rows.limits[r] };
        }
    }

    fn exact(&self, query: usize, row: &Row<T>) -> Vec<Candidate> {
        let point = self.samples.point(query);
        let distance = |i| Norm::L2.distance(point, self.samples.point(i));
        brute_force::by_distance(row.passed.iter().map(|&(_, i)| i), distance, self.k)
    }

    fn nearest(self) -> Neighbors {
        let mut neighbors = Neighbors::zeros(self.samples.len(), self.k);
        let (indices, distances) = neighbors.rows_mut();
        let rows = indices.par_chunks_mut(BLOCK * self.k).zip(distances.par_chunks_mut(BLOCK * self.k));
        rows.zip(self.blocks.par_iter()).enumerate().for_each(|(block, ((indices, distances), rows))| {
            let Rows { rows, limits } = &mut *rows.lock().expect("no thread has panicked");
            let places = indices.chunks_exact_mut(self.k).zip(distances.chunks_exact_mut(self.k));
            for (r, (row, (indices, distances))) in rows.iter_mut().zip(places).enumerate() {
                row.thin(limits[r]);
                brute_force::write(self.exact(block * BLOCK + r, row), indices, distances);
            }
        });
        neighbors
    }
}

impl<T: Real> Row<T> {
    /// Removes what the limit, lower by now, would not let pass; how many remain.
    fn thin(&mut self, limit: T) -> usize {
        self.passed.retain(|&(bound, _)| bound <= limit);
        self.passed.len()
    }
}

fn scratch<T: Real>() -> Vec<T> {
    vec![T::zero(); BLOCK * BLOCK]
}

/// `-2 a b^T`.
fn multiply<'s, T: Real>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, scratch: &'s mut [T]) -> ArrayView2<'s, T> {
    let shape = (a.nrows(), b.nrows());
    let mut product = ArrayViewMut2::from_shape(shape, &mut scratch[..shape.0 * shape.1]).expect("room for a block");
    general_mat_mul(T::narrow(-2.0), &a, &b.t(), T::zero(), &mut product);
    ArrayView2::from_shape(shape, &scratch[..shape.0 * shape.1]).expect("room for a block")
}
