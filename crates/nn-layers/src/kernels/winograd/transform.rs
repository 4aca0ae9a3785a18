//! The small linear maps of the algorithm, and the planes to which they are applied.

use std::ops::Range;

use autodiff_mini::{Pool, Scalar};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use crate::kernels::element::Element;

/// Maps three consecutive cells to their differences.
#[inline(always)]
pub(super) fn differences<F: Scalar>([a, b, c]: [F; 3]) -> [F; 3] {
    [a - b, b, c - b]
}

/// Applies the transpose of [`differences`].
#[inline(always)]
pub(super) fn differences_transposed<F: Scalar>([a, b, c]: [F; 3]) -> [F; 3] {
    [a, b - a - c, c]
}

/// Maps two halves of a filter, or two outputs, to three sums.
#[inline(always)]
pub(super) fn spread<F: Scalar>([a, b]: [F; 2]) -> [F; 3] {
    [a, a + b, b]
}

/// Applies the transpose of [`spread`].
#[inline(always)]
pub(super) fn gathered<F: Scalar>([a, b, c]: [F; 3]) -> [F; 2] {
    [a + b, b + c]
}

/// Applies a map to the columns and then to the rows of a square of slices of equal length, entry
/// by entry. A result with an empty slice is skipped.
#[inline(always)]
pub(super) fn combine<F: Element, const I: usize, const O: usize>(
    from: [[&[F]; I]; I],
    to: [[&mut [F]; O]; O],
    map: impl Fn([F; I]) -> [F; O],
) {
    Combine::<_, _, _, _, false> { from, to, map, add: [false; 2] }.run();
}

/// Combines slices like [`combine`], but adds to the existing content of the first row of results,
/// of the first column, or of both.
#[inline(always)]
pub(super) fn combine_add<F: Element, const I: usize, const O: usize>(
    add: [bool; 2],
    from: [[&[F]; I]; I],
    to: [[&mut [F]; O]; O],
    map: impl Fn([F; I]) -> [F; O],
) {
    Combine::<_, _, _, _, true> { from, to, map, add }.run();
}

