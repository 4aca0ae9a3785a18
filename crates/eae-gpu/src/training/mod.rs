//! A training step as a whole on the device: one submission, to which the places of the images go and from which four numbers
//! come back.
//!
//! - `plan`: from networks to stages, and where the device keeps their numbers;
//! - `pass`: both ways through a network, layer by layer;
//! - `objective`: the terms of the loss, and their gradients;
//! - `ring`: what is kept of the steps before;
//! - `state`: what goes to the device and comes back besides steps;
//! - `kernels`: what is neither product, convolution nor search.

mod kernels;
mod objective;
mod pass;
mod plan;
mod ring;
mod settings;
mod state;
#[cfg(test)]
mod tests;

use ndarray::ArrayView2;
use nn_layers::Sequential;

use crate::device::Program;
use crate::{Error, Gpu, GpuMatrix, Result};
use kernels::{Small, run};
use objective::{ENDING, Terms, divergence_constant, entropy_constant};
use pass::Build;
use plan::Layout;
use ring::Ring;
pub use settings::{Due, Found, Settings};
pub use state::ReadError;

/// A training on the device: images, parameters, the moments of Adam and all that is in between stay there.
///
/// ```no_run
/// use eae_gpu::{Choice, Due, Gpu, Settings, Trainer};
/// use ndarray::Array2;
/// use ndarray_rand::rand::SeedableRng;
/// use nn_layers::{Activation, BatchNorm, Dense, Sequential};
/// use rand_chacha::ChaCha8Rng;
///
/// let mut rng = ChaCha8Rng::seed_from_u64(0);
/// let mut encoder = Sequential::on(&[64]).then(Dense::new(64, 8, &mut rng)).then(BatchNorm::new(8)).build()?;
/// let decoder = Sequential::on(&[8]).then(Dense::new(8, 64, &mut rng)).then(Activation::Sigmoid);
/// let mut decoder = decoder.build()?;
/// let images = Array2::from_shape_fn((1000, 64), |(i, j)| ((i * j) % 7) as f32 / 7.0);
///
/// let gpu = Gpu::open(&Choice::from_env()?)?;
/// let settings = Settings::published(1.0, 100);
/// let mut trainer = Trainer::new(&gpu, [&mut encoder, &mut decoder], &settings, Some(images.view()))?;
/// let found = trainer.step(&(0..100).collect::<Vec<_>>(), Due { share: 1.0, learning_rate: 1e-3, draws: None })?;
/// println!("{} {}", found.mse, found.entropy);
/// trainer.fetch([&mut encoder, &mut decoder])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Trainer {
    program: Program,
    settings: Settings,
    latent: usize,
    layout: Layout,
    /// All weights and biases, Adam's moments of them, and the running statistics.
    parameters: GpuMatrix,
    moments: [GpuMatrix; 2],
    statistics: GpuMatrix,
    /// Steps made, and how many batches the networks had seen.
    steps: u64,
    /// What changes from step to step, and the places of its images.
    step: GpuMatrix,
    /// A batch, if the images are not on the device.
    batch: Option<GpuMatrix>,
    images: usize,
    draws: Option<GpuMatrix>,
    codes: Option<Ring>,
    features: Option<Ring>,
    report: GpuMatrix,
}

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPS: f64 = 1e-8;
/// As in [`nn_layers::BatchNorm`].
const MOMENTUM: f64 = 0.1;

/// The words of a step before the places of its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    /// The learning rate and the root of Adam's corrections.
    Rate,
    Root,
    /// The weights of the terms, their share included.
    Entropy,
    Radius,
    Draws,
    /// Where the rings' next rows go.
    Codes,
    Features,
    /// Always 0.
    Zero,
}

/// How many there are.
const WORDS: usize = Word::Zero as usize + 1;

