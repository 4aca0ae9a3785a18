//! The forward and the backward pass of a network. Each kind of layer has its forward and its
//! backward computation in this file.

use nn_layers::Activation;

use super::kernels::{Small, run};
use super::plan::{Op, Stage};
use crate::convolution::Folded;
use crate::device::Recording;
use crate::product::Sum;
use crate::{Gpu, GpuMatrix, Product, Result, Transposed};

/// A step while it is recorded, with the parameters and statistics of the networks.
#[derive(Debug)]
pub(super) struct Build<'g> {
    pub(super) gpu: &'g Gpu,
    pub(super) recording: Recording<'g>,
    pub(super) parameters: GpuMatrix,
    pub(super) gradients: GpuMatrix,
    /// The running statistics, and their values before the step.
    pub(super) statistics: [GpuMatrix; 2],
}

/// A network evaluated on samples.
pub(super) struct Pass<'s> {
    stages: &'s [Stage],
    /// The samples, and the output of each stage.
    values: Vec<GpuMatrix>,
    /// Additional data of a stage for the backward pass: its unfolded input, or the scale of its
    /// normalization.
    kept: Vec<Option<GpuMatrix>>,
}

/// The destination of the gradient with respect to a network's input. If it has fewer rows than the
/// input, it receives the gradient of the first samples only.
pub(super) struct Input<'a> {
    pub(super) gradient: &'a GpuMatrix,
    /// True to add the gradient to the content of the destination, false to overwrite it.
    pub(super) add: bool,
    /// The activation that produced the input, and the input itself. If set, the gradient is with
    /// respect to the activation's input.
    pub(super) derivative: Option<(Activation, &'a GpuMatrix)>,
}

