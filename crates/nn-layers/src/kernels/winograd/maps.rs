//! The loops over all tiles of some images, and over all filters.

use std::ops::Range;

use ndarray::{ArrayView4, ArrayViewMut4};

use super::combine::{combine, combine_add};
use super::planes::{Planes, PlanesMut};
use super::scheme::{Maps, Scheme};
use super::tiles::Tiles;
use crate::kernels::element::Element;
use crate::kernels::simd::Kernel;

/// See [`Tiles::differences`].
pub(super) struct Differences<'a, F, const O: usize, const P: usize> {
    pub(super) tiles: &'a Tiles<O, P>,
    pub(super) x: ArrayView4<'a, F>,
    /// The channels of a cell to map.
    pub(super) channels: Range<usize>,
    /// Memory for the cells of an image. Those of the border are zero.
    pub(super) cells: &'a mut [F],
    pub(super) planes: &'a mut Planes<F, P>,
}

impl<F: Element, const O: usize, const P: usize> Kernel for Differences<'_, F, O, P>
where
    Scheme: Maps<O, P>,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, x, channels, cells, planes } = self;
        let all = 0..channels.len();
        for (n, image) in x.outer_iter().enumerate() {
            let image = image.to_slice().expect("images in memory order");
            tiles.pixels(channels.clone()).for_each(|(from, to)| cells[to].copy_from_slice(&image[from]));
            for [i, j] in tiles.each() {
                let cell = |a, b| &cells[tiles.cell(O * i + a, O * j + b)..][channels.clone()];
                combine(square(cell), planes.rows_mut(tiles.rows(n, i, j), all.clone()), Scheme::differences);
            }
        }
    }
}

/// See [`Tiles::differences_transposed`].
pub(super) struct Transposed<'a, F, const O: usize, const P: usize> {
    pub(super) tiles: &'a Tiles<O, P>,
    pub(super) planes: &'a Planes<F, P>,
    /// Zeros in place of a row of a plane.
    pub(super) zeros: &'a [F],
    /// Memory for the cells of an image.
    pub(super) cells: &'a mut [F],
    pub(super) x: ArrayViewMut4<'a, F>,
}

impl<F: Element, const O: usize, const P: usize> Kernel for Transposed<'_, F, O, P>
where
    Scheme: Maps<O, P>,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, planes, zeros, cells, mut x } = self;
        let channels = zeros.len();
        for (n, mut image) in x.outer_iter_mut().enumerate() {
            for [i, j] in tiles.each() {
                let cell = |a, b| tiles.cell(O * i + a, O * j + b);
                let to = square_mut::<_, P>(cells, |a, b| cell(a, b)..cell(a, b) + channels);
                // The first row and the first column belong to the tiles before this one, too.
                let from = planes.rows(tiles.rows(n, i, j), 0..channels, zeros);
                combine_add([i > 0, j > 0], from, to, Scheme::differences_transposed);
            }
            let image = image.as_slice_mut().expect("an image of a fresh array");
            if !tiles.cover_the_image() {
                image.fill(F::zero());
            }
            tiles.pixels(0..channels).for_each(|(to, from)| image[to].copy_from_slice(&cells[from]));
        }
    }
}

/// See [`Tiles::outputs_transposed`].
pub(super) struct OutputsTransposed<'a, F, const O: usize, const P: usize> {
    pub(super) tiles: &'a Tiles<O, P>,
    pub(super) g: ArrayView4<'a, F>,
    /// Zeros in place of a pixel.
    pub(super) zeros: &'a [F],
    pub(super) planes: &'a mut Planes<F, P>,
}

impl<F: Element, const O: usize, const P: usize> Kernel for OutputsTransposed<'_, F, O, P>
where
    Scheme: Maps<O, P>,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, g, zeros, planes } = self;
        let filters = zeros.len();
        for (n, image) in g.outer_iter().enumerate() {
            let image = image.to_slice().expect("images in memory order");
            for [i, j] in tiles.each() {
                let pixel = |a, b| match tiles.output(O * i + a, O * j + b, filters) {
                    Some(at) => &image[at],
                    None => zeros,
                };
                combine(square(pixel), planes.rows_mut(tiles.rows(n, i, j), 0..filters), Scheme::outputs_transposed);
            }
        }
    }
}

/// See [`Tiles::outputs`].
pub(super) struct Outputs<'a, F, const O: usize, const P: usize> {
    pub(super) tiles: &'a Tiles<O, P>,
    pub(super) planes: &'a Planes<F, P>,
    /// Zeros in place of a row of a plane.
    pub(super) zeros: &'a [F],
    pub(super) y: ArrayViewMut4<'a, F>,
}

impl<F: Element, const O: usize, const P: usize> Kernel for Outputs<'_, F, O, P>
where
    Scheme: Maps<O, P>,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, planes, zeros, mut y } = self;
        let filters = zeros.len();
        for (n, mut image) in y.outer_iter_mut().enumerate() {
            let image = image.as_slice_mut().expect("an image of a fresh array");
            for [i, j] in tiles.each() {
                let pixel = |a, b| tiles.output(O * i + a, O * j + b, filters).unwrap_or(0..0);
                let from = planes.rows(tiles.rows(n, i, j), 0..filters, zeros);
                combine(from, square_mut::<_, O>(image, pixel), Scheme::outputs);
            }
        }
    }
}

/// See [`Tiles::filters`].
pub(super) struct Filters<'a, F, const O: usize, const P: usize> {
    pub(super) tiles: &'a Tiles<O, P>,
    pub(super) w: ArrayView4<'a, F>,
    pub(super) planes: PlanesMut<'a, F, P>,
}

impl<F: Element, const O: usize, const P: usize> Kernel for Filters<'_, F, O, P>
where
    Scheme: Maps<O, P>,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, w, mut planes } = self;
        for (o, filter) in w.outer_iter().enumerate() {
            let filter = filter.to_slice().expect("filters in memory order");
            for (quarter, columns) in tiles.runs() {
                let to = planes.row_mut(o, columns);
                combine(square(|a, b| &filter[quarter(a, b)]), to, <Scheme as Maps<O, P>>::sums);
            }
        }
    }
}

/// See [`Tiles::filters_transposed`].
pub(super) struct FiltersTransposed<'a, F, const O: usize, const P: usize> {
    pub(super) tiles: &'a Tiles<O, P>,
    pub(super) planes: &'a Planes<F, P>,
    /// The row of the first filter.
    pub(super) first: usize,
    pub(super) w: ArrayViewMut4<'a, F>,
}

impl<F: Element, const O: usize, const P: usize> Kernel for FiltersTransposed<'_, F, O, P>
where
    Scheme: Maps<O, P>,
{
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, planes, first, mut w } = self;
        for (row, mut filter) in (first..).zip(w.outer_iter_mut()) {
            let filter = filter.as_slice_mut().expect("filters in memory order");
            for (quarter, columns) in tiles.runs() {
                let from = planes.rows([[Some(row); P]; P], columns, &[]);
                combine(from, square_mut::<_, 2>(filter, quarter), <Scheme as Maps<O, P>>::sums_transposed);
            }
        }
    }
}

#[inline(always)]
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
#[inline(always)]
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