impl Trainer {
    /// Takes the networks to the device, and the images, rows of as many numbers as the encoder takes. Without images each step
    /// brings its own.
    ///
    /// # Errors
    ///
    /// If a layer is none that is trained here, the settings do not fit, or the device has no room.
    pub fn new(
        gpu: &Gpu,
        networks: [&mut Sequential<f32>; 2],
        settings: &Settings,
        images: Option<ArrayView2<'_, f32>>,
    ) -> Result<Self> {
        settings.check()?;
        let [encoder, decoder] = networks;
        let mut layout = Layout::default();
        let stages = [layout.stages(encoder)?, layout.stages(decoder)?];
        let [latent, pixels, given] =
            [encoder.output_shape(), encoder.input_shape(), decoder.output_shape()].map(|shape| shape.iter().product());
        if stages.iter().any(Vec::is_empty) || given != pixels {
            return Err(Error::Shape(
                "the decoder does not give what the encoder takes, or one has no layers".to_owned(),
            ));
        }
        if stages[0].last().is_some_and(|stage| stage.activation.is_some()) {
            let problem = "an encoder that ends in an activation is not trained on the GPU; train on the CPU";
            return Err(Error::Unsupported(problem.to_owned()));
        }
        if let Some(images) = &images
            && images.ncols() != pixels
        {
            let columns = images.ncols();
            return Err(Error::Shape(format!("images have {columns} numbers, and the encoder takes {pixels}")));
        }
        let batch = settings.batch;
        let all = |numbers: usize| gpu.zeros(1, numbers.max(1));
        let [parameters, first, second, gradients] =
            [all(layout.numbers)?, all(layout.numbers)?, all(layout.numbers)?, all(layout.numbers)?];
        let (statistics, step, report) = (all(layout.statistics)?, all(WORDS + batch)?, all(4)?);
        let (chunks, count) = match images {
            Some(images) => (resident(gpu, images)?, images.nrows()),
            None => (Vec::new(), 0),
        };
        let x = gpu.zeros(batch, pixels)?;
        let mut recording = gpu.record();
        for (from, some) in &chunks {
            let words = [0, pixels as u32, batch as u32, *from as u32, (from + some.shape()[0]) as u32];
            run(&mut recording, Small::Gather, &[some, &step, &x], &words, (batch * pixels).div_ceil(256))?;
        }
        let seen = stages[0].iter().rev().nth(ENDING).map_or(pixels, |stage| stage.outputs);
        let ring = |before, most, columns, word| (most > 0).then(|| Ring::new(gpu, before, most, columns, word));
        let codes = ring(batch, settings.bank, latent, Word::Codes).transpose()?;
        let most = if settings.draws > 0.0 { settings.bank.max(batch) } else { 0 };
        let features = ring(0, most, seen, Word::Features).transpose()?;
        let [before, behind] = &stages;
        let terms = Terms {
            settings,
            step: &step,
            report: &report,
            images: &x,
            networks: [before, behind],
            codes: codes.as_ref(),
            features: features.as_ref(),
        };
        let (held, of_held) = (parameters.clone(), statistics.clone());
        let mut build = Build { gpu, recording, parameters: held, gradients: gradients.clone(), statistics: of_held };
        let draws = terms.record(&mut build)?;
        let mut recording = build.recording;
        let numbers = [BETA1, BETA2, 1.0 - BETA1, 1.0 - BETA2, EPS].map(|number| (number as f32).to_bits());
        let words = [&[layout.numbers as u32], &numbers[..]].concat();
        let matrices = [&parameters, &first, &second, &gradients, &step, &report];
        run(&mut recording, Small::Adam, &matrices, &words, layout.numbers.div_ceil(256))?;
        let mut trainer = Self {
            program: recording.keep()?,
            settings: settings.clone(),
            latent,
            layout,
            parameters,
            moments: [first, second],
            statistics,
            steps: 0,
            step,
            batch: chunks.is_empty().then_some(x),
            images: count,
            draws,
            codes,
            features,
            report,
        };
        trainer.bring([encoder, decoder])?;
        Ok(trainer)
    }

    /// Kernels of a step. It is one submission.
    pub fn dispatches(&self) -> usize {
        self.program.len()
    }

