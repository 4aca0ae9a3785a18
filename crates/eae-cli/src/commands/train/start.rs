//! The start of a training, new or resumed.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use eae::data::Split;
use eae::objective::Criterion;
use eae::run::{Line, MetricsLog, write_whole};
use eae::{Autoencoder, Reason, TrainConfig, Training, held_out_loss};
use serde::Serialize;

use super::chosen::{Given, explain};
use super::flags::Arguments;
use super::ranks::Crew;
use super::steps::{Run, in_folder};
use crate::dataset::TrainingSet;
use crate::failure::Failure;
use crate::output::{counted, print_json};
use crate::run_folder::{self, CONFIG, CheckpointWriter, Config, Lock, METRICS, Resumed, RunState, Trained, resume};
use crate::tensorboard::TensorBoard;

#[derive(Serialize)]
struct Settings<'a> {
    chosen: &'a [Reason],
}

impl<'r> Run<'r> {
    /// Opens the data, creates or reads the model, and writes everything into the run folder that
    /// is needed to resume. The settings of a new training that are not `given` are chosen for
    /// the data. A resumed training continues to `epochs` epochs in total, if there are any. The
    /// ranks of `crew` compute its steps.
    pub(super) fn start(
        arguments: &Arguments,
        mut config: Config,
        given: Option<&Given>,
        epochs: Option<usize>,
        crew: Option<&Crew<'r>>,
    ) -> Result<(Self, CheckpointWriter), Failure> {
        let every = Duration::try_from_secs_f64(arguments.keep_every)
            .map_err(|e| Failure::usage(format!("--keep-every is {}: {e}", arguments.keep_every)))?;
        // The lock is taken before the training in the folder is read.
        let lock = arguments.resume.as_deref().map(Lock::take).transpose()?;
        // The entropy of the held-out codes takes the k-th neighbor of each.
        let k = config.training.objective.k();
        let why = if k > 1 { format!(", because k is {k}; use more data or a smaller --k") } else { String::new() };
        let data = config.data.open_with(arguments.quiet, k.saturating_add(1), &why);
        let data = data.map_err(|problem| match (&arguments.resume, &arguments.config) {
            _ if !config.data.is_gone() => problem,
            (Some(run), _) => problem.and(&format!("; if it has moved, edit `data` in {}", run.join(CONFIG).display())),
            (None, Some(_)) => problem.and("; if it has moved, name it with --data"),
            (None, None) => problem,
        })?;
        let chosen = given.map_or_else(|| Ok(Vec::new()), |given| config.suit(&data.train, given))?;
        let mut model = untrained(&config, &data)?;
        if !arguments.quiet {
            name_constant_columns(&model);
        }
        let open = |model: &mut Autoencoder<f32>, config: &Config| match crew {
            Some(crew) => crew.open(arguments.device, config, data.train.source().len()),
            None => arguments.device.open(model, &config.training, &data.train, arguments.quiet),
        };
        let (is_new, mut was_finished) = (arguments.resume.is_none(), false);
        let (folder, lock, training, mut stepper, mut state, text) = match arguments.resume.as_ref().zip(lock) {
            Some((folder, lock)) => {
                let resumed = resume(folder, &config, epochs, &mut model, data.train.source())?;
                let Resumed { training, optimizer, state } = resumed;
                config.training = training.config().clone();
                let mut stepper = open(&mut model, &config)?;
                was_finished = optimizer.is_none();
                if let Some(optimizer) = optimizer {
                    stepper.restore(optimizer).map_err(Failure::other)?;
                }
                if let (Some(epochs), false) = (epochs, arguments.quiet) {
                    announce(&training, epochs, was_finished);
                }
                let text = epochs.map(|_| config.to_toml()).transpose()?;
                (folder.clone(), lock, training, stepper, state, text)
            }
            None => {
                if let Some(init) = &config.init {
                    initial(&mut model, init)?;
                }
                let (text, images) = (config.to_toml()?, data.train.source());
                let state = RunState { images: images.fingerprint().map_err(Failure::other)?, ..RunState::default() };
                let training = Training::new(config.training.clone(), images.len());
                let stepper = open(&mut model, &config)?;
                let (folder, lock) = run_folder::create(arguments.out.as_deref(), config.data.run_name())?;
                (folder, lock, training, stepper, state, Some(text))
            }
        };
        let mut writer = CheckpointWriter::new(&folder, every);
        if was_finished && (config.keep_best || config.patience.is_some()) {
            let loss = held_out_loss(&model, data.test.pixels.view(), &config.training);
            let loss = loss.map_err(|e| in_folder(&folder, &e))?;
            // Further epochs must have a lower loss.
            if !config.keep_best || writer.write_best(&model) {
                state.is_best(loss, training.epochs());
            }
        }
        let mut write = || {
            let training = training.write(&mut model, stepper.as_mut()).map_err(Failure::other)?;
            writer.write(training, &state)
        };
        // The first checkpoint is written at once, so that a read-only folder or a full disk is
        // reported before hours of training. The log of a resumed training is truncated after its
        // checkpoint is written.
        let begun = if is_new { Ok(()) } else { write() };
        let begun = begun.and_then(|()| begin(&folder, text.as_deref(), &config, &training));
        let begun = begun.and_then(|logs| if is_new { write().map(|()| logs) } else { Ok(logs) });
        let (log, tensorboard) = begun.map_err(|problem| {
            if is_new {
                // The folder was empty. Without these files it can be used again.
                for name in [CONFIG, METRICS] {
                    let _ = fs::remove_file(folder.join(name));
                }
            }
            let elsewhere = if is_new { ", or choose another folder with --out" } else { "" };
            Failure::other(format!("{problem}; the training did not start; free some space{elsewhere}"))
        })?;
        if !chosen.is_empty() {
            if arguments.common.json {
                print_json(&Line::new("settings", &Settings { chosen: &chosen }));
            }
            if !arguments.quiet {
                errln!("{}", explain(&chosen));
            }
        }
        Ok((Self { config, data, folder, model, training, stepper, state, log, tensorboard, _lock: lock }, writer))
    }
}

