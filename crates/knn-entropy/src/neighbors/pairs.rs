//! Lower bounds on the squared distances of all pairs of points in two blocks.

use super::filter::Real;
use crate::simd::{Method, PANEL, Points, Strip};

/// A block of the points of a filter, in whole panels.
#[derive(Clone, Copy)]
pub(super) struct Block<'a, T> {
    /// The coordinates, as in [`Points`].
    pub(super) coordinates: &'a [T],
    pub(super) dimension: usize,
    /// Half of lower bounds on the squared lengths of the points.
    pub(super) halves: &'a [T],
    pub(super) method: &'a Method<T>,
}

/// A consumer of bounds on the distances between rows, the points of one block, and columns, the
/// points of another.
pub(super) trait Visitor<T> {
    /// Returns the limits of the rows to compare with a panel of columns.
    fn limits_of_rows(&self, column: usize) -> &[T];

    /// Returns the limits of the columns of a panel.
    fn limits_of_columns(&self, column: usize) -> &[T];

    /// Visits the bounds between a row and a panel of columns, of which at least one was up to the
    /// limit of its row or column.
    fn visit(&mut self, row: usize, column: usize, bounds: &[T; PANEL]);
}

/// Passes the bounds of all pairs of a row and a column to a visitor.
///
/// The bounds of the rows with a panel of columns stay in the first-level cache. Nearly always all
/// bounds of a row are beyond the limits, and the row is not visited.
pub(super) fn compare<T: Real>(rows: Block<'_, T>, columns: Block<'_, T>, visitor: &mut impl Visitor<T>) {
    let (mut bounds, mut near) = (vec![[T::zero(); PANEL]; rows.halves.len()], Vec::new());
    for (panel, coordinates) in columns.coordinates.chunks_exact(columns.dimension * PANEL).enumerate() {
        let column = panel * PANEL;
        let limits = visitor.limits_of_rows(column);
        let count = limits.len();
        let coordinates_of_rows = &rows.coordinates[..count * rows.dimension];
        rows.method.run(Strip {
            rows: Points { coordinates: coordinates_of_rows, halves: &rows.halves[..count], limits },
            columns: Points {
                coordinates,
                halves: &columns.halves[column..column + PANEL],
                limits: visitor.limits_of_columns(column),
            },
            bounds: &mut bounds[..count],
            near: &mut near,
        });
        near.drain(..).for_each(|row| visitor.visit(row, column, &bounds[row]));
    }
}
