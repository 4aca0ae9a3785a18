use std::fs;
use std::path::PathBuf;

use eae::data::Split;
use eae::evaluation::Judge;
use eae::run::{self, write_whole};
use eae::{Autoencoder, Criterion, Preset, TrainConfig, gallery, picture, train};
use ndarray::{Array4, Axis, concatenate};
use serde::{Deserialize, Serialize};

use crate::common::Common;
use crate::compare::{ROWS, Report, Row, RowScores, draw};
use crate::dataset::Flags;
use crate::dataset::{Data, TrainingSet};
use crate::failure::Failure;
use crate::judgment::{FeaturesFlag, SOURCES, Scores};
use crate::output::{print_bytes, print_json};
use crate::progress::Progress;
use crate::run_folder::Lock;
use crate::table::refused_data;

/// Train with several objectives and compare their samples.
///
/// Writes a table, a picture of samples and, for each setting with at least three values, its
/// curves. An interrupted comparison continues if the same command is run again.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  eae compare --data mnist:FOLDER --seeds 3 --out comparison\n  eae compare --row 'ae' --row 'eae lambda=1 latent=8' --out comparison"
)]
pub(crate) struct Arguments {
    /// Training data, as for `eae train --data`.
    #[arg(long, default_value_t = Data::Digits)]
    data: Data,
    #[command(flatten)]
    images: Flags,
    /// A row of the table: an objective (ae, eae, vae, wae, rae) and settings as key=value. Can be
    /// given several times [default: ten common rows].
    ///
    /// Settings are those of the objective, and model, latent, epochs, batch, learning-rate and
    /// warm-up. Weights are multiples of --error-unit.
    #[arg(long = "row", value_name = "ROW")]
    rows: Vec<String>,
    /// Networks, for rows without `model` [default: suits the data, as for `eae train`].
    #[arg(long)]
    model: Option<Preset>,
    /// Latent dimension, for rows without `latent` [default: suits the data].
    #[arg(long)]
    latent: Option<usize>,
    /// Passes over the data, for rows without `epochs` [default: suits the data].
    #[arg(long)]
    epochs: Option<usize>,
    /// Batch size, for rows without `batch` [default: suits the data].
    #[arg(long)]
    batch: Option<usize>,
    /// Largest learning rate, for rows without `learning-rate` [default: suits the batch size].
    #[arg(long)]
    learning_rate: Option<f64>,
    /// Length of the warm-up in epochs, for rows without `warm-up`.
    #[arg(long, default_value_t = 0.6)]
    warm_up: f64,
    #[command(flatten)]
    features: FeaturesFlag,
    /// Number of trainings of each row, with the seeds --seed, --seed + 1 and so on.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Folder for the table and the models. Models from an earlier run of the same rows are reused.
    #[arg(long)]
    out: PathBuf,
    /// Do not show progress.
    #[arg(long)]
    quiet: bool,
    /// Squared error that counts as 1 [default: a fiftieth of the variance of the data, as for `eae
    /// train`].
    ///
    /// With 1, weights are in units of the squared error, as in papers.
    #[arg(long)]
    error_unit: Option<f64>,
    #[command(flatten)]
    common: Common,
}

/// The settings of a trained model in its folder, to check that they are the requested ones.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Trained {
    data: String,
    features: String,
    row: Row,
    seed: u64,
}

#[derive(Serialize, Deserialize)]
struct Finished {
    #[serde(flatten)]
    trained: Trained,
    scores: Scores,
}

/// The file of a [`Finished`] model.
const SCORES: &str = "scores.json";