impl Build<'_> {
    pub(super) fn small(&mut self, kernel: Small, matrices: &[&GpuMatrix], words: &[u32], groups: usize) -> Result<()> {
        run(&mut self.recording, kernel, matrices, words, groups)
    }

    pub(super) fn product(
        &mut self,
        product: &Product<'_>,
        sum: Sum,
        a: &GpuMatrix,
        b: &GpuMatrix,
        c: &GpuMatrix,
    ) -> Result<()> {
        product.record(&mut self.recording, sum, a, b, c)
    }

    /// Records the forward pass.
    pub(super) fn forward<'s>(&mut self, stages: &'s [Stage], samples: GpuMatrix) -> Result<Pass<'s>> {
        let mut pass = Pass { stages, values: vec![samples], kept: Vec::new() };
        for stage in stages {
            let input = pass.output().clone();
            let value = self.gpu.matrix(input.shape()[0], stage.outputs)?;
            pass.kept.push(self.stage(stage, &input, &value)?);
            pass.values.push(value);
        }
        Ok(pass)
    }

    fn stage(&mut self, stage: &Stage, input: &GpuMatrix, value: &GpuMatrix) -> Result<Option<GpuMatrix>> {
        let (n, activation) = (input.shape()[0], stage.activation);
        let ([weight_rows, weight_columns], biases) = stage.weight();
        let weight = self.parameters.part(stage.at, weight_rows, weight_columns);
        let bias = self.parameters.part(stage.at + weight_rows * weight_columns, 1, biases);
        let with_bias = Product { bias: Some(&bias), activation, ..Product::default() };
        match stage.op {
            Op::Dense => {
                let product = Product { transposed: Transposed::Right, ..with_bias };
                self.product(&product, Sum::Products, input, &weight, value)?;
                Ok(None)
            }
            Op::Conv { geometry, channels } => {
                let [rows, columns] = geometry.unfolded(n);
                let seen = self.gpu.matrix(rows, columns)?;
                geometry.unfold(&mut self.recording, input, &seen)?;
                let product = Product { transposed: Transposed::Right, ..with_bias };
                self.product(&product, Sum::Products, &seen, &weight, &value.part(0, rows, channels))?;
                Ok(Some(seen))
            }
            Op::ConvTranspose { geometry, channels } => {
                let [rows, columns] = geometry.unfolded(n);
                let painted = self.gpu.matrix(rows, columns)?;
                let input = input.part(0, rows, channels);
                self.product(&Product::default(), Sum::Products, &input, &weight, &painted)?;
                let how = Folded { bias: Some(&bias), activation, ..Folded::default() };
                geometry.fold(&mut self.recording, &painted, value, &how)?;
                Ok(None)
            }
            Op::BatchNorm { eps, momentum } => {
                let scale = self.gpu.matrix(1, stage.outputs)?;
                let [mean, variance] = [0, 1].map(|i| (stage.at + i * stage.outputs) as u32);
                let numbers = [eps, momentum].map(|number| (number as f32).to_bits());
                let words = [n as u32, stage.outputs as u32, numbers[0], numbers[1], mean, variance];
                let [statistics, before] = self.statistics.clone();
                let matrices = [input, value, &scale, &statistics, &before];
                self.small(Small::Normalize, &matrices, &words, stage.outputs)?;
                Ok(Some(scale))
            }
        }
    }

    /// Records the backward pass. `gradient` is the gradient with respect to the input of the last
    /// activation. The pass computes the gradient with respect to the weights if `weights` is true,
    /// and with respect to the samples if `samples` names a destination.
    pub(super) fn backward(
        &mut self,
        pass: &Pass<'_>,
        mut gradient: GpuMatrix,
        weights: bool,
        samples: Option<&Input<'_>>,
    ) -> Result<()> {
        for (place, stage) in pass.stages.iter().enumerate().rev() {
            let (input, kept) = (&pass.values[place], pass.kept[place].as_ref());
            if let Op::BatchNorm { .. } = stage.op {
                let [rows, features] = gradient.shape();
                let (value, scale) = (&pass.values[place + 1], kept.expect("the stage normalizes"));
                // The gradient is computed in place, because no activation precedes the
                // normalization.
                let words = [rows as u32, features as u32];
                self.small(Small::NormalizeBack, &[value, scale, &gradient], &words, features)?;
                continue;
            }
            // A transposed convolution needs its unfolded output gradient twice: for the gradient
            // of its weight and for that of its input.
            let seen = match stage.op {
                Op::ConvTranspose { geometry, .. } => {
                    let [rows, columns] = geometry.unfolded(gradient.shape()[0]);
                    let seen = self.gpu.matrix(rows, columns)?;
                    geometry.unfold(&mut self.recording, &gradient, &seen)?;
                    Some(seen)
                }
                _ => None,
            };
            if weights {
                self.weight_gradient(stage, input, seen.as_ref().or(kept), &gradient)?;
            }
            let before = place.checked_sub(1).and_then(|before| pass.stages[before].activation);
            let derivative = before.map(|activation| (activation, input));
            if place > 0 {
                let next = self.gpu.matrix(input.shape()[0], stage.inputs)?;
                self.input_gradient(
                    stage,
                    &gradient,
                    seen.as_ref(),
                    &Input { gradient: &next, add: false, derivative },
                )?;
                gradient = next;
            } else if let Some(samples) = samples {
                self.input_gradient(stage, &gradient, seen.as_ref(), samples)?;
            }
        }
        Ok(())
    }

    /// Records the gradient with respect to a stage's weight and bias.
    fn weight_gradient(
        &mut self,
        stage: &Stage,
        input: &GpuMatrix,
        seen: Option<&GpuMatrix>,
        g: &GpuMatrix,
    ) -> Result<()> {
        let ([rows, columns], biases) = stage.weight();
        let weight = self.gradients.part(stage.at, rows, columns);
        let product = Product { transposed: Transposed::Left, ..Product::default() };
        match stage.op {
            Op::Dense => self.product(&product, Sum::ProductsAndRows, g, input, &weight),
            Op::Conv { channels, .. } => {
                let seen = seen.expect("the stage unfolds");
                let g = g.part(0, seen.shape()[0], channels);
                self.product(&product, Sum::ProductsAndRows, &g, seen, &weight)
            }
            Op::ConvTranspose { channels, .. } => {
                let seen = seen.expect("the stage unfolds");
                let input = input.part(0, seen.shape()[0], channels);
                self.product(&product, Sum::Products, &input, seen, &weight)?;
                let bias = self.gradients.part(stage.at + rows * columns, 1, biases);
                let pixels = g.shape().iter().product::<usize>() / biases;
                let at = bias.bind().1;
                self.small(Small::ColumnSums, &[g, &bias], &[pixels as u32, biases as u32, at], biases)
            }
            Op::BatchNorm { .. } => Ok(()),
        }
    }

    /// Records the gradient with respect to a stage's input, for the first samples.
    fn input_gradient(&mut self, stage: &Stage, g: &GpuMatrix, seen: Option<&GpuMatrix>, to: &Input<'_>) -> Result<()> {
        let ([rows, columns], _) = stage.weight();
        let weight = self.parameters.part(stage.at, rows, columns);
        let n = to.gradient.shape()[0];
        let beta = if to.add { 1.0 } else { 0.0 };
        match stage.op {
            Op::Dense => {
                let product = Product { beta, derivative: to.derivative, ..Product::default() };
                self.product(&product, Sum::Products, &g.part(0, n, stage.outputs), &weight, to.gradient)
            }
            Op::Conv { geometry, channels } => {
                let [rows, columns] = geometry.unfolded(n);
                let painted = self.gpu.matrix(rows, columns)?;
                let g = g.part(0, rows, channels);
                self.product(&Product::default(), Sum::Products, &g, &weight, &painted)?;
                let how = Folded { add: to.add, derivative: to.derivative, ..Folded::default() };
                geometry.fold(&mut self.recording, &painted, to.gradient, &how)
            }
            Op::ConvTranspose { geometry, channels } => {
                let [rows, columns] = geometry.unfolded(n);
                let seen = seen.expect("the stage unfolds").part(0, rows, columns);
                let values = to.derivative.map(|(activation, values)| (activation, values.part(0, rows, channels)));
                let derivative = values.as_ref().map(|(activation, values)| (*activation, values));
                let product = Product { transposed: Transposed::Right, beta, derivative, ..Product::default() };
                self.product(&product, Sum::Products, &seen, &weight, &to.gradient.part(0, rows, channels))
            }
            Op::BatchNorm { .. } => unreachable!("batch normalization follows a dense layer"),
        }
    }
}

impl Pass<'_> {
    /// Returns the output of the last stage.
    pub(super) fn output(&self) -> &GpuMatrix {
        self.values.last().expect("a pass has at least the samples")
    }

    /// Returns the pass of some of the samples through dense layers.
    pub(super) fn of_rows(&self, from: usize, rows: usize) -> Self {
        let part = |matrix: &GpuMatrix| matrix.part(from * matrix.shape()[1], rows, matrix.shape()[1]);
        let kept = vec![None; self.stages.len()];
        Self { stages: self.stages, values: self.values.iter().map(part).collect(), kept }
    }

    /// Returns the output of the first `stages` stages.
    pub(super) fn after(&self, stages: usize) -> &GpuMatrix {
        &self.values[stages]
    }
}
