use autodiff_mini::Var;
use knn_entropy::{ClosePoints, Divergence, Error};
use ndarray::{Array2, ArrayView2, Axis, concatenate};

use super::moments::moments;
use super::whole::{Rows, share};
use super::{Context, Critic, Eae};
use crate::{Autoencoder, Float};

/// Compares decoded draws from N(0, I) with images, on the outputs of the encoder's trunk. Returns
/// the weighted sum of four terms, whose weights are fields of [`Eae`]:
///
/// - `draws`: the divergence `KL(draws || images)`. Its gradient moves each draw toward its nearest
///   image, and draws away from each other.
/// - `coverage`: the divergence `KL(images || draws)`. Its gradient moves draws toward images that
///   have no draw nearby.
/// - `moments`: the distance of means and covariances, by [`moments`].
/// - `critic`: the loss by which draws deceive a [`Critic`]. It compares the outputs of the
///   encoder's convolutions, which show more details of an image.
///
/// The divergences are in nats per feature, by the nearest-neighbor estimate of Wang, Kulkarni and
/// Verdu (2009):
///
/// ```text
/// 1/n sum_i (ln nu_i - ln rho_i) + constant
/// ```
///
/// with `nu_i` the distance from the i-th sample to the nearest sample of the other set and `rho_i`
/// the distance to the nearest other sample of its own set. The gradient flows through the features
/// into the decoder. It does not flow into the encoder, which could lower the terms by ignoring its
/// input.
///
/// The search also covers images and draws of previous steps: up to [`Eae::images_kept`] images
/// and up to `bank` draws.
///
/// `features` are the outputs of the convolutions and of the trunk for the images `x` in training
/// mode, `pictures` the decoded draws, and `drawn` the number of draws of the whole batch.
pub(super) fn compare_draws<'t, F: Float>(
    eae: &Eae,
    model: &mut Autoencoder<F>,
    [x, pictures]: [Var<'t, F>; 2],
    features: [Var<'t, F>; 2],
    drawn: usize,
    context: &mut Context<'_, F>,
) -> Result<Var<'t, F>, Error> {
    let (&Eae { floor, bank, .. }, weight_of_all) = (eae, context.penalty_weight);
    let tape = x.tape();
    let [front_len, trunk_len] = [model.front_len(), model.trunk_len()];
    let measured =
        |pictures: Var<'t, F>, end| tape.frozen(|| model.encoder.forward_through([front_len, end], pictures));
    // Draws are measured in evaluation mode, and images must be, too. In most trunks both modes
    // give the same outputs, so the images need not pass through the trunk again.
    let images = if model.trunk_has_modes() { measured(x, trunk_len) } else { features };
    // The critic needs no layer after the convolutions.
    let last = if eae.compares_features() { trunk_len } else { front_len };
    let ([front, draws], [front_of_images, images]) = (measured(pictures, last).map(rows), images.map(rows));
    let (places, _) = context.rows(x.shape()[0]);
    let seed = &context.draws;
    let banks = &mut context.banks;
    let images = Rows::gather(images);
    share(tape, || banks.features.keep(images.all(), eae.images_kept().max(images.all().nrows())));
    let mut sum = None;
    let mut add = |weight: f64, term: Var<'t, F>| {
        let term = term * F::from_f64(weight_of_all * weight);
        sum = Some(sum.map_or(term, |sum| sum + term));
    };
    if eae.compares_features() {
        let draws = Rows::gather(draws);
        if eae.draws > 0.0 {
            add(eae.draws, divergence_from(&draws, banks.features.view(), floor)?);
        }
        if eae.coverage > 0.0 || eae.moments > 0.0 {
            let all_draws = share(tape, || with_earlier(draws.all(), banks.draws.view()));
            if eae.coverage > 0.0 {
                add(eae.coverage, divergence_to(&draws, all_draws.view(), images.all(), floor)?);
            }
            if eae.moments > 0.0 {
                let of_draws =
                    |draws: ArrayView2<'_, F>| moments(draws.nrows(), all_draws.view(), banks.features.view());
                add(eae.moments, draws.smooth(of_draws));
            }
            share(tape, || banks.draws.keep(draws.all(), bank));
        }
    }
    if eae.critic > 0.0 {
        // The critic sees as many images as draws, the first of the whole batch.
        let own_of = |first: usize| first.saturating_sub(places.start).min(places.len());
        let (images, smoothed) = (front_of_images.slice(0, ..own_of(drawn)), own_of(Critic::<F>::smoothed(drawn)));
        let critic = banks.critic_of(front.shape()[1], seed);
        let [deceived, own] = critic.losses(images, front, smoothed);
        add(eae.critic, deceived);
        sum = sum.map(|sum| sum + own);
    }
    Ok(sum.expect("one of the weights is above 0"))
}

