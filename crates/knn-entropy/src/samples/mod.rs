//! Samples for estimates, with checks for rounded and repeated numbers.

mod dither;
mod float;
mod rounding;

use std::borrow::Cow;
use std::cmp::Ordering;

use ndarray::{Array2, ArrayBase, ArrayView1, ArrayView2, Axis, Data, Ix1, Ix2};
use rayon::prelude::*;

use self::rounding::{TOLERANCE, rounding};
use crate::math::linalg::dependent_column;
use crate::{Error, Result, Warning};

pub use dither::dither;
pub(crate) use dither::dithered;
pub use float::Float;
pub use rounding::rounding_step;
pub(crate) use rounding::whole_multiples;

/// Numbers are continuous if fewer than this coincide with another by chance.
const CHANCE: f64 = 0.01;

/// Largest number of copies of each number in a column of continuous numbers. With more copies, the
/// numbers are codes.
const COPIES: usize = 10;

/// Largest acceptable ratio of the rounding step to the distances between neighbors. A step biases
/// an entropy by up to half of the ratio in each dimension.
const COARSE: f64 = 0.1;

/// Ratio of standard deviations above which an estimate of information is off by a tenth of a nat
/// or more. For a thousand rows of two normal columns, a divergence of 2 is then estimated as 1.2
/// in place of 1.7. An entropy is off by a quarter of a nat at a ratio of 300.
const DIFFERENT_SPREADS: f64 = 30.0;

/// Checked samples for an estimate: at least one point and one dimension, and all coordinates
/// finite. Rows are points.
#[derive(Debug, Clone)]
pub struct Samples<'a> {
    /// The coordinates, point after point.
    coordinates: Cow<'a, [f64]>,
    dimension: usize,
}

impl<'a> Samples<'a> {
    /// Number of evenly spaced samples that suffice to detect whether a column is rounded.
    pub const SOME: usize = 2048;

    /// Checks the rows of an array of any strides. The coordinates are copied only if they are not
    /// `f64` in memory order.
    ///
    /// # Errors
    ///
    /// [`Error::NoSamples`], [`Error::NoDimensions`], [`Error::NotFinite`].
    pub fn new<F: Float>(points: ArrayView2<'a, F>) -> Result<Self> {
        let dimension = match points.dim() {
            (0, _) => return Err(Error::NoSamples),
            (_, 0) => return Err(Error::NoDimensions),
            (_, d) => d,
        };
        let coordinates = F::rows(points);
        // Test all numbers at once first, which needs one comparison for several numbers.
        if coordinates.iter().fold(true, |all, x| all & x.is_finite()) {
            return Ok(Self { coordinates, dimension });
        }
        let place = coordinates.iter().position(|x| !x.is_finite()).unwrap_or(0);
        let (row, column) = (place / dimension, place % dimension);
        Err(Error::NotFinite { row, column, value: coordinates[place] })
    }

