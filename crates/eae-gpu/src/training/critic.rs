//! The critic of decoded draws, a third network: its pass on the device, and its state there.

use eae::objective::Critic;
use eae::rand_chacha::ChaCha8Rng;
use eae::rand_chacha::rand_core::SeedableRng;

use super::kernels::Small;
use super::pass::{Build, Input, Pass};
use super::plan::{Array, Plan, Stage};
use super::terms::Terms;
use super::transfer::array;
use super::words::{Place, Word};
use crate::product::Sum;
use crate::{Error, GpuMatrix, Product, Result, Transposed};

/// The critic of a training on the device. Its parameters follow the model's.
#[derive(Debug)]
pub(super) struct GpuCritic {
    pub(super) stages: Vec<Stage>,
    /// Number of features of a picture.
    features: usize,
    /// The place and shape of each array in the matrix of all parameters.
    arrays: Vec<Array>,
    /// Number of steps made, or `None` if there is no critic yet.
    steps: Option<u64>,
}

impl GpuCritic {
    /// Plans the critic of pictures with this many features. Its arrays are not left in the plan's
    /// list, because the critic is no part of the model.
    pub(super) fn new(plan: &mut Plan, features: usize) -> Result<Self> {
        let before = plan.arrays.len();
        let stages = plan.stages(unlearned(features).network())?;
        Ok(Self { stages, features, arrays: plan.arrays.split_off(before), steps: None })
    }

    pub(super) fn arrays(&self) -> impl Iterator<Item = &Array> {
        self.arrays.iter()
    }

    /// Returns the arrays, each with the number of steps made, if there is a critic.
    pub(super) fn trained(&self) -> impl Iterator<Item = (u64, &Array)> {
        self.steps.into_iter().flat_map(move |steps| self.arrays().map(move |array| (steps, array)))
    }

    /// Returns the number of steps made. Before the first one, uploads the critic of a training, as
    /// [`Critic::new`] creates it.
    pub(super) fn begin(&self, parameters: &GpuMatrix, draws: &ChaCha8Rng) -> Result<u64> {
        if self.steps.is_none() {
            self.upload(parameters, Critic::new(self.features, draws))?;
        }
        Ok(self.steps.unwrap_or(0))
    }

    /// Counts a step that was made.
    pub(super) fn count(&mut self) {
        self.steps = Some(self.steps.unwrap_or(0) + 1);
    }

    /// # Errors
    ///
    /// If a critic is of other features or another width.
    pub(super) fn check(&self, critic: &Critic<f32>) -> Result<()> {
        let (found, expected) = (critic.network().input_shape(), self.features);
        if found != [expected] {
            return Err(Error::Shape(format!(
                "the critic is for rows of {found:?} features; expected [{expected}]: train on the CPU"
            )));
        }
        let [found, expected] = [critic, &unlearned(self.features)].map(|critic| critic.network().parameter_counts());
        if found != expected {
            return Err(Error::Shape(format!(
                "the critic's layers have {found:?} parameters; expected {expected:?}: train on the CPU"
            )));
        }
        Ok(())
    }

    /// Replaces the critic by one that was checked and has made this many steps.
    pub(super) fn restore(&mut self, parameters: &GpuMatrix, critic: Option<Critic<f32>>, steps: u64) -> Result<()> {
        self.steps = critic.as_ref().map(|_| steps);
        critic.map_or(Ok(()), |critic| self.upload(parameters, critic))
    }

    fn upload(&self, parameters: &GpuMatrix, mut critic: Critic<f32>) -> Result<()> {
        for (tensor, (at, _)) in critic.parameters().into_iter().zip(&self.arrays) {
            let numbers: Vec<f32> = tensor.iter().copied().collect();
            parameters.part(*at, 1, numbers.len()).write(&numbers)?;
        }
        Ok(())
    }

    /// Downloads the critic, if there is one yet.
    pub(super) fn download(&self, parameters: &GpuMatrix) -> Result<Option<Critic<f32>>> {
        if self.steps.is_none() {
            return Ok(None);
        }
        let mut critic = unlearned(self.features);
        for (tensor, (at, shape)) in critic.parameters().into_iter().zip(&self.arrays) {
            let numbers = parameters.part(*at, 1, tensor.len()).read()?;
            *tensor = array(shape, numbers.as_slice().expect("in memory order")).into_shared();
        }
        Ok(Some(critic))
    }
}

/// Returns a critic of the right shapes.
fn unlearned(features: usize) -> Critic<f32> {
    Critic::new(features, &ChaCha8Rng::seed_from_u64(0))
}

