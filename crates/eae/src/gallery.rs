//! What a model makes, as images `[count, height, width, channels]` in the order in which a grid shows them.

use ndarray::{Array2, Array4, ArrayView1, ArrayView2, ArrayView4, Axis, concatenate, stack};

use crate::interpolation::{self, Way};
use crate::{Autoencoder, Float, sampler};

/// `n` decoded draws from N(0, I).
pub fn samples<F: Float>(model: &Autoencoder<F>, n: usize, seed: u64) -> Array4<F> {
    model.decode(sampler::normal(n, model.latent(), seed).view())
}

/// Each image, and beside it what comes back from its code.
///
/// # Panics
///
/// If the images are not of the model's shape.
pub fn reconstructions<F: Float>(model: &Autoencoder<F>, images: ArrayView4<'_, F>) -> Array4<F> {
    beside(images, model.reconstruct(images).view())
}

/// Each image, and beside it the one that belongs to it.
///
/// # Panics
///
/// If the shapes differ.
pub fn beside<F: Float>(images: ArrayView4<'_, F>, others: ArrayView4<'_, F>) -> Array4<F> {
    let (count, height, width, channels) = images.dim();
    let pairs = stack(Axis(1), &[images, others]).expect("images of one shape");
    let pairs = pairs.as_standard_layout().into_owned();
    pairs.into_shape_with_order((2 * count, height, width, channels)).expect("twice as many images")
}

/// For each two images in turn, a row of `steps` on the [spherical](interpolation::spherical) way from the code of the one
/// to the code of the other.
///
/// # Panics
///
/// If the images are not of the model's shape.
pub fn interpolations<F: Float>(model: &Autoencoder<F>, images: ArrayView4<'_, F>, steps: usize) -> Array4<F> {
    interpolations_by(model, images, steps, Way::Spherical)
}

/// The same by a way of choice.
///
/// # Panics
///
/// If the images are not of the model's shape.
pub fn interpolations_by<F: Float>(
    model: &Autoencoder<F>,
    images: ArrayView4<'_, F>,
    steps: usize,
    way: Way,
) -> Array4<F> {
    let codes = model.encode(images);
    let pairs = codes.axis_chunks_iter(Axis(0), 2).filter(|pair| pair.nrows() == 2);
    rows(model, pairs.map(|pair| way.between(pair.row(0), pair.row(1), steps)))
}

/// For each of `coordinates` a row of `steps` images, whose codes differ from `centre` in that one alone, [from `-range` to
/// `range`](interpolation::along).
///
/// # Panics
///
/// If `centre` is not a code of the model, or has no such coordinate.
pub fn traversals<F: Float>(
    model: &Autoencoder<F>,
    centre: ArrayView1<'_, F>,
    coordinates: &[usize],
    range: f64,
    steps: usize,
) -> Array4<F> {
    rows(model, coordinates.iter().map(|&coordinate| interpolation::along(centre, coordinate, range, steps)))
}

/// The images of codes, of which there may be none.
fn rows<F: Float>(model: &Autoencoder<F>, codes: impl Iterator<Item = Array2<F>>) -> Array4<F> {
    let codes: Vec<_> = codes.collect();
    let views: Vec<ArrayView2<'_, F>> = codes.iter().map(|codes| codes.view()).collect();
    let codes = concatenate(Axis(0), &views).unwrap_or_else(|_| Array2::zeros((0, model.latent())));
    model.decode(codes.view())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;
    use ndarray::array;

    #[test]
    fn what_stands_where() {
        let model = Autoencoder::<f32>::new(Preset::Mlp, [4, 3, 1], 2, 0).unwrap();
        let images = Array4::from_shape_fn((5, 4, 3, 1), |(n, y, x, _)| (n + y * x) as f32 / 12.0);
        let pairs = reconstructions(&model, images.view());
        let back = model.reconstruct(images.view());
        assert_eq!((pairs.dim(), &pairs.index_axis(Axis(0), 6)), ((10, 4, 3, 1), &images.index_axis(Axis(0), 3)));
        assert_eq!(pairs.index_axis(Axis(0), 7), back.index_axis(Axis(0), 3));
        let ways = interpolations(&model, images.view(), 4);
        assert_eq!(ways.dim(), (8, 4, 3, 1));
        let close = |a: usize, b: usize| {
            (&ways.index_axis(Axis(0), a) - &back.index_axis(Axis(0), b)).iter().all(|e| e.abs() < 1e-5)
        };
        assert!(close(0, 0) && close(3, 1) && close(4, 2) && close(7, 3));
        assert_eq!(interpolations(&model, images.slice_axis(Axis(0), (0..1).into()), 4).dim().0, 0);
        let straight = interpolations_by(&model, images.slice_axis(Axis(0), (..2).into()), 3, Way::Linear);
        let codes = model.encode(images.view());
        let middle = model.decode(((&codes.row(0) + &codes.row(1)) / 2.0).insert_axis(Axis(0)).view());
        assert!((&straight.index_axis(Axis(0), 1) - &middle.index_axis(Axis(0), 0)).iter().all(|e| e.abs() < 1e-5));

        let centre = array![0.5, -1.0];
        let varied = traversals(&model, centre.view(), &[1, 0], 2.0, 3);
        let expected = array![[0.5, -3.0], [0.5, -1.0], [0.5, 1.0], [-1.5, -1.0], [0.5, -1.0], [2.5, -1.0]];
        assert_eq!(varied, model.decode(expected.view()));
        assert_eq!(traversals(&model, centre.view(), &[], 2.0, 3).dim(), (0, 4, 3, 1));
        assert_eq!(samples(&model, 3, 1), model.decode(sampler::normal(3, 2, 1).view()));
    }
}
