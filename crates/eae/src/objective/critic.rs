use autodiff_mini::{Sink, Var};
use ndarray::Ix2;
use nn_layers::kernels::{Finish, dense, dense_backward_input, dense_backward_weight};
use nn_layers::{Activation, Dense, Sequential, Tensor, Weights, WeightsError};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use super::whole::mean;
use crate::Float;

/// Width of the hidden layer.
const WIDTH: usize = 128;
/// Number of layers up to the outputs of the hidden layer.
const HIDDEN: usize = 2;
/// Slope of the hidden layer below 0, so that every unit passes a gradient on to the decoder.
const SLOPE: f64 = 0.2;

/// A network that learns to tell images from decoded draws, while the decoder learns to deceive it
/// (Goodfellow et al., NeurIPS 2014; the loss of the decoder is their non-saturating one).
///
/// The critic has one hidden layer and no convolutions of its own. It sees the outputs of the
/// encoder's convolutions, which the reconstructions have taught to describe an image. It is
/// needed during training only.
#[derive(Debug, Clone)]
pub struct Critic<F: Float>(Sequential<F>);

impl<F: Float> Critic<F> {
    /// The factor from the network's output to the log odds. The critic shares the model's learning
    /// rate, and with this factor a step changes the log odds by a quarter as much. Without it, the
    /// critic can diverge and take the decoder along.
    pub const GAIN: f64 = 0.25;
    /// The weight of half the mean squared gradient of the log odds with respect to the rows of
    /// images (Mescheder, Geiger and Nowozin, ICML 2018). Without this term the critic becomes ever
    /// steeper between draws and images, and the decoder is pushed away from both.
    pub const SMOOTHNESS: f64 = 0.1;

    /// Returns the number of images whose gradient the term of
    /// [`SMOOTHNESS`](Critic::SMOOTHNESS) uses if the critic sees this many. The first quarter
    /// gives the same mean on average and takes a quarter of the time.
    pub fn smoothed(images: usize) -> usize {
        images.div_ceil(4)
    }

    /// Creates the critic of a training, for rows of this many features. The seed of `draws`, not
    /// its position, determines the weights.
    pub fn new(features: usize, draws: &ChaCha8Rng) -> Self {
        let mut rng = ChaCha8Rng::from_seed(draws.get_seed());
        // The streams from 0 on shuffle the images and draw the codes of each step.
        rng.set_stream(u64::MAX);
        let network = Sequential::on(&[features])
            .then(Dense::new(features, WIDTH, &mut rng))
            .then(Activation::LeakyRelu(SLOPE))
            .then(Dense::new(WIDTH, 1, &mut rng));
        Self(network.build().expect("the layers fit each other"))
    }

    /// Returns the network. Its output times [`GAIN`](Critic::GAIN) is the log odds that a row
    /// belongs to an image.
    pub fn network(&self) -> &Sequential<F> {
        &self.0
    }

    /// Returns the trainable parameters. They follow those of the model in the optimizer.
    pub fn parameters(&mut self) -> Vec<&mut Tensor<F>> {
        self.0.parameters()
    }

    /// Adds the weights to `weights`, under names that begin with `prefix`.
    pub(crate) fn write(&self, prefix: &str, weights: &mut Weights) {
        self.0.write(prefix, weights);
    }

    /// Reads the critic, for rows of this many features, from `weights`. Returns `None` if the file
    /// has none.
    pub(crate) fn read(prefix: &str, weights: &Weights, features: usize) -> Result<Option<Self>, WeightsError> {
        if weights.shape(&format!("{prefix}.0.weight")).is_none() {
            return Ok(None);
        }
        let mut critic = Self::new(features, &ChaCha8Rng::seed_from_u64(0));
        critic.0.read(prefix, weights)?;
        Ok(Some(critic))
    }