    /// Steps made, with those of a training that is gone on with.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// A step on the images at these places. If it finds no finite numbers, the parameters are left as they were.
    ///
    /// # Errors
    ///
    /// If they are not as many as images of a step or there are none at these places; if draws are missing or have another shape;
    /// if the device fails.
    pub fn step(&mut self, places: &[usize], due: Due<'_>) -> Result<Found> {
        if places.len() != self.settings.batch {
            return Err(Error::Shape(format!("a step of {} is of {} images", self.settings.batch, places.len())));
        }
        if let Some(place) = places.iter().find(|&&place| place >= self.images) {
            return Err(Error::Shape(format!("there is no image {place} among the {} on the device", self.images)));
        }
        self.run(places, due)
    }

    /// A step on these images, which are brought to the device for it.
    ///
    /// # Errors
    ///
    /// If they are not as many as images of a step or have other sizes; as [`step`](Trainer::step).
    pub fn step_on(&mut self, images: ArrayView2<'_, f32>, due: Due<'_>) -> Result<Found> {
        let Some(batch) = &self.batch else {
            return Err(Error::Shape("the images of this training are on the device".to_owned()));
        };
        if [images.nrows(), images.ncols()] != batch.shape() {
            return Err(Error::Shape(format!("a step is of images {:?}, not {:?}", batch.shape(), images.shape())));
        }
        let images = images.as_standard_layout();
        batch.write(images.as_slice().expect("in memory order"))?;
        self.run(&vec![0; self.settings.batch], due)
    }

    fn run(&mut self, places: &[usize], due: Due<'_>) -> Result<Found> {
        match (&self.draws, due.draws) {
            (None, _) => {}
            (Some(to), Some(draws)) if to.shape() == [draws.nrows(), draws.ncols()] => {
                to.write(draws.as_standard_layout().as_slice().expect("in memory order"))?;
            }
            (Some(to), draws) => {
                let found = draws.map_or_else(|| "none".to_owned(), |draws| format!("{:?}", draws.shape()));
                return Err(Error::Shape(format!("draws of a step are of shape {:?}, not {found}", to.shape())));
            }
        }
        let rings = [&self.codes, &self.features].map(|ring| ring.as_ref().map_or(0, Ring::at));
        let words = due.words(&self.settings, self.steps, rings).into_iter();
        let words: Vec<u32> = words.chain(places.iter().map(|&place| place as u32)).collect();
        self.step.write_words(&words)?;
        let pending = self.program.run(Some(&self.report.exactly()))?.expect("the report is read");
        let report: Vec<f32> = bytemuck::pod_collect_to_vec(&pending.wait()?);
        Ok(self.found([0, 1, 2, 3].map(|i| f64::from(report[i])), due.share))
    }

    /// What the numbers of a report say, and a step more if it was one.
    fn found(&mut self, [mse, logarithms, radius, farther]: [f64; 4], share: f64) -> Found {
        let Self { settings, codes, features, .. } = self;
        let entropy = entropy_constant(settings, codes.as_ref().map_or(0, Ring::len), self.latent) + logarithms;
        let mut penalty = share * (settings.radius * radius - settings.lambda * entropy);
        // Without a share of it there is no divergence, and its images are not kept.
        let features = features.as_mut().filter(|_| share > 0.0);
        if let Some(ring) = &features {
            let constant = divergence_constant(settings.drawn(), ring.len_with(settings.batch), ring.rows().shape()[1]);
            penalty += share * settings.draws * (constant + farther);
        }
        if mse.is_finite() && penalty.is_finite() {
            self.steps += 1;
            codes.iter_mut().chain(features).for_each(|ring| ring.keep(settings.batch));
        }
        Found { mse, entropy, penalty }
    }
}

/// The images, in as many matrices as kernels may see of them; each with the place of its first.
fn resident(gpu: &Gpu, images: ArrayView2<'_, f32>) -> Result<Vec<(usize, GpuMatrix)>> {
    let rows = (gpu.limits().binding as usize / 4 / images.ncols().max(1)).max(1);
    let pieces = images.axis_chunks_iter(ndarray::Axis(0), rows).enumerate();
    pieces.map(|(i, some)| Ok((i * rows, gpu.upload(some)?))).collect()
}
