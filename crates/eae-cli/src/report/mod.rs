//! `report.html`: one file that says what was trained on what, what came of it, and what to beware
//! of. It needs nothing else, no network, and no script but one that enlarges pictures. The same run
//! always gives the same file.

pub(crate) mod chart;
mod enlarge;
mod heat;
mod latent;
mod number;
mod page;
mod pictures;
mod quality;
mod settings;
mod table;
mod text;
mod training;
mod verdict;
mod warnings;

use std::fs;
use std::path::{Path, PathBuf};

use eae::data::{Images, Source, Split, choose, sample};
use eae::evaluation::SampleReport;
use eae::metrics::LatentReport;
use eae::objective::Criterion;
use eae::run::write_whole;
use eae::sampler::Sampler;
use eae::{Evaluation, Features, TrainConfig};
use ndarray::Array2;

use crate::dataset::Data;
use crate::failure::Failure;
use crate::judgment::FeaturesFlag;
use crate::run_folder::{self, CONFIG, Config, End, Epoch, REPORT, State, Trained, class_prefix};
use latent::Dimension;
pub(crate) use latent::dimensions;
use pictures::Class;
use text::without_folders;
pub(crate) use warnings::no_better_than_the_mean;

/// Held-out images that the codes are judged by.
const MOST_CODES: usize = 10_000;
/// Held-out images that draws from each sampler are compared with, and training images that they
/// could be copies of.
const MOST_DRAWS: usize = 2000;
const MOST_TRAINING: usize = 10_000;
/// Numbers of an image whose principal components take no longer than a minute.
const MOST_NUMBERS: usize = 3072;
/// Columns of a table whose covariances take no longer than a minute.
const MOST_COLUMNS: usize = 500;

/// All that there is to show.
struct Report<'a> {
    /// From anywhere.
    folder: PathBuf,
    config: &'a Config,
    /// As it stands in the run folder.
    config_text: String,
    /// What the model is judged on, which may have moved since it was trained.
    named: &'a Data,
    train: &'a dyn Source<f32>,
    test: &'a Images<f32>,
    seed: u64,
    trained: Trained,
    samplers: Vec<Sampler>,
    classes: Vec<Class>,
    epochs: Vec<Epoch>,
    end: Option<End>,
    unfinished: bool,
    evaluation: Evaluation,
    codes: Array2<f32>,
    labels: Option<Vec<u8>>,
    dimensions: Vec<Dimension>,
    /// What the entropy would have been in training for draws from N(0, I).
    normal_entropy: Option<f64>,
    draws: Result<SampleReport, String>,
}

/// Makes the report of a run folder on the data that its model was trained on, and writes it there.
/// Returns its path, and a sentence for each thing to beware of. Images are compared on `features`,
/// or on those that fit the data.
pub(crate) fn write(
    folder: &Path,
    config: &Config,
    named: &Data,
    train: &dyn Source<f32>,
    test: &Images<f32>,
    features: Option<Features>,
    seed: u64,
) -> Result<(PathBuf, Vec<String>), Failure> {
    let report = Report::new(folder, config, named, (train, test), features, seed)?;
    let page = page::page(&report).map_err(Failure::other)?;
    let path = folder.join(REPORT);
    write_whole(&path, page.into_string().as_bytes())
        .map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
    let warnings = report.warnings().into_iter().map(|warning| format!("{} {}", warning.what, warning.way_out));
    Ok((path, warnings.collect()))
}

impl<'a> Report<'a> {
    fn new(
        folder: &Path,
        config: &'a Config,
        named: &'a Data,
        (train, test): (&'a dyn Source<f32>, &'a Images<f32>),
        features: Option<Features>,
        seed: u64,
    ) -> Result<Self, Failure> {
        let trained = Trained::load(folder)?;
        let samplers = trained.samplers()?;
        let classes = classes(&trained)?;
        let path = folder.join(CONFIG);
        let config_text = fs::read_to_string(&path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?;
        let held_out = at_most(test, MOST_CODES);
        let TrainConfig { objective, batch_size, .. } = &config.training;
        let (model, images) = (&trained.model, held_out.pixels.view());
        let codes = model.encode(images);
        let evaluation = Evaluation::with_tests(model, codes.view(), objective.k(), seed, train, images)
            .map_err(|e| Failure::other(format!("the codes of {named}: {e}")))?;
        Ok(Self {
            folder: std::path::absolute(folder).unwrap_or_else(|_| folder.to_path_buf()),
            config,
            config_text,
            named,
            train,
            test,
            seed,
            epochs: run_folder::epochs(folder)?,
            end: End::read(folder)?,
            unfinished: State::of(folder) == State::Unfinished,
            dimensions: dimensions(&trained.model, codes.view()),
            normal_entropy: objective.normal_entropy(*batch_size, config.latent).ok(),
            draws: draws(&trained, &samplers, train, test, features, seed).map_err(|e| e.to_string()),
            labels: held_out.labels,
            trained,
            samplers,
            classes,
            evaluation,
            codes,
        })
    }

    /// A text without the folders of the files that it names.
    fn shown(&self, text: &str) -> String {
        let Config { data, init, .. } = self.config;
        without_folders(text, [data.path(), self.named.path(), init.as_deref()].into_iter().flatten())
    }

    fn steps(&self) -> usize {
        let per_epoch = self.train.len() / self.config.training.batch_size.max(1);
        per_epoch * self.epochs.last().map_or(0, |epoch| epoch.epoch)
    }

    /// The codes beside N(0, I).
    fn tests(&self) -> &LatentReport {
        self.evaluation.tests.as_ref().expect("an evaluation with tests")
    }

    /// What it is of.
    fn images(&self) -> &'static str {
        if self.evaluation.standardized { "vectors" } else { "images" }
    }
}

/// The densities of the classes.
fn classes(trained: &Trained) -> Result<Vec<Class>, Failure> {
    let mut classes = Vec::new();
    for (label, name) in trained.classes() {
        let fitted = trained.fitted(&class_prefix(label))?;
        classes.extend(fitted.map(|fitted| Class { name, sampler: fitted.best().sampler.clone() }));
    }
    Ok(classes)
}

/// At most so many of the images, the same ones each time and in their order: all of them, if there
/// are no more.
fn at_most(images: &Images<f32>, most: usize) -> Images<f32> {
    if images.len() <= most { images.clone() } else { images.select(&choose(images.len(), most, 0)) }
}

/// What takes the time, bounded.
fn draws(
    trained: &Trained,
    samplers: &[Sampler],
    train: &dyn Source<f32>,
    test: &Images<f32>,
    features: Option<Features>,
    seed: u64,
) -> Result<SampleReport, Failure> {
    let model = &trained.model;
    let (of_vectors, numbers) = (model.columns().is_some(), model.image_shape().iter().product::<usize>());
    if of_vectors && numbers > MOST_COLUMNS {
        return Err(Failure::other(format!(
            "Frechet distances of {numbers} columns take too long; eae evaluate finds them"
        )));
    }
    if numbers > MOST_NUMBERS && !of_vectors {
        return Err(Failure::other(format!(
            "the principal components of {numbers} numbers take too long; eae evaluate finds them"
        )));
    }
    let pixels = sample(train, MOST_TRAINING, 0).map_err(Failure::other)?.into_shared();
    let some = Split { train: Images::new(pixels), test: at_most(test, MOST_DRAWS) };
    let features = match features {
        Some(features) => features,
        None => FeaturesFlag::default().of(&some, of_vectors, seed, true)?.0,
    };
    SampleReport::new(model, samplers, &some, &features, seed).map_err(Failure::other)
}
