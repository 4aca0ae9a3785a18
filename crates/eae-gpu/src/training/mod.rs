//! A training step as a whole on the device: one submission, to which the places of the images go and from which two numbers
//! come back.

mod build;
mod kernels;
mod plan;

use ndarray::{ArrayD, ArrayView2};
use nn_layers::{Content, Sequential, Weights, WeightsError};

use crate::device::Program;
use crate::kernel::params;
use crate::{Error, Gpu, GpuMatrix, Result};
use build::{Build, Layout, run};
use kernels::Small;
use plan::stages;

/// What is minimised on the device: `E |x - D(E(x))|^2 - lambda H(Z)`, the objective of the paper.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The weight of the entropy; 0 leaves the squared error, and the entropy is only told.
    pub lambda: f64,
    /// How much each of the first neighbours counts in the estimate. They add up to 1.
    pub weights: Vec<f64>,
    /// Codes closer than this count as this far apart.
    pub floor: f64,
    /// Images of a step.
    pub batch: usize,
}

/// What a step found before it changed the parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    /// The squared error, summed over pixels and averaged over the batch.
    pub mse: f64,
    /// The entropy of the batch of codes in nats.
    pub entropy: f64,
}

/// A training on the device: images, parameters, the moments of Adam and all that is in between stay there.
///
/// ```no_run
/// use eae_gpu::{Choice, Gpu, Settings, Trainer};
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
/// let settings = Settings { lambda: 1.0, weights: vec![1.0], floor: 1e-6, batch: 100 };
/// let mut trainer = Trainer::new(&gpu, [&mut encoder, &mut decoder], &settings, Some(images.view()))?;
/// let found = trainer.step(&(0..100).collect::<Vec<_>>(), 1.0, 1e-3)?;
/// println!("{} {}", found.mse, found.entropy);
/// trainer.fetch([&mut encoder, &mut decoder])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Trainer {
    program: Program,
    settings: Settings,
    /// All dense layers' weights and biases, Adam's moments of them, and the running statistics.
    parameters: GpuMatrix,
    moments: [GpuMatrix; 2],
    statistics: GpuMatrix,
    /// Where each array of `parameters` begins, and its shape.
    arrays: Vec<(usize, Vec<usize>)>,
    /// The same for the statistics.
    running: Vec<(usize, usize)>,
    /// Steps made, and how many batches the networks had seen.
    steps: u64,
    /// Rate, root and weight of this step, and the places of its images.
    step: GpuMatrix,
    /// A batch, if the images are not on the device.
    batch: Option<GpuMatrix>,
    images: usize,
    report: GpuMatrix,
}

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPS: f64 = 1e-8;
/// As in [`nn_layers::BatchNorm`].
const MOMENTUM: f64 = 0.1;
/// Numbers before the places in `step`.
const HEAD: usize = 4;

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
        let [encoder, decoder] = networks;
        let (before, behind) = (stages(encoder)?, stages(decoder)?);
        let (latent, pixels) = (encoder.output_shape().iter().product(), encoder.input_shape().iter().product());
        let &Settings { batch, ref weights, .. } = settings;
        if weights.is_empty() || weights.len() >= batch || weights.len() > 64 {
            let most = batch.saturating_sub(1).min(64);
            return Err(Error::Unsupported(format!("k is {}, on the GPU it must be from 1 to {most}", weights.len())));
        }
        if before.is_empty() || behind.is_empty() || decoder.output_shape().iter().product::<usize>() != pixels {
            return Err(Error::Shape(
                "the decoder does not give what the encoder takes, or one has no layers".to_owned(),
            ));
        }
        if let Some(images) = &images
            && images.ncols() != pixels
        {
            return Err(Error::Shape(format!(
                "images have {} numbers, and the encoder takes {pixels}",
                images.ncols()
            )));
        }
        let layout = Layout::of(before.iter().chain(&behind));
        let all = |numbers: usize| gpu.zeros(1, numbers.max(1));
        let [parameters, first, second, gradients] =
            [all(layout.numbers)?, all(layout.numbers)?, all(layout.numbers)?, all(layout.numbers)?];
        let statistics = all(layout.statistics)?;
        let (step, report) = (all(HEAD + batch)?, all(2)?);
        let (chunks, count) = match images {
            Some(images) => (resident(gpu, images)?, images.nrows()),
            None => (Vec::new(), 0),
        };
        let x = gpu.zeros(batch, pixels)?;
        let mut recording = gpu.record();
        for (from, some) in &chunks {
            let [rows, _] = some.shape();
            let (part, at) = some.bind();
            let words = params([at, pixels as u32, batch as u32, *from as u32, (from + rows) as u32]);
            let bindings = [part, step.bind().0, x.bind().0];
            run(&mut recording, Small::Gather, &bindings, words, (batch * pixels).div_ceil(256))?;
        }
        Build {
            gpu,
            settings,
            layout: &layout,
            parameters: &parameters,
            gradients: &gradients,
            statistics: &statistics,
            step: &step,
            report: &report,
        }
        .record(&mut recording, &x, latent, &before, &behind)?;
        let words = {
            let numbers = [BETA1, BETA2, 1.0 - BETA1, 1.0 - BETA2, EPS].map(|number| (number as f32).to_bits());
            params([layout.numbers as u32, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]])
        };
        let bindings = [&parameters, &first, &second, &gradients, &step, &report].map(|matrix| matrix.bind().0);
        run(&mut recording, Small::Adam, &bindings, words, layout.numbers.div_ceil(256))?;
        let mut trainer = Self {
            program: recording.keep()?,
            settings: settings.clone(),
            parameters,
            moments: [first, second],
            statistics,
            arrays: layout.arrays,
            running: layout.running,
            steps: 0,
            step,
            batch: chunks.is_empty().then_some(x),
            images: count,
            report,
        };
        trainer.bring([encoder, decoder])?;
        Ok(trainer)
    }

    /// Kernels of a step.
    pub fn dispatches(&self) -> usize {
        self.program.len()
    }

    /// Steps made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// A step on images that are on the device, by their places, with a share of `lambda` from 0 to 1. If error or entropy is no
    /// finite number, the parameters are left as they were.
    ///
    /// # Errors
    ///
    /// If there are not as many places as images of a step, or one is of no image; if the device fails.
    pub fn step(&mut self, places: &[usize], share: f64, learning_rate: f64) -> Result<Found> {
        if places.len() != self.settings.batch {
            return Err(Error::Shape(format!("a step is of {} images, not of {}", self.settings.batch, places.len())));
        }
        if let Some(place) = places.iter().find(|&&place| place >= self.images) {
            return Err(Error::Shape(format!("there is no image {place} among the {} on the device", self.images)));
        }
        self.run(places, share, learning_rate)
    }

    /// A step on these images, which are brought to the device for it.
    ///
    /// # Errors
    ///
    /// If they are not as many as images of a step or have other sizes; if the device fails.
    pub fn step_on(&mut self, images: ArrayView2<'_, f32>, share: f64, learning_rate: f64) -> Result<Found> {
        let Some(batch) = &self.batch else {
            return Err(Error::Shape("the images of this training are on the device".to_owned()));
        };
        if [images.nrows(), images.ncols()] != batch.shape() {
            return Err(Error::Shape(format!("a step is of images {:?}, not {:?}", batch.shape(), images.shape())));
        }
        let images = images.as_standard_layout();
        batch.write(images.as_slice().expect("in memory order"))?;
        self.run(&vec![0; self.settings.batch], share, learning_rate)
    }

    fn run(&mut self, places: &[usize], share: f64, learning_rate: f64) -> Result<Found> {
        let steps = i32::try_from(self.steps + 1).unwrap_or(i32::MAX);
        let [correction1, correction2] = [BETA1, BETA2].map(|beta| 1.0 - beta.powi(steps));
        let head = [learning_rate / correction1, correction2.sqrt().recip(), share * self.settings.lambda, 0.0];
        let head = head.map(|number| f32::to_bits(number as f32));
        let words: Vec<u32> = head.into_iter().chain(places.iter().map(|&place| place as u32)).collect();
        self.step.write_words(&words)?;
        let pending = self.program.run(Some(&self.report.exactly()))?.expect("the report is read");
        let report: Vec<f32> = bytemuck::pod_collect_to_vec(&pending.wait()?);
        let (mse, entropy) = (f64::from(report[0]), f64::from(report[1]));
        if mse.is_finite() && entropy.is_finite() {
            self.steps += 1;
        }
        Ok(Found { mse, entropy })
    }

    /// Takes parameters and statistics from the networks to the device.
    fn bring(&mut self, networks: [&mut Sequential<f32>; 2]) -> Result<()> {
        let [_, of_parameters] = self.parameters.shape();
        let [_, of_statistics] = self.statistics.shape();
        let (mut parameters, mut statistics) = (vec![0.0; of_parameters], vec![0.0; of_statistics]);
        let (mut arrays, mut running) = (self.arrays.iter(), self.running.iter());
        for entry in networks.into_iter().flat_map(Sequential::state) {
            let (to, tensor) = match entry.content {
                Content::Parameter(tensor) => {
                    let (at, _) = arrays.next().expect("as many as the layers have");
                    (&mut parameters[*at..][..tensor.len()], tensor)
                }
                Content::Statistic(tensor) => {
                    let (at, _) = running.next().expect("as many as the layers have");
                    (&mut statistics[*at..][..tensor.len()], tensor)
                }
                Content::Count(_) => continue,
            };
            to.iter_mut().zip(tensor.iter()).for_each(|(to, &x)| *to = x);
        }
        self.parameters.write(&parameters)?;
        self.statistics.write(&statistics)
    }

    /// Brings parameters and running statistics to the networks.
    ///
    /// # Errors
    ///
    /// If the device fails.
    ///
    /// # Panics
    ///
    /// If the networks are others.
    pub fn fetch(&self, networks: [&mut Sequential<f32>; 2]) -> Result<()> {
        let [parameters, statistics] = [&self.parameters, &self.statistics].map(GpuMatrix::read);
        let (parameters, statistics) = (parameters?, statistics?);
        let (parameters, statistics) =
            (parameters.as_slice().expect("in memory order"), statistics.as_slice().expect("in memory order"));
        let (mut arrays, mut running) = (self.arrays.iter(), self.running.iter());
        for entry in networks.into_iter().flat_map(Sequential::state) {
            let (tensor, from) = match entry.content {
                Content::Parameter(tensor) => (tensor, &parameters[arrays.next().expect("the same networks").0..]),
                Content::Statistic(tensor) => (tensor, &statistics[running.next().expect("the same networks").0..]),
                Content::Count(count) => {
                    *count = self.steps;
                    continue;
                }
            };
            *tensor = array(tensor.shape(), from).into_shared();
        }
        Ok(())
    }

    /// Puts Adam's moments under `prefix`, as [`Adam::write`](nn_layers::optim::Adam::write) does: either goes on with the other's.
    ///
    /// # Errors
    ///
    /// If the device fails.
    pub fn write(&self, prefix: &str, weights: &mut Weights) -> Result<()> {
        if self.steps == 0 {
            return Ok(());
        }
        let [first, second] = [&self.moments[0], &self.moments[1]].map(GpuMatrix::read);
        for (name, moments) in [("first", first?), ("second", second?)] {
            let moments = moments.as_slice().expect("in memory order");
            for (place, (at, shape)) in self.arrays.iter().enumerate() {
                weights.insert(format!("{prefix}.{place}.{name}"), &array(shape, &moments[*at..]));
                weights.insert_count(format!("{prefix}.{place}.steps"), self.steps);
            }
        }
        Ok(())
    }

    /// Takes them from there.
    ///
    /// # Errors
    ///
    /// If they are damaged, or of other networks; if the device fails.
    pub fn read(&mut self, prefix: &str, weights: &Weights) -> std::result::Result<(), ReadError> {
        let mut steps = 0;
        for (name, moments) in ["first", "second"].into_iter().zip(&self.moments) {
            let mut all = vec![0.0; moments.shape()[1]];
            for (place, (at, shape)) in self.arrays.iter().enumerate() {
                let name = format!("{prefix}.{place}.{name}");
                if weights.shape(&name).is_none() {
                    continue;
                }
                let array: ArrayD<f32> = weights.get(&name, shape)?;
                all[*at..][..array.len()].iter_mut().zip(&array).for_each(|(to, &x)| *to = x);
                steps = weights.get_count(&format!("{prefix}.{place}.steps"))?;
            }
            moments.write(&all)?;
        }
        self.steps = steps;
        Ok(())
    }
}

/// Why a training cannot be gone on with.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is damaged, or of another network.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The device has failed.
    #[error(transparent)]
    Device(#[from] Error),
}

fn array(shape: &[usize], from: &[f32]) -> ArrayD<f32> {
    let numbers = from[..shape.iter().product()].to_vec();
    ArrayD::from_shape_vec(shape, numbers).expect("as many numbers as the shape has")
}

/// The images, in as many matrices as kernels may see of them; each with the place of its first.
fn resident(gpu: &Gpu, images: ArrayView2<'_, f32>) -> Result<Vec<(usize, GpuMatrix)>> {
    let rows = (gpu.limits().binding as usize / 4 / images.ncols().max(1)).max(1);
    let pieces = images.axis_chunks_iter(ndarray::Axis(0), rows).enumerate();
    pieces.map(|(i, some)| Ok((i * rows, gpu.upload(some)?))).collect()
}
