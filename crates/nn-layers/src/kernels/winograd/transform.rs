//! The small linear maps of the algorithm, and the planes to which they are applied.

use std::ops::Range;

use autodiff_mini::{Pool, Scalar};
use ndarray::{Array2, ArrayView2, ArrayViewMut2, s};

use crate::kernels::element::Element;

/// The linear maps of the algorithm for `O` outputs, which need `P` products.
///
/// The maps are those of Toom and Cook: the products are values of a polynomial at `P - 1` points
/// and at infinity, so only the last output needs the last product.
pub(in crate::kernels) trait Maps<const O: usize, const P: usize> {
    /// Maps consecutive cells to their differences.
    fn differences<F: Scalar>(cells: [F; P]) -> [F; P];

    /// Applies the transpose of [`differences`](Maps::differences).
    fn differences_transposed<F: Scalar>(products: [F; P]) -> [F; P];

    /// Maps the two halves of a filter to sums.
    fn sums<F: Scalar>(halves: [F; 2]) -> [F; P];

    /// Applies the transpose of [`sums`](Maps::sums).
    fn sums_transposed<F: Scalar>(products: [F; P]) -> [F; 2];

    /// Maps products to outputs.
    fn outputs<F: Scalar>(products: [F; P]) -> [F; O];

    /// Applies the transpose of [`outputs`](Maps::outputs).
    fn outputs_transposed<F: Scalar>(outputs: [F; O]) -> [F; P];
}

/// The maps for tiles of different sizes.
pub(in crate::kernels) struct Scheme;

/// The points 0 and -1.
impl Maps<2, 3> for Scheme {
    #[inline(always)]
    fn differences<F: Scalar>([a, b, c]: [F; 3]) -> [F; 3] {
        [a - b, b, c - b]
    }

    #[inline(always)]
    fn differences_transposed<F: Scalar>([a, b, c]: [F; 3]) -> [F; 3] {
        [a, b - a - c, c]
    }

    #[inline(always)]
    fn sums<F: Scalar>([a, b]: [F; 2]) -> [F; 3] {
        [a, a + b, b]
    }

    #[inline(always)]
    fn sums_transposed<F: Scalar>([a, b, c]: [F; 3]) -> [F; 2] {
        [a + b, b + c]
    }

    #[inline(always)]
    fn outputs<F: Scalar>([a, b, c]: [F; 3]) -> [F; 2] {
        [a + b, b + c]
    }

    #[inline(always)]
    fn outputs_transposed<F: Scalar>([a, b]: [F; 2]) -> [F; 3] {
        [a, a + b, b]
    }
}

/// The points 1, -1, 1/2 and -1/2. Their rounding errors are two thirds of those of 0, 1, -1 and 2,
/// and the maps for a point and its negative share most of their arithmetic.
impl Maps<4, 5> for Scheme {
    #[inline(always)]
    fn differences<F: Scalar>([a, b, c, d, e]: [F; 5]) -> [F; 5] {
        let [half, quarter] = [0.5, 0.25].map(F::from_f64);
        let (even, half_even) = (c - a * quarter, (c - a) * half);
        let (odd, half_odd) = (d - b * quarter, d - b);
        [odd + even, odd - even, half_odd + half_even, half_odd - half_even, (e - c) - half_even * half]
    }

    #[inline(always)]
    fn differences_transposed<F: Scalar>([a, b, c, d, e]: [F; 5]) -> [F; 5] {
        let [half, quarter] = [0.5, 0.25].map(F::from_f64);
        let (even, odd) = (a - b, a + b);
        let (half_even, half_odd) = ((c - d - e * half) * half, c + d);
        [-(even * quarter) - half_even, -(odd * quarter) - half_odd, even + half_even - e, odd + half_odd, e]
    }

    #[inline(always)]
    fn sums<F: Scalar>([a, b]: [F; 2]) -> [F; 5] {
        let two_thirds = F::from_f64(2.0 / 3.0);
        let (a, two_a, b_scaled) = (a * two_thirds, a * (two_thirds + two_thirds), b * two_thirds);
        [b_scaled + a, b_scaled - a, -b_scaled - two_a, two_a - b_scaled, b]
    }

    #[inline(always)]
    fn sums_transposed<F: Scalar>([a, b, c, d, e]: [F; 5]) -> [F; 2] {
        let two_thirds = F::from_f64(2.0 / 3.0);
        let (even, odd) = ((a - b) + (d - c) + (d - c), (a + b) - (c + d));
        [even * two_thirds, odd * two_thirds + e]
    }

    #[inline(always)]
    fn outputs<F: Scalar>([a, b, c, d, e]: [F; 5]) -> [F; 4] {
        let [half, quarter, eighth] = [0.5, 0.25, 0.125].map(F::from_f64);
        let (even, odd, half_even, half_odd) = (a + b, a - b, c + d, c - d);
        [even + half_even, odd + half_odd * half, even + half_even * quarter, odd + half_odd * eighth + e]
    }

    #[inline(always)]
    fn outputs_transposed<F: Scalar>([a, b, c, d]: [F; 4]) -> [F; 5] {
        let [half, quarter, eighth] = [0.5, 0.25, 0.125].map(F::from_f64);
        let (even, odd) = (a + c, b + d);
        let (half_even, half_odd) = (a + c * quarter, b * half + d * eighth);
        [even + odd, even - odd, half_even + half_odd, half_even - half_odd, d]
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers<const N: usize>(seed: usize) -> [f64; N] {
        std::array::from_fn(|i| ((i + seed) as f64 * 1.7).sin())
    }

    fn dot<const N: usize>(a: [f64; N], b: [f64; N]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    fn check<const O: usize, const P: usize>()
    where
        Scheme: Maps<O, P>,
    {
        // The products give the outputs.
        let (cells, halves) = (numbers::<P>(0), numbers::<2>(7));
        let [differences, sums] = [Scheme::differences(cells), <Scheme as Maps<O, P>>::sums(halves)];
        let outputs: [f64; O] = Scheme::outputs(std::array::from_fn(|i| differences[i] * sums[i]));
        for (place, output) in outputs.into_iter().enumerate() {
            assert!((output - cells[place] * halves[0] - cells[place + 1] * halves[1]).abs() < 1e-14);
        }
        // Maps and transposes are adjoint.
        let products = numbers::<P>(13);
        assert!((dot(differences, products) - dot(cells, Scheme::differences_transposed(products))).abs() < 1e-14);
        let found = dot(halves, <Scheme as Maps<O, P>>::sums_transposed(products));
        assert!((dot(sums, products) - found).abs() < 1e-14);
        let spread: [f64; P] = Scheme::outputs_transposed(outputs);
        assert!((dot(outputs, Scheme::outputs(products)) - dot(spread, products)).abs() < 1e-14);
    }

    #[test]
    fn products_give_outputs_and_maps_are_adjoint() {
        check::<2, 3>();
        check::<4, 5>();
    }

    #[test]
    fn every_entry_of_the_slices_is_combined() {
        let from: Vec<Vec<f32>> = (0..4).map(|i| (0..37).map(|p| (i * 100 + p) as f32).collect()).collect();
        let from = [[&from[0][..], &from[1]], [&from[2], &from[3]]];
        let mut to = vec![vec![1.0; 37]; 8];
        let [a, b, c, d, e, f, g, h] = to.each_mut_of();
        combine_add([true, false], from, [[a, b, c], [d, &mut [], e], [f, g, h]], <Scheme as Maps<2, 3>>::sums);
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
