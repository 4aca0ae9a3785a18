//! The layout of images, outputs and filters in planes, and the maps between them.

use std::ops::Range;

use autodiff_mini::Pool;
use ndarray::{ArrayView4, ArrayViewMut4, Axis};

use super::maps::{Differences, Filters, FiltersTransposed, Outputs, OutputsTransposed, Transposed};
use super::planes::{Planes, Rows};
use super::scheme::{Maps, Scheme};
use crate::Window;
use crate::kernels::element::Element;
use crate::kernels::patches::Grid;
use crate::kernels::share::{each_part, evenly};

/// Largest number of filters that a thread maps at a time.
const FILTERS: usize = 64;

/// A division of an image into cells as large as the stride, and into tiles of `P` by `P` cells,
/// each of which determines `O` by `O` outputs.
#[derive(Debug, Clone, Copy)]
pub(in crate::kernels) struct Tiles<const O: usize, const P: usize> {
    /// Positions that do not overlap. Each of them covers one cell.
    cells: Grid,
    /// Rows and columns of outputs.
    outputs: [usize; 2],
}

impl<const O: usize, const P: usize> Tiles<O, P>
where
    Scheme: Maps<O, P>,
{
    /// Returns the tiles if the filter is twice as large as its stride.
    pub(super) fn of(grid: &Grid) -> Option<Self> {
        let Window { kernel, stride, padding } = grid.window;
        let positions = grid.positions.map(|outputs| O * outputs.div_ceil(O) + 1);
        let cells = Grid { window: Window { kernel: stride, stride, padding }, positions, ..*grid };
        (kernel == stride.map(|step| 2 * step)).then_some(Self { cells, outputs: grid.positions })
    }

    /// Returns the number of columns of the planes of an image or a filter, which is the number of
    /// entries of a cell.
    pub(super) fn columns(&self) -> usize {
        self.cells.columns()
    }

    /// Returns the number of rows and columns of tiles.
    fn tiles(&self) -> [usize; 2] {
        self.outputs.map(|outputs| outputs.div_ceil(O))
    }

    /// Returns the number of rows and columns of tiles for which a plane has a product. Only the
    /// last output of a tile needs the last product.
    #[inline(always)]
    fn within(&self, plane: [usize; 2]) -> [usize; 2] {
        let tiles = |axis: usize| {
            if plane[axis] < P - 1 { self.outputs[axis].div_ceil(O) } else { self.outputs[axis] / O }
        };
        [tiles(0), tiles(1)]
    }

    /// Returns the number of products of an image in each plane.
    fn counts(&self) -> [[usize; P]; P] {
        std::array::from_fn(|i| std::array::from_fn(|j| self.within([i, j]).iter().product()))
    }

    /// Returns the number of products of an image for each entry of a cell and each filter.
    pub(super) fn products(&self) -> usize {
        self.counts().as_flattened().iter().sum()
    }

    /// Creates matrices with one row per product.
    fn planes<F: Element>(&self, images: usize, columns: usize, pool: &Pool<F>) -> Planes<F, P> {
        Planes::new(self.counts().map(|row| row.map(|count| images * count)), columns, pool)
    }

    /// Returns the places of all tiles.
    #[inline(always)]
    pub(super) fn each(&self) -> impl Iterator<Item = [usize; 2]> + use<O, P> {
        let [rows, columns] = self.tiles();
        (0..rows).flat_map(move |i| (0..columns).map(move |j| [i, j]))
    }

    /// Returns the rows of a tile.
    #[inline(always)]
    pub(super) fn rows(&self, image: usize, i: usize, j: usize) -> Rows<P> {
        let mut tile = [[None; P]; P];
        for (p, tile) in tile.iter_mut().enumerate() {
            for (q, row) in tile.iter_mut().enumerate() {
                let [rows, columns] = self.within([p, q]);
                *row = (i < rows && j < columns).then_some((image * rows + i) * columns + j);
            }
        }
        tile
    }

    /// Returns the number of tiles of an image.
    pub(super) fn count(&self) -> usize {
        self.tiles().iter().product()
    }

    /// Returns the number of images that have about this many tiles.
    pub(super) fn images(&self, tiles: usize) -> usize {
        tiles.div_ceil(self.count().max(1))
    }

    /// Computes `D x`: `[tiles, channels of a cell]` in each plane, for some of the channels.
    pub(super) fn differences<F: Element>(
        &self,
        x: ArrayView4<'_, F>,
        channels: Range<usize>,
        pool: &Pool<F>,
    ) -> Planes<F, P> {
        let mut planes = self.planes(x.dim().0, channels.len(), pool);
        let mut memory = pool.zeros(self.len());
        let cells = memory.as_slice_mut().expect("a fresh array");
        F::run(Differences { tiles: self, x, channels, cells, planes: &mut planes });
        pool.recycle(memory);
        planes
    }

    /// Computes `x = D^T planes`.
    pub(super) fn differences_transposed<F: Element>(
        &self,
        planes: &Planes<F, P>,
        x: ArrayViewMut4<'_, F>,
        pool: &Pool<F>,
    ) {
        let columns = self.cells.columns();
        let (mut memory, zeros) = (pool.array(self.len()), vec![F::zero(); columns]);
        let cells = memory.as_slice_mut().expect("a fresh array");
        F::run(Transposed { tiles: self, planes, zeros: &zeros, cells, x });
        pool.recycle(memory);
    }

    /// Computes `A^T g`: `[tiles, filters]` in each plane.
    pub(super) fn outputs_transposed<F: Element>(&self, g: ArrayView4<'_, F>, pool: &Pool<F>) -> Planes<F, P> {
        let filters = g.dim().3;
        let mut planes = self.planes(g.dim().0, filters, pool);
        F::run(OutputsTransposed { tiles: self, g, zeros: &vec![F::zero(); filters], planes: &mut planes });
        planes
    }

    /// Computes `y = A planes`.
    pub(super) fn outputs<F: Element>(&self, planes: &Planes<F, P>, y: ArrayViewMut4<'_, F>) {
        F::run(Outputs { tiles: self, planes, zeros: &vec![F::zero(); y.dim().3], y });
    }

    /// Returns the number of entries of all cells.
    fn len(&self) -> usize {
        self.cells.positions.iter().product::<usize>() * self.cells.columns()
    }

    /// Returns true if no pixel lies beyond the last cell.
    #[inline(always)]
    pub(super) fn cover_the_image(&self) -> bool {
        let Grid { window: Window { stride, padding, .. }, positions, size, .. } = self.cells;
        (0..2).all(|axis| padding[axis] + size[axis] <= positions[axis] * stride[axis])
    }

    /// Returns the place of each run of pixels that a row of the image shares with a cell: in the
    /// image and in the cells. Runs outside these entries of a cell are left out.
    #[inline(always)]
    pub(super) fn pixels(
        &self,
        entries: Range<usize>,
    ) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + use<O, P> {
        let Grid { window: Window { stride, padding: [top, left], .. }, positions, size, channels } = self.cells;
        let ([height, width], [high, wide]) = (size, stride);
        let rows = 0..height.min((positions[0] * high).saturating_sub(top));
        // The cells that begin before the last pixel and end after the first.
        let columns = left / wide..positions[1].min((left + width).div_ceil(wide));
        rows.flat_map(move |row| {
            let (cell_row, within) = ((row + top) / high, (row + top) % high);
            let entries = entries.clone();
            columns.clone().filter_map(move |column| {
                let start = (column * wide).max(left);
                let len = (((column + 1) * wide).min(left + width) - start) * channels;
                let image = (row * width + start - left) * channels;
                let run = (within * wide + start - column * wide) * channels;
                let cell = (cell_row * positions[1] + column) * high * wide * channels + run;
                let needed = run < entries.end && entries.start < run + len;
                needed.then_some((image..image + len, cell..cell + len))
            })
        })
    }

    /// Returns the start of a cell.
    #[inline(always)]
    pub(super) fn cell(&self, row: usize, column: usize) -> usize {
        (row * self.cells.positions[1] + column) * self.cells.columns()
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
    pub(super) fn filters<F: Element>(&self, w: ArrayView4<'_, F>, pool: &Pool<F>) -> Planes<F, P> {
        let filters = w.dim().0;
        let some = evenly(filters, FILTERS);
        let mut planes = Planes::new([[filters; P]; P], self.cells.columns(), pool);
        let parts = planes.parts_mut(some).zip(w.axis_chunks_iter(Axis(0), some));
        each_part(parts, |(planes, w)| F::run(Filters { tiles: self, w, planes }));
        planes
    }

    /// Computes `w = S^T planes`.
    pub(super) fn filters_transposed<F: Element>(&self, planes: &Planes<F, P>, mut w: ArrayViewMut4<'_, F>) {
        let some = evenly(w.dim().0, FILTERS);
        let parts = (0..).step_by(some).zip(w.axis_chunks_iter_mut(Axis(0), some));
        each_part(parts, |(first, w)| F::run(FiltersTransposed { tiles: self, planes, first, w }));
    }
}
