mod config;
mod device;
mod finish;
mod keep;
mod model;

use std::fs;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::ValueEnum;
use eae::data::Split;
use eae::objective::{Criterion, Rae, Wae};
use eae::run::{self, MetricsLog};
use eae::{Autoencoder, Eae, EpochReport, Evaluation, Observer, Preset, TrainConfig, Training, held_out_loss};
use serde::Serialize;

use crate::dataset::{Data, TrainingSet};
use crate::failure::Failure;
use crate::images::Flags;
use crate::progress::Progress;
use crate::tensorboard::TensorBoard;
use crate::{Common, print_json, report};

pub(crate) use config::{Config, FILE as CONFIG};
use device::{Device, OnDevice};
pub(crate) use keep::CHECKPOINT;
use keep::{Keeper, Kept, resume};
use model::Model;

/// Train a model and leave it in a run folder.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  eae train --model conv28 --latent 16 --epochs 40 --lambda 1 --out runs/first\n  eae train --lambda 2 --bank 0 --radius 0 --draws 0      # the objective as published"
)]
pub(crate) struct Arguments {
    /// Go on with the training in this run folder, from where it was last kept, to the same weights as if nothing had happened.
    #[arg(long, value_name = "RUN", conflicts_with_all = [
        "config", "data", "model", "latent", "epochs", "batch", "learning_rate", "objective", "lambda", "warm_up", "k", "mean",
        "marginal", "decoded", "bank", "radius", "draws", "floor", "beta", "weight", "gradient", "keep_best", "patience",
        "tensorboard", "out", "seed", "size", "channels", "split_seed", "strict",
    ])]
    resume: Option<PathBuf>,
    /// A file of settings, as a run folder's config.toml; flags win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// What to train on: `digits`, 9 000 that come with the program; `mnist:FOLDER` with the four files of MNIST or a set like it;
    /// `cifar10:FOLDER` with its binary version; `idx:FILE` or `npy:FILE` with images [n, height, width] or [n, channels,
    /// height, width], as bytes or, in an array of NumPy, numbers from 0 to 1, of which the last tenth is held out;
    /// `csv:FILE` or `npy:FILE` with vectors, a row of numbers for each, of which it is the same;
    /// `images:FOLDER` with PNG and JPEG files at any depth, of which a tenth is held out, and which may be more than memory holds.
    #[arg(long, default_value_t = Data::Digits)]
    data: Data,
    #[command(flatten)]
    images: Flags,
    /// The networks: mlp, conv28, conv32 or paper32; or FILE.toml, which describes an encoder and a decoder layer by layer. For
    /// vectors mlp is the default.
    #[arg(long, default_value_t = Model::Preset(Preset::Conv28))]
    model: Model,
    /// Numbers in a code.
    #[arg(long, default_value_t = 16)]
    latent: usize,
    /// Passes over the data.
    #[arg(long, default_value_t = TrainConfig::default().epochs)]
    epochs: usize,
    /// Images a step.
    #[arg(long, default_value_t = TrainConfig::default().batch_size)]
    batch: usize,
    /// The largest learning rate.
    #[arg(long, default_value_t = TrainConfig::default().learning_rate)]
    learning_rate: f64,
    /// What is minimised.
    #[arg(long, value_enum, default_value_t = Kind::Eae)]
    objective: Kind,
    /// eae: the weight of the entropy, in squared error per nat.
    #[arg(long, default_value_t = Eae::default().lambda)]
    lambda: f64,
    /// Epochs over which the weight of whatever is added to the error rises from 0.
    #[arg(long, default_value_t = TrainConfig::default().warm_up)]
    warm_up: f64,
    /// eae: the entropy is estimated from the distances to the k-th nearest codes.
    #[arg(long, default_value_t = Eae::default().k)]
    k: usize,
    /// eae: the mean over the first k neighbours in the place of the k-th.
    #[arg(long)]
    mean: bool,
    /// eae: the sum of the coordinates' entropies in the place of that of the whole code.
    #[arg(long)]
    marginal: bool,
    /// eae: of a larger batch only so many images are decoded, but all have their share in the entropy; 0 are all.
    #[arg(long, default_value_t = Eae::default().decoded)]
    decoded: usize,
    /// eae: neighbours are looked for among the batch and so many codes of the steps before.
    #[arg(long, default_value_t = Eae::default().bank)]
    bank: usize,
    /// eae: the weight that pulls the codes' distances from the origin to those of N(0, I).
    #[arg(long, default_value_t = Eae::default().radius)]
    radius: f64,
    /// eae: the weight of the divergence of decoded draws from the images, as the encoder sees both.
    #[arg(long, default_value_t = Eae::default().draws)]
    draws: f64,
    /// eae: codes closer than this count as this far apart.
    #[arg(long, default_value_t = Eae::default().floor)]
    floor: f64,
    /// vae and rae: the weight of the divergence, or of the size of the codes; each has its default.
    #[arg(long)]
    beta: Option<f64>,
    /// wae: the weight of the discrepancy.
    #[arg(long, default_value_t = Wae::default().weight)]
    weight: f64,
    /// rae: the weight of the decoder's derivative.
    #[arg(long, default_value_t = Rae::default().gradient)]
    gradient: f64,
    /// Keep the model of the epoch with the least loss on held-out images, not that of the last.
    #[arg(long)]
    keep_best: bool,
    /// End the training after so many epochs without a lesser loss on held-out images.
    #[arg(long, value_name = "EPOCHS")]
    patience: Option<usize>,
    /// Also write the course of the training for TensorBoard: `tensorboard --logdir RUN`.
    #[arg(long)]
    tensorboard: bool,
    /// Where steps are made. On a GPU it is the objectives eae, ae and bn-ae, and networks of dense layers and convolutions.
    #[arg(long, value_enum, default_value_t = Device::Cpu)]
    device: Device,
    /// Seconds from one time that the training is kept to the next.
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    keep_every: f64,
    /// The run folder, new or empty. By default the next free of runs/digits-1, runs/digits-2, ..., or as the data is called
    #[arg(long)]
    out: Option<PathBuf>,
    /// Leave no report.html in the run folder.
    #[arg(long)]
    no_report: bool,
    /// No progress on standard error.
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// The entropic autoencoder.
    Eae,
    /// Squared error alone.
    Ae,
    /// Squared error alone, with batch normalisation of the code.
    BnAe,
    /// The variational autoencoder.
    Vae,
    /// The Wasserstein autoencoder with maximum mean discrepancy.
    Wae,
    /// The regularised autoencoder.
    Rae,
}