struct Combine<'a, F, M, const I: usize, const O: usize, const ADD: bool> {
    from: [[&'a [F]; I]; I],
    to: [[&'a mut [F]; O]; O],
    map: M,
    /// True to add to the first row of results, and to the first column.
    add: [bool; 2],
}

/// Number of entries processed together: one vector of the widest kind.
const LANES: usize = 16;

impl<F: Element, M: Fn([F; I]) -> [F; O], const I: usize, const O: usize, const ADD: bool>
    Combine<'_, F, M, I, O, ADD>
{
    #[inline(always)]
    fn run(mut self) {
        let len = self.from[0][0].len();
        let whole = len / LANES * LANES;
        self.each::<LANES>(0, whole);
        if whole < len {
            self.each::<1>(whole, len);
        }
    }

    /// Processes the entries from `start` to `end`, `L` at a time. All `L` are read before any is
    /// written, so that the compiler need not check for overlapping slices. Loops replace iterators
    /// over arrays, because those are not always inlined.
    #[inline(always)]
    #[expect(clippy::needless_range_loop, reason = "iterators over arrays are not always inlined")]
    fn each<const L: usize>(&mut self, start: usize, end: usize) {
        // The slices have equal lengths, so one bounds check serves all of them.
        let count = (end - start) / L;
        let mut sources = [[&[][..]; I]; I];
        for i in 0..I {
            for j in 0..I {
                sources[i][j] = &self.from[i][j][start..end].as_chunks::<L>().0[..count];
            }
        }
        let mut results = [[(); O]; O].map(|row| row.map(|()| &mut [][..]));
        for (results, to) in results.iter_mut().zip(&mut self.to) {
            for (result, to) in results.iter_mut().zip(to) {
                *result = to.get_mut(start..end).unwrap_or_default().as_chunks_mut::<L>().0;
            }
        }
        for place in 0..count {
            let mut from = [[[F::zero(); L]; I]; I];
            for i in 0..I {
                for j in 0..I {
                    from[i][j] = sources[i][j][place];
                }
            }
            let mut to = [[[F::zero(); L]; O]; O];
            if ADD {
                for i in 0..O {
                    for j in 0..O {
                        let add = (i == 0 && self.add[0]) || (j == 0 && self.add[1]);
                        if let Some(&there) = results[i][j].get(place).filter(|_| add) {
                            to[i][j] = there;
                        }
                    }
                }
            }
            for lane in 0..L {
                let mut half = [[F::zero(); I]; O];
                for j in 0..I {
                    let mut column = [F::zero(); I];
                    for i in 0..I {
                        column[i] = from[i][j][lane];
                    }
                    let mapped = (self.map)(column);
                    for o in 0..O {
                        half[o][j] = mapped[o];
                    }
                }
                for i in 0..O {
                    let mapped = (self.map)(half[i]);
                    for j in 0..O {
                        to[i][j][lane] = if ADD { to[i][j][lane] + mapped[j] } else { mapped[j] };
                    }
                }
            }
            for i in 0..O {
                for j in 0..O {
                    if let Some(result) = results[i][j].get_mut(place) {
                        *result = to[i][j];
                    }
                }
            }
        }
    }
}

/// Number of planes: three times three.
pub(super) const PLANES: usize = 9;

/// Padding between two rows, in entries. Without it, the distance of rows could be a power of two,
/// and they would compete for the same cache lines.
const APART: usize = 16;

/// Nine matrices with equally many columns, one below the other.
#[derive(Debug)]
pub(super) struct Planes<F> {
    numbers: Array2<F>,
    columns: usize,
    /// The first row of each plane, and the end of the last plane.
    starts: [usize; PLANES + 1],
}

impl<F: Element> Planes<F> {
    /// Creates planes with the given numbers of rows and unspecified content.
    pub(super) fn new(rows: [usize; PLANES], columns: usize, pool: &Pool<F>) -> Self {
        let mut starts = [0; PLANES + 1];
        for (plane, rows) in rows.into_iter().enumerate() {
            starts[plane + 1] = starts[plane] + rows;
        }
        Self { numbers: pool.array((starts[PLANES], columns + APART)), columns, starts }
    }

    /// Creates planes with the same rows and another number of columns.
    pub(super) fn like(&self, columns: usize, pool: &Pool<F>) -> Self {
        Self { numbers: pool.array((self.numbers.nrows(), columns + APART)), columns, ..*self }
    }

    /// Returns all planes as one matrix.
    pub(super) fn all_mut(&mut self) -> ArrayViewMut2<'_, F> {
        self.numbers.slice_mut(s![.., ..self.columns])
    }

    /// Returns a plane.
    pub(super) fn plane(&self, number: usize) -> ArrayView2<'_, F> {
        self.numbers.slice(s![self.starts[number]..self.starts[number + 1], ..self.columns])
    }

    /// Returns a plane.
    pub(super) fn plane_mut(&mut self, number: usize) -> ArrayViewMut2<'_, F> {
        self.numbers.slice_mut(s![self.starts[number]..self.starts[number + 1], ..self.columns])
    }

    /// Returns all entries from a column of a plane on, and the distance between rows.
    pub(super) fn panel(&self, number: usize, column: usize) -> (&[F], usize) {
        let apart = self.numbers.ncols();
        let numbers = self.numbers.as_slice().expect("a fresh array");
        (&numbers[(self.starts[number] * apart + column).min(numbers.len())..], apart)
    }

    /// Returns the same columns of a row of each plane, with zeros for a plane without the row.
    #[inline(always)]
    pub(super) fn rows<'a>(&'a self, rows: Rows, columns: Range<usize>, zeros: &'a [F]) -> [[&'a [F]; 3]; 3] {
        let apart = self.numbers.ncols();
        let numbers = self.numbers.as_slice().expect("a fresh array");
        let mut slices = [[zeros; 3]; 3];
        for (plane, slice) in slices.as_flattened_mut().iter_mut().enumerate() {
            if let Some(row) = rows[plane] {
                *slice = &numbers[(self.starts[plane] + row) * apart..][columns.clone()];
            }
        }
        slices
    }

    /// Returns the same columns of a row of each plane, with empty slices for a plane without the
    /// row.
    #[inline(always)]
    pub(super) fn rows_mut(&mut self, rows: Rows, columns: Range<usize>) -> [[&mut [F]; 3]; 3] {
        let apart = self.numbers.ncols();
        let mut rest = self.numbers.as_slice_mut().expect("a fresh array");
        let mut slices = [[(); 3]; 3].map(|row| row.map(|()| &mut [][..]));
        for (plane, slice) in slices.as_flattened_mut().iter_mut().enumerate() {
            let (numbers, after) = rest.split_at_mut((self.starts[plane + 1] - self.starts[plane]) * apart);
            rest = after;
            if let Some(row) = rows[plane] {
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

/// The index of a row in each plane that has the row.
pub(super) type Rows = [Option<usize>; PLANES];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_products_give_two_outputs() {
        let (d, g) = ([0.3, -1.7, 2.9], [1.1, -0.4]);
        let (d_mapped, g_mapped) = (differences(d), spread(g));
        let found = gathered(std::array::from_fn(|i| d_mapped[i] * g_mapped[i]));
        let expected = [d[0] * g[0] + d[1] * g[1], d[1] * g[0] + d[2] * g[1]];
        assert!(found.iter().zip(expected).all(|(a, b): (&f64, f64)| (a - b).abs() < 1e-14), "{found:?}");
    }

    #[test]
    fn maps_and_transposes_are_adjoint() {
        fn dot<const N: usize>(a: [f64; N], b: [f64; N]) -> f64 {
            a.iter().zip(b).map(|(a, b)| a * b).sum()
        }
        let (x, y, z) = ([0.3, -1.7, 2.9], [-0.6, 0.2, 1.3], [1.1, -0.4]);
        assert!((dot(differences(x), y) - dot(x, differences_transposed(y))).abs() < 1e-14);
        assert!((dot(spread(z), x) - dot(z, gathered(x))).abs() < 1e-14);
    }

    #[test]
    fn every_entry_of_the_slices_is_combined() {
        let from: Vec<Vec<f32>> = (0..4).map(|i| (0..37).map(|p| (i * 100 + p) as f32).collect()).collect();
        let from = [[&from[0][..], &from[1]], [&from[2], &from[3]]];
        let mut to = vec![vec![1.0; 37]; 8];
        let [a, b, c, d, e, f, g, h] = to.each_mut_of();
        combine_add([true, false], from, [[a, b, c], [d, &mut [], e], [f, g, h]], spread);
        for p in 0..37 {
            let [a, b, c, d] = [0, 100, 200, 300].map(|i| (i + p) as f32);
            let expected = [a + 1.0, a + b + 1.0, b + 1.0, a + c, b + d, c, c + d, d];
            assert!(to.iter().zip(expected).all(|(to, expected)| to[p] == expected), "{p}");
        }
    }

    trait EachMut {
        fn each_mut_of(&mut self) -> [&mut [f32]; 8];
    }

    impl EachMut for Vec<Vec<f32>> {
        fn each_mut_of(&mut self) -> [&mut [f32]; 8] {
            let mut each = self.iter_mut();
            std::array::from_fn(|_| &mut each.next().unwrap()[..])
        }
    }
}
