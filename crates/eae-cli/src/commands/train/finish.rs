//! What is left when a training is over.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use eae::data::choose;
use eae::picture::{PictureError, write_grid};
use eae::sampler::{FitError, Fitted, PREFIX, Sampler};
use eae::{Autoencoder, Evaluation, gallery};
use ndarray::{ArrayView2, ArrayView4, Axis};
use nn_layers::Weights;

use super::steps::{Run, in_folder};
use crate::failure::Failure;
use crate::report;
use crate::run_folder::{
    BEST, CHECKPOINT, End, INTERPOLATIONS, Keeper, METRICS, MODEL, RECONSTRUCTIONS, SAMPLES, class_prefix, name_classes,
};

impl Run {
    /// Weights, densities of the codes, evaluation, and of images pictures; after that there is
    /// nothing to go on with.
    pub(super) fn finish(&mut self) -> Result<Evaluation, Failure> {
        // What could not be made of a training that is over can be made of its checkpoint.
        self.make_everything().map_err(|problem| {
            let folder = self.folder.display();
            Failure::other(format!("{problem}; once that is put right, go on with: eae train --resume {folder}"))
        })
    }

    fn make_everything(&mut self) -> Result<Evaluation, Failure> {
        let failed = |e: &dyn std::fmt::Display| in_folder(&self.folder, e);
        let (images, test) = (self.data.train.source(), self.data.test.pixels.view());
        let seed = self.config.training.seed;
        let best = self.folder.join(BEST);
        if self.config.keep_best && best.exists() {
            self.model.read(&Weights::read(&best).map_err(|e| failed(&e))?).map_err(|e| failed(&e))?;
        }
        self.model.recalibrate(images).map_err(|e| failed(&e))?;
        // Before anything else that could go wrong.
        let file = self.folder.join(MODEL);
        self.model.save(&file).map_err(|e| failed(&e))?;
        let codes = self.model.encode_all(images).map_err(|e| failed(&e))?;
        let places = choose(codes.nrows(), MOST_CODES, seed);
        let labels: Option<Vec<u8>> =
            self.data.train.labels().map(|labels| places.iter().map(|&place| labels[place]).collect());
        let codes = codes.select(Axis(0), &places);
        let sampler = match with_samplers(&self.model, codes.view(), labels.as_deref(), seed) {
            Ok((mut weights, best)) => {
                self.kept.mark(&mut weights);
                if let Some(names) = self.data.train.classes() {
                    name_classes(&mut weights, &names);
                }
                weights.save(&file).map_err(|e| failed(&e))?;
                best
            }
            Err(problem) => {
                errln!("no density is fitted to the codes, samples are from N(0, I): {problem}");
                Sampler::Normal { latent: self.model.latent() }
            }
        };
        let evaluation = Evaluation::new(&self.model, &self.config.training.objective, images, test);
        let evaluation = evaluation.map_err(|e| failed(&e))?;
        // What is in it matters less than what is still to be made.
        let written = self.log.write("evaluation", &evaluation);
        if let Err(problem) = written.and_then(|()| self.log.write(End::KIND, &End::now())) {
            errln!("eae: lines are missing in {}: {problem}", self.folder.join(METRICS).display());
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

    /// Writes the report, and returns its path and its warnings. Returns nothing if it cannot be
    /// written: the model is worth more than its report, which can be made at any time.
    pub(super) fn report(&self) -> Option<(PathBuf, Vec<String>)> {
        let Self { config, data, folder, .. } = self;
        let (train, seed) = (data.train.source(), config.training.seed);
        let written = report::write(folder, config, &config.data, train, &data.test, None, seed);
        let complain = |problem| errln!("eae: there is no report, eae report {} makes it: {problem}", folder.display());
        written.map_err(complain).ok()
    }

    /// Leaves the training to be gone on with, and the model so far to be used.
    pub(super) fn interrupted(&mut self, keeper: &Keeper) -> Result<Option<Evaluation>, Failure> {
        keeper.keep(self.checkpoint()?, &self.kept)?;
        let mut model = self.model.clone();
        model.recalibrate(self.data.train.source()).map_err(|e| in_folder(&self.folder, &e))?;
        model.save(self.folder.join(MODEL)).map_err(|e| in_folder(&self.folder, &e))?;
        Ok(None)
    }
}

/// Codes that densities are fitted to: of more training images than MNIST has, a choice.
const MOST_CODES: usize = 60_000;
/// Codes of a class below which no density is fitted to them.
const LEAST_OF_A_CLASS: usize = 20;

/// The weights with the densities that `eae sample` can draw codes from, of all and of each class;
/// and the best of all.
fn with_samplers(
    model: &Autoencoder<f32>,
    codes: ArrayView2<'_, f32>,
    labels: Option<&[u8]>,
    seed: u64,
) -> Result<(Weights, Sampler), FitError> {
    let mut weights = model.to_weights();
    let fitted = Fitted::new(codes, seed)?;
    fitted.write(PREFIX, &mut weights);
    for label in labels.unwrap_or_default().iter().copied().collect::<BTreeSet<u8>>() {
        let of_class = labels.unwrap_or_default().iter().enumerate().filter(|(_, other)| **other == label);
        let rows: Vec<usize> = of_class.map(|(row, _)| row).collect();
        // A density of a class must come from its own codes: N(0, I) is that of all.
        if rows.len() >= LEAST_OF_A_CLASS {
            Fitted::to_class(codes.select(Axis(0), &rows).view(), seed)?.write(&class_prefix(label), &mut weights);
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
    let ways = gallery::interpolations(model, first(20), 10);
    // A single image is on no way to another.
    if ways.is_empty() { Ok(()) } else { write(INTERPOLATIONS, ways) }
}