/// Number of samples of each row in the picture.
const SHOWN: usize = 16;

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { common, out, seeds, .. } = arguments;
    common.apply()?;
    if *seeds == 0 {
        return Err(Failure::usage("--seeds is 0; it must be at least 1"));
    }
    let of_vectors = arguments.data.is_of_vectors().map_err(refused_data)?;
    let mut rows = arguments.rows()?;
    // Without a model, images have the size for the largest networks that can be chosen.
    let side = arguments.model.unwrap_or(Preset::Conv32).side();
    let named = arguments.data.clone().with(&arguments.images)?.brought_to([side, side, 3]);
    let Split { train: images, test } = named.open(arguments.quiet).map_err(refused_data)?;
    let defaults = images.defaults().map_err(refused_data)?;
    let data = Split { train: images.in_memory().map_err(Failure::other)?, test };
    for row in &mut rows {
        row.suit(&defaults, &|setting| arguments.gives(setting));
        let model = row.untrained(&images, 0).map_err(Failure::usage)?;
        let checked = row.training.check(&model, images.source());
        checked.map_err(|e| Failure::usage(format!("row `{}`: {e}", row.name)))?;
    }
    fs::create_dir_all(out).map_err(|e| Failure::usage(format!("cannot use {}: {e}", out.display())))?;
    let _lock = Lock::take(out)?;
    let (features, warning) = arguments.features.of(&data, of_vectors, common.seed, arguments.quiet)?;
    if let Some(warning) = &warning {
        errln!("warning: {warning}");
    }
    let judge = Judge::new(&data, &features).map_err(Failure::other)?;
    let floor = judge.floor().map_err(Failure::other)?;
    let (of, on) = (named.to_string(), features.to_string());
    let mut report = Report { data: of, standardized: of_vectors, features: on, warning, floor, rows: Vec::new() };
    let mut shown = Vec::new();
    Progress::listen()?;
    for row in rows {
        let mut done = RowScores { row, seeds: Vec::new(), scores: Vec::new() };
        for seed in common.seed..common.seed.saturating_add(*seeds) {
            let (model, scores) = arguments.trained(&named, &images, &done.row, seed, &judge)?;
            if done.scores.is_empty() && !of_vectors {
                shown.push(gallery::samples(&model, SHOWN, 0));
            }
            done.seeds.push(seed);
            done.scores.push(scores);
        }
        report.rows.push(done);
        // The table is written after every row, so that an interrupt loses nothing.
        arguments.write(&report, &shown)?;
    }
    if common.json {
        print_json(&report);
    } else {
        print_bytes(report.markdown().as_bytes());
    }
    Ok(())
}

impl Arguments {
    /// Returns the rows with the settings of the flags. [`Row::suit`] chooses the others.
    fn rows(&self) -> Result<Vec<Row>, Failure> {
        let usual = TrainConfig::default();
        let training = TrainConfig::default()
            .epochs(self.epochs.unwrap_or(usual.epochs))
            .batch_size(self.batch.unwrap_or(usual.batch_size))
            .learning_rate(self.learning_rate.unwrap_or(usual.learning_rate))
            .error_unit(self.error_unit.unwrap_or(usual.error_unit))
            .warm_up(self.warm_up);
        let (model, latent) = (self.model.unwrap_or(Preset::Deep28), self.latent.unwrap_or(16));
        let like = Row { name: String::new(), model, latent, training };
        let texts = if self.rows.is_empty() { ROWS.map(str::to_owned).to_vec() } else { self.rows.clone() };
        let rows: Result<Vec<Row>, String> = texts.iter().map(|text| Row::parse(text, &like)).collect();
        let rows = rows.map_err(Failure::usage)?;
        match (0..rows.len()).find(|&row| rows[..row].iter().any(|other| other.folder() == rows[row].folder())) {
            Some(row) => Err(Failure::usage(format!("row `{}` is given twice", rows[row].name))),
            None => Ok(rows),
        }
    }

    /// Returns true if a flag gives a setting for all rows.
    fn gives(&self, setting: &str) -> bool {
        match setting {
            "model" => self.model.is_some(),
            "latent" => self.latent.is_some(),
            "epochs" => self.epochs.is_some(),
            "batch" => self.batch.is_some(),
            "learning-rate" => self.learning_rate.is_some(),
            "error-unit" => self.error_unit.is_some(),
            _ => false,
        }
    }

