//! Convolution and its two gradients by tiles.

use autodiff_mini::Pool;
use ndarray::{ArrayView4, ArrayViewMut4, Axis};

use super::planes::Planes;
use super::scheme::{Maps, Scheme};
use super::tiles::Tiles;
use crate::kernels::activation::{Finish, apply};
use crate::kernels::cache;
use crate::kernels::element::Element;
use crate::kernels::gemm::{Packed, multiply_panel};
use crate::kernels::share::{MANY, each_part, evenly, share_out};

/// Number of tiles per block, which is the number of times that each loaded weight is used.
const TILES: usize = 48;

/// Returns the number of tiles per block for this number of weights. Weights that do not fit into
/// the cache are read again for every block, so there should be fewer blocks. Weights of up to
/// twice the size of the cache mostly stay in it.
fn tiles_per_block<F>(weights: usize) -> usize {
    if weights > 2 * cache::entries::<F>() { 8 * TILES } else { TILES }
}

/// Computes [`kernels::conv2d`](crate::kernels::conv2d) into `y`.
pub(super) fn conv2d<F: Element, const O: usize, const P: usize>(
    tiles: &Tiles<O, P>,
    x: ArrayView4<'_, F>,
    w: ArrayView4<'_, F>,
    finish: Finish<'_, F>,
    mut y: ArrayViewMut4<'_, F>,
    pool: &Pool<F>,
) where
    Scheme: Maps<O, P>,
{
    let filters = tiles.filters(w, pool);
    let packed: Vec<_> = (0..P * P).map(|plane| Packed::new(filters.plane(plane).reversed_axes(), pool)).collect();
    filters.recycle(pool);
    let many = tiles_per_block::<F>(P * P * w.dim().0 * tiles.columns());
    let images = evenly(x.dim().0, tiles.images(many));
    let blocks = y.axis_chunks_iter_mut(Axis(0), images).zip(x.axis_chunks_iter(Axis(0), images));
    each_part(blocks, |(mut y, x)| {
        let x = tiles.differences(x, 0..tiles.columns(), pool);
        let products = products(&x, &packed, pool);
        tiles.outputs(&products, y.view_mut());
        apply(&finish, y.as_slice_mut().expect("a block of a fresh array"));
        products.recycle(pool);
        x.recycle(pool);
    });
    packed.into_iter().for_each(|packed| packed.recycle(pool));
}

/// Computes [`kernels::conv2d_backward_input`](crate::kernels::conv2d_backward_input) into `x`.
pub(super) fn conv2d_backward_input<F: Element, const O: usize, const P: usize>(
    tiles: &Tiles<O, P>,
    g: ArrayView4<'_, F>,
    w: ArrayView4<'_, F>,
    finish: Finish<'_, F>,
    mut x: ArrayViewMut4<'_, F>,
    pool: &Pool<F>,
) where
    Scheme: Maps<O, P>,
{
    let filters = tiles.filters(w, pool);
    let packed: Vec<_> = (0..P * P).map(|plane| Packed::new(filters.plane(plane), pool)).collect();
    filters.recycle(pool);
    let many = tiles_per_block::<F>(P * P * w.dim().0 * tiles.columns());
    let images = evenly(g.dim().0, tiles.images(many));
    let blocks = x.axis_chunks_iter_mut(Axis(0), images).zip(g.axis_chunks_iter(Axis(0), images));
    each_part(blocks, |(mut x, g)| {
        let g = tiles.outputs_transposed(g, pool);
        let products = products(&g, &packed, pool);
        tiles.differences_transposed(&products, x.view_mut(), pool);
        apply(&finish, x.as_slice_mut().expect("a block of a fresh array"));
        products.recycle(pool);
        g.recycle(pool);
    });
    packed.into_iter().for_each(|packed| packed.recycle(pool));
}

/// Computes the product in each plane.
fn products<F: Element, const P: usize>(a: &Planes<F, P>, b: &[Packed<F>], pool: &Pool<F>) -> Planes<F, P> {
    let mut c = a.like(b[0].columns(), pool);
    for (plane, b) in b.iter().enumerate() {
        b.product(a.plane(plane), c.plane_mut(plane));
    }
    c
}

