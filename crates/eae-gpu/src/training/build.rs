//! A step while it is recorded: forward, what it comes to, backward.

use statrs::function::gamma::{digamma, ln_gamma};

use super::kernels::Small;
use super::plan::Stage;
use super::{MOMENTUM, Settings};
use crate::device::{Part, Recording};
use crate::kernel::{Params, groups, params};
use crate::product::{Curve, Sum};
use crate::{Error, Gpu, GpuMatrix, Layout as Order, Product, Result, neighbors};

/// Where everything is in one matrix of all parameters and one of all statistics.
pub(super) struct Layout {
    pub(super) numbers: usize,
    pub(super) arrays: Vec<(usize, Vec<usize>)>,
    pub(super) statistics: usize,
    pub(super) running: Vec<(usize, usize)>,
}

impl Layout {
    pub(super) fn of<'a>(stages: impl Iterator<Item = &'a Stage>) -> Self {
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

pub(super) fn run(
    recording: &mut Recording<'_>,
    kernel: Small,
    bindings: &[Part],
    words: Params,
    count: usize,
) -> Result<()> {
    let Some(groups) = groups(count) else {
        return Err(Error::Limit { what: "a batch", need: count as u64, have: u32::MAX.into() });
    };
    recording.run(&kernel, bindings, words, groups, count as u64 * 1024)
}

/// A step while it is recorded.
pub(super) struct Build<'a> {
    pub(super) gpu: &'a Gpu,
    pub(super) settings: &'a Settings,
    pub(super) layout: &'a Layout,
    pub(super) parameters: &'a GpuMatrix,
    pub(super) gradients: &'a GpuMatrix,
    pub(super) statistics: &'a GpuMatrix,
    pub(super) step: &'a GpuMatrix,
    pub(super) report: &'a GpuMatrix,
}

impl Build<'_> {
    /// Both ways through the networks.
    pub(super) fn record(
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
                    let product = Product { layout: Order::LeftTransposed, ..Product::default() };
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
                let layout = Order::RightTransposed;
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