    /// Returns the model of a row and a seed with its scores, from its folder if it is there, or
    /// trained now and saved there.
    fn trained(
        &self,
        data: &Data,
        images: &TrainingSet,
        row: &Row,
        seed: u64,
        judge: &Judge<'_>,
    ) -> Result<(Autoencoder<f32>, Scores), Failure> {
        let folder = self.out.join(row.folder()).join(format!("seed-{seed}"));
        let (file, scores_file) = (folder.join(run::MODEL), folder.join(SCORES));
        let failed = |e: &dyn std::fmt::Display| Failure::other(format!("in {}: {e}", folder.display()));
        let asked = Trained { data: data.in_full(), features: judge.features().to_string(), row: row.clone(), seed };
        let scored = |model: Autoencoder<f32>, seconds: f64| {
            let scores = Scores::new(judge, &model, row.training.objective.k(), seconds).map_err(|e| failed(&e))?;
            let finished = Finished { trained: asked.clone(), scores };
            // This file is written last and atomically, because it marks the model as finished.
            write_whole(&scores_file, serde_json::to_string_pretty(&finished).expect("plain data").as_bytes())
                .map_err(|e| failed(&e))?;
            Ok((model, finished.scores))
        };
        if let Ok(text) = fs::read_to_string(&scores_file) {
            let Finished { trained, scores } = serde_json::from_str(&text).map_err(|e| failed(&e))?;
            if trained != asked {
                let problem =
                    format!("{} was trained with other settings; choose another folder with --out", folder.display());
                return Err(Failure::usage(problem));
            }
            let model = Autoencoder::load(&file).map_err(|e| failed(&e))?;
            if scores.quality.len() == SOURCES.len() {
                return Ok((model, scores));
            }
            if !self.quiet {
                errln!("{} lacks a column of the table; computing the scores again", scores_file.display());
            }
            return scored(model, scores.seconds);
        }
        fs::create_dir_all(&folder).map_err(|e| failed(&e))?;
        if !self.quiet {
            errln!("{}, seed {seed}", row.name);
        }
        let mut model = row.untrained(images, seed).map_err(Failure::usage)?;
        let config = row.training.clone().seed(seed);
        let mut progress = Progress::new(row.latent, config.batch_size, self.quiet);
        let outcome = train(&mut model, images.source(), &config, &mut progress);
        drop(progress);
        let outcome = outcome.map_err(|e| failed(&e))?;
        if outcome.interrupted {
            let message =
                format!("interrupted; finished models are in {} and will not be trained again", self.out.display());
            return Err(Failure::interrupted(message));
        }
        model.save(&file).map_err(|e| failed(&e))?;
        scored(model, outcome.duration.as_secs_f64())
    }

    /// Writes the table as text and as JSON, the curves if there are any, and a picture of samples
    /// for images.
    fn write(&self, report: &Report, shown: &[Array4<f32>]) -> Result<(), Failure> {
        let json = serde_json::to_string_pretty(report).expect("plain data");
        let mut files = vec![("comparison.md", report.markdown()), ("comparison.json", json)];
        let curves = report.curves();
        if !curves.is_empty() {
            files.push(("curves.svg", draw(&curves)));
        }
        for (name, content) in files {
            let path = self.out.join(name);
            write_whole(&path, content.as_bytes()).map_err(|e| Failure::other(format!("{}: {e}", path.display())))?;
        }
        if shown.is_empty() {
            return Ok(());
        }
        let views: Vec<_> = shown.iter().map(|images| images.view()).collect();
        let images = concatenate(Axis(0), &views).expect("images of one data set");
        picture::write_grid(self.out.join("samples.png"), images.view(), SHOWN, 2).map_err(Failure::other)
    }
}
