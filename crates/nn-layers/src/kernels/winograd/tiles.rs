//! The layout of images, outputs and filters in planes, and the maps between them.

use std::ops::Range;

use autodiff_mini::Pool;
use ndarray::{ArrayView4, ArrayViewMut4, Axis};

use super::transform::{
    PLANES, Planes, Rows, combine, combine_add, differences, differences_transposed, gathered, spread,
};
use crate::Window;
use crate::kernels::element::Element;
use crate::kernels::patches::{Grid, Patches};

/// A division of an image into cells as large as the stride, and into tiles of three by three
/// cells, each of which determines two by two outputs.
#[derive(Debug, Clone, Copy)]
pub(in crate::kernels) struct Tiles {
    /// Positions that do not overlap. Each of them covers one cell.
    cells: Grid,
    /// Rows and columns of outputs.
    outputs: [usize; 2],
}

impl Tiles {
    /// Returns the tiles if they are faster than the definition.
    pub(in crate::kernels) fn that_pay(grid: &Grid, filters: usize) -> Option<Self> {
        Self::of(grid).filter(|tiles| tiles.pay(filters))
    }

    /// Returns the tiles if the filter is twice as large as its stride.
    pub(super) fn of(grid: &Grid) -> Option<Self> {
        let Window { kernel, stride, padding } = grid.window;
        let positions = grid.positions.map(|outputs| 2 * outputs.div_ceil(2) + 1);
        let cells = Grid { window: Window { kernel: stride, stride, padding }, positions, ..*grid };
        (kernel == stride.map(|step| 2 * step)).then_some(Self { cells, outputs: grid.positions })
    }

    /// Returns true if there are enough channels for the products to dominate the time, and few
    /// enough outputs in tiles beyond the edge to save a third of the multiplications.
    fn pay(&self, filters: usize) -> bool {
        let (products, direct) = (self.counts().iter().sum::<usize>(), 4 * self.outputs[0] * self.outputs[1]);
        self.cells.columns() >= 64 && filters >= 32 && 3 * products <= 2 * direct
    }

    /// Returns the number of columns of the planes of an image or a filter, which is the number of
    /// entries of a cell.
    pub(super) fn columns(&self) -> usize {
        self.cells.columns()
    }

    /// Returns the number of rows and columns of tiles.
    fn tiles(&self) -> [usize; 2] {
        self.outputs.map(|outputs| outputs.div_ceil(2))
    }

    /// Returns the number of rows and columns of tiles for which a plane has a product. A single
    /// output does not need the last of the three products.
    fn within(&self, plane: usize) -> [usize; 2] {
        let [i, j] = [plane / 3, plane % 3];
        let [rows, columns] = self.outputs;
        [(rows + usize::from(i < 2)) / 2, (columns + usize::from(j < 2)) / 2]
    }

    /// Returns the number of products of an image in each plane.
    fn counts(&self) -> [usize; PLANES] {
        std::array::from_fn(|plane| self.within(plane).iter().product())
    }

    /// Creates matrices with one row per product.
    fn planes<F: Element>(&self, images: usize, columns: usize, pool: &Pool<F>) -> Planes<F> {
        Planes::new(self.counts().map(|count| images * count), columns, pool)
    }

    /// Returns the rows of a tile.
    #[inline]
    fn rows(&self, image: usize, i: usize, j: usize) -> Rows {
        let mut tile = [None; PLANES];
        for (plane, row) in tile.iter_mut().enumerate() {
            let [rows, columns] = self.within(plane);
            *row = (i < rows && j < columns).then_some((image * rows + i) * columns + j);
        }
        tile
    }

    /// Returns the number of images that have about this many tiles.
    pub(super) fn images(&self, tiles: usize) -> usize {
        tiles.div_ceil(self.counts()[0].max(1))
    }

