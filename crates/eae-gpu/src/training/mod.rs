//! A training step as a whole on the device: one submission, to which the places of the images go and from which two numbers
//! come back.

mod kernels;
mod plan;

use ndarray::{ArrayD, ArrayView2};
use nn_layers::{Content, Sequential, Weights, WeightsError};
use statrs::function::gamma::{digamma, ln_gamma};

use crate::device::{Program, Recording};
use crate::kernel::{Params, groups, params};
use crate::product::{Curve, Sum};
use crate::{Error, Gpu, GpuMatrix, Product, Result, neighbors};
use kernels::Small;
use plan::{Stage, stages};

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

/// Where everything is in one matrix of all parameters and one of all statistics.
struct Layout {
    numbers: usize,
    arrays: Vec<(usize, Vec<usize>)>,
    statistics: usize,
    running: Vec<(usize, usize)>,
}

impl Layout {
    fn of<'a>(stages: impl Iterator<Item = &'a Stage>) -> Self {
        let mut layout = Self { numbers: 0, arrays: Vec::new(), statistics: 0, running: Vec::new() };
        // Each layer begins where a kernel's view may.
        let aligned = |at: usize| at.next_multiple_of(64);
        for stage in stages {
            match *stage {
                Stage::Dense { inputs, outputs, .. } => {
                    let at = aligned(layout.numbers);
                    // A gradient's row sums are written behind it: that is where the bias is.
                    layout.arrays.push((at, vec![outputs, inputs]));
                    layout.arrays.push((at + outputs * inputs, vec![outputs]));
                    layout.numbers = at + outputs * inputs + outputs;
                }
                Stage::BatchNorm { features, .. } => {
                    for _ in 0..2 {
                        layout.running.push((layout.statistics, features));
                        layout.statistics += features;
                    }
                }
            }
        }
        layout.numbers = aligned(layout.numbers);
        layout
    }
}

fn run(
    recording: &mut Recording<'_>,
    kernel: Small,
    bindings: &[crate::device::Part],
    words: Params,
    count: usize,
) -> Result<()> {
    let Some(groups) = groups(count) else {
        return Err(Error::Limit { what: "a batch", need: count as u64, have: u32::MAX.into() });
    };
    recording.run(&kernel, bindings, words, groups, count as u64 * 1024)
}

/// A step while it is recorded.
struct Build<'a> {
    gpu: &'a Gpu,
    settings: &'a Settings,
    layout: &'a Layout,
    parameters: &'a GpuMatrix,
    gradients: &'a GpuMatrix,
    statistics: &'a GpuMatrix,
    step: &'a GpuMatrix,
    report: &'a GpuMatrix,
}

