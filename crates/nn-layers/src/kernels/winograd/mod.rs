//! Convolution with 9 multiplications for 16, where the filter is twice as large as its step in both directions.
//!
//! Such a filter sees two by two cells, each as large as a step. Along one direction, two neighbouring outputs
//!
//! ```text
//! y0 = d0 g0 + d1 g1        y1 = d1 g0 + d2 g1
//! ```
//!
//! of cells `d` and of the halves `g` of the filter need three products instead of four, for
//!
//! ```text
//! m0 = (d0 - d1) g0         m1 = d1 (g0 + g1)         m2 = (d2 - d1) g1
//! y0 = m0 + m1              y1 = m1 + m2
//! ```
//!
//! and a tile of two by two outputs 3 * 3 instead of 4 * 4. With `D` for the differences of cells, `S` for the sums of halves,
//! in both directions, nine products of matrices over all tiles, all channels and all filters are left, and a transpose undoes
//! each map in the gradients:
//!
//! ```text
//! value             y  = S^T (D x . S w)
//! gradient of x     dx = D^T (S dy . S w)
//! gradient of w     dw = S^T (S dy . D x)
//! ```
//!
//! Where the number of outputs is odd, the last of them is `m0 + m1`, and `m2` is left out.
//!
//! The maps only add and subtract, so that next to nothing is lost to rounding.
//!
//! S. Winograd, Arithmetic Complexity of Computations, SIAM 1980; A. Lavin and S. Gray, Fast Algorithms for Convolutional Neural
//! Networks, CVPR 2016.

mod transform;

use std::ops::Range;

use autodiff_mini::Pool;
use ndarray::parallel::prelude::*;
use ndarray::{ArrayView4, ArrayViewMut4, Axis};

use super::activation::Finish;
use super::conv::{MANY, evenly, share_out};
use super::gemm::{Packed, multiply_add};
use super::patches::{Grid, Patches};
use crate::{Float, Window};
use transform::{PLANES, Planes, Rows, combine, combine_add, differences, differences_transposed, gathered, spread};

/// Tiles of a block: as often is used what has been read of the weights.
const TILES: usize = 48;

/// An image in cells as large as a step, and in tiles of three by three cells, which two by two outputs are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiles {
    /// Positions that do not overlap: what one of them sees is a cell.
    cells: Grid,
    /// Rows and columns of outputs.
    outputs: [usize; 2],
}

impl Tiles {
    /// If the filter is twice as large as its step.
    pub(super) fn of(grid: &Grid) -> Option<Self> {
        let Window { kernel, stride, padding } = grid.window;
        let positions = grid.positions.map(|outputs| 2 * outputs.div_ceil(2) + 1);
        let cells = Grid { window: Window { kernel: stride, stride, padding }, positions, ..*grid };
        (kernel == stride.map(|step| 2 * step)).then_some(Self { cells, outputs: grid.positions })
    }

    /// Whether there are enough channels for the products to take most of the time, and few enough outputs of tiles beyond
    /// the edge for a third of the multiplications to be saved.
    pub(super) fn pay(&self, filters: usize) -> bool {
        let (products, direct) = (self.counts().iter().sum::<usize>(), 4 * self.outputs[0] * self.outputs[1]);
        self.cells.columns() >= 64 && filters >= 32 && 3 * products <= 2 * direct
    }

    /// Rows and columns.
    fn tiles(&self) -> [usize; 2] {
        self.outputs.map(|outputs| outputs.div_ceil(2))
    }

    /// Rows and columns of tiles that a plane has a product for: the last of three is not needed for a single output.
    fn within(&self, plane: usize) -> [usize; 2] {
        let [i, j] = [plane / 3, plane % 3];
        let [rows, columns] = self.outputs;
        [(rows + usize::from(i < 2)) / 2, (columns + usize::from(j < 2)) / 2]
    }

    /// For each plane the products of an image.
    fn counts(&self) -> [usize; PLANES] {
        std::array::from_fn(|plane| self.within(plane).iter().product())
    }

    /// Matrices with a row for each product.
    fn planes<F: Float>(&self, images: usize, columns: usize, pool: &Pool<F>) -> Planes<F> {
        Planes::new(self.counts().map(|count| images * count), columns, pool)
    }

