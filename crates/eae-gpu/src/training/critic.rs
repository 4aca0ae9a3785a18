//! The critic of decoded draws, a third network: its pass on the device, and its state there.

use eae::objective::Critic;
use eae::rand_chacha::ChaCha8Rng;
use eae::rand_chacha::rand_core::SeedableRng;

use super::kernels::Small;
use super::pass::{Build, Input};
use super::plan::{Array, Plan, Stage};
use super::terms::Terms;
use super::transfer::array;
use super::words::Word;
use crate::{Error, GpuMatrix, Result};

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
    /// If a critic is of other features.
    pub(super) fn check(&self, critic: &Critic<f32>) -> Result<()> {
        let (found, expected) = (critic.network().input_shape(), self.features);
        if found == [expected] {
            return Ok(());
        }
        Err(Error::Shape(format!(
            "the critic is for rows of {found:?} features; expected [{expected}]: train on the CPU"
        )))
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
        let [own, deceiving] = [gpu.matrix(2 * drawn, 1)?, gpu.matrix(drawn, 1)?];
        // The seventh and the eighth number of the report.
        let constants = [Critic::<f32>::GAIN, Critic::<f32>::SURE].map(|number| (number as f32).to_bits());
        let words = [&[drawn as u32, drawn as u32, Word::Critic as u32, 6], &constants[..]].concat();
        build.small(Small::Critic, &[pass.output(), self.step, &own, &deceiving, self.report], &words, 1)?;
        build.backward(&pass, own, true, None)?;
        build.backward(&pass.of_rows(drawn, drawn), deceiving, false, Some(of_draws))
    }
}