    /// Checks the rows of an array and takes ownership of them.
    pub(crate) fn owned(points: Array2<f64>) -> Result<Samples<'static>> {
        Samples::new(points.view())?;
        let dimension = points.ncols();
        let coordinates = points.as_standard_layout().into_owned().into_raw_vec_and_offset().0;
        Ok(Samples { coordinates: Cow::Owned(coordinates), dimension })
    }

    /// Returns the number of points.
    #[expect(clippy::len_without_is_empty, reason = "samples are never empty")]
    pub fn len(&self) -> usize {
        self.coordinates.len() / self.dimension
    }

    /// Returns the number of coordinates of a point.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Returns the coordinates of a point.
    ///
    /// # Panics
    ///
    /// If `row` is out of range.
    #[inline]
    pub fn point(&self, row: usize) -> &[f64] {
        &self.coordinates[row * self.dimension..(row + 1) * self.dimension]
    }

    /// Returns all coordinates, point after point.
    pub fn coordinates(&self) -> &[f64] {
        &self.coordinates
    }

    /// Returns the points as an array `[n, d]`.
    pub fn view(&self) -> ArrayView2<'_, f64> {
        ArrayView2::from_shape((self.len(), self.dimension), &self.coordinates).expect("whole rows")
    }

    /// Borrows the points.
    pub(crate) fn reborrow(&self) -> Samples<'_> {
        Samples { coordinates: Cow::Borrowed(&self.coordinates), dimension: self.dimension }
    }

    /// Returns samples in which each coordinate is replaced by a function of its column and value.
    pub(crate) fn map(&self, coordinate: impl Fn(usize, f64) -> f64) -> Samples<'static> {
        let d = self.dimension;
        let coordinates = self.coordinates.iter().enumerate().map(|(place, &x)| coordinate(place % d, x)).collect();
        Samples { coordinates, dimension: d }
    }

    /// Joins samples side by side: the first coordinates come from the first samples, and so on.
    pub(crate) fn beside(parts: &[&Samples<'_>]) -> Result<Samples<'static>> {
        let rows = parts.first().ok_or(Error::NoDimensions)?.len();
        if let Some(other) = parts.iter().find(|part| part.len() != rows) {
            return Err(Error::RowMismatch { one: rows, other: other.len() });
        }
        let coordinates = (0..rows).flat_map(|row| parts.iter().flat_map(move |part| part.point(row))).copied();
        Ok(Samples { coordinates: coordinates.collect(), dimension: parts.iter().map(|part| part.dimension).sum() })
    }

    /// Appends another set of points.
    pub(crate) fn followed_by(&self, others: &Samples<'_>) -> Result<Samples<'static>> {
        self.same_dimension(others)?;
        let coordinates = self.coordinates.iter().chain(&*others.coordinates).copied().collect();
        Ok(Samples { coordinates, dimension: self.dimension })
    }

    /// Selects points, in the order of `rows`.
    pub(crate) fn select(&self, rows: &[usize]) -> Samples<'static> {
        let coordinates = rows.iter().flat_map(|&row| self.point(row)).copied().collect();
        Samples { coordinates, dimension: self.dimension }
    }

    /// Returns the first column whose numbers are all equal.
    pub fn constant_column(&self) -> Option<usize> {
        (0..self.dimension)
            .find(|&c| self.coordinates[c..].iter().step_by(self.dimension).all(|x| *x == self.coordinates[c]))
    }

    /// Checks that no column is a linear combination of the columns before it, since such samples
    /// have no entropy. The check passes if there are too few samples to decide.
    ///
    /// # Errors
    ///
    /// [`Error::Singular`].
    pub fn check_rank(&self) -> Result<()> {
        let (n, d) = (self.len(), self.dimension);
        if n <= d + 1 {
            return Ok(());
        }
        // If the columns are independent in some of the rows, they are independent in all.
        let some = n.div_ceil(4 * d + 16);
        if some > 1 {
            let rows: Vec<usize> = (0..n).step_by(some).collect();
            if rows.len() > d + 1 && dependent_column(self.select(&rows).view()).is_none() {
                return Ok(());
            }
        }
        dependent_column(self.view()).map_or(Ok(()), |column| Err(Error::Singular { column }))
    }

    /// Returns a warning if a column is rounded to a step that is not small compared with
    /// `distance`, the distance between neighbors.
    ///
    /// At most [`SOME`](Samples::SOME) evenly spaced samples are looked at.
    pub fn rounding_warning(&self, distance: f64) -> Option<Warning> {
        let step = |column: usize| Some(rounding(self.some(column))?.step);
        let mut steps = (0..self.dimension).filter_map(|column| step(column).map(|step| (column, step)));
        let (column, step) = steps.find(|(_, step)| *step > COARSE * distance)?;
        Some(Warning::Rounded { column, step, distance })
    }

    /// Returns the largest error that rounding of the coordinates causes in the distance of two
    /// points. For numbers that were rounded and then printed in another unit, it is the error of
    /// the printing.
    pub(crate) fn rounding_error(&self) -> f64 {
        self.rounding_error_up_to(self.coordinates.iter().fold(0.0_f64, |most, x| most.max(x.abs())))
    }

    /// Returns the largest error that rounding of the coordinates causes in the distance of two
    /// points, if `largest` is the largest absolute value of a coordinate. [`Ksg`](crate::Ksg)
    /// treats distances as equal that differ by at most this error.
    ///
    /// Of the samples themselves, at most [`SOME`](Samples::SOME) evenly spaced ones are looked at.
    /// So if samples are distributed over machines, these are enough.
    pub fn rounding_error_up_to(&self, largest: f64) -> f64 {
        let of_column = |column| rounding(self.some(column)).map_or(0.0, |rounding| 4.0 * rounding.error);
        let of_columns = (0..self.dimension).map(of_column).fold(TOLERANCE * largest, f64::max);
        (self.dimension as f64 * of_columns).min(f64::MAX)
    }

    /// Returns enough numbers of a column to detect whether it is rounded.
    fn some(&self, column: usize) -> Vec<f64> {
        (0..self.len()).step_by(self.len().div_ceil(Self::SOME)).map(|row| self.point(row)[column]).collect()
    }

    /// Returns a warning if rows are repeated although rounding cannot explain it, because a column
    /// has far more possible values than there are rows.
    pub(crate) fn repetition_warning(&self) -> Option<Warning> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        let compare = |a: &usize, b: &usize| self.point(*a).partial_cmp(self.point(*b)).unwrap_or(Ordering::Equal);
        order.par_sort_unstable_by(compare);
        order.dedup_by(|a, b| compare(a, b).is_eq());
        let different = order.len();
        let copies = self.len() - different;
        // Codes without a common step coincide as well, whereas most continuous numbers are
        // different.
        let few = |column: usize| {
            let mut numbers = self.some(column);
            let rows = numbers.len();
            numbers.sort_unstable_by(f64::total_cmp);
            numbers.dedup();
            numbers.len() < 3 || numbers.len() < rows / COPIES
        };
        let chance = |column: usize| {
            let numbers = self.some(column);
            let (low, high) =
                numbers.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), x| (l.min(*x), h.max(*x)));
            let step = rounding(numbers).map_or(0.0, |rounding| rounding.step);
            if low < high { different as f64 * (step / (high - low)) } else { 1.0 }
        };
        (copies > 0 && (0..self.dimension).any(|column| !few(column) && chance(column) < CHANCE))
            .then_some(Warning::Repeated { copies, rows: self.len() })
    }

    /// Returns a warning if the spreads of columns are very different. The columns of all `parts`
    /// are compared with each other, and constant columns are ignored.
    pub fn scales_warning(parts: &[Samples<'_>]) -> Option<Warning> {
        let spreads =
            parts.iter().flat_map(|part| part.view().columns().into_iter().map(log_spread).collect::<Vec<_>>());
        let (least, most) = spreads
            .filter(|spread| spread.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), spread| (least.min(spread), most.max(spread)));
        let apart = most - least;
        (apart > DIFFERENT_SPREADS.ln()).then(|| Warning::Scales { ratio: apart.exp().min(f64::MAX) })
    }

    pub(crate) fn same_dimension(&self, references: &Samples<'_>) -> Result<()> {
        let (queries, references) = (self.dimension, references.dimension);
        if queries == references { Ok(()) } else { Err(Error::DimensionMismatch { queries, references }) }
    }
}

