use std::fs;
use std::path::PathBuf;

use eae::data::Split;
use eae::evaluation::Judge;
use eae::run::{self, write_whole};
use eae::{Autoencoder, Criterion, Preset, TrainConfig, gallery, picture, train};
use ndarray::{Array4, Axis, concatenate};

use crate::common::Common;
use crate::compare::{Finished, ROWS, Report, Row, RowScores, SCORES, Trained, draw};
use crate::dataset::Flags;
use crate::dataset::{Data, TrainingSet};
use crate::failure::Failure;
use crate::judgment::{FeaturesFlag, Scores};
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
    /// Folder for the table and the models. Models from an earlier run of the same rows on the same
    /// data are reused.
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

/// Number of samples of each row in the picture.
const SHOWN: usize = 16;

/// Smallest number of held-out samples, because the quality of samples uses fifth neighbors.
const HELD_OUT: usize = 6;

/// Number of held-out samples below which the scores are only a rough guide.
const ENOUGH: usize = 100;

/// The data of all rows, and the judge of their samples.
struct Task<'a> {
    named: &'a Data,
    images: &'a TrainingSet,
    fingerprints: [u64; 2],
    judge: Judge<'a>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { common, out, seeds, .. } = arguments;
    if *seeds == 0 {
        return Err(Failure::usage("--seeds is 0; it must be at least 1"));
    }
    let of_vectors = arguments.data.is_of_vectors().map_err(refused_data)?;
    let mut rows = arguments.rows()?;
    // Without a model, images have the size for the largest networks that can be chosen.
    let side = arguments.model.unwrap_or(Preset::Conv32).side();
    let named = arguments.data.clone().with(&arguments.images)?.brought_to([side, side, 3]);
    // The entropy of the held-out codes takes the k-th neighbor of each.
    let k = rows.iter().map(|row| row.training.objective.k()).max().unwrap_or(1);
    let why = if k < HELD_OUT { String::new() } else { format!(", because k is {k}") };
    let least = HELD_OUT.max(k.saturating_add(1));
    let Split { train: images, test } = named.open_with(arguments.quiet, least, &why)?;
    let defaults = images.defaults().map_err(refused_data)?;
    let data = Split { train: images.in_memory().map_err(Failure::other)?, test };
    for row in &mut rows {
        row.suit(&defaults, &|setting| arguments.gives(setting));
        let model = row.untrained(&images, 0).map_err(Failure::usage)?;
        let checked = images.check(&row.training, &model);
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
    let fingerprints = [images.source(), &data.test].map(|images| images.fingerprint().map_err(refused_data));
    let [of_train, of_test] = fingerprints;
    let task = Task { named: &named, images: &images, fingerprints: [of_train?, of_test?], judge };
    let seeds = common.seed..common.seed.saturating_add(*seeds);
    // All earlier models are checked before the first training, which can take hours.
    for (row, seed) in rows.iter().flat_map(|row| seeds.clone().map(move |seed| (row, seed))) {
        Finished::read(out, &named, &task.asked(row, seed))?;
    }
    let (of, on) = (named.to_string(), features.to_string());
    let few = (data.test.len() < ENOUGH).then(|| {
        let (n, rows) = (data.test.len(), 10 * ENOUGH);
        format!("only {n} samples are held out, so the scores are rough; use at least {rows} rows or images")
    });
    let warnings = Vec::from_iter(few);
    let mut report =
        Report { data: of, standardized: of_vectors, features: on, warning, floor, warnings, rows: Vec::new() };
    let mut shown = Vec::new();
    Progress::listen()?;
    for row in rows {
        let mut done = RowScores { row, seeds: Vec::new(), scores: Vec::new() };
        for seed in seeds.clone() {
            let (model, scores) = arguments.trained(&task, &done.row, seed)?;
            if done.scores.is_empty() && !of_vectors {
                shown.push(gallery::samples(&model, SHOWN, 0));
            }
            done.seeds.push(seed);
            done.scores.push(scores);
        }
        report.add(done);
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

impl Task<'_> {
    /// Returns the requested settings of a row and a seed.
    fn asked(&self, row: &Row, seed: u64) -> Trained {
        let (data, features) = (self.named.in_full(), self.judge.features().to_string());
        Trained { data, fingerprints: self.fingerprints, features, row: row.clone(), seed }
    }
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
    fn trained(&self, task: &Task<'_>, row: &Row, seed: u64) -> Result<(Autoencoder<f32>, Scores), Failure> {
        let asked = task.asked(row, seed);
        let folder = asked.folder(&self.out);
        let file = folder.join(run::MODEL);
        let failed = |e: &dyn std::fmt::Display| Failure::other(format!("in {}: {e}", folder.display()));
        if let Some(Finished { scores, .. }) = Finished::read(&self.out, task.named, &asked)? {
            return Ok((Autoencoder::load(&file).map_err(|e| failed(&e))?, scores));
        }
        fs::create_dir_all(&folder).map_err(|e| failed(&e))?;
        if !self.quiet {
            errln!("{}, seed {seed}", row.name);
        }
        let mut model = row.untrained(task.images, seed).map_err(Failure::usage)?;
        let config = row.training.clone().seed(seed);
        let mut progress = Progress::new(row.latent, config.batch_size, self.quiet);
        let outcome = train(&mut model, task.images.source(), &config, &mut progress);
        drop(progress);
        let outcome = outcome.map_err(|e| failed(&e))?;
        if outcome.interrupted {
            let message =
                format!("interrupted; finished models are in {} and will not be trained again", self.out.display());
            return Err(Failure::interrupted(message));
        }
        model.save(&file).map_err(|e| failed(&e))?;
        let scores = Scores::new(&task.judge, &model, row.training.objective.k(), outcome.duration.as_secs_f64());
        let finished = Finished { trained: asked, scores: scores.map_err(|e| failed(&e))? };
        // This file is written last and atomically, because it marks the model as finished.
        write_whole(&folder.join(SCORES), serde_json::to_string_pretty(&finished).expect("plain data").as_bytes())
            .map_err(|e| failed(&e))?;
        Ok((model, finished.scores))
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
            write_whole(&path, content.as_bytes()).map_err(|e| Failure::other(e).at(&path))?;
        }
        if shown.is_empty() {
            return Ok(());
        }
        let views: Vec<_> = shown.iter().map(|images| images.view()).collect();
        let images = concatenate(Axis(0), &views).expect("images of one data set");
        picture::write_grid(self.out.join("samples.png"), images.view(), SHOWN, 2).map_err(Failure::other)
    }
}
