//! The loops over all tiles of some images, and over all filters.

use std::ops::Range;

use ndarray::{ArrayView4, ArrayViewMut4};

use super::tiles::Tiles;
use super::transform::{PLANES, Planes, combine, combine_add, differences, differences_transposed, gathered, spread};
use crate::kernels::element::Element;
use crate::kernels::simd::Kernel;

/// See [`Tiles::differences`].
pub(super) struct Differences<'a, F> {
    pub(super) tiles: &'a Tiles,
    pub(super) x: ArrayView4<'a, F>,
    /// See [`Tiles::parts`].
    pub(super) parts: &'a [(usize, Range<usize>)],
    /// Memory for an image with its border, which is zero.
    pub(super) bordered: &'a mut [F],
    pub(super) planes: &'a mut Planes<F>,
}

impl<F: Element> Kernel for Differences<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, x, parts, bordered, planes } = self;
        for (n, image) in x.outer_iter().enumerate() {
            let image = image.to_slice().expect("images in memory order");
            for (from, to) in tiles.image_rows() {
                bordered[to].copy_from_slice(&image[from]);
            }
            for [i, j] in tiles.each() {
                let rows = tiles.rows(n, i, j);
                for (start, columns) in parts {
                    let cell = |a, b| &bordered[start + tiles.cell(2 * i + a, 2 * j + b)..][..columns.len()];
                    combine(square(cell), planes.rows_mut(rows, columns.clone()), differences);
                }
            }
        }
    }
}

/// See [`Tiles::differences_transposed`].
pub(super) struct Transposed<'a, F> {
    pub(super) tiles: &'a Tiles,
    pub(super) planes: &'a Planes<F>,
    /// See [`Tiles::parts`].
    pub(super) parts: &'a [(usize, Range<usize>)],
    /// Zeros in place of a row of a plane.
    pub(super) zeros: &'a [F],
    /// Memory for an image with its border.
    pub(super) bordered: &'a mut [F],
    pub(super) x: ArrayViewMut4<'a, F>,
}

impl<F: Element> Kernel for Transposed<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, planes, parts, zeros, bordered, mut x } = self;
        for (n, mut image) in x.outer_iter_mut().enumerate() {
            for [i, j] in tiles.each() {
                let rows = tiles.rows(n, i, j);
                for (start, columns) in parts {
                    let cell = |a, b| start + tiles.cell(2 * i + a, 2 * j + b);
                    let to = square_mut::<_, 3>(bordered, |a, b| cell(a, b)..cell(a, b) + columns.len());
                    // The first row and the first column belong to the tiles before this one, too.
                    let from = planes.rows(rows, columns.clone(), zeros);
                    combine_add([i > 0, j > 0], from, to, differences_transposed);
                }
            }
            let image = image.as_slice_mut().expect("an image of a fresh array");
            if !tiles.cover_the_image() {
                image.fill(F::zero());
            }
            for (to, from) in tiles.image_rows() {
                image[to].copy_from_slice(&bordered[from]);
            }
        }
    }
}

/// See [`Tiles::spread`].
pub(super) struct Spread<'a, F> {
    pub(super) tiles: &'a Tiles,
    pub(super) g: ArrayView4<'a, F>,
    /// Zeros in place of a pixel.
    pub(super) zeros: &'a [F],
    pub(super) planes: &'a mut Planes<F>,
}

impl<F: Element> Kernel for Spread<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, g, zeros, planes } = self;
        let filters = zeros.len();
        for (n, image) in g.outer_iter().enumerate() {
            let image = image.to_slice().expect("images in memory order");
            for [i, j] in tiles.each() {
                let pixel = |a, b| match tiles.output(2 * i + a, 2 * j + b, filters) {
                    Some(at) => &image[at],
                    None => zeros,
                };
                combine(square(pixel), planes.rows_mut(tiles.rows(n, i, j), 0..filters), spread);
            }
        }
    }
}

/// See [`Tiles::gathered`].
pub(super) struct Gathered<'a, F> {
    pub(super) tiles: &'a Tiles,
    pub(super) planes: &'a Planes<F>,
    /// Zeros in place of a row of a plane.
    pub(super) zeros: &'a [F],
    pub(super) y: ArrayViewMut4<'a, F>,
}

impl<F: Element> Kernel for Gathered<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, planes, zeros, mut y } = self;
        let filters = zeros.len();
        for (n, mut image) in y.outer_iter_mut().enumerate() {
            let image = image.as_slice_mut().expect("an image of a fresh array");
            for [i, j] in tiles.each() {
                let pixel = |a, b| tiles.output(2 * i + a, 2 * j + b, filters).unwrap_or(0..0);
                let from = planes.rows(tiles.rows(n, i, j), 0..filters, zeros);
                combine(from, square_mut::<_, 2>(image, pixel), gathered);
            }
        }
    }
}

/// See [`Tiles::filters`].
pub(super) struct Filters<'a, F> {
    pub(super) tiles: &'a Tiles,
    pub(super) w: ArrayView4<'a, F>,
    pub(super) planes: &'a mut Planes<F>,
}

impl<F: Element> Kernel for Filters<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, w, planes } = self;
        for (o, filter) in w.outer_iter().enumerate() {
            let filter = filter.to_slice().expect("filters in memory order");
            for (quarter, columns) in tiles.runs() {
                combine(square(|a, b| &filter[quarter(a, b)]), planes.rows_mut([Some(o); PLANES], columns), spread);
            }
        }
    }
}

/// See [`Tiles::filters_transposed`].
pub(super) struct FiltersTransposed<'a, F> {
    pub(super) tiles: &'a Tiles,
    pub(super) planes: &'a Planes<F>,
    pub(super) w: ArrayViewMut4<'a, F>,
}

impl<F: Element> Kernel for FiltersTransposed<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { tiles, planes, mut w } = self;
        for (o, mut filter) in w.outer_iter_mut().enumerate() {
            let filter = filter.as_slice_mut().expect("filters in memory order");
            for (quarter, columns) in tiles.runs() {
                let from = planes.rows([Some(o); PLANES], columns, &[]);
                combine(from, square_mut::<_, 2>(filter, quarter), gathered);
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
