use ndarray::{ArrayView2, CowArray, Ix2};

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
}
