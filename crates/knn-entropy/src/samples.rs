use std::borrow::Cow;

use ndarray::ArrayView2;

use crate::{Error, Float, Result};

/// Points that an estimate can be made from: at least one, of at least one dimension, every coordinate finite. Rows are
/// points.
#[derive(Debug, Clone)]
pub struct Samples<'a> {
    /// The coordinates, point after point.
    coordinates: Cow<'a, [f64]>,
    dimension: usize,
}

impl<'a> Samples<'a> {
    /// The rows of an array, whatever its strides; copied only if they are not `f64` in memory order.
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
        // All at once first: that is one comparison for several numbers.
        if coordinates.iter().fold(true, |all, x| all & x.is_finite()) {
            return Ok(Self { coordinates, dimension });
        }
        let place = coordinates.iter().position(|x| !x.is_finite()).unwrap_or(0);
        let (row, column) = (place / dimension, place % dimension);
        Err(Error::NotFinite { row, column, value: coordinates[place] })
    }

    /// The number of points.
    #[expect(clippy::len_without_is_empty, reason = "never empty, as was checked")]
    pub fn len(&self) -> usize {
        self.coordinates.len() / self.dimension
    }

    /// The number of coordinates of a point.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The coordinates of a point.
    ///
    /// # Panics
    ///
    /// If `row` is out of range.
    #[inline]
    pub fn point(&self, row: usize) -> &[f64] {
        &self.coordinates[row * self.dimension..(row + 1) * self.dimension]
    }

    /// All coordinates, point after point.
    pub fn coordinates(&self) -> &[f64] {
        &self.coordinates
    }

    /// The points as an array.
    pub fn view(&self) -> ArrayView2<'_, f64> {
        ArrayView2::from_shape((self.len(), self.dimension), &self.coordinates).expect("whole rows")
    }

    /// The same points, borrowed.
    pub(crate) fn reborrow(&self) -> Samples<'_> {
        Samples { coordinates: Cow::Borrowed(&self.coordinates), dimension: self.dimension }
    }

    /// Other coordinates in the same places, each made of its column and value.
    pub(crate) fn map(&self, coordinate: impl Fn(usize, f64) -> f64) -> Samples<'static> {
        let d = self.dimension;
        let coordinates = self.coordinates.iter().enumerate().map(|(place, &x)| coordinate(place % d, x)).collect();
        Samples { coordinates, dimension: d }
    }

    /// Points side by side: the first coordinates from the first samples, and so on.
    pub(crate) fn beside(parts: &[&Samples<'_>]) -> Result<Samples<'static>> {
        let rows = parts.first().ok_or(Error::NoDimensions)?.len();
        if let Some(other) = parts.iter().find(|part| part.len() != rows) {
            return Err(Error::RowMismatch { one: rows, other: other.len() });
        }
        let coordinates = (0..rows).flat_map(|row| parts.iter().flat_map(move |part| part.point(row))).copied();
        Ok(Samples { coordinates: coordinates.collect(), dimension: parts.iter().map(|part| part.dimension).sum() })
    }

    /// One set of points after the other.
    pub(crate) fn followed_by(&self, others: &Samples<'_>) -> Result<Samples<'static>> {
        self.same_dimension(others)?;
        let coordinates = self.coordinates.iter().chain(&*others.coordinates).copied().collect();
        Ok(Samples { coordinates, dimension: self.dimension })
    }

    /// Some of the points, in this order.
    pub(crate) fn select(&self, rows: &[usize]) -> Samples<'static> {
        let coordinates = rows.iter().flat_map(|&row| self.point(row)).copied().collect();
        Samples { coordinates, dimension: self.dimension }
    }

    pub(crate) fn same_dimension(&self, references: &Samples<'_>) -> Result<()> {
        let (queries, references) = (self.dimension, references.dimension);
        if queries == references { Ok(()) } else { Err(Error::Dimensions { queries, references }) }
    }
}