    /// Of a tile.
    #[inline]
    fn rows(&self, image: usize, i: usize, j: usize) -> Rows {
        let mut tile = [None; PLANES];
        for (plane, row) in tile.iter_mut().enumerate() {
            let [rows, columns] = self.within(plane);
            *row = (i < rows && j < columns).then_some((image * rows + i) * columns + j);
        }
        tile
    }

    /// Images for about so many tiles.
    fn images(&self, tiles: usize) -> usize {
        tiles.div_ceil(self.counts()[0].max(1))
    }

    /// `D x`: `[tiles, channels of a cell]` in each plane, of the channels some.
    fn differences<F: Float>(&self, x: ArrayView4<'_, F>, channels: Range<usize>, pool: &Pool<F>) -> Planes<F> {
        let len = channels.len();
        let mut planes = self.planes(x.dim().0, len, pool);
        let mut cells = pool.take(self.cells.rows() * len);
        let patches = Patches::new(&self.cells, channels, len);
        for (n, image) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
            patches.gather(image, &mut cells);
            for_each(self.tiles(), |i, j| {
                let cell = |a, b| &cells[self.cell(2 * i + a, 2 * j + b) * len..][..len];
                combine(square(cell), planes.rows_mut(self.rows(n, i, j), 0..len), differences);
            });
        }
        pool.give(cells);
        planes
    }

    /// `x = D^T planes`.
    fn differences_transposed<F: Float>(&self, planes: &Planes<F>, mut x: ArrayViewMut4<'_, F>, pool: &Pool<F>) {
        let len = self.cells.columns();
        let (mut cells, zeros) = (pool.take(self.cells.rows() * len), vec![F::zero(); len]);
        let patches = Patches::new(&self.cells, 0..len, len);
        for (n, mut image) in x.axis_chunks_iter_mut(Axis(0), 1).enumerate() {
            cells.fill(F::zero());
            for_each(self.tiles(), |i, j| {
                let cell = |a, b| self.cell(2 * i + a, 2 * j + b) * len;
                let to = square_mut::<_, 3>(&mut cells, |a, b| cell(a, b)..cell(a, b) + len);
                combine_add(planes.rows(self.rows(n, i, j), 0..len, &zeros), to, differences_transposed);
            });
            let image = image.as_slice_mut().expect("an image of a fresh array");
            image.fill(F::zero());
            patches.scatter(&cells, image);
        }
        pool.give(cells);
    }

    /// `S g`: `[tiles, filters]` in each plane.
    fn spread<F: Float>(&self, g: ArrayView4<'_, F>, pool: &Pool<F>) -> Planes<F> {
        let filters = g.dim().3;
        let mut planes = self.planes(g.dim().0, filters, pool);
        let zeros = vec![F::zero(); filters];
        for (n, image) in g.outer_iter().enumerate() {
            let image = image.to_slice().expect("images in memory order");
            for_each(self.tiles(), |i, j| {
                let pixel = |a, b| self.output(2 * i + a, 2 * j + b, filters).map_or(&zeros[..], |at| &image[at]);
                combine(square(pixel), planes.rows_mut(self.rows(n, i, j), 0..filters), spread);
            });
        }
        planes
    }

    /// `y = S^T planes`.
    fn gathered<F: Float>(&self, planes: &Planes<F>, mut y: ArrayViewMut4<'_, F>) {
        let filters = y.dim().3;
        let zeros = vec![F::zero(); filters];
        for (n, mut image) in y.outer_iter_mut().enumerate() {
            let image = image.as_slice_mut().expect("an image of a fresh array");
            for_each(self.tiles(), |i, j| {
                let pixel = |a, b| self.output(2 * i + a, 2 * j + b, filters).unwrap_or(0..0);
                let from = planes.rows(self.rows(n, i, j), 0..filters, &zeros);
                combine(from, square_mut::<_, 2>(image, pixel), gathered);
            });
        }
    }

    /// The number of a cell.
    fn cell(&self, row: usize, column: usize) -> usize {
        row * self.cells.positions[1] + column
    }

    /// Where the numbers of an output are, if it is one: the last tiles may reach beyond the image.
    fn output(&self, row: usize, column: usize, filters: usize) -> Option<Range<usize>> {
        let at = (row * self.outputs[1] + column) * filters;
        (row < self.outputs[0] && column < self.outputs[1]).then_some(at..at + filters)
    }

    /// The runs of a filter that a cell's row has in common with it: where they are in the filter, by quarter, and in the cell.
    fn runs(&self) -> impl Iterator<Item = (impl Fn(usize, usize) -> Range<usize>, Range<usize>)> {
        let Grid { window: Window { kernel: [rows, columns], .. }, channels, .. } = self.cells;
        let len = columns * channels;
        (0..rows).map(move |row| {
            let at = move |a, b| ((a * rows + row) * 2 + b) * len;
            (move |a, b| at(a, b)..at(a, b) + len, row * len..(row + 1) * len)
        })
    }

    /// `S w`: `[filters, channels of a cell]` in each plane.
    fn filters<F: Float>(&self, w: ArrayView4<'_, F>, pool: &Pool<F>) -> Planes<F> {
        let mut planes = Planes::new([w.dim().0; PLANES], self.cells.columns(), pool);
        for (o, filter) in w.outer_iter().enumerate() {
            let filter = filter.to_slice().expect("filters in memory order");
            for (quarter, columns) in self.runs() {
                combine(square(|a, b| &filter[quarter(a, b)]), planes.rows_mut([Some(o); PLANES], columns), spread);
            }
        }
        planes
    }

    /// `w = S^T planes`.
    fn filters_transposed<F: Float>(&self, planes: &Planes<F>, mut w: ArrayViewMut4<'_, F>) {
        for (o, mut filter) in w.outer_iter_mut().enumerate() {
            let filter = filter.as_slice_mut().expect("filters in memory order");
            for (quarter, columns) in self.runs() {
                combine(planes.rows([Some(o); PLANES], columns, &[]), square_mut::<_, 2>(filter, quarter), gathered);
            }
        }
    }
}

