//! The layout of images, outputs and filters in planes, and the maps between them.

use std::ops::Range;

use autodiff_mini::Pool;
use ndarray::{ArrayView4, ArrayViewMut4};

use super::maps::{Differences, Filters, FiltersTransposed, Gathered, Spread, Transposed};
use super::transform::{PLANES, Planes, Rows};
use crate::Window;
use crate::kernels::element::Element;
use crate::kernels::patches::Grid;

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
    #[inline(always)]
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

    /// Returns the places of all tiles.
    #[inline(always)]
    pub(super) fn each(&self) -> impl Iterator<Item = [usize; 2]> + use<> {
        let [rows, columns] = self.tiles();
        (0..rows).flat_map(move |i| (0..columns).map(move |j| [i, j]))
    }

    /// Returns the rows of a tile.
    #[inline(always)]
    pub(super) fn rows(&self, image: usize, i: usize, j: usize) -> Rows {
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
        let mut planes = self.planes(x.dim().0, channels.len(), pool);
        let mut memory = pool.zeros(self.bordered_len());
        let bordered = memory.as_slice_mut().expect("a fresh array");
        let parts = self.parts(channels);
        F::run(Differences { tiles: self, x, parts: &parts, bordered, planes: &mut planes });
        pool.recycle(memory);
        planes
    }

    /// Computes `x = D^T planes`.
    pub(super) fn differences_transposed<F: Element>(
        &self,
        planes: &Planes<F>,
        x: ArrayViewMut4<'_, F>,
        pool: &Pool<F>,
    ) {
        let columns = self.cells.columns();
        let (mut memory, zeros) = (pool.array(self.bordered_len()), vec![F::zero(); columns]);
        let bordered = memory.as_slice_mut().expect("a fresh array");
        let parts = self.parts(0..columns);
        F::run(Transposed { tiles: self, planes, parts: &parts, zeros: &zeros, bordered, x });
        pool.recycle(memory);
    }

    /// Computes `S g`: `[tiles, filters]` in each plane.
    pub(super) fn spread<F: Element>(&self, g: ArrayView4<'_, F>, pool: &Pool<F>) -> Planes<F> {
        let filters = g.dim().3;
        let mut planes = self.planes(g.dim().0, filters, pool);
        F::run(Spread { tiles: self, g, zeros: &vec![F::zero(); filters], planes: &mut planes });
        planes
    }

    /// Computes `y = S^T planes`.
    pub(super) fn gathered<F: Element>(&self, planes: &Planes<F>, y: ArrayViewMut4<'_, F>) {
        F::run(Gathered { tiles: self, planes, zeros: &vec![F::zero(); y.dim().3], y });
    }

    /// Returns the number of rows and columns of pixels that the cells cover. These are the image
    /// and a border of zeros.
    #[inline(always)]
    fn bordered(&self) -> [usize; 2] {
        let Grid { window: Window { stride, .. }, positions, .. } = self.cells;
        [positions[0] * stride[0], positions[1] * stride[1]]
    }

    /// Returns the number of entries of an image with its border.
    fn bordered_len(&self) -> usize {
        self.bordered().iter().product::<usize>() * self.cells.channels
    }

    /// Returns true if no pixel lies beyond the last cell.
    #[inline(always)]
    pub(super) fn cover_the_image(&self) -> bool {
        let Grid { window: Window { padding, .. }, size, .. } = self.cells;
        self.bordered().iter().zip(padding).zip(size).all(|((&all, padding), size)| padding + size <= all)
    }

    /// Returns the place of each row in an image and in the image with its border.
    #[inline(always)]
    pub(super) fn image_rows(&self) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<> {
        let Grid { window: Window { padding: [top, left], .. }, size: [height, width], channels, .. } = self.cells;
        let [all, wide] = self.bordered();
        let len = width.min(wide.saturating_sub(left)) * channels;
        (0..height.min(all.saturating_sub(top))).map(move |row| {
            let [alone, bordered] = [row * width * channels, ((row + top) * wide + left) * channels];
            (alone..alone + len, bordered..bordered + len)
        })
    }

    /// Returns the start of a cell in an image with its border.
    #[inline(always)]
    pub(super) fn cell(&self, row: usize, column: usize) -> usize {
        let stride = self.cells.window.stride;
        (row * stride[0] * self.bordered()[1] + column * stride[1]) * self.cells.channels
    }

    /// Returns the contiguous parts of some entries of a cell: their starts, relative to the cell
    /// in an image with its border, and their columns in the planes.
    fn parts(&self, channels: Range<usize>) -> Vec<(usize, Range<usize>)> {
        let Grid { window: Window { stride: [rows, columns], .. }, channels: depth, .. } = self.cells;
        let (len, apart) = (columns * depth, self.bordered()[1] * depth);
        let part = |row: usize| {
            let [start, end] = [row * len, (row + 1) * len].map(|at| at.clamp(channels.start, channels.end));
            (row * apart + start - row * len, start - channels.start..end - channels.start)
        };
        let within = |row: &usize| row * len < channels.end && (row + 1) * len > channels.start;
        (0..rows).filter(within).map(part).collect()
    }

    /// Returns the entries of an output, or `None` if the tile reaches beyond the image.
    #[inline(always)]
    pub(super) fn output(&self, row: usize, column: usize, filters: usize) -> Option<Range<usize>> {
        let at = (row * self.outputs[1] + column) * filters;
        (row < self.outputs[0] && column < self.outputs[1]).then_some(at..at + filters)
    }

    /// Returns the runs that a row of a cell shares with the filter: their place in the filter, by
    /// quarter, and in the cell.
    #[inline(always)]
    pub(super) fn runs(&self) -> impl Iterator<Item = (impl Fn(usize, usize) -> Range<usize>, Range<usize>)> {
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
        F::run(Filters { tiles: self, w, planes: &mut planes });
        planes
    }

    /// Computes `w = S^T planes`.
    pub(super) fn filters_transposed<F: Element>(&self, planes: &Planes<F>, w: ArrayViewMut4<'_, F>) {
        F::run(FiltersTransposed { tiles: self, planes, w });
    }
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
