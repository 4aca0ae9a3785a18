//! The variational autoencoder.

use autodiff_mini::Var;
use knn_entropy::Error;
use serde::{Deserialize, Serialize};

use super::whole::total;
use super::{Context, Criterion, Ending, Setting, Terms, squared_error};
use crate::builders::builders;
use crate::{Autoencoder, Float};

/// The variational autoencoder (Kingma and Welling, ICLR 2014). The encoder gives a mean `m` and a
/// log variance for each entry of the code, and
///
/// ```text
/// E |x - D(m + sigma e)|^2 + beta KL(N(m, sigma^2) || N(0, I)),    e ~ N(0, I)
/// ```
///
/// is minimized. With [`learned_variance`](Vae::learned_variance), the negative logarithm of a
/// normal density replaces the squared error. The code of an image is its mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Vae {
    /// The weight of the divergence. With 1 the loss is the evidence lower bound, up to a constant,
    /// for pixels of variance 1/2.
    pub beta: f64,
    /// If true, the variance of the pixels is that of the batch, `mse / pixels`, which maximizes
    /// the evidence (Rybkin, Daniilidis and Levine, ICML 2021). The loss then has
    /// `pixels / 2 ln mse` in place of `mse`.
    pub learned_variance: bool,
}

impl Default for Vae {
    fn default() -> Self {
        Self { beta: 1.0, learned_variance: false }
    }
}

builders!(Vae { beta: f64, learned_variance: bool });

impl Criterion for Vae {
    type Error = Error;

    fn ending(&self) -> Ending {
        Ending::MeanAndLogVariance
    }

    fn settings(&self) -> Vec<Setting> {
        vec![Setting::weight("beta", self.beta)]
    }

    fn terms<'t, F: Float>(
        &self,
        model: &mut Autoencoder<F>,
        x: Var<'t, F>,
        context: &mut Context<'_, F>,
    ) -> Result<Terms<'t, F>, Error> {
        let latent = model.latent();
        let posterior = model.encoder.train(x);
        let (mean, log_variance) = (posterior.slice(1, ..latent), posterior.slice(1, latent..));
        let noise = x.tape().constant(context.noise(mean.shape()[0], latent).mapv(F::from_f64));
        let codes = mean + (log_variance * F::from_f64(0.5)).exp() * noise;
        let output = model.decoder.train(codes);
        let mse = squared_error(output, x);
        let error = if self.learned_variance {
            let pixels: usize = x.shape()[1..].iter().product();
            mse.ln() * F::from_f64(pixels as f64 / 2.0)
        } else {
            mse
        };
        let divergence = divergence(mean, log_variance) * F::from_f64(context.penalty_weight * self.beta);
        Ok(Terms { loss: error + divergence, mse, entropy: None, codes, output })
    }
}

/// Returns `KL(N(m, sigma^2) || N(0, I)) = sum (m^2 + sigma^2 - ln sigma^2 - 1) / 2` in nats,
/// averaged over the rows.
fn divergence<'t, F: Float>(mean: Var<'t, F>, log_variance: Var<'t, F>) -> Var<'t, F> {
    let sum = (mean.square() + log_variance.exp() - log_variance - F::one()).sum();
    let (sum, rows) = total(sum, mean.shape()[0]);
    sum * F::from_f64(0.5 / rows as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodiff_mini::{Tape, gradcheck};
    use ndarray::{ArrayD, arr2};

    #[test]
    fn divergence_matches_the_integral() {
        let tape = Tape::new();
        // N(2, 9) and N(-1, 1/4) from N(0, 1), by the integral of p ln(p / q).
        let (mean, log_variance) = (arr2(&[[2.0, -1.0]]), arr2(&[[9.0_f64.ln(), 0.25_f64.ln()]]));
        let found = divergence(tape.constant(mean), tape.constant(log_variance)).scalar();
        let expected = (4.0 + 9.0 - 9.0_f64.ln() - 1.0) / 2.0 + (1.0 + 0.25 - 0.25_f64.ln() - 1.0) / 2.0;
        let by_sum: f64 = [(2.0, 3.0), (-1.0, 0.5)].map(|(m, s)| integral(m, s)).iter().sum();
        assert!((found - expected).abs() < 1e-14 && (found - by_sum).abs() < 1e-6, "{found}, {by_sum}");
        let spiral = |f: f64| ArrayD::from_shape_fn(vec![4, 3], |i| (f * (3 * i[0] + i[1]) as f64).sin());
        gradcheck(|x| divergence(x[0], x[1]), &[spiral(0.7), spiral(1.9)]).unwrap();
    }

    /// Returns `int p ln(p / q)` for `p = N(m, s^2)` and `q = N(0, 1)` by the midpoint rule.
    fn integral(m: f64, s: f64) -> f64 {
        let density = |x: f64, m: f64, s: f64| (-(x - m).powi(2) / (2.0 * s * s)).exp() / s;
        let width = 24.0 * s / 1e5;
        let point = |i: u32| m - 12.0 * s + (f64::from(i) + 0.5) * width;
        let term = |x: f64| {
            let p = density(x, m, s);
            if p > 0.0 { p * (p.ln() + x * x / 2.0) } else { 0.0 }
        };
        (0..100_000).map(|i| term(point(i))).sum::<f64>() * width / (2.0 * std::f64::consts::PI).sqrt()
    }
}
