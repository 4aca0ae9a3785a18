//! The terms of the loss: the value of each for the report, and its gradient.

use nn_layers::Activation;

use super::bank::GpuBank;
use super::kernels::Small;
use super::loss::Loss;
use super::pass::{Build, Input};
use super::plan::Stage;
use super::words::Word;
use crate::neighbors::{self, Among};
use crate::product::Curve;
use crate::{Error, GpuMatrix, Result};

/// The loss of a step while it is recorded.
pub(super) struct Terms<'a> {
    pub(super) loss: &'a Loss,
    /// The words of a step, by [`Word`], followed by the indices of its images.
    pub(super) step: &'a GpuMatrix,
    pub(super) report: &'a GpuMatrix,
    pub(super) images: &'a GpuMatrix,
    pub(super) networks: [&'a [Stage]; 2],
    /// Number of stages in the encoder's trunk.
    pub(super) trunk: usize,
    /// Number of stages among them before the first dense layer.
    pub(super) front: usize,
    pub(super) critic: Option<&'a [Stage]>,
    pub(super) codes: Option<&'a GpuBank>,
    pub(super) features: Option<&'a GpuBank>,
    pub(super) drawn: Option<&'a GpuBank>,
}

/// Lists of one or more neighbors for each row, and the weight of each neighbor in a list.
pub(super) struct Nearest {
    pub(super) keys: GpuMatrix,
    pub(super) ids: GpuMatrix,
    weights: GpuMatrix,
}

/// One of the sums of log distances in the loss, for its gradient.
pub(super) struct Logarithms<'a> {
    /// The word of the step and the number by which it is multiplied.
    pub(super) word: Word,
    pub(super) factor: f32,
    /// True if the neighbors are rows of the same matrix, or its first rows, and get a gradient,
    /// too.
    pub(super) own: bool,
    /// True to add to the existing content.
    pub(super) add: bool,
    /// The activation that produced the rows.
    pub(super) curve: (Option<Curve>, f32),
    pub(super) found: &'a Nearest,
}

