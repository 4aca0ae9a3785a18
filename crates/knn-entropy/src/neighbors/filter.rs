//! Bounds on squared Euclidean distances from matrix products, and the candidates that pass them.

use super::pairs::Block;
use crate::math::power_of_two;
use crate::simd::{Method, Number, PANEL};
use crate::{Float, Samples};

/// Number of points in a block, a multiple of [`PANEL`]. A thread compares all pairs of two blocks,
/// so the points of both should fit into the cache of a core.
pub(super) const BLOCK: usize = 384;

/// Number of candidates beyond `k` at which a list is thinned out.
const SPARE: usize = 24;

/// Element type of a filter.
pub(super) trait Real: Float + Number + PartialOrd {
    /// Half the distance from 1 to the next number.
    const ROUNDING: f64;
    /// Upper bound on the error of a product that underflows.
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

/// A shift and a scale of the coordinates that make the bounds as tight as possible.
pub(super) struct Frame {
    mean: Vec<f64>,
    scale: f64,
}

impl Frame {
    /// Computes the frame of some points. Returns `None` if the coordinates cannot be brought near
    /// 1.
    pub(super) fn of(sets: &[&Samples<'_>]) -> Option<Self> {
        let d = sets[0].dimension();
        let share = 1.0 / sets.iter().map(|set| set.len()).sum::<usize>() as f64;
        let (mut mean, mut least, mut most) = (vec![0.0; d], vec![f64::INFINITY; d], vec![f64::NEG_INFINITY; d]);
        for point in sets.iter().flat_map(|set| set.coordinates().chunks_exact(d)) {
            // Keeping the extremes of each coordinate avoids a chain of dependent operations.
            let columns = mean.iter_mut().zip(&mut least).zip(&mut most);
            for (((mean, least), most), &x) in columns.zip(point) {
                *mean += x * share;
                *least = if x < *least { x } else { *least };
                *most = if x > *most { x } else { *most };
            }
        }
        let extremes = least.iter().zip(&most).zip(&mean);
        let reach = extremes.fold(0.0, |reach: f64, ((least, most), mean)| reach.max(most - mean).max(mean - least));
        let in_range = (1e-280..1e280).contains(&reach);
        in_range.then(|| Self { mean, scale: power_of_two(-(reach.log2().floor() as i32)) })
    }
}

/// Points prepared for the filter. Let `s` be the squared length of a point and
/// `c = (2 d + 26) u + d v`, where `u` is the relative rounding error of one operation and `v` that
/// of double precision. Then
///
/// ```text
/// (1 - c) (s_a + s_b) - 2 a.b  <=  |a - b|^2  <=  (1 + c) (s_a + s_b) - 2 a.b
/// ```
///
/// holds in computed numbers. Half the lower bound is computed, as the sum of two halves of lengths
/// less d products. All partial sums are at most (s_a + s_b) / 2 + sum |a_i b_i| in magnitude, and
/// so at most s_a + s_b. Half the bound is therefore off by at most (d + 1) u (s_a + s_b). The
/// lengths are summed in double precision, so they are off by at most d v s. The rest of c covers
/// the rounding of the coordinates, of the halves, of single products and of the upper bound.
pub(super) struct Filter<T> {
    /// See [`Block`].
    coordinates: Vec<T>,
    dimension: usize,
    /// `(1 - c) s / 2`, and infinity for the points that complete the last panel.
    halves: Vec<T>,
    /// `2 c s`, the difference between the upper and the lower bound.
    width: Vec<T>,
    scale: f64,
    method: Method<T>,
}

impl<T: Real> Filter<T> {
    /// Prepares points. Returns `None` if there are too many coordinates for the bound, or points
    /// for the numbers of candidates.
    pub(super) fn new(samples: &Samples<'_>, frame: &Frame) -> Option<Self> {
        let d = samples.dimension();
        let c = (2.0 * d as f64 + 26.0) * T::ROUNDING + d as f64 * <f64 as Real>::ROUNDING;
        if c > 0.1 || samples.len() > u32::MAX as usize {
            return None;
        }
        let mut coordinates = vec![T::zero(); samples.len().next_multiple_of(PANEL) * d];
        let (mut halves, mut width) = (Vec::with_capacity(samples.len()), Vec::with_capacity(samples.len()));
        let least = d as f64 * T::LEAST;
        for (i, point) in samples.coordinates().chunks_exact(d).enumerate() {
            let panel = &mut coordinates[i / PANEL * PANEL * d..][..PANEL * d];
            let mut square = 0.0;
            for ((column, &x), mean) in panel.chunks_exact_mut(PANEL).zip(point).zip(&frame.mean) {
                let x = T::narrow((x - mean) * frame.scale);
                column[i % PANEL] = x;
                square += x.widen() * x.widen();
            }
            halves.push(T::narrow((square * (1.0 - c) - least) * 0.5));
            width.push(T::narrow(square * 2.0 * c + 2.0 * least));
        }
        halves.resize(halves.len().next_multiple_of(PANEL), T::INFINITY);
        let method = T::methods().into_iter().next()?;
        Some(Self { coordinates, dimension: d, halves, width, scale: frame.scale, method })
    }

