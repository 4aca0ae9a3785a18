//! Convolution with fewer multiplications, for filters twice as large as their stride in both
//! directions.
//!
//! Such a filter covers two by two cells, each as large as the stride. Along one direction, two
//! neighboring outputs
//!
//! ```text
//! y0 = d0 g0 + d1 g1        y1 = d1 g0 + d2 g1
//! ```
//!
//! of cells `d` and halves `g` of the filter need three products instead of four:
//!
//! ```text
//! m0 = (d0 - d1) g0         m1 = d1 (g0 + g1)         m2 = (d2 - d1) g1
//! y0 = m0 + m1              y1 = m1 + m2
//! ```
//!
//! In the same way, four outputs need five products instead of eight. So a tile of two by two
//! outputs needs 9 products instead of 16, and one of four by four outputs 25 instead of 64.
//!
//! Let `D` be the differences of cells, `S` the sums of halves and `A` the map from products to
//! outputs, in both directions. There remain 9 or 25 matrix products over all tiles, channels and
//! filters. In the gradients, each map is replaced by its transpose:
//!
//! ```text
//! value             y  = A (D x . S w)
//! gradient of x     dx = D^T (A^T dy . S w)
//! gradient of w     dw = S^T (A^T dy . D x)
//! ```
//!
//! Only the last output of a tile needs the last product. If the outputs are no multiple of the
//! tile, the last products of the tiles at the edge are not computed.
//!
//! With two by two outputs, the maps only add and subtract. With four by four, they also multiply
//! by fractions, and rounding errors are larger. In single precision, the relative error of outputs
//! is 1.1e-6 in place of the 3.8e-7 of a plain sum over 64 channels. With two by two outputs, it is
//! 6.4e-7 in place of 5.2e-7 over 128 channels (root mean squares for normal numbers).
//!
//! S. Winograd, Arithmetic Complexity of Computations, SIAM 1980; A. Lavin and S. Gray, Fast
//! Algorithms for Convolutional Neural Networks, CVPR 2016.

mod combine;
mod maps;
mod passes;
mod planes;
mod scheme;
mod tiles;

use autodiff_mini::Pool;
use ndarray::{ArrayView4, ArrayViewMut4};

use super::activation::Finish;
use super::element::Element;
use super::patches::Grid;
use tiles::Tiles;

/// The tiles of an image, in one of two sizes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Winograd {
    Two(Tiles<2, 3>),
    Four(Tiles<4, 5>),
}

impl Winograd {
    /// Returns the fastest tiles for the value and for the gradient with respect to images, or
    /// `None` if the definition is faster. The number of images plays no part, so that an image has
    /// the same result in every batch.
    pub(super) fn for_values(grid: &Grid, filters: usize) -> Option<Self> {
        // Larger tiles have more weights to map and to pack, so a weight must serve several tiles.
        Self::with_tiles(grid, filters, 4)
    }

    /// Returns the fastest tiles for the gradient with respect to filters, or `None` if the
    /// definition is faster.
    pub(super) fn for_filters(grid: &Grid, filters: usize) -> Option<Self> {
        Self::with_tiles(grid, filters, 1)
    }

    /// Returns the larger tiles if an image has at least this many of them and if they save a sixth
    /// of the multiplications, and the smaller tiles otherwise. Returns `None` if the definition is
    /// faster than both.
    fn with_tiles(grid: &Grid, filters: usize, least: usize) -> Option<Self> {
        let (two, four) = (Tiles::<2, 3>::of(grid)?, Tiles::<4, 5>::of(grid)?);
        // There must be enough channels for the products to dominate the time, and few enough
        // outputs in tiles beyond the edge to save a third of the multiplications.
        let direct = 4 * grid.positions.iter().product::<usize>();
        if two.columns() < 64 || filters < 32 || 3 * two.products() > 2 * direct {
            return None;
        }
        let fewer = 6 * four.products() <= 5 * two.products();
        Some(if four.count() >= least && fewer { Self::Four(four) } else { Self::Two(two) })
    }

    /// Computes [`super::conv2d`] into `y`.
    pub(super) fn conv2d<F: Element>(
        &self,
        x: ArrayView4<'_, F>,
        w: ArrayView4<'_, F>,
        finish: Finish<'_, F>,
        y: ArrayViewMut4<'_, F>,
        pool: &Pool<F>,
    ) {
        match self {
            Self::Two(tiles) => passes::conv2d(tiles, x, w, finish, y, pool),
            Self::Four(tiles) => passes::conv2d(tiles, x, w, finish, y, pool),
        }
    }

    /// Computes [`super::conv2d_backward_input`] into `x`.
    pub(super) fn conv2d_backward_input<F: Element>(
        &self,
        g: ArrayView4<'_, F>,
        w: ArrayView4<'_, F>,
        finish: Finish<'_, F>,
        x: ArrayViewMut4<'_, F>,
        pool: &Pool<F>,
    ) {
        match self {
            Self::Two(tiles) => passes::conv2d_backward_input(tiles, g, w, finish, x, pool),
            Self::Four(tiles) => passes::conv2d_backward_input(tiles, g, w, finish, x, pool),
        }
    }

    /// Computes [`super::conv2d_backward_weight`] into `dw`.
    pub(super) fn conv2d_backward_weight<F: Element>(
        &self,
        x: ArrayView4<'_, F>,
        g: ArrayView4<'_, F>,
        dw: ArrayViewMut4<'_, F>,
        pool: &Pool<F>,
    ) {
        match self {
            Self::Two(tiles) => passes::conv2d_backward_weight(tiles, x, g, dw, pool),
            Self::Four(tiles) => passes::conv2d_backward_weight(tiles, x, g, dw, pool),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Window;

    #[test]
    fn tiles_pay_with_many_channels_and_few_edges() {
        let outputs = |size: usize, inputs: usize, filters: usize| {
            let window = Window::square(4, 2, 1);
            let positions = window.convolved([size, size]).unwrap();
            let grid = Grid { window, size: [size, size], positions, channels: inputs };
            [Winograd::for_values(&grid, filters), Winograd::for_filters(&grid, filters)].map(|tiles| match tiles {
                None => 1,
                Some(Winograd::Two(_)) => 2,
                Some(Winograd::Four(_)) => 4,
            })
        };
        assert_eq!([outputs(14, 32, 64), outputs(16, 64, 128), outputs(32, 256, 512)], [[4; 2]; 3]);
        assert_eq!([outputs(8, 128, 256), outputs(18, 64, 64)], [[2, 4], [2, 2]]);
        assert_eq!([outputs(28, 1, 32), outputs(32, 3, 64), outputs(2, 128, 256), outputs(6, 64, 64)], [[1; 2]; 4]);
        let same = Window::square(3, 1, 1);
        let grid = Grid { window: same, size: [8, 8], positions: [8, 8], channels: 64 };
        assert!(Winograd::for_values(&grid, 64).is_none());
    }
}
