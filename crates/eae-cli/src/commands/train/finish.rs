//! The files of a finished or interrupted training.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use eae::data::choose;
use eae::picture::{PictureError, write_grid};
use eae::sampler::{FitError, Fitted, PREFIX, Refinement, Sampler};
use eae::{Autoencoder, Evaluation, gallery};
use ndarray::{ArrayView2, ArrayView4, Axis};
use nn_layers::Weights;

use super::steps::{Run, in_folder};
use crate::failure::Failure;
use crate::progress::end_when_interrupted;
use crate::report;
use crate::run_folder::{
    BEST, CHECKPOINT, CheckpointWriter, End, INTERPOLATIONS, LEAST_OF_A_CLASS, METRICS, MODEL, RECONSTRUCTIONS,
    SAMPLES, class_prefix, name_classes,
};

impl Run<'_> {
    /// Writes the weights, the samplers, the evaluation and, for images, pictures, and removes the
    /// checkpoint.
    pub(super) fn finish(&mut self, quiet: bool) -> Result<Evaluation, Failure> {
        // After a failure or an interrupt, --resume writes the files from the checkpoint.
        let resume = format!("eae train --resume {}", self.folder.display());
        end_when_interrupted(format!("interrupted after the last step; write the remaining files with: {resume}"));
        self.write_files(quiet)
            .map_err(|problem| Failure::other(format!("{problem}; after fixing this, resume with: {resume}")))
    }

    fn write_files(&mut self, quiet: bool) -> Result<Evaluation, Failure> {
        let failed = |e: &dyn std::fmt::Display| in_folder(&self.folder, e);
        let (images, test) = (self.data.train.source(), self.data.test.pixels.view());
        let seed = self.config.training.seed;
        let best = self.folder.join(BEST);
        if self.config.keep_best && best.exists() {
            self.model.read(&Weights::read(&best).map_err(|e| failed(&e))?).map_err(|e| failed(&e))?;
        }
        self.model.recalibrate(images).map_err(|e| failed(&e))?;
        // The model is saved before any step that can fail.
        let file = self.folder.join(MODEL);
        self.marked(&self.model).save(&file).map_err(|e| failed(&e))?;
        let codes = self.model.encode_all(images).map_err(|e| failed(&e))?;
        let places = choose(codes.nrows(), MOST_CODES, seed);
        let labels: Option<Vec<u8>> =
            self.data.train.labels().map(|labels| places.iter().map(|&place| labels[place]).collect());
        let codes = codes.select(Axis(0), &places);
        if !quiet && codes.len() > MANY_NUMBERS {
            errln!("fitting samplers to {} codes of {} numbers", codes.nrows(), codes.ncols());
        }
        let sampler = match with_samplers(&self.model, codes.view(), labels.as_deref(), seed) {
            Ok((mut weights, best)) => {
                self.state.mark(&mut weights);
                if let Some(names) = self.data.train.classes() {
                    name_classes(&mut weights, &names);
                }
                weights.save(&file).map_err(|e| failed(&e))?;
                best
            }
            Err(problem) => {
                errln!("warning: no density was fitted to the codes, so samples are drawn from N(0, I): {problem}");
                Sampler::Normal { latent: self.model.latent() }
            }
        };
        let evaluation = Evaluation::new(&self.model, &self.config.training.objective, images, test);
        let evaluation = evaluation.map_err(|e| failed(&e))?;
        // A missing line in the log does not stop the remaining steps.
        let written = self.log.write("evaluation", &evaluation);
        if let Err(problem) = written.and_then(|()| self.log.write(End::KIND, &End::now())) {
            errln!("warning: cannot write the evaluation to {}: {problem}", self.folder.join(METRICS).display());
        }
        if self.model.columns().is_none() {
            pictures(&self.model, &sampler, test, seed, &self.folder).map_err(|e| failed(&e))?;
            if let Some(tensorboard) = &mut self.tensorboard {
                tensorboard.pictures(&self.folder, &[SAMPLES, RECONSTRUCTIONS]).map_err(|e| failed(&e))?;
            }
        }
        for done in [self.folder.join(CHECKPOINT), best] {
            if done.exists() {
                fs::remove_file(done).map_err(|e| failed(&e))?;
            }
        }
        Ok(evaluation)
    }

    /// Writes the report, and returns its path and its warnings. Prints an error and returns `None`
    /// if the report cannot be written, because `eae report` can write it later.
    pub(super) fn report(&self) -> Option<(PathBuf, Vec<String>)> {
        let Self { config, data, folder, .. } = self;
        let (train, seed) = (data.train.source(), config.training.seed);
        let written = report::write(folder, config, &config.data, train, &data.test, None, seed);
        let complain = |problem| {
            errln!("warning: cannot write the report: {problem}; write it later with: eae report {}", folder.display());
        };
        written.map_err(complain).ok()
    }

    /// Writes a checkpoint to resume from, and a model to use.
    pub(super) fn interrupted(&mut self, writer: &CheckpointWriter) -> Result<Option<Evaluation>, Failure> {
        writer.write(self.checkpoint()?, &self.state)?;
        let mut model = self.model.clone();
        model.recalibrate(self.data.train.source()).map_err(|e| in_folder(&self.folder, &e))?;
        self.marked(&model).save(self.folder.join(MODEL)).map_err(|e| in_folder(&self.folder, &e))?;
        Ok(None)
    }

    /// Returns the weights of a model with the fingerprint of the training images.
    fn marked(&self, model: &Autoencoder<f32>) -> Weights {
        let mut weights = model.to_weights();
        self.state.mark(&mut weights);
        weights
    }
}