    /// Returns the loss of the decoder, the mean of `-ln p` over the rows of `draws`, with `p` the
    /// critic's probability that a row belongs to an image. Its gradient flows into the rows.
    ///
    /// A second loss trains the critic: the mean of `-ln p` over the rows of `images` plus the mean
    /// of `-ln (1 - p)` over those of `draws`, plus the term of [`SMOOTHNESS`](Critic::SMOOTHNESS)
    /// on the first rows of `images`, `smoothed` in number.
    /// Its gradient flows into the critic's parameters alone. It is part of the value returned
    /// second, which is 0, so that one backward pass and one optimizer serve both players.
    pub(super) fn losses<'t>(&mut self, images: Var<'t, F>, draws: Var<'t, F>, smoothed: usize) -> [Var<'t, F>; 2] {
        let tape = draws.tape();
        let n = images.shape()[0];
        let both = Var::concatenate(0, &[images, draws].map(|rows| tape.constant(rows.value())));
        let ([hidden], outputs) = self.0.train_through([HIDDEN], both);
        let odds = outputs * F::from_f64(Self::GAIN);
        let (of_images, of_draws) = (odds.slice(0, ..n), odds.slice(0, n..));
        let gradients = self.gradients(hidden.slice(0, ..smoothed));
        let steepness = gradients.square().sum_axes(&[1]) * F::from_f64(0.5 * Self::SMOOTHNESS);
        let own = mean((-of_images).softplus()) + mean(of_draws.softplus()) + mean(steepness);
        // The forward pass is that of the critic's own loss. Only the gradient is another.
        let gradients = self.gradients(tape.constant(hidden.slice(0, n..).value())).value();
        let of_draws = tape.custom(&[draws], of_draws.value(), move |g, sink: &mut Sink<'_, F>| {
            sink.add(0, g * gradients);
        });
        [mean((-of_draws).softplus()), own - tape.constant(own.value())]
    }

    /// Returns the gradient of the log odds with respect to each row `[n, features]`, from the
    /// outputs of the hidden layer for the rows.
    fn gradients<'t>(&mut self, hidden: Var<'t, F>) -> Var<'t, F> {
        let tape = hidden.tape();
        // The derivative of the hidden layer is constant almost everywhere, so its own derivative
        // is 0.
        let slopes = hidden.value().mapv(|h| if h > F::zero() { F::one() } else { F::from_f64(SLOPE) });
        let parameters = self.0.parameters();
        let [first, second] = [0, 2].map(|place: usize| tape.parameter(&*parameters[place]));
        product(tape.constant(slopes) * second * F::from_f64(Self::GAIN), first)
    }
}