/// Prints the learning rate of a training that continues for more epochs.
fn announce(training: &Training, epochs: usize, was_finished: bool) {
    let (made, rate) = (training.epochs(), training.learning_rate());
    let adam = if was_finished { "; the state of Adam is new" } else { "" };
    errln!(
        "resuming after {made} of {epochs} epochs; the learning rate is on the schedule of {epochs} epochs, {rate:.2e} now and \
         almost 0 at the end{adam}"
    );
}

/// Loads the weights of `--init` into the model.
fn initial(model: &mut Autoencoder<f32>, init: &Path) -> Result<(), Failure> {
    let trained = Trained::load(init)?;
    let file = trained.file.display();
    if let Some(problem) = difference(&trained.model, model) {
        return Err(Failure::usage(format!("cannot start from {file}: {problem}")));
    }
    let names = |model: &Autoencoder<f32>| model.columns().and_then(|columns| columns.names().map(<[String]>::to_vec));
    if let (Some(there), Some(here)) = (names(&trained.model), names(model))
        && there != here
    {
        let [there, here] = [there, here].map(|names| names.join(", "));
        return Err(Failure::usage(format!("{file} was trained on the columns {there}, but the data has {here}")));
    }
    model.read(&trained.weights).map_err(Failure::usage)
}

/// Returns the first difference that keeps one model from using the weights of the other, with
/// advice.
fn difference(there: &Autoencoder<f32>, here: &Autoencoder<f32>) -> Option<String> {
    let samples = |model: &Autoencoder<f32>| match model.columns() {
        Some(columns) => format!("vectors of {}", counted(columns.len(), "column")),
        None => format!("images of shape {:?}", model.image_shape()),
    };
    let networks = |model: &Autoencoder<f32>| {
        model.architecture().map_or_else(|| "custom networks".to_owned(), ToString::to_string)
    };
    Some(if samples(there) != samples(here) {
        format!("it was trained on {}, but the data has {}", samples(there), samples(here))
    } else if there.architecture() != here.architecture() {
        format!("its networks are {}, not {}; leave out --model", networks(there), networks(here))
    } else if there.latent() != here.latent() {
        format!("its latent dimension is {}, not {}; leave out --latent", there.latent(), here.latent())
    } else if there.ending() != here.ending() {
        "its encoder was built for another objective; name that one with --objective".to_owned()
    } else {
        return None;
    })
}

/// Prints the columns that are constant.
fn name_constant_columns(model: &Autoencoder<f32>) {
    let Some(columns) = model.columns() else { return };
    for column in columns.constant() {
        let (name, (value, _)) = (columns.describe(column), columns.moments(column));
        errln!("{name} is {value} in all rows; it is not learned, and always decoded as {value}");
    }
}

/// Checks the settings and returns an untrained model.
fn untrained(config: &Config, data: &Split<f32, TrainingSet>) -> Result<Autoencoder<f32>, Failure> {
    let TrainConfig { seed, objective, .. } = &config.training;
    let model = data.train.model(config.model.clone(), config.latent, objective.ending(), *seed);
    let model = model.map_err(Failure::usage)?;
    data.train.check(&config.training, &model).map_err(Failure::usage)?;
    if config.tensorboard && !cfg!(feature = "tensorboard") {
        return Err(Failure::usage(
            "this program was built without --tensorboard; rebuild it with `cargo install --path crates/eae-cli --features \
             tensorboard`",
        ));
    }
    if config.patience == Some(0) {
        return Err(Failure::usage("--patience is 0; it must be at least 1"));
    }
    Ok(model)
}

/// Writes the settings of a new training, and opens the logs, before the first step.
fn begin(
    folder: &Path,
    text: Option<&str>,
    config: &Config,
    training: &Training,
) -> Result<(MetricsLog, Option<TensorBoard>), Failure> {
    let failed = |name: &str, e: io::Error| Failure::other(e).at(&folder.join(name));
    if let Some(text) = text {
        write_whole(&folder.join(CONFIG), text.as_bytes()).map_err(|e| failed(CONFIG, e))?;
    }
    let log = MetricsLog::resume(folder, training.epochs()).map_err(|e| failed(METRICS, e))?;
    let tensorboard = if config.tensorboard { Some(tensorboard(folder, config, training.steps())?) } else { None };
    Ok((log, tensorboard))
}

/// Starts a new event file. Existing event files are kept.
fn tensorboard(folder: &Path, config: &Config, steps: usize) -> Result<TensorBoard, Failure> {
    let TrainConfig { batch_size, objective, .. } = &config.training;
    let normal_entropy = objective.normal_entropy(*batch_size, config.latent).map_err(|e| in_folder(folder, &e))?;
    TensorBoard::start(folder, objective, normal_entropy, steps).map_err(|e| in_folder(folder, &e))
}
