use autodiff_mini::{Sink, Var};
use knn_entropy::{ClosePoints, Divergence, Error};
use ndarray::{ArrayView2, Ix2, arr0};

use super::Context;
use crate::{Autoencoder, Float};

/// The divergence `KL(draws || images)`, in nats for each feature, of what `n` draws from N(0, I)
/// are decoded to from the images, by the nearest-neighbour estimate of Wang, Kulkarni and Verdu
/// (2009):
///
/// ```text
/// 1/n sum_i (ln nu_i - ln rho_i) + constant
/// ```
///
/// with `nu_i` the distance of the i-th decoded draw to the nearest image and `rho_i` that to the
/// nearest other draw. Distances are between features: what the encoder makes of a picture before
/// the layers that make a code. The gradient goes through the features into the decoder, and not
/// into the encoder, which could lower the divergence by seeing nothing: each draw is moved towards
/// its nearest image, and draws apart.
///
/// Images of earlier steps, up to `bank`, are among those that are looked through.
pub(super) fn divergence_of_draws<'t, F: Float>(
    model: &mut Autoencoder<F>,
    x: Var<'t, F>,
    n: usize,
    floor: f64,
    bank: usize,
    context: &mut Context<'_, F>,
) -> Result<Var<'t, F>, Error> {
    let tape = x.tape();
    let draws = context.normal(n, model.latent());
    let decoded = model.decoder.train(tape.constant(draws));
    let trunk = model.trunk_len();
    let [draws, images] = [decoded, x].map(|pictures| tape.frozen(|| rows(model.encoder.forward_to(trunk, pictures))));
    context.banks.features.keep(images, bank.max(x.shape()[0]));
    divergence_from(draws, context.banks.features.view(), floor)
}

/// The divergence of the rows of `draws` from the rows of `images`, for each column.
fn divergence_from<'t, F: Float>(
    draws: Var<'t, F>,
    images: ArrayView2<'_, F>,
    floor: f64,
) -> Result<Var<'t, F>, Error> {
    let rows = draws.value().into_dimensionality::<Ix2>().expect("rows of features");
    let features = rows.ncols() as f64;
    let estimator = Divergence::new(1).close_points(ClosePoints::Floor(floor));
    let found = estimator.divergence_and_gradients(rows.view(), images)?;
    let value = arr0(F::from_f64(found.divergence / features));
    let mut gradient = found.p;
    Ok(draws.tape().custom(&[draws], value, move |g, sink: &mut Sink<'_, F>| {
        gradient *= F::from_f64(1.0 / features) * g[[]];
        sink.add(0, gradient);
    }))
}

/// Features of any shape as one row for each picture.
fn rows<F: Float>(features: Var<'_, F>) -> Var<'_, F> {
    let shape = features.shape();
    features.reshape(&[shape[0], shape[1..].iter().product()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodiff_mini::gradcheck;
    use ndarray::{Array2, ArrayD};

    #[test]
    fn gradient_and_direction() {
        let draws = ArrayD::from_shape_fn(vec![7, 3], |i| (1.3 * i[0] as f64 + i[1] as f64).sin() + 2.0);
        let images = Array2::from_shape_fn((12, 3), |(i, j)| (0.7 * i as f64 + 2.0 * j as f64).cos());
        gradcheck(|x| divergence_from(x[0], images.view(), 1e-6).unwrap(), &[draws]).unwrap();
        // Of the images themselves it would be less than of draws that are shifted away from them.
        let value = |by: f64| {
            let tape = autodiff_mini::Tape::new();
            divergence_from(tape.constant(images.clone() * 1.01 + by), images.view(), 1e-6).unwrap().scalar()
        };
        assert!(value(0.0) < value(0.5) && value(0.5) < value(2.0));
    }
}