/// Decodes codes of images and draws in training mode.
///
/// Both are one batch, so that the gradient of a weight is one product instead of a sum of two. A
/// decoder that normalizes batches gets two batches, because draws must not change the statistics
/// of the codes.
pub(super) fn decode_both<'t, F: Float>(
    model: &mut Autoencoder<F>,
    codes: Var<'t, F>,
    draws: Var<'t, F>,
) -> [Var<'t, F>; 2] {
    if model.decoder_has_modes() {
        return [codes, draws].map(|batch| model.decoder.train(batch));
    }
    let n = codes.shape()[0];
    let both = model.decoder.train(Var::concatenate(0, &[codes, draws]));
    [both.slice(0, ..n), both.slice(0, n..)]
}

/// Returns the divergence of the rows of `draws` from the rows of `images`, divided by the number
/// of columns.
fn divergence_from<'t, F: Float>(
    draws: &Rows<'t, F>,
    images: ArrayView2<'_, F>,
    floor: f64,
) -> Result<Var<'t, F>, Error> {
    let features = draws.all().ncols() as f64;
    draws.scaled(1.0 / features, |draws| {
        let (divergence, gradient) = estimator(floor).divergence_and_gradient(draws, images)?;
        Ok((divergence / features, gradient))
    })
}

/// Returns the divergence of the rows of `images` from those of `all_draws`, which begin with
/// `draws`, divided by the number of columns. The gradient is with respect to `draws`.
fn divergence_to<'t, F: Float>(
    draws: &Rows<'t, F>,
    all_draws: ArrayView2<'_, F>,
    images: ArrayView2<'_, F>,
    floor: f64,
) -> Result<Var<'t, F>, Error> {
    draws.function(|draws| {
        let found = estimator(floor).divergence_and_gradients(images, all_draws)?;
        let features = all_draws.ncols() as f64;
        let gradient = &found.q.slice_axis(Axis(0), (..draws.nrows()).into()) * F::from_f64(1.0 / features);
        Ok((found.divergence / features, gradient))
    })
}

/// Returns the rows of `draws`, followed by those of `earlier` draws.
pub(super) fn with_earlier<F: Float>(draws: ArrayView2<'_, F>, earlier: ArrayView2<'_, F>) -> Array2<F> {
    // An empty bank may have no columns.
    let parts = [draws, earlier];
    concatenate(Axis(0), &parts[..if earlier.is_empty() { 1 } else { 2 }]).expect("as many columns")
}

fn estimator(floor: f64) -> Divergence<'static> {
    Divergence::new(1).close_points(ClosePoints::Floor(floor))
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
    use ndarray::ArrayD;

    #[test]
    fn gradient_pulls_draws_toward_images() {
        let draws = ArrayD::from_shape_fn(vec![7, 3], |i| (1.3 * i[0] as f64 + i[1] as f64).sin() + 2.0);
        let images = Array2::from_shape_fn((12, 3), |(i, j)| (0.7 * i as f64 + 2.0 * j as f64).cos());
        gradcheck(|x| divergence_from(&Rows::gather(x[0]), images.view(), 1e-6).unwrap(), &[draws]).unwrap();
        // The divergence of draws near the images is smaller than that of draws shifted away from
        // them.
        let value = |by: f64| {
            let tape = autodiff_mini::Tape::new();
            let draws = Rows::gather(tape.constant(images.clone() * 1.01 + by));
            divergence_from(&draws, images.view(), 1e-6).unwrap().scalar()
        };
        assert!(value(0.0) < value(0.5) && value(0.5) < value(2.0));
    }

    #[test]
    fn gradient_of_the_other_direction_is_that_of_the_new_draws() {
        let draws = ArrayD::from_shape_fn(vec![7, 3], |i| (1.3 * i[0] as f64 + i[1] as f64).sin() + 0.5);
        let images = Array2::from_shape_fn((12, 3), |(i, j)| (0.7 * i as f64 + 2.0 * j as f64).cos());
        let earlier = Array2::from_shape_fn((4, 3), |(i, j)| (0.2 * i as f64 - j as f64).sin());
        for earlier in [earlier, Array2::zeros((0, 3))] {
            gradcheck(
                |x| {
                    let draws = Rows::gather(x[0]);
                    let all = with_earlier(draws.all(), earlier.view());
                    divergence_to(&draws, all.view(), images.view(), 1e-6).unwrap()
                },
                std::slice::from_ref(&draws),
            )
            .unwrap();
        }
    }
}