#[derive(Serialize)]
struct Report<'a> {
    run: &'a Path,
    steps: usize,
    seconds: f64,
    interrupted: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    evaluation: Option<Evaluation>,
}

/// `said` knows which flags are the user's and not defaults.
pub(crate) fn run(arguments: &Arguments, said: &dyn Fn(&str) -> bool) -> Result<(), Failure> {
    arguments.common.apply()?;
    let every = Duration::try_from_secs_f64(arguments.keep_every)
        .map_err(|e| Failure::usage(format!("--keep-every is {}: {e}", arguments.keep_every)))?;
    let config = match &arguments.resume {
        Some(folder) => Config::read(&folder.join(CONFIG))?,
        None => Config::effective(arguments, said)?,
    };
    let data = config.data.open(arguments.quiet).map_err(Failure::usage)?;
    let mut model = untrained(&config, &data)?;
    if let Some(columns) = model.columns().filter(|_| !arguments.quiet) {
        for column in columns.constant() {
            let (name, (value, _)) = (columns.describe(column), columns.moments(column));
            eprintln!("{name} is {value} in all rows: there is nothing to learn of it, and it is decoded as that");
        }
    }
    let open = |training: &Training<f32>, model: &mut Autoencoder<f32>| {
        OnDevice::open(arguments.device, training, model, &data.train, arguments.quiet)
    };
    let (folder, training, device, kept, text) = match &arguments.resume {
        Some(folder) => {
            let (training, kept) = resume(folder, &config, &mut model, data.train.source())?;
            let mut device = open(&training, &mut model)?;
            if let Some(device) = &mut device {
                device.read(&training.write(&model))?;
            }
            (folder.clone(), training, device, kept, None)
        }
        None => {
            let (text, images) = (config.to_toml()?, data.train.source());
            let kept = Kept { images: images.fingerprint().map_err(Failure::other)?, ..Kept::default() };
            let training = Training::new(config.training, images.len());
            let device = open(&training, &mut model)?;
            let folder = run_folder(arguments.out.as_deref(), config.data.name())?;
            (folder, training, device, kept, Some(text))
        }
    };
    let mut keeper = Keeper::new(&folder, every);
    // At once: a folder that cannot be written to, or a disk too small, is better known now than in an hour.
    let begun = begin(&folder, text.as_deref(), &config, &training);
    let begun = begun.and_then(|logs| keeper.keep(&mut model, &training, device.as_ref(), &kept).map(|()| logs));
    let (log, tensorboard) = begun.map_err(|problem| {
        if text.is_some() {
            // The folder was empty, and can be named again.
            for name in [CONFIG, run::METRICS] {
                let _ = fs::remove_file(folder.join(name));
            }
        }
        let elsewhere = if text.is_some() { ", or name a folder elsewhere with --out" } else { "" };
        Failure::other(format!("{problem}; nothing has been trained: make room there{elsewhere}"))
    })?;
    let mut run = Run { config, data, folder, model, training, device, kept, log, tensorboard };
    Progress::listen()?;
    let interrupted = run.train(arguments, &mut keeper)?;
    let evaluation = if interrupted { run.interrupted()? } else { Some(run.finish().map_err(|e| run.unfinished(&e))?) };
    let report = if interrupted || arguments.no_report { None } else { run.report() };

    let Run { folder, training, kept, .. } = &run;
    let (steps, seconds) = (training.steps(), kept.seconds);
    if arguments.common.json {
        print_json(&run::Line::new("result", &Report { run: folder, steps, seconds, interrupted, evaluation }));
    } else if let Some(evaluation) = evaluation {
        println!("{evaluation}\n\nin {}, after {steps} steps and {seconds:.0} s", folder.display());
        if let Some((report, warnings)) = report {
            println!("to look at: {}", report.display());
            if !arguments.quiet && !warnings.is_empty() {
                println!("\nwhat to beware of\n- {}", warnings.join("\n- "));
            }
        }
    }
    if interrupted {
        let folder = folder.display();
        let message = format!("interrupted; kept after {steps} steps, go on with: eae train --resume {folder}");
        return Err(Failure::interrupted(message));
    }
    Ok(())
}