/// Number of numbers in codes to which samplers are not fitted in a moment.
const MANY_NUMBERS: usize = 100_000;
/// Largest number of codes to which densities are fitted, the size of MNIST.
const MOST_CODES: usize = 60_000;

/// Fits samplers to the codes of all classes and of each class, and a refinement of draws. Returns
/// the weights with all of them, and the best sampler.
fn with_samplers(
    model: &Autoencoder<f32>,
    codes: ArrayView2<'_, f32>,
    labels: Option<&[u8]>,
    seed: u64,
) -> Result<(Weights, Sampler), FitError> {
    let mut weights = model.to_weights();
    let fitted = Fitted::new(codes, seed)?;
    fitted.write(PREFIX, &mut weights);
    match Refinement::fit(model, seed) {
        Ok(refinement) => refinement.write(PREFIX, &mut weights),
        Err(problem) => errln!("warning: draws from N(0, I) cannot be refined: {problem}"),
    }
    for label in labels.unwrap_or_default().iter().copied().collect::<BTreeSet<u8>>() {
        let of_class = labels.unwrap_or_default().iter().enumerate().filter(|(_, other)| **other == label);
        let rows: Vec<usize> = of_class.map(|(row, _)| row).collect();
        // N(0, I) is the distribution of all classes, so it is not fitted to a class.
        if rows.len() >= LEAST_OF_A_CLASS {
            match Fitted::to_class(codes.select(Axis(0), &rows).view(), seed) {
                Ok(of_class) => of_class.write(&class_prefix(label), &mut weights),
                Err(problem) => errln!("warning: no density was fitted to the codes of class {label}: {problem}"),
            }
        }
    }
    Ok((weights, fitted.best().sampler.clone()))
}

fn pictures(
    model: &Autoencoder<f32>,
    sampler: &Sampler,
    test: ArrayView4<'_, f32>,
    seed: u64,
    folder: &Path,
) -> Result<(), PictureError> {
    let first = |count: usize| test.slice_axis(Axis(0), (..count.min(test.len_of(Axis(0)))).into());
    let write = |name: &str, images: ndarray::Array4<f32>| write_grid(folder.join(name), images.view(), 10, 3);
    write(SAMPLES, model.decode(sampler.sample(100, seed).view()))?;
    write(RECONSTRUCTIONS, gallery::reconstructions(model, first(50)))?;
    let paths = gallery::interpolations(model, first(20), 10);
    // A single image has no path to another.
    if paths.is_empty() { Ok(()) } else { write(INTERPOLATIONS, paths) }
}
