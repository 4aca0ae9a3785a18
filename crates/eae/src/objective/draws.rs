use autodiff_mini::{Sink, Var};
use knn_entropy::{ClosePoints, Divergence, Error};
use ndarray::{ArrayView2, Ix2, arr0};

use super::Context;
use crate::{Autoencoder, Float};

/// Returns the divergence `KL(draws || images)`, in nats per feature, of `n` decoded draws from
/// N(0, I) from the images, by the nearest-neighbor estimate of Wang, Kulkarni and Verdu (2009):
///
/// ```text
/// 1/n sum_i (ln nu_i - ln rho_i) + constant
/// ```
///
/// with `nu_i` the distance from the i-th decoded draw to the nearest image and `rho_i` the
/// distance to the nearest other draw. Distances are between features, the outputs of the encoder's
/// trunk. The gradient flows through the features into the decoder. It does not flow into the
/// encoder, which could lower the divergence by ignoring its input. The gradient moves each draw
/// toward its nearest image, and draws away from each other.
///
/// The search also covers up to `bank` images of previous steps.
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

/// Returns the divergence of the rows of `draws` from the rows of `images`, divided by the number
/// of columns.
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

/// Reshapes features to one row per picture.
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
    fn gradient_pulls_draws_toward_images() {
        let draws = ArrayD::from_shape_fn(vec![7, 3], |i| (1.3 * i[0] as f64 + i[1] as f64).sin() + 2.0);
        let images = Array2::from_shape_fn((12, 3), |(i, j)| (0.7 * i as f64 + 2.0 * j as f64).cos());
        gradcheck(|x| divergence_from(x[0], images.view(), 1e-6).unwrap(), &[draws]).unwrap();
        // The divergence of draws near the images is smaller than that of draws shifted away from
        // them.
        let value = |by: f64| {
            let tape = autodiff_mini::Tape::new();
            divergence_from(tape.constant(images.clone() * 1.01 + by), images.view(), 1e-6).unwrap().scalar()
        };
        assert!(value(0.0) < value(0.5) && value(0.5) < value(2.0));
    }
}