/// Brings the model from where its steps were made.
fn fetch(folder: &Path, device: Option<&OnDevice>, model: &mut Autoencoder<f32>) -> Result<(), Failure> {
    device.map_or(Ok(()), |device| device.fetch(model)).map_err(|problem| ended(folder, device, &problem))
}

/// What has ended a training, and where it can be gone on with: on the processor, too, if a device was lost.
fn ended(folder: &Path, device: Option<&OnDevice>, problem: &dyn std::fmt::Display) -> Failure {
    let (kept, run) = (folder.join(CHECKPOINT), folder.display());
    let go_on =
        if device.is_some() { format!(", go on with: eae train --resume {run} --device cpu") } else { String::new() };
    in_folder(folder, &format!("{problem}; the last good state is in {}{go_on}", kept.display()))
}

/// What is wrong with a run folder.
fn in_folder(folder: &Path, problem: &dyn std::fmt::Display) -> Failure {
    Failure::other(format!("in {}: {problem}", folder.display()))
}

/// A model to be trained, once everything is known to fit.
fn untrained(config: &Config, data: &Split<f32, TrainingSet>) -> Result<Autoencoder<f32>, Failure> {
    let images = data.train.source();
    let TrainConfig { seed, objective, .. } = config.training;
    let model = data.train.model(config.model.clone(), config.latent, objective.ending(), seed);
    let model = model.map_err(Failure::usage)?;
    config.training.check(&model, images).map_err(Failure::usage)?;
    let (held_out, k) = (data.test.len(), objective.k());
    if held_out <= k {
        let data = &config.data;
        return Err(Failure::usage(format!(
            "{data}: {held_out} held out, and the entropy of their codes needs more than k, which is {k}; bring more images"
        )));
    }
    if config.patience == Some(0) {
        return Err(Failure::usage("--patience is 0, it must be at least 1"));
    }
    Ok(model)
}

/// What is written before the first step, but for the training itself: of a new one its settings, and logs.
fn begin(
    folder: &Path,
    text: Option<&str>,
    config: &Config,
    training: &Training<f32>,
) -> Result<(MetricsLog, Option<TensorBoard>), Failure> {
    let failed = |name: &str, e: io::Error| Failure::other(format!("{}: {e}", folder.join(name).display()));
    if let Some(text) = text {
        run::write_whole(&folder.join(CONFIG), text.as_bytes()).map_err(|e| failed(CONFIG, e))?;
    }
    let log = MetricsLog::resume(folder, training.epochs()).map_err(|e| failed(run::METRICS, e))?;
    let tensorboard = if config.tensorboard { Some(tensorboard(folder, config, training.steps())?) } else { None };
    Ok((log, tensorboard))
}

/// Event files, of which those of a training so far are left as they are.
fn tensorboard(folder: &Path, config: &Config, steps: usize) -> Result<TensorBoard, Failure> {
    let TrainConfig { batch_size, objective, .. } = &config.training;
    let normal_entropy = objective.normal_entropy(*batch_size, config.latent).map_err(|e| in_folder(folder, &e))?;
    TensorBoard::start(folder, objective, normal_entropy, steps).map_err(|e| in_folder(folder, &e))
}

/// A training under way.
struct Run {
    config: Config,
    data: Split<f32, TrainingSet>,
    folder: PathBuf,
    model: Autoencoder<f32>,
    training: Training<f32>,
    /// What makes the steps, if it is not the processor. The model follows when it is needed.
    device: Option<OnDevice>,
    kept: Kept,
    log: MetricsLog,
    tensorboard: Option<TensorBoard>,
}