impl Terms<'_> {
    /// Records the critic's own loss with the gradient for its parameters, and the loss of the
    /// decoder with the gradient for the features of draws.
    pub(super) fn critic(
        &self,
        build: &mut Build<'_>,
        critic: &[Stage],
        images: &GpuMatrix,
        draws: &GpuMatrix,
        of_draws: &Input<'_>,
    ) -> Result<()> {
        let ([drawn, features], gpu) = (draws.shape(), build.gpu);
        // With all rows in one matrix the gradient of a weight is one product. There are as many
        // images as draws.
        let rows = gpu.matrix(2 * drawn, features)?;
        self.copy(build, images, &rows, drawn)?;
        self.copy(build, draws, &rows.part(drawn * features, drawn, features), drawn)?;
        let pass = build.forward(critic, rows)?;
        let smoothed = Critic::<f32>::smoothed(drawn);
        let steepness = Steepness::record(build, critic, &pass, smoothed)?;
        let [own, deceiving] = [gpu.matrix(2 * drawn, 1)?, gpu.matrix(drawn, 1)?];
        let width = steepness.pull.shape()[1];
        // The critic's own loss follows in the report.
        let counts =
            [drawn, smoothed, Word::Critic as usize, Place::Critic as usize, width].map(|number| number as u32);
        let constants = [steepness.second.bind().1, (Critic::<f32>::GAIN as f32).to_bits()];
        let words = [&counts[..], &constants].concat();
        let matrices = [pass.output(), self.step, &steepness.second, &steepness.pull, &own, &deceiving, self.report];
        build.small(Small::Critic, &matrices, &words, 1)?;
        build.backward(&pass, own, true, None)?;
        steepness.add_gradient(build, critic)?;
        build.backward(&pass.of_rows(drawn, drawn), deceiving, false, Some(of_draws))
    }
}

/// The mean squared gradient of the log odds with respect to images, which keeps the critic
/// [smooth](Critic::SMOOTHNESS). With `m` the derivative of the hidden layer, `W` its weight and
/// `v` the weight after it, the gradient for an image is `(v m) W`, up to the gain. The factor of
/// the term, the gain and the number of images are one factor `f`: the term is
/// `f / 2 sum |(v m) W|^2`.
struct Steepness {
    /// The weight `v`.
    second: GpuMatrix,
    /// A column of ones, one for each image.
    ones: GpuMatrix,
    factor: f32,
    /// `v m`, and its product with `W`.
    slopes: GpuMatrix,
    gradients: GpuMatrix,
    /// The gradient of the term with respect to `v`, one row per image. Its product with `v` is
    /// twice the term.
    pull: GpuMatrix,
}

impl Steepness {
    /// Records the term for the first rows of a pass, which are those of `n` images.
    fn record(build: &mut Build<'_>, critic: &[Stage], pass: &Pass<'_>, n: usize) -> Result<Self> {
        let ([first, second], gpu) = (Self::weights(critic, &build.parameters), build.gpu);
        let [width, features] = first.shape();
        let hidden = pass.after(1).part(0, n, width);
        let derivative = critic[0].activation.map(|activation| (activation, &hidden));
        let ones = gpu.matrix(n, 1)?;
        ones.write(&vec![1.0; n])?;
        let factor = (Critic::<f32>::SMOOTHNESS * Critic::<f32>::GAIN.powi(2) / n as f64) as f32;
        let [slopes, gradients, pull] = [gpu.matrix(n, width)?, gpu.matrix(n, features)?, gpu.matrix(n, width)?];
        build.product(&Product { derivative, ..Product::default() }, Sum::Products, &ones, &second, &slopes)?;
        build.product(&Product::default(), Sum::Products, &slopes, &first, &gradients)?;
        let back = Product { transposed: Transposed::Right, alpha: factor, derivative, ..Product::default() };
        build.product(&back, Sum::Products, &gradients, &first, &pull)?;
        Ok(Self { second, ones, factor, slopes, gradients, pull })
    }

    /// Records the addition of the gradient to that of the critic's own loss.
    fn add_gradient(&self, build: &mut Build<'_>, critic: &[Stage]) -> Result<()> {
        let [first, second] = Self::weights(critic, &build.gradients);
        let left = Product { transposed: Transposed::Left, beta: 1.0, ..Product::default() };
        let scaled = Product { alpha: self.factor, ..left };
        build.product(&scaled, Sum::Products, &self.slopes, &self.gradients, &first)?;
        build.product(&left, Sum::Products, &self.ones, &self.pull, &second)
    }

    /// Returns the places of both weights in a matrix of all parameters.
    fn weights(critic: &[Stage], all: &GpuMatrix) -> [GpuMatrix; 2] {
        [0, 1].map(|place: usize| {
            let ([rows, columns], _) = critic[place].weight();
            all.part(critic[place].at, rows, columns)
        })
    }
}