/// Types that estimators accept as samples, with elements `f32` or `f64`:
///
/// - Two-dimensional arrays of any strides, whose rows are points.
/// - One-dimensional arrays, vectors and slices, whose elements are points of one dimension.
/// - [`Samples`].
///
/// ```
/// use knn_entropy::KozachenkoLeonenko;
/// use ndarray::array;
///
/// let estimator = KozachenkoLeonenko::new(1);
/// let numbers = [0.0, 0.5, 1.5, 3.5_f32];
/// let column = array![[0.0], [0.5], [1.5], [3.5]];
/// assert_eq!(estimator.entropy(numbers)?, estimator.entropy(column.view())?);
/// # Ok::<(), knn_entropy::Error>(())
/// ```
pub trait ToSamples {
    /// Returns the checked samples, copied only if they are not `f64` in memory order.
    ///
    /// # Errors
    ///
    /// See [`Samples::new`].
    fn to_samples(&self) -> Result<Samples<'_>>;
}

impl<F: Float, S: Data<Elem = F>> ToSamples for ArrayBase<S, Ix2> {
    fn to_samples(&self) -> Result<Samples<'_>> {
        Samples::new(self.view())
    }
}

impl<F: Float, S: Data<Elem = F>> ToSamples for ArrayBase<S, Ix1> {
    fn to_samples(&self) -> Result<Samples<'_>> {
        Samples::new(self.view().insert_axis(Axis(1)))
    }
}

impl<F: Float> ToSamples for [F] {
    fn to_samples(&self) -> Result<Samples<'_>> {
        Samples::new(ArrayView2::from_shape((self.len(), 1), self).expect("a slice has the shape of a column"))
    }
}

impl<F: Float> ToSamples for Vec<F> {
    fn to_samples(&self) -> Result<Samples<'_>> {
        self[..].to_samples()
    }
}

impl<F: Float, const N: usize> ToSamples for [F; N] {
    fn to_samples(&self) -> Result<Samples<'_>> {
        self[..].to_samples()
    }
}

impl ToSamples for Samples<'_> {
    fn to_samples(&self) -> Result<Samples<'_>> {
        Ok(self.reborrow())
    }
}

impl<T: ToSamples + ?Sized> ToSamples for &T {
    fn to_samples(&self) -> Result<Samples<'_>> {
        (**self).to_samples()
    }
}

/// Returns the logarithm of the standard deviation of a column, or minus infinity for a constant
/// column. Neither the squares of large deviations nor those of small ones are out of range.
fn log_spread(column: ArrayView1<'_, f64>) -> f64 {
    if column.iter().all(|&x| x == column[0]) {
        // The mean would differ by its rounding error.
        return f64::NEG_INFINITY;
    }
    let n = column.len() as f64;
    let center = column.iter().map(|x| x / n).sum::<f64>();
    let largest = column.iter().fold(0.0_f64, |largest, x| largest.max((x - center).abs()));
    let squares = column.iter().map(|x| ((x - center) / largest).powi(2)).sum::<f64>();
    largest.ln() + 0.5 * (squares / n).ln()
}
