//! Everything before the first step of a training, new or gone on with.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use eae::data::Split;
use eae::objective::Criterion;
use eae::run::{MetricsLog, write_whole};
use eae::{Autoencoder, TrainConfig, Training};

use super::flags::Arguments;
use super::steps::{Run, in_folder};
use crate::dataset::TrainingSet;
use crate::failure::Failure;
use crate::run_folder::{self, CONFIG, Config, Keeper, Kept, Lock, METRICS, resume};
use crate::table::refused_data;
use crate::tensorboard::TensorBoard;

impl Run {
    /// Opens the data, makes or reads the model, and leaves in the run folder what it takes to go on.
    pub(super) fn start(arguments: &Arguments, config: Config) -> Result<(Self, Keeper), Failure> {
        let every = Duration::try_from_secs_f64(arguments.keep_every)
            .map_err(|e| Failure::usage(format!("--keep-every is {}: {e}", arguments.keep_every)))?;
        // Before the training in it is read.
        let lock = arguments.resume.as_deref().map(Lock::take).transpose()?;
        let data = config.data.open(arguments.quiet).map_err(refused_data)?;
        let mut model = untrained(&config, &data)?;
        if !arguments.quiet {
            name_constant_columns(&model);
        }
        let open =
            |model: &mut Autoencoder<f32>| arguments.device.open(model, &config.training, &data.train, arguments.quiet);
        let (folder, lock, training, mut stepper, kept, text) = match arguments.resume.as_ref().zip(lock) {
            Some((folder, lock)) => {
                let (training, optimizer, kept) = resume(folder, &config, &mut model, data.train.source())?;
                let mut stepper = open(&mut model)?;
                stepper.restore(optimizer).map_err(Failure::other)?;
                (folder.clone(), lock, training, stepper, kept, None)
            }
            None => {
                let (text, images) = (config.to_toml()?, data.train.source());
                let kept = Kept { images: images.fingerprint().map_err(Failure::other)?, ..Kept::default() };
                let training = Training::new(config.training.clone(), images.len());
                let stepper = open(&mut model)?;
                let (folder, lock) = run_folder::create(arguments.out.as_deref(), config.data.name())?;
                (folder, lock, training, stepper, kept, Some(text))
            }
        };
        let keeper = Keeper::new(&folder, every);
        // At once: a folder that cannot be written to, or a disk too small, is better known now than in an hour.
        let begun = begin(&folder, text.as_deref(), &config, &training);
        let begun = begun.and_then(|logs| {
            keeper.keep(training.write(&mut model, stepper.as_mut()).map_err(Failure::other)?, &kept)?;
            Ok(logs)
        });
        let (log, tensorboard) = begun.map_err(|problem| {
            if text.is_some() {
                // The folder was empty, and can be named again.
                for name in [CONFIG, METRICS] {
                    let _ = fs::remove_file(folder.join(name));
                }
            }
            let elsewhere = if text.is_some() { ", or name a folder elsewhere with --out" } else { "" };
            Failure::other(format!("{problem}; nothing has been trained: make room there{elsewhere}"))
        })?;
        Ok((Self { config, data, folder, model, training, stepper, kept, log, tensorboard, _lock: lock }, keeper))
    }
}

/// Says of which columns there is nothing to learn.
fn name_constant_columns(model: &Autoencoder<f32>) {
    let Some(columns) = model.columns() else { return };
    for column in columns.constant() {
        let (name, (value, _)) = (columns.describe(column), columns.moments(column));
        errln!("{name} is {value} in all rows: there is nothing to learn of it, and it is decoded as that");
    }
}

/// A model to be trained, once everything is known to fit.
fn untrained(config: &Config, data: &Split<f32, TrainingSet>) -> Result<Autoencoder<f32>, Failure> {
    let images = data.train.source();
    let TrainConfig { seed, objective, .. } = &config.training;
    let model = data.train.model(config.model.clone(), config.latent, objective.ending(), *seed);
    let model = model.map_err(Failure::usage)?;
    config.training.check(&model, images).map_err(Failure::usage)?;
    let (held_out, k) = (data.test.len(), objective.k());
    if held_out <= k {
        let data = &config.data;
        return Err(Failure::usage(format!(
            "{data}: {held_out} held out, and the entropy of their codes needs more than k, which is {k}; bring more images"
        )));
    }
    if config.tensorboard && !cfg!(feature = "tensorboard") {
        return Err(Failure::usage(
            "this program was built without --tensorboard: build it with `cargo install --path crates/eae-cli --features \
             tensorboard`",
        ));
    }
    if config.patience == Some(0) {
        return Err(Failure::usage("--patience is 0, it must be at least 1"));
    }
    Ok(model)
}

/// Writes the settings of a new training, and opens the logs of any, before the first step.
fn begin(
    folder: &Path,
    text: Option<&str>,
    config: &Config,
    training: &Training,
) -> Result<(MetricsLog, Option<TensorBoard>), Failure> {
    let failed = |name: &str, e: io::Error| Failure::other(format!("{}: {e}", folder.join(name).display()));
    if let Some(text) = text {
        write_whole(&folder.join(CONFIG), text.as_bytes()).map_err(|e| failed(CONFIG, e))?;
    }
    let log = MetricsLog::resume(folder, training.epochs()).map_err(|e| failed(METRICS, e))?;
    let tensorboard = if config.tensorboard { Some(tensorboard(folder, config, training.steps())?) } else { None };
    Ok((log, tensorboard))
}

/// Event files, of which those of a training so far are left as they are.
fn tensorboard(folder: &Path, config: &Config, steps: usize) -> Result<TensorBoard, Failure> {
    let TrainConfig { batch_size, objective, .. } = &config.training;
    let normal_entropy = objective.normal_entropy(*batch_size, config.latent).map_err(|e| in_folder(folder, &e))?;
    TensorBoard::start(folder, objective, normal_entropy, steps).map_err(|e| in_folder(folder, &e))
}
