//! Autoencoders without a distribution of their own: plain, with batch normalisation, and regularised.

use autodiff_mini::Var;
use knn_entropy::Error;
use serde::{Deserialize, Serialize};

use super::{Context, Criterion, Ending, Setting, Terms, squared_error};
use crate::{Autoencoder, Float};

/// The squared error and nothing else, with or without batch normalisation of the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ae {
    /// Whether the encoder ends in batch normalisation, as an entropic autoencoder's does.
    pub normalised: bool,
}

impl Criterion for Ae {
    fn ending(&self) -> Ending {
        if self.normalised { Ending::Normalised } else { Ending::Plain }
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

/// The regularised autoencoder (Ghosh, Sajjadi, Vergari, Black and Schoelkopf, ICLR 2020) in its form with a penalty on the
/// decoder's weights:
///
/// ```text
/// E |x - D(E(x))|^2 + beta E |z|^2 / 2 + decay |theta_D|^2
/// ```
///
/// Its form with a penalty on the decoder's gradient needs second derivatives, which the tape does not have.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rae {
    /// The weight of the codes' size.
    pub beta: f64,
    /// The weight of the decoder's size.
    pub decay: f64,
}

impl Default for Rae {
    /// The authors' weights are for the mean over 784 pixels: 1e-4 and 1e-7.
    fn default() -> Self {
        Self { beta: 0.08, decay: 8e-5 }
    }
}

impl Criterion for Rae {
    fn ending(&self) -> Ending {
        Ending::Plain
    }

    fn settings(&self) -> Vec<Setting> {
        vec![Setting::weight("beta", self.beta), Setting::weight("decay", self.decay)]
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
        let weight = |weight: f64| F::from_f64(context.share * weight);
        let mut loss = mse + codes.square().sum() * weight(0.5 * self.beta / codes.shape()[0] as f64);
        for parameter in model.decoder.parameters() {
            loss = loss + x.tape().parameter(parameter).square().sum() * weight(self.decay);
        }
        Ok(Terms { loss, mse, entropy: None, codes, output })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Banks;
    use crate::{Preset, sampler};
    use autodiff_mini::Tape;

    #[test]
    fn the_penalty_is_the_definition() {
        let rae = Rae { beta: 0.3, decay: 0.2 };
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
}
