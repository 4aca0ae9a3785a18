use ndarray::{ArrayD, IxDyn};
use ndarray_rand::RandomExt;
use ndarray_rand::rand::{Rng, RngCore};
use ndarray_rand::rand_distr::{Normal, Uniform};

use crate::{Real, Tensor};

/// The initialization of the weights of a layer. `fan_in` and `fan_out` are the numbers of inputs
/// and outputs that one weight matrix, or one filter, connects.
///
/// Values are drawn in `f64` and rounded, so that a seed gives the same network in both precisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Init {
    /// PyTorch's default for linear and convolution layers: weights and biases uniform within
    /// `1 / sqrt(fan_in)`.
    #[default]
    Torch,
    /// Normal with variance `2 / fan_in`, biases 0: keeps the scale through ReLU (He et al., ICCV
    /// 2015).
    HeNormal,
    /// Uniform with variance `2 / fan_in`, biases 0.
    HeUniform,
}

impl Init {
    /// Draws the weights and the biases of a layer.
    pub(crate) fn draw<F: Real, R: Rng + ?Sized>(
        self,
        weight: &[usize],
        bias: usize,
        fan_in: usize,
        mut rng: &mut R,
    ) -> (Tensor<F>, Tensor<F>) {
        let [weights, biases] = self.numbers(weight, bias, fan_in, &mut rng);
        let round = |numbers: ArrayD<f64>| numbers.mapv(F::from_f64).into_shared();
        (round(weights), round(biases))
    }

    /// Draws values. The function is not generic, so it is compiled once.
    fn numbers(self, weight: &[usize], bias: usize, fan_in: usize, rng: &mut dyn RngCore) -> [ArrayD<f64>; 2] {
        let fan_in = fan_in.max(1) as f64;
        let torch = fan_in.sqrt().recip();
        let weights = match self {
            Self::Torch => uniform(weight, torch, rng),
            Self::HeNormal => normal(weight, (2.0 / fan_in).sqrt(), rng),
            // A uniform distribution on `[-a, a]` has the variance `a^2 / 3`.
            Self::HeUniform => uniform(weight, (6.0 / fan_in).sqrt(), rng),
        };
        let biases = match self {
            Self::Torch => uniform(&[bias], torch, rng),
            _ => ArrayD::zeros(IxDyn(&[bias])),
        };
        [weights, biases]
    }
}

fn uniform(shape: &[usize], bound: f64, rng: &mut dyn RngCore) -> ArrayD<f64> {
    let distribution = Uniform::new_inclusive(-bound, bound).expect("a finite positive bound");
    ArrayD::random_using(shape, distribution, rng)
}

fn normal(shape: &[usize], deviation: f64, rng: &mut dyn RngCore) -> ArrayD<f64> {
    let distribution = Normal::new(0.0, deviation).expect("a finite positive deviation");
    ArrayD::random_using(shape, distribution, rng)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray_rand::rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn weights_have_the_documented_variances_and_bounds() {
        let cases = [
            (Init::Torch, 1.0 / 150.0, Some(50.0_f64.sqrt().recip())),
            (Init::HeNormal, 2.0 / 50.0, None),
            (Init::HeUniform, 2.0 / 50.0, Some((6.0_f64 / 50.0).sqrt())),
        ];
        for (init, variance, bound) in cases {
            let rng = &mut ChaCha8Rng::seed_from_u64(1);
            let (weight, bias) = init.draw::<f64, _>(&[200, 300], 1000, 50, rng);
            // The standard deviation of the estimate is below variance * sqrt(2 / 60000) = 0.6 %.
            assert!((weight.var(0.0) / variance - 1.0).abs() < 0.03, "{init:?}");
            assert!(weight.mean().unwrap().abs() < 0.01, "{init:?}");
            let largest = weight.fold(0.0_f64, |m, x| m.max(x.abs()));
            assert!(bound.is_none_or(|bound| largest <= bound && largest > 0.99 * bound), "{init:?}");
            assert_eq!(bias.iter().all(|&b| b == 0.0), init != Init::Torch, "{init:?}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_network_in_both_precisions() {
        let draw = || ChaCha8Rng::seed_from_u64(3);
        let (single, _) = Init::Torch.draw::<f32, _>(&[4, 5], 4, 5, &mut draw());
        let (double, _) = Init::Torch.draw::<f64, _>(&[4, 5], 4, 5, &mut draw());
        assert_eq!(single, double.mapv(|x| x as f32).into_shared());
    }
}