impl Run {
    /// All steps that are left; whether the user ended it before.
    fn train(&mut self, arguments: &Arguments, keeper: &mut Keeper) -> Result<bool, Failure> {
        let mut progress = Progress::new(self.config.latent, self.config.training.batch_size, arguments.quiet);
        let mut observer = (&mut progress, (&mut self.log, (&mut self.tensorboard, JsonLines(arguments.common.json))));
        let (start, before) = (Instant::now(), self.kept.seconds);
        let images = self.data.train.source();
        loop {
            let made = match &mut self.device {
                Some(device) => device.step(&mut self.training, images).map_err(|e| e.to_string()),
                None => self.training.step(&mut self.model, images).map_err(|e| e.to_string()),
            };
            let Some((step, epoch)) = made.map_err(|problem| ended(&self.folder, self.device.as_ref(), &problem))?
            else {
                return fetch(&self.folder, self.device.as_ref(), &mut self.model).map(|()| false);
            };
            self.kept.seconds = before + start.elapsed().as_secs_f64();
            let mut interrupted = observer.step(&step).is_break();
            if let Some(epoch) = epoch {
                interrupted |= observer.epoch(&epoch).is_break();
                if self.config.keep_best || self.config.patience.is_some() {
                    fetch(&self.folder, self.device.as_ref(), &mut self.model)?;
                    let held_out = self.data.test.pixels.view();
                    let loss = held_out_loss(&self.model, held_out, &self.config.training);
                    let loss = loss.map_err(|e| in_folder(&self.folder, &e))?;
                    let before = self.kept.best;
                    // What could not be kept is not what others must be better than.
                    if self.kept.is_best(loss, epoch.epoch) && self.config.keep_best && !keeper.keep_best(&self.model) {
                        self.kept.best = before;
                    }
                    if self.config.patience.is_some_and(|patience| self.kept.epochs_since_best(epoch.epoch) >= patience)
                    {
                        return Ok(false);
                    }
                }
            }
            if interrupted && !self.training.is_finished() {
                return Ok(true);
            }
            keeper.keep_if_due(&mut self.model, &self.training, self.device.as_ref(), &self.kept);
        }
    }

    /// What came of it and what to beware of, if that can be said. The model is worth more than its report, which can be made at
    /// any time.
    fn report(&self) -> Option<(PathBuf, Vec<String>)> {
        let Self { config, data, folder, .. } = self;
        let (train, seed) = (data.train.source(), config.training.seed);
        let written = report::write(folder, config, &config.data, train, &data.test, seed);
        let complain =
            |problem| eprintln!("eae: there is no report, eae report {} makes it: {problem}", folder.display());
        written.map_err(complain).ok()
    }

    /// What could not be made of a training that is over can be made of what was kept of it.
    fn unfinished(&self, problem: &Failure) -> Failure {
        Failure::other(format!(
            "{problem}; once that is put right, go on with: eae train --resume {}",
            self.folder.display()
        ))
    }

    /// Leaves the training to be gone on with, and the model so far to be used.
    fn interrupted(&mut self) -> Result<Option<Evaluation>, Failure> {
        let keeper = Keeper::new(&self.folder, Duration::ZERO);
        keeper.keep(&mut self.model, &self.training, self.device.as_ref(), &self.kept)?;
        let mut model = self.model.clone();
        model.recalibrate(self.data.train.source()).map_err(|e| in_folder(&self.folder, &e))?;
        model.save(self.folder.join(run::MODEL)).map_err(|e| in_folder(&self.folder, &e))?;
        Ok(None)
    }
}

/// The run folder: the one asked for, if it is new or empty, or the next free number.
fn run_folder(out: Option<&Path>, data: &str) -> Result<PathBuf, Failure> {
    let Some(folder) = out else {
        return run::create_numbered("runs", data)
            .map_err(|e| Failure::other(format!("cannot make a folder in runs: {e}; name another with --out")));
    };
    let in_folder = |e: io::Error| {
        Failure::usage(format!("cannot use {} as run folder: {e}; name another with --out", folder.display()))
    };
    fs::create_dir_all(folder).map_err(in_folder)?;
    if fs::read_dir(folder).map_err(in_folder)?.next().is_some() {
        return Err(Failure::usage(format!("{} is not empty; name a new folder with --out", folder.display())));
    }
    Ok(folder.to_path_buf())
}

/// With `--json`, a line for each epoch.
struct JsonLines(bool);

impl Observer for JsonLines {
    fn epoch(&mut self, report: &EpochReport) -> ControlFlow<()> {
        if self.0 {
            print_json(&run::Line::new("epoch", report));
        }
        ControlFlow::Continue(())
    }
}
