use std::borrow::Cow;

use eae::data::{Source, select};
use eae::sampler::normal_from;
use eae::{Autoencoder, MakeStep, Objective, OptimizerState, Step, StepError, StepPlan, TrainConfig};
use ndarray::{Array2, ArrayView4};
use nn_layers::optim::Adam;

use super::bank::GpuBank;
use super::critic::GpuCritic;
use super::kernels::{Small, run};
use super::loss::{Compared, Loss};
use super::pass::Build;
use super::plan::Plan;
use super::terms::Terms;
use super::transfer::{resident, rows};
use super::words::{WORDS, Word, words};
use crate::device::Program;
use crate::{Error, Gpu, GpuMatrix, Result};

/// Performs training steps on a device. Parameters, the moments of Adam and all intermediate
/// results stay there, and so do images that are in memory.
///
/// ```no_run
/// use eae::{Autoencoder, Preset, TrainConfig, Training, data};
/// use eae_gpu::{AdapterChoice, Gpu, GpuStepper};
///
/// let images = data::digits::<f32>().train.pixels;
/// let mut model = Autoencoder::new(Preset::Conv28, [28, 28, 1], 16, 0)?;
/// let config = TrainConfig::default();
/// config.check(&model, images.view())?;
///
/// let gpu = Gpu::open(&AdapterChoice::from_env()?)?;
/// let mut stepper = GpuStepper::new(&gpu, &mut model, &config, Some(images.view()))?;
/// let mut training = Training::new(config, images.dim().0);
/// training.run(&mut model, images.view(), &mut stepper, &mut ())?;
/// model.recalibrate(images.view())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct GpuStepper {
    program: Program,
    /// A program that undoes the changes of a step whose loss turns out not to be finite, except
    /// those of the next program.
    undo: Program,
    /// A program that undoes the changes of the memory banks of features.
    undo_features: Program,
    objective: Objective,
    loss: Loss,
    latent: usize,
    pub(super) adam: Adam<f32>,
    pub(super) plan: Plan,
    /// All weights and biases, Adam's moments of them, and the running statistics.
    pub(super) parameters: GpuMatrix,
    pub(super) moments: [GpuMatrix; 2],
    pub(super) statistics: GpuMatrix,
    /// Number of steps made, including those before a checkpoint.
    pub(super) steps: u64,
    /// The words of a step, followed by the indices of its images.
    step: GpuMatrix,
    /// A batch, if the images are not on the device.
    batch: Option<GpuMatrix>,
    /// Number of images on the device.
    images: usize,
    draws: Option<GpuMatrix>,
    pub(super) codes: Option<GpuBank>,
    pub(super) features: Option<GpuBank>,
    pub(super) drawn: Option<GpuBank>,
    pub(super) critic: Option<GpuCritic>,
    report: GpuMatrix,
}

