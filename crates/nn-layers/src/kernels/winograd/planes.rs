//! The planes to which the maps are applied.

use std::ops::Range;

use autodiff_mini::Pool;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use crate::kernels::element::Element;

/// Padding between two rows, in entries. Without it, the distance of rows could be a power of two,
/// and they would compete for the same cache lines.
const APART: usize = 16;

/// `P * P` matrices with equally many columns, one below the other.
#[derive(Debug)]
pub(super) struct Planes<F, const P: usize> {
    numbers: Array2<F>,
    columns: usize,
    /// The rows of each plane.
    places: [[Range<usize>; P]; P],
}

impl<F: Element, const P: usize> Planes<F, P> {
    /// Creates planes with the given numbers of rows and unspecified content.
    pub(super) fn new(rows: [[usize; P]; P], columns: usize, pool: &Pool<F>) -> Self {
        let mut end = 0;
        let places = rows.map(|rows| {
            rows.map(|rows| {
                end += rows;
                end - rows..end
            })
        });
        Self { numbers: pool.array((end, columns + APART)), columns, places }
    }

    /// Creates planes with the same rows and another number of columns.
    pub(super) fn like(&self, columns: usize, pool: &Pool<F>) -> Self {
        Self { numbers: pool.array((self.numbers.nrows(), columns + APART)), columns, places: self.places.clone() }
    }

    /// Divides planes with equally many rows into parts of at most `rows` rows of each plane.
    pub(super) fn parts_mut(&mut self, rows: usize) -> impl Iterator<Item = PlanesMut<'_, F, P>> {
        let apart = self.numbers.ncols();
        let mut rest = self.numbers.as_slice_mut().expect("a fresh array");
        let mut planes = self.places.each_ref().map(|row| {
            row.each_ref().map(|place| {
                let (plane, after) = std::mem::take(&mut rest).split_at_mut(place.len() * apart);
                rest = after;
                plane.chunks_mut(rows * apart)
            })
        });
        let count = self.places[0][0].len().div_ceil(rows);
        (0..count).map(move |_| PlanesMut {
            planes: planes.each_mut().map(|row| row.each_mut().map(|plane| plane.next().unwrap_or_default())),
            apart,
        })
    }

    /// Returns all planes as one matrix.
    pub(super) fn all_mut(&mut self) -> ArrayViewMut2<'_, F> {
        self.numbers.slice_mut(s![.., ..self.columns])
    }

    /// Returns a plane.
    pub(super) fn plane(&self, number: usize) -> ArrayView2<'_, F> {
        self.numbers.slice(s![self.places.as_flattened()[number].clone(), ..self.columns])
    }

    /// Returns a plane.
    pub(super) fn plane_mut(&mut self, number: usize) -> ArrayViewMut2<'_, F> {
        self.numbers.slice_mut(s![self.places.as_flattened()[number].clone(), ..self.columns])
    }

    /// Returns all entries from a column of a plane on, and the distance between rows.
    pub(super) fn panel(&self, number: usize, column: usize) -> (&[F], usize) {
        let apart = self.numbers.ncols();
        let numbers = self.numbers.as_slice().expect("a fresh array");
        (&numbers[(self.places.as_flattened()[number].start * apart + column).min(numbers.len())..], apart)
    }

    /// Returns the same columns of a row of each plane, with zeros for a plane without the row.
    #[inline(always)]
    pub(super) fn rows<'a>(&'a self, rows: Rows<P>, columns: Range<usize>, zeros: &'a [F]) -> [[&'a [F]; P]; P] {
        let apart = self.numbers.ncols();
        let numbers = self.numbers.as_slice().expect("a fresh array");
        let mut slices = [[zeros; P]; P];
        let places = rows.as_flattened().iter().zip(self.places.as_flattened());
        for (slice, (row, place)) in slices.as_flattened_mut().iter_mut().zip(places) {
            if let Some(row) = row {
                *slice = &numbers[(place.start + row) * apart..][columns.clone()];
            }
        }
        slices
    }

    /// Returns the same columns of a row of each plane, with empty slices for a plane without the
    /// row.
    #[inline(always)]
    pub(super) fn rows_mut(&mut self, rows: Rows<P>, columns: Range<usize>) -> [[&mut [F]; P]; P] {
        let apart = self.numbers.ncols();
        let mut rest = self.numbers.as_slice_mut().expect("a fresh array");
        let mut slices = [[(); P]; P].map(|row| row.map(|()| &mut [][..]));
        let places = rows.as_flattened().iter().zip(self.places.as_flattened());
        for (slice, (row, place)) in slices.as_flattened_mut().iter_mut().zip(places) {
            let (numbers, after) = rest.split_at_mut(place.len() * apart);
            rest = after;
            if let Some(row) = row {
                *slice = &mut numbers[row * apart..][columns.clone()];
            }
        }
        slices
    }

    /// Returns the memory to the pool.
    pub(super) fn recycle(self, pool: &Pool<F>) {
        pool.recycle(self.numbers);
    }
}

/// Some rows of each of `P * P` matrices.
#[derive(Debug)]
pub(super) struct PlanesMut<'a, F, const P: usize> {
    planes: [[&'a mut [F]; P]; P],
    /// Distance of two rows.
    apart: usize,
}

impl<F, const P: usize> PlanesMut<'_, F, P> {
    /// Returns the same columns of the same row of each plane.
    #[inline(always)]
    pub(super) fn row_mut(&mut self, row: usize, columns: Range<usize>) -> [[&mut [F]; P]; P] {
        let start = row * self.apart;
        self.planes.each_mut().map(|row| row.each_mut().map(|plane| &mut plane[start..][columns.clone()]))
    }
}

/// The index of a row in each plane that has the row.
pub(super) type Rows<const P: usize> = [[Option<usize>; P]; P];
