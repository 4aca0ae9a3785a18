use std::borrow::Cow;

use knn_entropy::Samples;
use ndarray::ArrayView2;

use crate::{Aside, RankResult, Ranks, Typed};

/// Points with their rows in the whole data, in ascending order.
#[derive(Debug, Clone)]
pub(crate) struct Points<'p> {
    /// Number of coordinates of a point.
    pub(crate) dimension: usize,
    /// Row of each point.
    pub(crate) rows: Cow<'p, [u64]>,
    /// Coordinates, point after point.
    pub(crate) coordinates: Cow<'p, [f64]>,
}

impl Points<'_> {
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the coordinates of a point.
    ///
    /// # Panics
    ///
    /// If `index` is out of range.
    pub(crate) fn point(&self, index: usize) -> &[f64] {
        &self.coordinates[index * self.dimension..(index + 1) * self.dimension]
    }

    /// Returns the points as samples, or `None` if there are none.
    pub(crate) fn samples(&self) -> Option<Samples<'_>> {
        samples(&self.coordinates, self.dimension)
    }
}

/// Returns finite coordinates as samples, or `None` if there are none.
pub(crate) fn samples(coordinates: &[f64], dimension: usize) -> Option<Samples<'_>> {
    let shape = (coordinates.len() / dimension.max(1), dimension);
    Samples::new(ArrayView2::from_shape(shape, coordinates).expect("whole points")).ok()
}

/// Points that a rank holds while it waits for others.
#[derive(Debug)]
pub(crate) struct PointsAside {
    pub(crate) dimension: usize,
    /// Number of points.
    pub(crate) count: usize,
    rows: Aside<u64>,
    coordinates: Aside<f64>,
}

impl PointsAside {
    pub(crate) fn new(ranks: &dyn Ranks, dimension: usize, rows: Vec<u64>, coordinates: Vec<f64>) -> RankResult<Self> {
        let (count, rows) = (rows.len(), ranks.set_aside(rows)?);
        Ok(Self { dimension, count, rows, coordinates: ranks.set_aside(coordinates)? })
    }

    /// Returns the points, which stay aside.
    pub(crate) fn get(&self) -> RankResult<Points<'_>> {
        Ok(Points { dimension: self.dimension, rows: self.rows.get()?, coordinates: self.coordinates.get()? })
    }

    /// Returns the row of each point. The coordinates are no longer needed.
    pub(crate) fn into_rows(self) -> Aside<u64> {
        self.rows
    }
}
