//! Bounds on squared Euclidean distances from matrix products, and the candidates that pass them.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, LinalgScalar, Slice};

use crate::math::power_of_two;
use crate::{Float, Samples};

/// Number of points in a block, so that a block of products fits into the cache of a core.
pub(super) const BLOCK: usize = 384;

/// Number of candidates beyond `k` at which a list is thinned out.
const SPARE: usize = 24;

/// Element type of a filter.
pub(super) trait Real: Float + LinalgScalar + PartialOrd {
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

/// Points prepared for the filter. Let `s` be the squared length of a point, `p = -2 a.b` as
/// computed, and `c = (d + 24) u`, where `u` is the rounding error of one operation. Then
///
/// ```text
/// (1 - c) (s_a + s_b) + p  <=  |a - b|^2  <=  (1 + c) (s_a + s_b) + p
/// ```
///
/// holds in computed numbers. A sum of d products is off by at most d u sum |a_i b_i| in any order
/// of summation, which is at most d u (s_a + s_b) / 2. The rest of c covers the rounding of the
/// coordinates, the lengths and the sums.
pub(super) struct Filter<T> {
    points: Array2<T>,
    /// `(1 - c) s`.
    pub(super) lower: Vec<T>,
    /// `2 c s`, the difference between the upper and the lower bound.
    width: Vec<T>,
    scale: f64,
}

impl<T: Real> Filter<T> {
    /// Prepares points. Returns `None` if there are too many coordinates for the bound.
    pub(super) fn new(samples: &Samples<'_>, frame: &Frame) -> Option<Self> {
        let d = samples.dimension();
        let c = (d as f64 + 24.0) * T::ROUNDING;
        if c > 0.1 {
            return None;
        }
        let mut points = Array2::<T>::zeros((samples.len(), d));
        let (mut lower, mut width) = (Vec::with_capacity(samples.len()), Vec::with_capacity(samples.len()));
        let least = d as f64 * T::LEAST;
        let rows = points.as_slice_mut().expect("a fresh array").chunks_exact_mut(d);
        for (point, row) in samples.coordinates().chunks_exact(d).zip(rows) {
            let mut square = 0.0;
            for ((place, &x), mean) in row.iter_mut().zip(point).zip(&frame.mean) {
                *place = T::narrow((x - mean) * frame.scale);
                square += place.widen() * place.widen();
            }
            lower.push(T::narrow(square * (1.0 - c) - least));
            width.push(T::narrow(square * 2.0 * c + 2.0 * least));
        }
        Some(Self { points, lower, width, scale: frame.scale })
    }

    pub(super) fn blocks(&self) -> usize {
        self.points.nrows().div_ceil(BLOCK)
    }

    pub(super) fn block(&self, block: usize) -> ArrayView2<'_, T> {
        let end = self.points.nrows().min((block + 1) * BLOCK);
        self.points.slice_axis(Axis(0), Slice::from(block * BLOCK..end))
    }
}

/// Allocates memory for a block of products.
pub(super) fn scratch<T: Real>(rows: usize, columns: usize) -> Vec<T> {
    vec![T::zero(); BLOCK.min(rows) * BLOCK.min(columns)]
}

/// Computes `-2 a b'`, row by row.
pub(super) fn multiply<'s, T: Real>(a: ArrayView2<'_, T>, b: ArrayView2<'_, T>, scratch: &'s mut [T]) -> &'s [T] {
    let shape = (a.nrows(), b.nrows());
    let scratch = &mut scratch[..shape.0 * shape.1];
    let mut product = ArrayViewMut2::from_shape(shape, scratch).expect("room for a block");
    general_mat_mul(T::narrow(-2.0), &a, &b.t(), T::zero(), &mut product);
    scratch
}

/// The candidates that have passed the filter for each point of a block.
pub(super) struct Passed<T> {
    /// The largest lower bound that a neighbor of each point can have.
    pub(super) limits: Vec<T>,
    /// The `k` smallest upper bounds for each point, sorted.
    upper: Vec<T>,
    /// Lower bounds and indices of the candidates for each point.
    rows: Vec<Vec<(T, usize)>>,
}

impl<T: Real> Passed<T> {
    pub(super) fn new(rows: usize, k: usize) -> Self {
        let rows: Vec<_> = (0..rows).map(|_| Vec::with_capacity(k + SPARE)).collect();
        Self { limits: vec![T::INFINITY; rows.len()], upper: vec![T::INFINITY; rows.len() * k], rows }
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
        row.push((bound, reference));
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
            let nearest = exact(&mut row.iter().map(|&(_, i)| i));
            let farthest = nearest[k - 1].distance * queries.scale;
            row.retain(|(_, i)| nearest.iter().any(|found| found.index == *i));
            let reached = T::narrow(farthest * farthest * (1.0 + 8.0 * T::ROUNDING) + T::LEAST);
            *limit = if reached < *limit { reached } else { *limit };
        }
    }

    /// Returns the indices of the candidates for the point at position `r`.
    pub(super) fn of(&mut self, r: usize) -> impl Iterator<Item = usize> {
        thin(&mut self.rows[r], self.limits[r]);
        self.rows[r].iter().map(|&(_, i)| i)
    }

    /// Removes candidates that would no longer pass, and returns the number that remain for all
    /// points.
    pub(super) fn thin(&mut self) -> usize {
        self.rows.iter_mut().zip(&self.limits).map(|(row, &limit)| thin(row, limit)).sum()
    }
}

/// Removes candidates that would no longer pass, and returns the number that remain.
fn thin<T: Real>(row: &mut Vec<(T, usize)>, limit: T) -> usize {
    row.retain(|&(bound, _)| bound <= limit);
    row.len()
}