impl GpuStepper {
    /// Uploads the model and, if given, the images. Without images, each step uploads its own
    /// batch.
    ///
    /// # Errors
    ///
    /// If a layer, the objective or the number of shards is not supported, or the device does not
    /// have enough memory.
    ///
    /// # Panics
    ///
    /// If the images are not of the model's shape.
    pub fn new(
        gpu: &Gpu,
        model: &mut Autoencoder<f32>,
        config: &TrainConfig,
        images: Option<ArrayView4<'_, f32>>,
    ) -> Result<Self> {
        if config.shards > 1 {
            let problem = "a batch in shards cannot be trained on the GPU; use one shard, or train on the CPU";
            return Err(Error::Unsupported(problem.to_owned()));
        }
        let (latent, pixels) = (model.latent(), model.image_shape().iter().product());
        let (loss, adam) = (Loss::of(&config.objective, config.batch_size, latent)?, Adam::default());
        let mut plan = Plan::default();
        let stages = [plan.stages(model.encoder())?, plan.stages(model.decoder())?];
        let [front, trunk] = [model.front_len(), model.trunk_len()]
            .map(|layers| stages[0].iter().take_while(|stage| stage.layer < layers).count());
        let of_model = plan.numbers;
        let critic = (loss.eae.critic > 0.0).then(|| GpuCritic::new(&mut plan, model.front_width())).transpose()?;
        if stages.iter().any(Vec::is_empty) {
            return Err(Error::Unsupported("a network without layers cannot be trained on the GPU".to_owned()));
        }
        if stages[0].last().is_some_and(|stage| stage.activation.is_some()) {
            let problem = "an encoder that ends in an activation cannot be trained on the GPU; train on the CPU";
            return Err(Error::Unsupported(problem.to_owned()));
        }
        let images = images.as_ref().map(rows);
        if let Some(images) = &images {
            assert_eq!(images.ncols(), pixels, "the images are not of the model's shape");
        }

        let batch = loss.batch;
        let all = |numbers: usize| gpu.zeros(1, numbers.max(1));
        let [parameters, first, second, gradients] = [(); 4].map(|()| all(plan.numbers));
        let (parameters, first, second, gradients) = (parameters?, first?, second?, gradients?);
        let (statistics, before) = (all(plan.statistics)?, all(plan.statistics)?);
        let (step, report) = (all(WORDS + batch)?, all(8)?);
        let chunks = images.as_ref().map(|images| resident(gpu, images.view())).transpose()?.unwrap_or_default();
        let x = gpu.zeros(batch, pixels)?;
        let mut recording = gpu.record();
        for (from, some) in &chunks {
            let words = [0, pixels as u32, batch as u32, *from as u32, (from + some.shape()[0]) as u32, WORDS as u32];
            run(&mut recording, Small::Gather, &[some, &step, &x], &words, (batch * pixels).div_ceil(256))?;
        }
        let bank = |before, most, new, columns, word| {
            (most > 0).then(|| GpuBank::new(gpu, before, most, new, columns, word)).transpose()
        };
        let codes = bank(batch, loss.eae.bank, batch, latent, Word::Codes)?;
        let most = if loss.drawn > 0 { loss.eae.images_kept().max(batch) } else { 0 };
        let seen = trunk.checked_sub(1).map_or(pixels, |last| stages[0][last].outputs);
        let features = bank(0, most, batch, seen, Word::Features)?;
        let most = if loss.compares_all_draws() { loss.eae.bank } else { 0 };
        let drawn = bank(loss.drawn, most, loss.drawn, seen, Word::Drawn)?;
        let [encoder, decoder] = &stages;
        let terms = Terms {
            loss: &loss,
            step: &step,
            report: &report,
            images: &x,
            networks: [encoder, decoder],
            trunk,
            front,
            critic: critic.as_ref().map(|critic| &critic.stages[..]),
            codes: codes.as_ref(),
            features: features.as_ref(),
            drawn: drawn.as_ref(),
        };
        let mut build = Build {
            gpu,
            recording,
            parameters: parameters.clone(),
            gradients: gradients.clone(),
            statistics: [statistics.clone(), before.clone()],
        };
        let draws = terms.record(&mut build)?;
        let mut recording = build.recording;
        let numbers = [adam.beta1, adam.beta2, 1.0 - adam.beta1, 1.0 - adam.beta2, adam.eps];
        let numbers = numbers.map(|number| (number as f32).to_bits());
        let words = [&[plan.numbers as u32, of_model as u32], &numbers[..]].concat();
        let matrices = [&parameters, &first, &second, &gradients, &step, &report];
        run(&mut recording, Small::Adam, &matrices, &words, plan.numbers.div_ceil(256))?;

        let mut undo = gpu.record();
        let copied = plan.statistics as u32;
        let words = [copied, copied, Word::Zero as u32, 0, 0];
        run(&mut undo, Small::Copy, &[&before, &step, &statistics], &words, plan.statistics.div_ceil(256))?;
        codes.iter().try_for_each(|bank| bank.undo(&mut undo, &step))?;
        let mut undo_features = gpu.record();
        features.iter().chain(&drawn).try_for_each(|bank| bank.undo(&mut undo_features, &step))?;
        let mut stepper = Self {
            program: recording.keep()?,
            undo: undo.keep()?,
            undo_features: undo_features.keep()?,
            objective: config.objective.clone(),
            loss,
            latent,
            adam,
            plan,
            parameters,
            moments: [first, second],
            statistics,
            steps: 0,
            step,
            batch: chunks.is_empty().then_some(x),
            images: images.map_or(0, |images| images.nrows()),
            draws,
            codes,
            features,
            drawn,
            critic,
            report,
        };
        stepper.upload(model)?;
        Ok(stepper)
    }

    /// Returns the number of kernels in a step, which is one submission.
    pub fn dispatches(&self) -> usize {
        self.program.len()
    }