impl Build<'_> {
    /// Both ways through the networks.
    fn record(
        &self,
        recording: &mut Recording<'_>,
        x: &GpuMatrix,
        latent: usize,
        before: &[Stage],
        behind: &[Stage],
    ) -> Result<()> {
        let stages: Vec<Stage> = before.iter().chain(behind).copied().collect();
        let n = self.settings.batch;
        // Forward.
        let (mut values, mut scales) = (vec![x.clone()], Vec::new());
        for place in 0..stages.len() {
            let value = self.gpu.matrix(n, stages[place].outputs())?;
            scales.push(self.forward(recording, &stages, place, &values[place], &value)?);
            values.push(value);
        }
        let codes = &values[before.len()];
        assert_eq!(codes.shape(), [n, latent], "the encoder's output");

        // What it comes to.
        let output = values.last().expect("the images at least");
        let last = stages.last().expect("at least one");
        let curve =
            if let Stage::Dense { activation: Some(activation), .. } = last { Curve::of(*activation) } else { None };
        let numbers = output.shape().iter().product::<usize>();
        let parts = self.gpu.matrix(1, numbers.div_ceil(1024))?;
        let mut gradient = self.gpu.matrix(n, output.shape()[1])?;
        let slope = curve.map_or(0.0, |(_, slope)| slope);
        let words = params([numbers as u32, (2.0 / n as f32).to_bits(), slope.to_bits()]);
        let bindings = [output, x, &gradient, &parts].map(|matrix| matrix.bind().0);
        run(recording, Small::SquaredError(curve.map(|(curve, _)| curve)), &bindings, words, numbers.div_ceil(1024))?;
        let of_codes = self.entropy(recording, codes, &parts)?;

        // Backward. `gradient` is with respect to what the stage's activation was given.
        for place in (0..stages.len()).rev() {
            let input = &values[place];
            match stages[place] {
                Stage::Dense { .. } => {
                    let (weight, [outputs, inputs]) = self.weight(&stages, place, self.gradients);
                    let product = Product { layout: crate::Layout::LeftTransposed, ..Product::default() };
                    product.record(recording, Sum::ProductsAndRows, &gradient, input, &weight)?;
                    if place == 0 {
                        break;
                    }
                    let (weight, _) = self.weight(&stages, place, self.parameters);
                    assert_eq!(weight.shape(), [outputs, inputs]);
                    // Codes have a gradient already, the entropy's.
                    let is_code = place == before.len();
                    let next = if is_code { of_codes.clone() } else { self.gpu.matrix(n, inputs)? };
                    let derivative = match stages[place - 1] {
                        Stage::Dense { activation: Some(activation), .. } => Some((activation, input)),
                        _ => None,
                    };
                    if is_code && derivative.is_some() {
                        return Err(Error::Unsupported(
                            "an encoder that ends in an activation is not trained on the GPU; train on the CPU"
                                .to_owned(),
                        ));
                    }
                    let beta = if is_code { 1.0 } else { 0.0 };
                    let product = Product { beta, derivative, ..Product::default() };
                    product.record(recording, Sum::Products, &gradient, &weight, &next)?;
                    gradient = next;
                }
                Stage::BatchNorm { features, .. } => {
                    if place == 0
                        || matches!(stages[place - 1], Stage::Dense { activation: Some(_), .. })
                        || place == before.len()
                    {
                        return Err(Error::Unsupported(
                            "batch normalisation that does not follow a dense layer, or follows its activation, is not trained on the \
                             GPU; train on the CPU"
                                .to_owned(),
                        ));
                    }
                    let scale = scales[place].as_ref().expect("it was normalised");
                    let bindings = [&values[place + 1], scale, &gradient].map(|matrix| matrix.bind().0);
                    let words = params([n as u32, features as u32]);
                    run(recording, Small::NormaliseBack, &bindings, words, features)?;
                }
            }
        }
        Ok(())
    }

    /// A stage's value; of batch normalisation also its scale.
    fn forward(
        &self,
        recording: &mut Recording<'_>,
        stages: &[Stage],
        place: usize,
        input: &GpuMatrix,
        value: &GpuMatrix,
    ) -> Result<Option<GpuMatrix>> {
        match stages[place] {
            Stage::Dense { activation, outputs, .. } => {
                let (weight, [_, inputs]) = self.weight(stages, place, self.parameters);
                let (at, _) = self.layout.arrays[2 * dense_before(stages, place)];
                let bias = self.parameters.part(at + outputs * inputs, 1, outputs);
                let layout = crate::Layout::RightTransposed;
                let product = Product { layout, bias: Some(&bias), activation, ..Product::default() };
                product.record(recording, Sum::Products, input, &weight, value)?;
                Ok(None)
            }
            Stage::BatchNorm { features, eps } => {
                let scale = self.gpu.matrix(1, features)?;
                let norms = stages[..place].iter().filter(|stage| matches!(stage, Stage::BatchNorm { .. })).count();
                let [mean, variance] = [0, 1].map(|i| self.layout.running[2 * norms + i].0 as u32);
                let numbers = [eps, MOMENTUM].map(|number| (number as f32).to_bits());
                let words =
                    params([self.settings.batch as u32, features as u32, numbers[0], numbers[1], mean, variance]);
                let bindings = [input, value, &scale, self.statistics].map(|matrix| matrix.bind().0);
                run(recording, Small::Normalise, &bindings, words, features)?;
                Ok(Some(scale))
            }
        }
    }

    /// The gradient of the entropy's part of the loss, and the report of both parts.
    fn entropy(&self, recording: &mut Recording<'_>, codes: &GpuMatrix, parts: &GpuMatrix) -> Result<GpuMatrix> {
        let &Settings { ref weights, floor, .. } = self.settings;
        let ([n, d], k) = (codes.shape(), weights.len());
        let found = neighbors::record(recording, codes, codes, k, Some(0))?;
        let [keys, ids] = found.only().ok_or_else(|| Error::Unsupported(format!("a batch of {n} is too large")))?;
        let single: Vec<f32> = weights.iter().map(|&weight| weight as f32).collect();
        let on_device = self.gpu.zeros(1, k)?;
        on_device.write(&single)?;
        let closest = ((floor * floor) as f32).max(f32::MIN_POSITIVE).to_bits();
        let gradient = self.gpu.matrix(n, d)?;
        let bindings = [codes, keys, ids, &on_device, self.step, &gradient].map(|matrix| matrix.bind().0);
        run(
            recording,
            Small::Entropy,
            &bindings,
            params([n as u32, d as u32, k as u32, closest]),
            (n * d).div_ceil(64),
        )?;
        let of_neighbors: f64 = weights.iter().enumerate().map(|(j, weight)| weight * digamma(j as f64 + 1.0)).sum();
        let half = d as f64 / 2.0;
        let volume = half * std::f64::consts::PI.ln() - ln_gamma(half + 1.0);
        let constant = (digamma(n as f64) - of_neighbors + volume) as f32;
        let counts = [parts.shape()[1], n, d, k].map(|count| count as u32);
        let words = params([counts[0], counts[1], counts[2], counts[3], closest, constant.to_bits()]);
        let bindings = [parts, keys, &on_device, self.report].map(|matrix| matrix.bind().0);
        run(recording, Small::Report, &bindings, words, 1)?;
        Ok(gradient)
    }

    /// A dense layer's weight, or its gradient, in the matrix of all of them.
    fn weight(&self, stages: &[Stage], place: usize, all: &GpuMatrix) -> (GpuMatrix, [usize; 2]) {
        let (at, shape) = &self.layout.arrays[2 * dense_before(stages, place)];
        (all.part(*at, shape[0], shape[1]), [shape[0], shape[1]])
    }
}

fn dense_before(stages: &[Stage], place: usize) -> usize {
    stages[..place].iter().filter(|stage| matches!(stage, Stage::Dense { .. })).count()
}
