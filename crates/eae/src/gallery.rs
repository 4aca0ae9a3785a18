//! Images that a model generates, `[count, height, width, channels]`, in the order in which a grid
//! shows them.

use ndarray::{Array4, ArrayView2, ArrayView4, Axis, concatenate, stack};

use crate::{Autoencoder, Float, interpolation, sampler};

/// Decodes `n` draws from N(0, I).
pub fn samples<F: Float>(model: &Autoencoder<F>, n: usize, seed: u64) -> Array4<F> {
    model.decode(sampler::normal(n, model.latent(), seed).view())
}

/// Returns each image followed by its reconstruction.
///
/// # Panics
///
/// If the images are not of the model's shape.
pub fn reconstructions<F: Float>(model: &Autoencoder<F>, images: ArrayView4<'_, F>) -> Array4<F> {
    let back = model.reconstruct(images);
    let (count, height, width, channels) = images.dim();
    let pairs = stack(Axis(1), &[images, back.view()]).expect("images of one shape");
    let pairs = pairs.as_standard_layout().into_owned();
    pairs.into_shape_with_order((2 * count, height, width, channels)).expect("twice as many images")
}

/// Interpolates between consecutive pairs of images: `steps` images for each pair along the
/// [spherical](interpolation::spherical) path between their codes.
///
/// # Panics
///
/// If the images are not of the model's shape.
pub fn interpolations<F: Float>(model: &Autoencoder<F>, images: ArrayView4<'_, F>, steps: usize) -> Array4<F> {
    let codes = model.encode(images);
    let ways: Vec<_> = codes
        .axis_chunks_iter(Axis(0), 2)
        .filter(|pair| pair.nrows() == 2)
        .map(|pair| interpolation::spherical(pair.row(0), pair.row(1), steps))
        .collect();
    let views: Vec<ArrayView2<'_, F>> = ways.iter().map(|way| way.view()).collect();
    match concatenate(Axis(0), &views) {
        Ok(codes) => model.decode(codes.view()),
        // There is no pair.
        Err(_) => model.decode(codes.slice_axis(Axis(0), (0..0).into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preset;

    #[test]
    fn grids_have_the_documented_order() {
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
        assert_eq!(samples(&model, 3, 1), model.decode(sampler::normal(3, 2, 1).view()));
    }
}