    /// Computes `D x`: `[tiles, channels of a cell]` in each plane, for some of the channels.
    pub(super) fn differences<F: Element>(
        &self,
        x: ArrayView4<'_, F>,
        channels: Range<usize>,
        pool: &Pool<F>,
    ) -> Planes<F> {
        let len = channels.len();
        let mut planes = self.planes(x.dim().0, len, pool);
        let mut memory = pool.array(self.cells.rows() * len);
        let cells = memory.as_slice_mut().expect("a fresh array");
        let patches = Patches::new(&self.cells, channels, len);
        for (n, image) in x.axis_chunks_iter(Axis(0), 1).enumerate() {
            patches.gather(image, cells);
            for_each(self.tiles(), |i, j| {
                let cell = |a, b| &cells[self.cell(2 * i + a, 2 * j + b) * len..][..len];
                combine(square(cell), planes.rows_mut(self.rows(n, i, j), 0..len), differences);
            });
        }
        pool.recycle(memory);
        planes
    }

    /// Computes `x = D^T planes`.
    pub(super) fn differences_transposed<F: Element>(
        &self,
        planes: &Planes<F>,
        mut x: ArrayViewMut4<'_, F>,
        pool: &Pool<F>,
    ) {
        let len = self.cells.columns();
        let (mut memory, zeros) = (pool.array(self.cells.rows() * len), vec![F::zero(); len]);
        let cells = memory.as_slice_mut().expect("a fresh array");
        let patches = Patches::new(&self.cells, 0..len, len);
        for (n, mut image) in x.axis_chunks_iter_mut(Axis(0), 1).enumerate() {
            cells.fill(F::zero());
            for_each(self.tiles(), |i, j| {
                let cell = |a, b| self.cell(2 * i + a, 2 * j + b) * len;
                let to = square_mut::<_, 3>(cells, |a, b| cell(a, b)..cell(a, b) + len);
                combine_add(planes.rows(self.rows(n, i, j), 0..len, &zeros), to, differences_transposed);
            });
            let image = image.as_slice_mut().expect("an image of a fresh array");
            image.fill(F::zero());
            patches.scatter(cells, image);
        }
        pool.recycle(memory);
    }

    /// Computes `S g`: `[tiles, filters]` in each plane.
    pub(super) fn spread<F: Element>(&self, g: ArrayView4<'_, F>, pool: &Pool<F>) -> Planes<F> {
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

    /// Computes `y = S^T planes`.
    pub(super) fn gathered<F: Element>(&self, planes: &Planes<F>, mut y: ArrayViewMut4<'_, F>) {
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

    /// Returns the index of a cell.
    fn cell(&self, row: usize, column: usize) -> usize {
        row * self.cells.positions[1] + column
    }

    /// Returns the entries of an output, or `None` if the tile reaches beyond the image.
    fn output(&self, row: usize, column: usize, filters: usize) -> Option<Range<usize>> {
        let at = (row * self.outputs[1] + column) * filters;
        (row < self.outputs[0] && column < self.outputs[1]).then_some(at..at + filters)
    }

    /// Returns the runs that a row of a cell shares with the filter: their place in the filter, by
    /// quarter, and in the cell.
    fn runs(&self) -> impl Iterator<Item = (impl Fn(usize, usize) -> Range<usize>, Range<usize>)> {
        let Grid { window: Window { kernel: [rows, columns], .. }, channels, .. } = self.cells;
        let len = columns * channels;
        (0..rows).map(move |row| {
            let at = move |a, b| ((a * rows + row) * 2 + b) * len;
            (move |a, b| at(a, b)..at(a, b) + len, row * len..(row + 1) * len)
        })
    }

    /// Computes `S w`: `[filters, channels of a cell]` in each plane.
    pub(super) fn filters<F: Element>(&self, w: ArrayView4<'_, F>, pool: &Pool<F>) -> Planes<F> {
        let mut planes = Planes::new([w.dim().0; PLANES], self.cells.columns(), pool);
        for (o, filter) in w.outer_iter().enumerate() {
            let filter = filter.to_slice().expect("filters in memory order");
            for (quarter, columns) in self.runs() {
                combine(square(|a, b| &filter[quarter(a, b)]), planes.rows_mut([Some(o); PLANES], columns), spread);
            }
        }
        planes
    }

    /// Computes `w = S^T planes`.
    pub(super) fn filters_transposed<F: Element>(&self, planes: &Planes<F>, mut w: ArrayViewMut4<'_, F>) {
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

/// Returns parts of a slice that do not overlap.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_pay_with_many_channels_and_few_edges() {
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