/// Returns the product of two matrices, by the kernels of dense layers. They are faster than
/// [`Var::matmul`] and take memory from the pool.
fn product<'t, F: Float>(a: Var<'t, F>, b: Var<'t, F>) -> Var<'t, F> {
    let matrix = |x: Var<'t, F>| x.value().into_dimensionality::<Ix2>().expect("a matrix");
    let (a_value, b_value) = (matrix(a), matrix(b));
    let value = dense_backward_input(a_value.view(), b_value.view(), a.tape().pool());
    a.tape().custom(&[a, b], value, move |g, sink: &mut Sink<'_, F>| {
        let (g, pool) = (g.into_dimensionality::<Ix2>().expect("a matrix"), sink.pool());
        if sink.wants(0) {
            sink.add(0, dense(g.view(), b_value.view(), Finish::default(), pool));
        }
        if sink.wants(1) {
            sink.add(1, dense_backward_weight(g.view(), a_value.view(), pool));
        }
        pool.recycle(g);
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use autodiff_mini::{Tape, gradcheck};
    use ndarray::{Array2, ArrayD};
    use nn_layers::optim::{Adam, Optimizer};

    fn rows(n: usize, shift: f64) -> ArrayD<f64> {
        Array2::from_shape_fn((n, 3), |(i, j)| (1.3 * i as f64 + j as f64).sin() + shift).into_dyn()
    }

    fn critic() -> Critic<f64> {
        Critic::new(3, &ChaCha8Rng::seed_from_u64(5))
    }

    #[test]
    fn gradient_for_the_draws_is_that_of_the_decoders_loss() {
        gradcheck(
            |x| {
                let [loss, zero] = critic().losses(x[0].tape().constant(rows(5, 1.0)), x[0], 2);
                loss + zero
            },
            &[rows(4, 0.0)],
        )
        .unwrap();
    }

    #[test]
    fn products_have_the_gradients_of_a_matrix_product() {
        let [a, b] = [rows(4, 0.0), rows(5, 1.0).reversed_axes().as_standard_layout().to_owned()];
        gradcheck(
            |x| {
                let found = product(x[0], x[1]);
                assert!((found - x[0].matmul(x[1])).square().sum().scalar() < 1e-24);
                found.square().sum()
            },
            &[a, b],
        )
        .unwrap();
    }

    #[test]
    fn gradient_for_the_critic_is_that_of_its_own_loss() {
        let mut critic = critic();
        let own = |critic: &Critic<f64>| {
            let tape = Tape::new();
            let logits = |rows| critic.0.forward(rows) * Critic::<f64>::GAIN;
            let images = rows(5, 1.0).into_shared();
            let of_images = logits(tape.parameter(&images));
            let losses = (-of_images).softplus().mean() + logits(tape.constant(rows(4, 0.0))).softplus().mean();
            // The steepness is that of two images.
            let sum = of_images.slice(0, ..2).sum().id();
            let value = losses.scalar();
            let gradients = tape.backward(sum);
            let squares = gradients.wrt(&images).unwrap().mapv(|g| g * g).sum();
            value + 0.5 * Critic::<f64>::SMOOTHNESS * squares / 2.0
        };
        let tape = Tape::new();
        let [loss, zero] = critic.losses(tape.constant(rows(5, 1.0)), tape.constant(rows(4, 0.0)), 2);
        assert_eq!(zero.scalar(), 0.0);
        let loss = (loss + zero).id();
        let gradients = tape.backward(loss);
        for place in 0..4 {
            let g = gradients.wrt(critic.parameters()[place]).expect("every parameter has one").to_owned();
            let moved = |by: f64| {
                let mut critic = critic.clone();
                let mut parameters = critic.parameters();
                let next = &*parameters[place] + &(&g * by);
                *parameters[place] = next.into_shared();
                own(&critic)
            };
            let (found, expected) = ((moved(1e-6) - moved(-1e-6)) / 2e-6, g.mapv(|g| g * g).sum());
            assert!((found - expected).abs() <= 1e-6 * (1.0 + expected), "{place}: {found} for {expected}");
        }
    }

    #[test]
    fn critic_learns_to_tell_draws_from_images() {
        let (mut critic, mut adam) = (critic(), Adam::default());
        let mut loss = |_| {
            let tape = Tape::new();
            let [loss, zero] = critic.losses(tape.constant(rows(50, 0.5)), tape.constant(rows(50, -0.5)), 13);
            let value = loss.scalar();
            let loss = (loss + zero).id();
            adam.step(1e-2, &mut critic.parameters(), tape.backward(loss));
            value
        };
        let values: Vec<f64> = (0..300).map(&mut loss).collect();
        // -ln p is ln 2 if the critic cannot tell. These rows are easy to tell, and without its
        // smoothness the critic would become ever more certain.
        assert!((values[0] - 2_f64.ln()).abs() < 0.3, "{values:?}");
        assert!((1.2..3.0).contains(&values[299]), "{values:?}");
    }

    #[test]
    fn a_critic_is_read_for_its_number_of_features() {
        let mut weights = Weights::default();
        let mut written = critic();
        written.write("critic", &mut weights);
        let mut read = Critic::<f64>::read("critic", &weights, 3).unwrap().expect("it was written");
        assert_eq!(read.parameters()[0], written.parameters()[0]);
        assert!(Critic::<f64>::read("critic", &weights, 4).is_err());
        assert!(Critic::<f64>::read("other", &weights, 3).unwrap().is_none());
    }

    #[test]
    fn the_seed_alone_determines_the_weights() {
        let mut later = ChaCha8Rng::seed_from_u64(5);
        later.set_stream(7);
        let mut critics = [critic(), Critic::new(3, &later), Critic::new(3, &ChaCha8Rng::seed_from_u64(6))];
        let [first, second, other] = critics.each_mut().map(|critic| critic.parameters()[0].clone());
        assert_eq!(first, second);
        assert_ne!(first, other);
    }
}