/// Computes [`kernels::conv2d_backward_weight`](crate::kernels::conv2d_backward_weight) into `dw`.
pub(super) fn conv2d_backward_weight<F: Element, const O: usize, const P: usize>(
    tiles: &Tiles<O, P>,
    x: ArrayView4<'_, F>,
    g: ArrayView4<'_, F>,
    dw: ArrayViewMut4<'_, F>,
    pool: &Pool<F>,
) where
    Scheme: Maps<O, P>,
{
    let (batch, _, _, filters) = g.dim();
    let wide = F::method().widths[0];
    // A sum that does not fit into the cache should be visited less often.
    let many = if P * P * filters * tiles.columns() > MANY { 8 * TILES } else { 2 * TILES };
    let images = tiles.images(many);
    let mut sums = Planes::new([[filters; P]; P], tiles.columns(), pool);
    share_out(batch, sums.all_mut(), pool, |part, channels, mut sums| {
        let (x, g) = (x.slice_axis(Axis(0), part), g.slice_axis(Axis(0), part));
        let blocks = x.axis_chunks_iter(Axis(0), images).zip(g.axis_chunks_iter(Axis(0), images));
        for (block, (x, g)) in blocks.enumerate() {
            let x = tiles.differences(x, channels.clone(), pool);
            let g = tiles.outputs_transposed(g, pool);
            for (plane, mut sum) in sums.axis_chunks_iter_mut(Axis(0), filters).enumerate() {
                for (panel, sum) in sum.axis_chunks_iter_mut(Axis(1), wide).enumerate() {
                    let [(panel, apart), (next, _)] = [panel, panel + 1].map(|panel| x.panel(plane, panel * wide));
                    multiply_panel(g.plane(plane).reversed_axes(), [panel, next], apart, sum, block > 0);
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
    use crate::Window;
    use crate::kernels::activation::Activation;
    use crate::kernels::patches::Grid;
    use ndarray::Array4;
    use proptest::prelude::*;

    fn numbers<F: Element>(shape: [usize; 4], seed: usize) -> Array4<F> {
        let number = |place: usize| (place + seed) as u32 % 999_983;
        let mut place = 0;
        Array4::from_shape_simple_fn(shape, || {
            place += 1;
            F::from_f64(f64::from(number(place).wrapping_mul(2_654_435_761)) / f64::from(u32::MAX) - 0.5)
        })
    }

    /// Compares with the definitions, as sums over the cells that each filter covers.
    fn check<F: Element, const O: usize, const P: usize>(
        size: [usize; 2],
        step: [usize; 2],
        padding: [usize; 2],
        [batch, inputs, filters]: [usize; 3],
    ) where
        Scheme: Maps<O, P>,
    {
        let window = Window { kernel: step.map(|step| 2 * step), stride: step, padding };
        let Some(positions) = window.convolved(size) else { return };
        let grid = Grid { window, size, positions, channels: inputs };
        let tiles = Tiles::<O, P>::of(&grid).unwrap();
        let x = numbers::<F>([batch, size[0], size[1], inputs], 1);
        let w = numbers::<F>([filters, window.kernel[0], window.kernel[1], inputs], 2);
        let g = numbers::<F>([batch, positions[0], positions[1], filters], 3);
        let finish = Finish { bias: None, activation: Some(Activation::LeakyRelu(0.5)) };
        let (mut y, mut dx, mut dw) = (g.clone(), x.clone(), w.clone());
        let pool = Pool::default();
        // Run twice. In the second run, the old content of the buffers must not matter.
        for _ in 0..2 {
            conv2d(&tiles, x.view(), w.view(), finish, y.view_mut(), &pool);
            conv2d_backward_input(&tiles, g.view(), w.view(), Finish::default(), dx.view_mut(), &pool);
            conv2d_backward_weight(&tiles, x.view(), g.view(), dw.view_mut(), &pool);
        }

        let zeros = || (g.mapv(|_| 0.0), x.mapv(|_| 0.0), w.mapv(|_| 0.0));
        let (mut y_sum, mut dx_sum, mut dw_sum) = zeros();
        // Sums of the sizes of the terms.
        let (mut y_size, mut dx_size, mut dw_size) = zeros();
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
                    y_size[[n, i, j, o]] += (x * w).abs();
                    dx_size[[n, a, b, c]] += (g * w).abs();
                    dw_size[[o, u, v, c]] += (g * x).abs();
                }
            }
        }
        y_sum.mapv_inplace(|y| if y > 0.0 { y } else { 0.5 * y });
        let all = [("y", &y, &y_sum, &y_size), ("dx", &dx, &dx_sum, &dx_size), ("dw", &dw, &dw_sum, &dw_size)];
        for (name, found, expected, terms) in all {
            let off = (&found.mapv(F::into_f64) - expected).fold(0.0_f64, |most, x| most.max(x.abs()));
            // The maps of large tiles round in proportion to the terms, even where those cancel.
            let scale = if O == 2 { expected } else { terms };
            let most = scale.fold(1.0_f64, |most, x| most.max(x.abs()));
            let epsilon = F::epsilon().into_f64();
            assert!(
                off <= 64.0 * epsilon * most,
                "{name} off by {off} with tiles of {O}: {size:?}, {window:?}, {batch}, {inputs}, {filters}"
            );
        }
    }

    proptest! {
        #[test]
        fn matches_the_definitions(
            size in [1..14_usize, 1..14], step in [1..4_usize, 1..4], padding in [0..4_usize, 0..4],
            channels in [1..30_usize, 1..5, 1..40],
        ) {
            check::<f64, 2, 3>(size, step, padding, channels);
            check::<f32, 2, 3>(size, step, padding, channels);
            check::<f64, 4, 5>(size, step, padding, channels);
            check::<f32, 4, 5>(size, step, padding, channels);
        }
    }
}
