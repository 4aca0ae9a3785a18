use std::ops::Range;

use knn_entropy::Float;
use ndarray::{ArrayView2, Axis, Slice};

use super::PointsAside;
use crate::sums::split;
use crate::{RankResult, Ranks, Typed};

/// Rows of numbers that every rank can read in parts, such as a file.
pub trait Rows {
    /// Returns the number of rows.
    fn len(&self) -> usize;

    /// Returns true if there are no rows.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the number of columns.
    fn dimension(&self) -> usize;

    /// Returns the numbers of some rows, row after row.
    ///
    /// # Errors
    ///
    /// A message if the rows cannot be read.
    fn read(&self, rows: Range<usize>) -> Result<Vec<f64>, String>;
}

/// Rows of an array in memory.
#[derive(Debug, Clone, Copy)]
pub struct Array<'a, F> {
    array: ArrayView2<'a, F>,
}

impl<'a, F> Array<'a, F> {
    /// Returns the rows of an array.
    pub fn new(array: ArrayView2<'a, F>) -> Self {
        Self { array }
    }
}

impl<F: Float> Rows for Array<'_, F> {
    fn len(&self) -> usize {
        self.array.nrows()
    }

    fn dimension(&self) -> usize {
        self.array.ncols()
    }

    fn read(&self, rows: Range<usize>) -> Result<Vec<f64>, String> {
        Ok(self.array.slice_axis(Axis(0), Slice::from(rows)).iter().map(|x| x.widen()).collect())
    }
}

/// Returns the rows that a rank reads: from `rank n / P` to `(rank + 1) n / P`.
pub fn row_range(n: usize, rank: usize, ranks: usize) -> Range<usize> {
    split(n, rank, ranks)
}

/// Returns every `step`-th row of all ranks, in order. `mine` are the points of this rank's rows.
pub(crate) fn spread(ranks: &dyn Ranks, mine: &PointsAside, n: usize, step: usize) -> RankResult<Vec<f64>> {
    let range = row_range(n, ranks.rank(), ranks.size());
    let first = range.start.next_multiple_of(step);
    let rows = (first..range.end).step_by(step).map(|row| row - range.start);
    let points = mine.get()?;
    let some: Vec<f64> = rows.flat_map(|row| points.point(row)).copied().collect();
    drop(points);
    Ok(ranks.all_gather_of(&some)?.concat())
}
