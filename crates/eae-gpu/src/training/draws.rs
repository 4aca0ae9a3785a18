//! The terms that compare decoded draws with images, by the outputs of the encoder's trunk.

use super::kernels::Small;
use super::pass::{Build, Input, Pass};
use super::plan::{Op, Stage};
use super::terms::{Logarithms, Nearest, Terms, last_activation, last_curve};
use super::words::{Place, Word};
use crate::neighbors;
use crate::product::{Curve, Sum};
use crate::{Error, GpuMatrix, Product, Result, Transposed};

/// The features of the draws of a step.
struct Draws<'a> {
    features: &'a GpuMatrix,
    /// The features, followed by those of previous draws.
    all: &'a GpuMatrix,
    /// The gradient with respect to the input of the activation that produced the features.
    gradient: &'a GpuMatrix,
    curve: (Option<Curve>, f32),
}

impl Terms<'_> {
    /// Records the terms that compare decoded draws with images. The gradient is with respect to
    /// the pictures. Returns the neighbors of the draws among images and among each other, if their
    /// divergence has a weight.
    pub(super) fn compare_draws(
        &self,
        build: &mut Build<'_>,
        there: &Pass<'_>,
        back: &Pass<'_>,
        gradient: &GpuMatrix,
    ) -> Result<Option<[Nearest; 2]>> {
        let ([encoder, decoder], loss) = (self.networks, self.loss);
        let (decoded, drawn) = (loss.decoded, loss.drawn);
        let pixels = back.output().shape()[1];
        let [pictures, of_pictures] =
            [back.output(), gradient].map(|matrix| matrix.part(decoded * pixels, drawn, pixels));
        let trunk = self.trunk(encoder, decoder)?;
        let bank = self.features.expect("there is one where there are draws");
        let images = there.after(trunk.len());
        self.keep(build, images, bank)?;
        let (front, rest) = trunk.split_at(self.front);
        // The critic sees the outputs of the convolutions, and needs no dense layer.
        let rest = if loss.compares_features() { rest } else { &[] };
        let low = build.forward(front, pictures.clone())?;
        let high = build.forward(rest, low.output().clone())?;
        let features = high.output();
        // Without layers the features are the pictures themselves.
        let gradient_after = |build: &Build<'_>, stages: &[Stage], before: &GpuMatrix| match stages.last() {
            Some(last) => build.gpu.matrix(drawn, last.outputs),
            None => Ok(before.clone()),
        };
        let of_low = gradient_after(build, front, &of_pictures)?;
        let of_features = gradient_after(build, rest, &of_low)?;
        let all = match self.drawn {
            Some(bank) => {
                self.copy(build, features, bank.all(), drawn)?;
                bank.all()
            }
            None => features,
        };
        let before_low = if front.is_empty() { decoder } else { front };
        let curve = match self.critic {
            _ if !rest.is_empty() => last_curve(rest),
            // The critic adds to the same gradient, and multiplies the sum by the derivative.
            Some(_) => (None, 0.0),
            None => last_curve(before_low),
        };
        let draws = Draws { features, all, gradient: &of_features, curve };
        let found = if loss.eae.draws > 0.0 { Some(self.divergence_from(build, &draws, bank.rows())?) } else { None };
        if loss.eae.coverage > 0.0 {
            self.divergence_to(build, &draws, images)?;
        }
        if loss.eae.moments > 0.0 {
            self.moments(build, &draws, bank.rows())?;
        }
        if let Some(bank) = self.drawn {
            self.keep(build, features, bank)?;
        }
        // No gradient for the encoder, which could lower the terms by ignoring its input.
        let derivative = last_activation(before_low).map(|activation| (activation, low.output()));
        let input = Input { gradient: &of_low, add: false, derivative: derivative.filter(|_| self.critic.is_none()) };
        build.backward(&high, of_features, false, Some(&input))?;
        if let Some(critic) = self.critic {
            let input = Input { gradient: &of_low, add: loss.compares_features(), derivative };
            self.critic(build, critic, there.after(front.len()), low.output(), &input)?;
        }
        let derivative = last_activation(decoder).map(|activation| (activation, &pictures));
        build.backward(&low, of_low, false, Some(&Input { gradient: &of_pictures, add: false, derivative }))?;
        Ok(found)
    }

    /// Returns the trunk of the encoder.
    fn trunk<'s>(&self, encoder: &'s [Stage], decoder: &[Stage]) -> Result<&'s [Stage]> {
        let trunk = &encoder[..self.trunk];
        let is_batch_norm = |stage: &Stage| matches!(stage.op, Op::BatchNorm { .. });
        if trunk.iter().chain(decoder).any(is_batch_norm) {
            return Err(Error::Unsupported(
                "draws with batch normalization in the trunk cannot be trained on the GPU; train on the CPU or \
                 without draws"
                    .to_owned(),
            ));
        }
        Ok(trunk)
    }

    /// Records the search for the nearest images and the nearest other draws of draws, and the
    /// gradient of their divergence.
    fn divergence_from(&self, build: &mut Build<'_>, draws: &Draws<'_>, images: &GpuMatrix) -> Result<[Nearest; 2]> {
        let &Draws { features, gradient, curve, .. } = draws;
        let across = neighbors::record(&mut build.recording, features, images, 1, None)?;
        let within = neighbors::record(&mut build.recording, features, features, 1, Some(0))?;
        let found = [Nearest::new(build, &across, &[1.0])?, Nearest::new(build, &within, &[1.0])?];
        let one = 1.0 / features.shape()[0] as f32;
        let across = Logarithms { word: Word::Draws, factor: one, own: false, add: false, curve, found: &found[0] };
        let within = Logarithms { word: Word::Draws, factor: -one, own: true, add: true, curve, found: &found[1] };
        self.logarithms(build, &across, features, images, gradient)?;
        self.logarithms(build, &within, features, features, gradient)?;
        Ok(found)
    }

    /// Records the search for the nearest draws and the nearest other images of the images of the
    /// step, the divergence, and its gradient.
    fn divergence_to(&self, build: &mut Build<'_>, draws: &Draws<'_>, images: &GpuMatrix) -> Result<()> {
        let &Draws { features, all, gradient, curve: (curve, slope) } = draws;
        let across = neighbors::record(&mut build.recording, images, all, 1, None)?;
        let within = neighbors::record(&mut build.recording, images, images, 1, Some(0))?;
        let [across, within] = [Nearest::new(build, &across, &[1.0])?, Nearest::new(build, &within, &[1.0])?];
        let n = images.shape()[0];
        let words = [n as u32, self.closest(), Place::Coverage as u32];
        build.small(Small::LogRatio, &[&across.keys, &within.keys, self.report], &words, 1)?;

        let ([drawn, d], add) = (features.shape(), self.loss.eae.draws > 0.0);
        let counts = [n, drawn, d].map(|count| count as u32);
        let factor = 1.0 / n as f32;
        let how = [self.closest(), Word::Coverage as u32, factor.to_bits(), u32::from(add), slope.to_bits()];
        let starts = [images, features, gradient].map(|matrix| matrix.bind().1);
        let words = [&counts[..], &how, &starts].concat();
        let matrices = [images, features, &across.keys, &across.ids, self.step, gradient];
        build.small(Small::Coverage(curve), &matrices, &words, (drawn * d).div_ceil(64))
    }

    /// Records the distance of means and covariances of all draws and of images, and its gradient.
    fn moments(&self, build: &mut Build<'_>, draws: &Draws<'_>, images: &GpuMatrix) -> Result<()> {
        let &Draws { features, all, gradient, curve: (curve, slope) } = draws;
        let ([drawn, d], gpu) = (features.shape(), build.gpu);
        let (of_images, centered_images) = self.center(build, images, Word::AllImages)?;
        let (of_draws, centered_draws) = self.center(build, all, Word::AllDraws)?;
        // The difference of the covariances.
        let apart = gpu.matrix(d, d)?;
        let own = Product { transposed: Transposed::Left, ..Product::default() };
        let minus = Product { alpha: -1.0, beta: 1.0, ..own };
        own.record(&mut build.recording, Sum::Products, &centered_images, &centered_images, &apart)?;
        minus.record(&mut build.recording, Sum::Products, &centered_draws, &centered_draws, &apart)?;
        let [squares, factors] = [gpu.matrix(1, d)?, gpu.matrix(1, 2)?];
        build.small(Small::ColumnSquares, &[&apart, &squares], &[d as u32; 2], d)?;
        let words = [d as u32, Word::AllDraws as u32, Place::Moments as u32];
        let matrices = [&squares, &of_images, &of_draws, self.step, &factors, self.report];
        build.small(Small::Moments, &matrices, &words, 1)?;

        let products = gpu.matrix(drawn, d)?;
        let new = centered_draws.part(0, drawn, d);
        Product::default().record(&mut build.recording, Sum::Products, &new, &apart, &products)?;
        let add = self.loss.eae.draws > 0.0 || self.loss.eae.coverage > 0.0;
        let [z_at, g_at] = [features, gradient].map(|matrix| matrix.bind().1);
        let words = [drawn as u32, d as u32, Word::Moments as u32, u32::from(add), slope.to_bits(), z_at, g_at];
        let matrices = [features, &products, &of_images, &of_draws, &factors, self.step, gradient];
        build.small(Small::MomentsBack(curve), &matrices, &words, (drawn * d).div_ceil(256))
    }

    /// Records the means and variances of the columns, and the rows as factors of their covariance.
    /// A word of the step is the number of filled rows.
    fn center(&self, build: &mut Build<'_>, rows: &GpuMatrix, word: Word) -> Result<(GpuMatrix, GpuMatrix)> {
        let [n, d] = rows.shape();
        let (statistics, centered) = (build.gpu.matrix(2, d)?, build.gpu.matrix(n, d)?);
        let words = [n as u32, d as u32, rows.bind().1, word as u32];
        build.small(Small::Center, &[rows, self.step, &centered, &statistics], &words, d)?;
        Ok((statistics, centered))
    }
}