fn for_each([rows, columns]: [usize; 2], mut visit: impl FnMut(usize, usize)) {
    (0..rows).for_each(|i| (0..columns).for_each(|j| visit(i, j)));
}

#[inline]
fn square<'a, F, const N: usize>(at: impl Fn(usize, usize) -> &'a [F]) -> [[&'a [F]; N]; N] {
    let mut square = [[&[][..]; N]; N];
    for (i, row) in square.iter_mut().enumerate() {
        for (j, slice) in row.iter_mut().enumerate() {
            *slice = at(i, j);
        }
    }
    square
}

/// Parts of a slice that do not overlap.
#[inline]
fn square_mut<F, const N: usize>(all: &mut [F], at: impl Fn(usize, usize) -> Range<usize>) -> [[&mut [F]; N]; N] {
    let (mut rest, mut gone) = (all, 0);
    let mut square = [[(); N]; N].map(|row| row.map(|()| &mut [][..]));
    for (i, row) in square.iter_mut().enumerate() {
        for (j, slice) in row.iter_mut().enumerate() {
            let at = at(i, j);
            if !at.is_empty() {
                let (part, after) = std::mem::take(&mut rest)[at.start - gone..].split_at_mut(at.len());
                (*slice, rest, gone) = (part, after, at.end);
            }
        }
    }
    square
}

/// As [`super::conv2d`], into `y`.
pub(super) fn conv2d<F: Float>(
    tiles: &Tiles,
    x: ArrayView4<'_, F>,
    w: ArrayView4<'_, F>,
    finish: Finish<'_, F>,
    mut y: ArrayViewMut4<'_, F>,
    pool: &Pool<F>,
) {
    let filters = tiles.filters(w, pool);
    let packed: [_; PLANES] = std::array::from_fn(|plane| Packed::new(filters.plane(plane).reversed_axes(), pool));
    filters.recycle(pool);
    let images = evenly(x.dim().0, tiles.images(TILES));
    let blocks = y.axis_chunks_iter_mut(Axis(0), images).into_par_iter().zip(x.axis_chunks_iter(Axis(0), images));
    blocks.for_each(|(mut y, x)| {
        let x = tiles.differences(x, 0..tiles.cells.columns(), pool);
        let products = products(&x, &packed, pool);
        tiles.gathered(&products, y.view_mut());
        finish.apply(y.as_slice_mut().expect("a block of a fresh array"));
        products.recycle(pool);
        x.recycle(pool);
    });
    packed.into_iter().for_each(|packed| packed.recycle(pool));
}

/// As [`super::conv2d_backward_input`], into `x`.
pub(super) fn conv2d_backward_input<F: Float>(
    tiles: &Tiles,
    g: ArrayView4<'_, F>,
    w: ArrayView4<'_, F>,
    finish: Finish<'_, F>,
    mut x: ArrayViewMut4<'_, F>,
    pool: &Pool<F>,
) {
    let filters = tiles.filters(w, pool);
    let packed: [_; PLANES] = std::array::from_fn(|plane| Packed::new(filters.plane(plane), pool));
    filters.recycle(pool);
    let images = evenly(g.dim().0, tiles.images(TILES));
    let blocks = x.axis_chunks_iter_mut(Axis(0), images).into_par_iter().zip(g.axis_chunks_iter(Axis(0), images));
    blocks.for_each(|(mut x, g)| {
        let g = tiles.spread(g, pool);
        let products = products(&g, &packed, pool);
        tiles.differences_transposed(&products, x.view_mut(), pool);
        finish.apply(x.as_slice_mut().expect("a block of a fresh array"));
        products.recycle(pool);
        g.recycle(pool);
    });
    packed.into_iter().for_each(|packed| packed.recycle(pool));
}

/// The product in each plane.
fn products<F: Float>(a: &Planes<F>, b: &[Packed<F>; PLANES], pool: &Pool<F>) -> Planes<F> {
    let mut c = a.like(b[0].columns(), pool);
    for (plane, b) in b.iter().enumerate() {
        b.product(a.plane(plane), c.plane_mut(plane));
    }
    c
}

/// As [`super::conv2d_backward_weight`], into `dw`.
pub(super) fn conv2d_backward_weight<F: Float>(
    tiles: &Tiles,
    x: ArrayView4<'_, F>,
    g: ArrayView4<'_, F>,
    dw: ArrayViewMut4<'_, F>,
    pool: &Pool<F>,
) {
    let (batch, _, _, filters) = g.dim();
    let wide = F::method().widths[0];
    // A sum that does not fit into the cache is better visited less often.
    let many = if PLANES * filters * tiles.cells.columns() > MANY { 8 * TILES } else { 2 * TILES };
    let images = tiles.images(many);
    let mut sums = Planes::new([filters; PLANES], tiles.cells.columns(), pool);
    share_out(batch, sums.all_mut(), pool, |part, channels, mut sums| {
        let (x, g) = (x.slice_axis(Axis(0), part), g.slice_axis(Axis(0), part));
        for (x, g) in x.axis_chunks_iter(Axis(0), images).zip(g.axis_chunks_iter(Axis(0), images)) {
            let x = tiles.differences(x, channels.clone(), pool);
            let g = tiles.spread(g, pool);
            for (plane, mut sum) in sums.axis_chunks_iter_mut(Axis(0), filters).enumerate() {
                for (panel, sum) in sum.axis_chunks_iter_mut(Axis(1), wide).enumerate() {
                    let (panel, apart) = x.panel(plane, panel * wide);
                    multiply_add(g.plane(plane).reversed_axes(), panel, apart, sum);
                }
            }
            g.recycle(pool);
            x.recycle(pool);
        }
    });
    tiles.filters_transposed(&sums, dw);
    sums.recycle(pool);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Activation;
    use ndarray::Array4;
    use proptest::prelude::*;

    fn numbers<F: Float>(shape: [usize; 4], seed: usize) -> Array4<F> {
        let number = |place: usize| (place + seed) as u32 % 999_983;
        let mut place = 0;
        Array4::from_shape_simple_fn(shape, || {
            place += 1;
            F::from_f64(f64::from(number(place).wrapping_mul(2_654_435_761)) / f64::from(u32::MAX) - 0.5)
        })
    }

    /// Against the definitions, as sums over what each filter sees.
    fn check<F: Float>(size: [usize; 2], step: [usize; 2], padding: [usize; 2], [batch, inputs, filters]: [usize; 3]) {
        let window = Window { kernel: step.map(|step| 2 * step), stride: step, padding };
        let Some(positions) = window.convolved(size) else { return };
        let grid = Grid { window, size, positions, channels: inputs };
        let tiles = Tiles::of(&grid).unwrap();
        let x = numbers::<F>([batch, size[0], size[1], inputs], 1);
        let w = numbers::<F>([filters, window.kernel[0], window.kernel[1], inputs], 2);
        let g = numbers::<F>([batch, positions[0], positions[1], filters], 3);
        let finish = Finish { bias: None, activation: Some(Activation::LeakyRelu(0.5)) };
        let (mut y, mut dx, mut dw) = (g.clone(), x.clone(), w.clone());
        let pool = Pool::default();
        // Twice: the second time what a buffer held before must not matter.
        for _ in 0..2 {
            conv2d(&tiles, x.view(), w.view(), finish, y.view_mut(), &pool);
            conv2d_backward_input(&tiles, g.view(), w.view(), Finish::default(), dx.view_mut(), &pool);
            conv2d_backward_weight(&tiles, x.view(), g.view(), dw.view_mut(), &pool);
        }

        let (mut y_sum, mut dx_sum, mut dw_sum) = (g.mapv(|_| 0.0), x.mapv(|_| 0.0), w.mapv(|_| 0.0));
        for ((n, i, j, o), &g) in g.indexed_iter() {
            for ((u, v, c), &w) in w.index_axis(Axis(0), o).indexed_iter() {
                let [Some(a), Some(b)] =
                    [(i * step[0] + u).checked_sub(padding[0]), (j * step[1] + v).checked_sub(padding[1])]
                else {
                    continue;
                };
                if let Some(&x) = x.get([n, a, b, c]) {
                    let [x, w, g] = [x, w, g].map(F::into_f64);
                    y_sum[[n, i, j, o]] += x * w;
                    dx_sum[[n, a, b, c]] += g * w;
                    dw_sum[[o, u, v, c]] += g * x;
                }
            }
        }
        y_sum.mapv_inplace(|y| if y > 0.0 { y } else { 0.5 * y });
        for (name, found, expected) in [("y", &y, &y_sum), ("dx", &dx, &dx_sum), ("dw", &dw, &dw_sum)] {
            let off = (&found.mapv(F::into_f64) - expected).fold(0.0_f64, |most, x| most.max(x.abs()));
            let most = expected.fold(1.0_f64, |most, x| most.max(x.abs()));
            let epsilon = F::epsilon().into_f64();
            assert!(
                off <= 64.0 * epsilon * most,
                "{name} off by {off}: {size:?}, {window:?}, {batch}, {inputs}, {filters}"
            );
        }
    }

    proptest! {
        #[test]
        fn equals_the_definitions(
            size in [1..14_usize, 1..14], step in [1..4_usize, 1..4], padding in [0..4_usize, 0..4],
            channels in [1..30_usize, 1..5, 1..40],
        ) {
            check::<f64>(size, step, padding, channels);
            check::<f32>(size, step, padding, channels);
        }
    }

    #[test]
    fn pays_where_there_are_channels_and_few_edges() {
        let pays = |size: usize, inputs: usize, filters: usize| {
            let window = Window::square(4, 2, 1);
            let positions = window.convolved([size, size]).unwrap();
            Tiles::of(&Grid { window, size: [size, size], positions, channels: inputs }).unwrap().pay(filters)
        };
        assert!(pays(14, 32, 64) && pays(16, 64, 128) && pays(8, 128, 256));
        assert!(!pays(28, 1, 32) && !pays(32, 3, 64) && !pays(2, 128, 256) && !pays(6, 64, 64));
        let same = Window::square(3, 1, 1);
        assert!(Tiles::of(&Grid { window: same, size: [8, 8], positions: [8, 8], channels: 64 }).is_none());
    }
}