impl Terms<'_> {
    /// Records both passes and the report. Returns the matrix for the draws, if there are any.
    pub(super) fn record(&self, build: &mut Build<'_>) -> Result<Option<GpuMatrix>> {
        let [encoder, decoder] = self.networks;
        let there = build.forward(encoder, self.images.clone())?;
        let codes = there.output().clone();
        let ([n, latent], decoded, drawn) = (codes.shape(), self.loss.decoded, self.loss.drawn);
        // Draws are decoded together with the codes, as additional rows.
        let (to_decode, draws) = if drawn > 0 {
            let both = build.gpu.matrix(decoded + drawn, latent)?;
            self.copy(build, &codes, &both, decoded)?;
            let draws = both.part(decoded * latent, drawn, latent);
            (both, Some(draws))
        } else {
            (codes.part(0, decoded, latent), None)
        };
        let back = build.forward(decoder, to_decode)?;

        let output = back.output();
        let [rows, pixels] = output.shape();
        let gradient = build.gpu.matrix(rows, pixels)?;
        let errors = self.squared_error(build, output, decoder, &gradient)?;
        let of_codes = build.gpu.matrix(n, latent)?;
        let near = self.entropy(build, &codes, &of_codes)?;
        let nothing = build.gpu.zeros(1, 1)?;
        let radii = if self.loss.eae.radius > 0.0 { self.radius(build, &codes, &of_codes)? } else { nothing.clone() };
        let found = if drawn > 0 { self.compare_draws(build, &there, &back, &gradient)? } else { None };

        let diverging = if found.is_some() { drawn } else { 0 };
        let [across, within] = found.map_or([nothing.clone(), nothing], |found| found.map(|found| found.keys));
        let counts = [errors.shape()[1], decoded, n, latent, near.weights.shape()[1]].map(|count| count as u32);
        let of_radii = if self.loss.eae.radius > 0.0 { n } else { 0 };
        let words = [&counts[..], &[of_radii as u32, diverging as u32, self.closest()]].concat();
        let matrices = [&errors, &near.keys, &near.weights, &radii, &across, &within, self.report];
        build.small(Small::Report, &matrices, &words, 1)?;

        let first = of_codes.part(0, decoded, latent);
        let input = Input { gradient: &first, add: true, derivative: None };
        build.backward(&back, gradient, true, Some(&input))?;
        build.backward(&there, of_codes, true, None)?;
        Ok(draws)
    }

    /// Returns the bits of the squared floor of distances.
    pub(super) fn closest(&self) -> u32 {
        ((self.loss.eae.floor * self.loss.eae.floor) as f32).max(f32::MIN_POSITIVE).to_bits()
    }

    pub(super) fn copy(&self, build: &mut Build<'_>, from: &GpuMatrix, to: &GpuMatrix, rows: usize) -> Result<()> {
        let numbers = rows * from.shape()[1];
        // The word that is always 0.
        let words = [numbers as u32, numbers as u32, Word::Zero as u32, from.bind().1, to.bind().1];
        build.small(Small::Copy, &[from, self.step, to], &words, numbers.div_ceil(256))
    }

    /// Records partial sums of squares, and the gradient for the first rows.
    fn squared_error(
        &self,
        build: &mut Build<'_>,
        output: &GpuMatrix,
        decoder: &[Stage],
        gradient: &GpuMatrix,
    ) -> Result<GpuMatrix> {
        let (decoded, (curve, slope)) = (self.loss.decoded, last_curve(decoder));
        let numbers = decoded * output.shape()[1];
        let parts = build.gpu.matrix(1, numbers.div_ceil(1024))?;
        let words = [numbers as u32, (2.0 / decoded as f32).to_bits(), slope.to_bits()];
        build.small(
            Small::SquaredError(curve),
            &[output, self.images, gradient, &parts],
            &words,
            numbers.div_ceil(1024),
        )?;
        Ok(parts)
    }

    /// Records the search for neighbors of codes among themselves and previous codes, and the
    /// gradient of the entropy term.
    fn entropy(&self, build: &mut Build<'_>, codes: &GpuMatrix, gradient: &GpuMatrix) -> Result<Nearest> {
        let ([n, d], k) = (codes.shape(), self.loss.weights.len());
        let all = match self.codes {
            Some(bank) => {
                self.copy(build, codes, bank.all(), n)?;
                bank.all()
            }
            None => codes,
        };
        let weights: Vec<f32> = self.loss.weights.iter().map(|&weight| weight as f32).collect();
        let found = neighbors::record(&mut build.recording, codes, all, k, Some(0))?;
        let found = Nearest::new(build, &found, &weights)?;
        let factor = -(d as f32) / n as f32;
        let sum = Logarithms { word: Word::Entropy, factor, own: true, add: false, curve: (None, 0.0), found: &found };
        self.logarithms(build, &sum, codes, all, gradient)?;
        if let Some(bank) = self.codes {
            self.keep(build, codes, bank)?;
        }
        Ok(found)
    }

    /// Replaces the oldest rows by the newest. The old rows are saved in case the step fails.
    pub(super) fn keep(&self, build: &mut Build<'_>, rows: &GpuMatrix, bank: &GpuBank) -> Result<()> {
        let ([kept, d], most) = (bank.replaced().shape(), bank.most() * bank.columns());
        let numbers = kept * d;
        let words = [numbers as u32, most as u32, bank.word() as u32, rows.bind().1, bank.rows().bind().1];
        let matrices = [rows, self.step, bank.rows(), bank.replaced()];
        build.small(Small::Keep, &matrices, &words, numbers.div_ceil(256))
    }

    /// Records the squared differences of the sorted distances from the origin to the quantiles,
    /// and adds their gradient.
    fn radius(&self, build: &mut Build<'_>, codes: &GpuMatrix, gradient: &GpuMatrix) -> Result<GpuMatrix> {
        let [n, d] = codes.shape();
        let quantiles: Vec<f32> = self.loss.quantiles.iter().map(|&quantile| quantile as f32).collect();
        let on_device = build.gpu.matrix(1, n)?;
        on_device.write(&quantiles)?;
        let [radii, squares] = [build.gpu.matrix(1, n)?, build.gpu.matrix(1, n)?];
        let words = [n as u32, d as u32, Word::Radius as u32];
        build.small(Small::Radii, &[codes, &radii], &words, n.div_ceil(64))?;
        let matrices = [codes, &radii, &on_device, self.step, gradient, &squares];
        build.small(Small::Radius, &matrices, &words, n.div_ceil(64))?;
        Ok(squares)
    }

    pub(super) fn logarithms(
        &self,
        build: &mut Build<'_>,
        sum: &Logarithms<'_>,
        rows: &GpuMatrix,
        others: &GpuMatrix,
        gradient: &GpuMatrix,
    ) -> Result<()> {
        let ([n, d], Nearest { keys, ids, weights }) = (rows.shape(), sum.found);
        let counts = [n, d, weights.shape()[1], if sum.own { n } else { 0 }].map(|count| count as u32);
        let (curve, slope) = sum.curve;
        let starts = [rows, others, gradient].map(|matrix| matrix.bind().1);
        let how = [self.closest(), sum.word as u32, sum.factor.to_bits(), u32::from(sum.add), slope.to_bits()];
        let words = [&counts[..], &how, &starts].concat();
        let matrices = [rows, others, keys, ids, weights, self.step, gradient];
        build.small(Small::Logarithms(curve), &matrices, &words, (n * d).div_ceil(64))
    }
}

impl Nearest {
    pub(super) fn new(build: &Build<'_>, among: &Among, weights: &[f32]) -> Result<Self> {
        let [keys, ids] = among.only().ok_or_else(|| {
            Error::Unsupported(
                "the batch is too large to be trained on the GPU; reduce the batch size or train on the CPU".to_owned(),
            )
        })?;
        let on_device = build.gpu.matrix(1, weights.len())?;
        on_device.write(weights)?;
        Ok(Self { keys: keys.clone(), ids: ids.clone(), weights: on_device })
    }
}

pub(super) fn last_curve(stages: &[Stage]) -> (Option<Curve>, f32) {
    last_activation(stages).and_then(Curve::of).map_or((None, 0.0), |(curve, slope)| (Some(curve), slope))
}

pub(super) fn last_activation(stages: &[Stage]) -> Option<Activation> {
    stages.last().and_then(|stage| stage.activation)
}
