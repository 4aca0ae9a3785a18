//! `report.html`: a self-contained page with the settings of a training, its results and warnings.
//! The page loads nothing from the network, and its only script enlarges pictures. Reporting a run
//! twice gives identical files.

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

use crate::dataset::{Data, absolute};
use crate::failure::Failure;
use crate::judgment::FeaturesFlag;
use crate::run_folder::{self, CONFIG, Config, End, Epoch, REPORT, State, Trained};
use latent::Dimension;
pub(crate) use latent::dimensions;
use text::without_folders;
pub(crate) use warnings::no_better_than_the_mean;

/// Maximum number of held-out images whose codes are compared with N(0, I).
const MOST_CODES: usize = 10_000;
/// Maximum number of held-out images that draws from each sampler are compared with.
const MOST_DRAWS: usize = 2000;
/// Maximum number of training images that draws are compared with to find copies.
const MOST_TRAINING: usize = 10_000;
/// Number of values in an image above which principal components take longer than a minute.
const MOST_NUMBERS: usize = 3072;
/// Number of columns above which covariances take longer than a minute.
const MOST_COLUMNS: usize = 500;

/// The contents of a report.
struct Report<'a> {
    /// Absolute path of the run folder.
    folder: PathBuf,
    config: &'a Config,
    /// Text of `config.toml` in the run folder.
    config_text: String,
    /// The data to evaluate on. Their path differs from that in `config` if they have moved.
    named: &'a Data,
    train: &'a dyn Source<f32>,
    test: &'a Images<f32>,
    seed: u64,
    trained: Trained,
    samplers: Vec<Sampler>,
    classes: Vec<(u8, String, Sampler)>,
    epochs: Vec<Epoch>,
    end: Option<End>,
    unfinished: bool,
    evaluation: Evaluation,
    codes: Array2<f32>,
    labels: Option<Vec<u8>>,
    dimensions: Vec<Dimension>,
    /// Entropy that the estimate of the training has for draws from N(0, I).
    normal_entropy: Option<f64>,
    draws: Result<SampleReport, String>,
}

/// Writes the report into the run folder. Returns the path of the report and its warnings. Images
/// are compared on `features`, or by default on features that suit the data.
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
    write_whole(&path, page.into_string().as_bytes()).map_err(|e| Failure::other(e).at(&path))?;
    let warnings = report.warnings().into_iter().map(|warning| format!("{} {}", warning.problem, warning.advice));
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
        let classes = trained.class_samplers()?;
        let path = folder.join(CONFIG);
        let config_text = fs::read_to_string(&path).map_err(|e| Failure::usage(e).at(&path))?;
        let held_out = at_most(test, MOST_CODES);
        let TrainConfig { objective, batch_size, .. } = &config.training;
        let (model, images) = (&trained.model, held_out.pixels.view());
        let codes = model.encode(images);
        let evaluation = Evaluation::with_tests(model, codes.view(), objective.k(), seed, train, images)
            .map_err(|e| Failure::other(format!("the codes of {named}: {e}")))?;
        Ok(Self {
            folder: absolute(folder),
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

    /// Removes the folders of data and weight files from the text.
    fn shown(&self, text: &str) -> String {
        let Config { data, init, .. } = self.config;
        without_folders(text, [data.path(), self.named.path(), init.as_deref()].into_iter().flatten())
    }

    fn steps(&self) -> usize {
        let per_epoch = self.train.len() / self.config.training.batch_size.max(1);
        per_epoch * self.epochs.last().map_or(0, |epoch| epoch.epoch)
    }

    /// Returns the comparison of the codes with N(0, I).
    fn tests(&self) -> &LatentReport {
        self.evaluation.tests.as_ref().expect("an evaluation with tests")
    }

    /// Returns "vectors" for a table and "images" otherwise.
    fn images(&self) -> &'static str {
        if self.evaluation.standardized { "vectors" } else { "images" }
    }
}

/// Selects at most `most` images, in their order. The selection is the same in each call.
fn at_most(images: &Images<f32>, most: usize) -> Images<f32> {
    if images.len() <= most { images.clone() } else { images.select(&choose(images.len(), most, 0)) }
}

/// Compares draws from each sampler with held-out images. Fails if that would take very long.
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
            "Frechet distances of {numbers} columns take too long for a report; use eae evaluate"
        )));
    }
    if numbers > MOST_NUMBERS && !of_vectors {
        return Err(Failure::other(format!(
            "principal components of {numbers} values per image take too long for a report; use eae evaluate"
        )));
    }
    let pixels = sample(train, MOST_TRAINING, 0).map_err(Failure::other)?.into_shared();
    let some = Split { train: Images::new(pixels), test: at_most(test, MOST_DRAWS) };
    let features = match features {
        Some(features) => features,
        None => FeaturesFlag::default().of(&some, of_vectors, seed, true)?.0,
    };
    SampleReport::new(model, samplers, trained.refinement()?.as_ref(), &some, &features, seed).map_err(Failure::other)
}
