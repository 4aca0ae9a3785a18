use ndarray::{Array2, ArrayView2, Axis, CowArray, Ix2};

use crate::{Error, Float, Result};

/// Points that an estimate can be made from: at least one, of at least one dimension, every coordinate finite. Rows are
/// points.
#[derive(Debug, Clone)]
pub struct Samples<'a> {
    points: CowArray<'a, f64, Ix2>,
}

impl<'a> Samples<'a> {
    /// The rows of an array, whatever its strides; copied only if they are not `f64` in memory order.
    ///
    /// # Errors
    ///
    /// [`Error::NoSamples`], [`Error::NoDimensions`], [`Error::NotFinite`].
    pub fn new<F: Float>(points: ArrayView2<'a, F>) -> Result<Self> {
        match points.dim() {
            (0, _) => return Err(Error::NoSamples),
            (_, 0) => return Err(Error::NoDimensions),
            _ => {}
        }
        let points = F::rows(points);
        match points.indexed_iter().find(|(_, x)| !x.is_finite()) {
            Some(((row, column), &value)) => Err(Error::NotFinite { row, column, value }),
            None => Ok(Self { points }),
        }
    }

    /// The number of points.
    #[expect(clippy::len_without_is_empty, reason = "never empty, as was checked")]
    pub fn len(&self) -> usize {
        self.points.nrows()
    }

    /// The number of coordinates of a point.
    pub fn dimension(&self) -> usize {
        self.points.ncols()
    }

    /// The coordinates of a point.
    ///
    /// # Panics
    ///
    /// If `row` is out of range.
    pub fn point(&self, row: usize) -> &[f64] {
        let d = self.dimension();
        &self.coordinates()[row * d..(row + 1) * d]
    }

    /// All coordinates, point after point.
    pub fn coordinates(&self) -> &[f64] {
        self.points.as_slice().expect("rows in memory order")
    }

    /// The same points, borrowed.
    pub(crate) fn reborrow(&self) -> Samples<'_> {
        Samples { points: CowArray::from(self.points.view()) }
    }

    /// Other coordinates in the same places, each made of its column and value.
    pub(crate) fn map<'b>(&self, coordinate: impl Fn(usize, f64) -> f64) -> Samples<'b> {
        let points = Array2::from_shape_fn(self.points.dim(), |(i, c)| coordinate(c, self.points[[i, c]]));
        Samples { points: points.into() }
    }

    /// Points side by side: the first coordinates from the first samples, and so on.
    pub(crate) fn beside(parts: &[&Samples<'_>]) -> Result<Samples<'a>> {
        let rows = parts.first().map_or(0, |part| part.len());
        if let Some(other) = parts.iter().find(|part| part.len() != rows) {
            return Err(Error::Lengths { one: rows, other: other.len() });
        }
        let views: Vec<_> = parts.iter().map(|part| part.points.view()).collect();
        let joined = ndarray::concatenate(Axis(1), &views).map_err(|_| Error::NoSamples)?;
        Ok(Samples { points: joined.as_standard_layout().into_owned().into() })
    }

    /// One set of points after the other.
    pub(crate) fn after(&self, others: &Samples<'_>) -> Result<Samples<'a>> {
        self.same_dimension(others)?;
        let joined = ndarray::concatenate(Axis(0), &[self.points.view(), others.points.view()]);
        let joined = joined.expect("equally long rows");
        Ok(Samples { points: joined.into() })
    }

    pub(crate) fn same_dimension(&self, references: &Samples<'_>) -> Result<()> {
        let (queries, references) = (self.dimension(), references.dimension());
        if queries == references { Ok(()) } else { Err(Error::Dimensions { queries, references }) }
    }

    /// The points as an array.
    pub(crate) fn view(&self) -> ArrayView2<'_, f64> {
        self.points.view()
    }
}
