//! Autoencoders that do not prescribe a distribution of the codes: plain, with batch normalization,
//! and regularized.

use autodiff_mini::Var;
use knn_entropy::Error;
use serde::{Deserialize, Serialize};

use super::whole::{once, total};
use super::{Context, Criterion, Ending, Setting, Terms, squared_error};
use crate::builders::builders;
use crate::{Autoencoder, Float};

/// The squared error alone, with or without batch normalization of the code.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Ae {
    /// If true, the encoder ends in batch normalization, like that of an entropic autoencoder.
    pub normalized: bool,
}

builders!(Ae { normalized: bool });

impl Criterion for Ae {
    type Error = Error;

    fn ending(&self) -> Ending {
        if self.normalized { Ending::Normalized } else { Ending::Plain }
    }

    fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: Var<'t, F>,
        _: &mut Context<'_, F>,
    ) -> Result<Terms<'t, F>, Error> {
        let codes = model.encoder.train(x);
        let output = model.decoder.train(codes);
        let mse = squared_error(output, x);
        Ok(Terms { loss: mse, mse, entropy: None, codes, output })
    }
}

/// The regularized autoencoder (Ghosh, Sajjadi, Vergari, Black and Schoelkopf, ICLR 2020):
///
/// ```text
/// E |x - D(E(x))|^2 + beta E |z|^2 / 2 + decay |theta_D|^2 + gradient E |D'(z)|^2
/// ```
///
/// with a penalty on the decoder's weights (RAE-L2, the default) or on its derivative (RAE-GP:
/// `decay` 0 and a `gradient`). The squared derivative is `E_u |D'(z) u|^2` for `u` from N(0, I),
/// with one draw per code (Hutchinson, 1990). `D'(z) u` is approximated by
/// `(D(z + h u) - D(z)) / h` with `h = 0.01`. This needs no second derivatives, at the cost of
/// decoding twice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Rae {
    /// The weight of the squared norm of the codes.
    pub beta: f64,
    /// The weight of the squared norm of the decoder's weights.
    pub decay: f64,
    /// The weight of the decoder's squared derivative.
    pub gradient: f64,
}

impl Default for Rae {
    /// The authors' weights, 1e-4 and 1e-7, are for the mean over 784 pixels.
    fn default() -> Self {
        Self { beta: 0.08, decay: 8e-5, gradient: 0.0 }
    }
}

builders!(Rae { beta: f64, decay: f64, gradient: f64 });

impl Criterion for Rae {
    type Error = Error;

    fn ending(&self) -> Ending {
        Ending::Plain
    }

    fn settings(&self) -> Vec<Setting> {
        vec![
            Setting::weight("beta", self.beta),
            Setting::weight("decay", self.decay),
            Setting::weight("gradient", self.gradient),
        ]
    }

    fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: Var<'t, F>,
        context: &mut Context<'_, F>,
    ) -> Result<Terms<'t, F>, Error> {
        let codes = model.encoder.train(x);
        let output = model.decoder.train(codes);
        let mse = squared_error(output, x);
        let penalty_weight = context.penalty_weight;
        let weight = |weight: f64| F::from_f64(penalty_weight * weight);
        let (squares, n) = total(codes.square().sum(), codes.shape()[0]);
        let mut loss = mse + squares * weight(0.5 * self.beta / n as f64);
        for parameter in model.decoder.parameters() {
            loss = loss + once(x.tape().parameter(parameter).square().sum()) * weight(self.decay);
        }
        if self.gradient > 0.0 {
            loss = loss + derivative(model, codes, output, context) * weight(self.gradient);
        }
        Ok(Terms { loss, mse, entropy: None, codes, output })
    }
}

/// Returns `|(D(z + h u) - D(z)) / h|^2`, averaged over the codes.
fn derivative<'t, F: Float>(
    model: &mut Autoencoder<F>,
    codes: Var<'t, F>,
    output: Var<'t, F>,
    context: &mut Context<'_, F>,
) -> Var<'t, F> {
    const H: f64 = 0.01;
    let by = context.noise(codes.shape()[0], model.latent()) * H;
    let moved = model.decoder.train(codes + codes.tape().constant(by.mapv(F::from_f64)));
    let (squares, n) = total((moved - output).square().sum(), codes.shape()[0]);
    squares * F::from_f64(1.0 / (n as f64 * H * H))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Banks;
    use crate::{Preset, sampler};
    use autodiff_mini::Tape;
    use ndarray_rand::rand::SeedableRng;
    use nn_layers::{Dense, Flatten, Sequential, Unflatten};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn penalty_matches_the_definition() {
        let rae = Rae { beta: 0.3, decay: 0.2, gradient: 0.0 };
        let mut model = Autoencoder::<f64>::with_ending(Preset::Mlp, [3, 2, 1], 4, rae.ending(), 1).unwrap();
        let images = sampler::normal::<f64>(5, 6, 2).into_shape_with_order((5, 3, 2, 1)).unwrap();
        let sizes: f64 = model.decoder.parameters().iter().map(|p| p.mapv(|w| w * w).sum()).sum();
        let tape = Tape::new();
        let terms =
            rae.terms(&mut model, tape.constant(images), &mut Context::new(0.5, 0, 0, &mut Banks::default())).unwrap();
        let codes = terms.codes.value().mapv(|z| z * z).sum() / 5.0;
        let expected = terms.mse.scalar() + 0.5 * (0.3 * codes / 2.0 + 0.2 * sizes);
        assert!((terms.loss.scalar() - expected).abs() < 1e-12);
    }

    /// If the decoder is a matrix, the derivative is the matrix, and its square the sum of squares.
    #[test]
    fn derivative_of_a_linear_decoder() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let encoder =
            Sequential::on(&[3, 1, 1]).then(Flatten::new([3, 1, 1])).then(Dense::new(3, 2, &mut rng)).build().unwrap();
        let decoder =
            Sequential::on(&[2]).then(Dense::new(2, 3, &mut rng)).then(Unflatten::new([3, 1, 1])).build().unwrap();
        let mut model = Autoencoder::<f64>::from_networks(encoder, decoder).unwrap();
        let expected = model.decoder.parameters()[0].mapv(|w| w * w).sum();
        let tape = Tape::new();
        let codes = tape.constant(sampler::normal::<f64>(20_000, 2, 2));
        let output = model.decoder.train(codes);
        let found = derivative(&mut model, codes, output, &mut Context::new(1.0, 0, 0, &mut Banks::default())).scalar();
        // A mean over 20 000 values with a standard deviation of at most sqrt(2) times the mean.
        assert!((found / expected - 1.0).abs() < 0.05, "{found}, {expected}");
    }
}
