use knn_entropy::Samples;
use ndarray::ArrayView2;

use crate::{Aside, RankResult, Ranks, Typed};

/// Points that a rank holds, with their rows in the whole data, in ascending order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Points {
    /// Number of coordinates of a point.
    pub dimension: usize,
    /// Row of each point.
    pub rows: Vec<u64>,
    /// Coordinates, point after point.
    pub coordinates: Vec<f64>,
}

impl Points {
    /// Returns the number of points.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns true if there are no points.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the coordinates of a point.
    ///
    /// # Panics
    ///
    /// If `index` is out of range.
    pub fn point(&self, index: usize) -> &[f64] {
        &self.coordinates[index * self.dimension..(index + 1) * self.dimension]
    }

    /// Returns the points as samples, or `None` if there are none.
    pub(crate) fn samples(&self) -> Option<Samples<'_>> {
        samples(&self.coordinates, self.dimension)
    }

    pub(crate) fn set_aside(self, ranks: &dyn Ranks) -> RankResult<PointsAside> {
        let Self { dimension, rows, coordinates } = self;
        Ok(PointsAside { dimension, rows: ranks.set_aside(rows)?, coordinates: ranks.set_aside(coordinates)? })
    }
}

/// Returns finite coordinates as samples, or `None` if there are none.
pub(crate) fn samples(coordinates: &[f64], dimension: usize) -> Option<Samples<'_>> {
    let shape = (coordinates.len() / dimension.max(1), dimension);
    Samples::new(ArrayView2::from_shape(shape, coordinates).expect("whole points")).ok()
}

/// Points that were set aside.
#[derive(Debug)]
pub(crate) struct PointsAside {
    dimension: usize,
    rows: Aside<u64>,
    coordinates: Aside<f64>,
}

impl PointsAside {
    pub(crate) fn take_back(self, ranks: &dyn Ranks) -> RankResult<Points> {
        let Self { dimension, rows, coordinates } = self;
        Ok(Points { dimension, rows: ranks.take_back(rows)?, coordinates: ranks.take_back(coordinates)? })
    }
}