    /// Returns the number of points.
    pub(super) fn len(&self) -> usize {
        self.width.len()
    }

    pub(super) fn blocks(&self) -> usize {
        self.len().div_ceil(BLOCK)
    }

    pub(super) fn block(&self, block: usize) -> Block<'_, T> {
        let (start, end) = (block * BLOCK, self.halves.len().min((block + 1) * BLOCK));
        let coordinates = &self.coordinates[start * self.dimension..end * self.dimension];
        Block { coordinates, dimension: self.dimension, halves: &self.halves[start..end], method: &self.method }
    }

    /// Returns the number of points of a block.
    pub(super) fn len_of(&self, block: usize) -> usize {
        self.len().min((block + 1) * BLOCK) - block * BLOCK
    }
}

/// The candidates that have passed the filter for each point of a block.
pub(super) struct Passed<T> {
    /// The largest lower bound that a neighbor of each point can have. For the points that complete
    /// the last panel, no bound is small enough.
    pub(super) limits: Vec<T>,
    /// The `k` smallest upper bounds for each point, sorted.
    upper: Vec<T>,
    /// Lower bounds and indices of the candidates for each point.
    rows: Vec<Vec<(T, u32)>>,
}

impl<T: Real> Passed<T> {
    pub(super) fn new(rows: usize, k: usize) -> Self {
        let rows: Vec<_> = (0..rows).map(|_| Vec::with_capacity(k + SPARE)).collect();
        let mut limits = vec![T::INFINITY; rows.len()];
        limits.resize(rows.len().next_multiple_of(PANEL), T::zero() - T::INFINITY);
        Self { limits, upper: vec![T::INFINITY; rows.len() * k], rows }
    }

    /// Adds a candidate to the query at position `r` of the block. `exact` finds the `k` nearest of
    /// some candidates, with their distances.
    #[inline(never)]
    pub(super) fn note(
        &mut self,
        r: usize,
        (queries, query): (&Filter<T>, usize),
        (references, reference): (&Filter<T>, usize),
        bound: T,
        k: usize,
        exact: &dyn Fn(&mut dyn Iterator<Item = usize>) -> Vec<super::nearest::Candidate>,
    ) {
        let row = &mut self.rows[r];
        let limit = &mut self.limits[r];
        row.push((bound, reference as u32));
        let new = bound + (queries.width[query] + references.width[reference]);
        let upper = &mut self.upper[r * k..][..k];
        if new < upper[k - 1] {
            let mut place = k - 1;
            while place > 0 && new < upper[place - 1] {
                upper[place] = upper[place - 1];
                place -= 1;
            }
            upper[place] = new;
            *limit = if upper[k - 1] < *limit { upper[k - 1] } else { *limit };
        }
        if row.len() >= k + SPARE && thin(row, *limit) >= k + SPARE / 2 {
            // The bounds cannot separate the candidates. Compare distances, so that memory stays
            // bounded.
            let nearest = exact(&mut row.iter().map(|&(_, i)| i as usize));
            let farthest = nearest[k - 1].distance * queries.scale;
            row.retain(|(_, i)| nearest.iter().any(|found| found.index == *i as usize));
            let reached = T::narrow(farthest * farthest * (1.0 + 8.0 * T::ROUNDING) + T::LEAST);
            *limit = if reached < *limit { reached } else { *limit };
        }
    }

    /// Returns the indices of the candidates for the point at position `r`.
    pub(super) fn of(&mut self, r: usize) -> impl Iterator<Item = usize> {
        thin(&mut self.rows[r], self.limits[r]);
        self.rows[r].iter().map(|&(_, i)| i as usize)
    }

    /// Returns the number of points.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Removes candidates that would no longer pass, and returns the number that remain for all
    /// points.
    pub(super) fn thin(&mut self) -> usize {
        self.rows.iter_mut().zip(&self.limits).map(|(row, &limit)| thin(row, limit)).sum()
    }
}

/// Removes candidates that would no longer pass, and returns the number that remain.
fn thin<T: Real>(row: &mut Vec<(T, u32)>, limit: T) -> usize {
    row.retain(|&(bound, _)| bound <= limit);
    row.len()
}