    /// Runs a step whose images are in place.
    fn run(&mut self, plan: &StepPlan<'_>) -> Result<Step> {
        if let Some(to) = &self.draws {
            let [n, latent] = to.shape();
            let draws: Array2<f32> = normal_from(&mut plan.draws(), n, latent);
            to.write(draws.as_slice().expect("in memory order"))?;
        }
        let at = |bank: &Option<GpuBank>| bank.as_ref().map_or(0, GpuBank::at);
        let compared = self.compared();
        let integers = [
            (Word::Codes, at(&self.codes)),
            (Word::Features, at(&self.features)),
            (Word::Drawn, at(&self.drawn)),
            (Word::AllImages, compared.images as u32),
            (Word::AllDraws, compared.draws as u32),
        ];
        // At a weight of 0 draws are not compared with images, no features are stored, and the
        // critic makes no step.
        let compares = plan.penalty_weight > 0.0;
        let critic = self.critic.as_ref().filter(|_| compares);
        let of_critic = critic.map(|critic| critic.begin(&self.parameters, &plan.draws())).transpose()?;
        let (steps, weights) = ((self.steps, of_critic), [plan.penalty_weight, plan.learning_rate]);
        let words = words(&self.loss, &self.adam, steps, weights, integers);
        let places = plan.places.iter().map(|&place| if self.batch.is_some() { 0 } else { place as u32 });
        self.step.write_words(&words.into_iter().chain(places).collect::<Vec<u32>>())?;
        let pending = self.program.run(Some(&self.report.exactly()))?.expect("the report is read");
        let report: Vec<f32> = bytemuck::pod_collect_to_vec(&pending.wait()?);
        let numbers = [0, 1, 2, 3, 4, 5, 6, 7].map(|i| f64::from(report[i]));
        let step = self.loss.step(numbers, plan.penalty_weight, &compared);
        if step.finite {
            self.steps += 1;
            self.codes.iter_mut().for_each(GpuBank::keep);
        } else {
            self.undo.run(None)?;
        }
        if step.finite && compares {
            self.critic.iter_mut().for_each(GpuCritic::count);
            self.features.iter_mut().chain(&mut self.drawn).for_each(GpuBank::keep);
        } else if self.undo_features.len() > 0 {
            self.undo_features.run(None)?;
        }
        Ok(step)
    }

    /// Returns the numbers of rows that the next step compares.
    fn compared(&self) -> Compared {
        Compared {
            latent: self.latent,
            codes: self.codes.as_ref().map_or(0, GpuBank::len),
            columns: self.features.as_ref().map_or(0, GpuBank::columns),
            images: self.features.as_ref().map_or(0, GpuBank::len_with_next),
            draws: self.loss.drawn + self.drawn.as_ref().map_or(0, GpuBank::len),
        }
    }
}

impl MakeStep<f32> for GpuStepper {
    /// # Panics
    ///
    /// If the plan has another objective or batch size than the stepper, and as the trait's method.
    fn step(
        &mut self,
        _: &mut Autoencoder<f32>,
        images: &dyn Source<f32>,
        plan: &StepPlan<'_>,
    ) -> std::result::Result<Step, StepError> {
        assert!(
            *plan.objective == self.objective && plan.places.len() == self.loss.batch,
            "the plan must belong to the stepper's training"
        );
        if let Some(batch) = &self.batch {
            let read = select(images, plan.places)?;
            batch.write(rows(&read.view()).as_slice().expect("in memory order"))?;
            if let Some(next) = plan.next {
                // Read the next images while this step is computed.
                images.prefetch(next);
            }
        } else {
            assert!(
                plan.places.iter().all(|&place| place < self.images),
                "the images of the step must be on the device"
            );
        }
        Ok(self.run(plan)?)
    }

    fn fetch(&mut self, model: &mut Autoencoder<f32>) -> std::result::Result<(), StepError> {
        Ok(self.download(model)?)
    }

    fn state(&self) -> std::result::Result<Cow<'_, OptimizerState<f32>>, StepError> {
        Ok(Cow::Owned(self.optimizer()?))
    }

    fn restore(&mut self, state: OptimizerState<f32>) -> std::result::Result<(), StepError> {
        Ok(self.take(&state)?)
    }
}

impl From<Error> for StepError {
    fn from(error: Error) -> Self {
        Self::Device(Box::new(error))
    }
}
