//! A trained model and its data, for the commands that use one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use eae::Autoencoder;
use eae::data::{Images, Split};
use eae::sampler::{self, Fitted, PREFIX, Refinement, Sampler};
use nn_layers::{Weights, WeightsError};

use super::checkpoint::{Fingerprint, KEY, again};
use super::{BEST, CHECKPOINT, CONFIG, Config, METRICS, MODEL, State};
use crate::dataset::{Data, Part, Used};
use crate::failure::Failure;
use crate::output::Input;
use crate::sampling::Chosen;
use crate::table::refused_data;

/// The prefix of the names of a class's samplers in a file, before the label.
const CLASS_PREFIX: &str = "sampler.class.";

/// Smallest number of codes of a class to which densities are fitted.
pub(crate) const LEAST_OF_A_CLASS: usize = 20;

/// Returns the prefix of the samplers of a class.
pub(crate) fn class_prefix(label: u8) -> String {
    format!("{CLASS_PREFIX}{label}")
}

/// The key of the names of the classes in the metadata of a file, as a JSON list.
const CLASSES: &str = "classes";

/// Stores the names of the classes, in the order of their labels, in the weights.
pub(crate) fn name_classes(weights: &mut Weights, names: &[String]) {
    weights.metadata.insert(CLASSES.to_owned(), serde_json::to_string(names).expect("plain data"));
}

/// A model from a file.
pub(crate) struct Trained {
    /// The folder or file that the user named.
    run: PathBuf,
    /// The file of the model.
    pub(crate) file: PathBuf,
    pub(crate) model: Autoencoder<f32>,
    /// The content of the file, including samplers.
    pub(crate) weights: Weights,
}

impl Trained {
    /// Loads the model in a run folder or a weights file.
    pub(crate) fn load(run: &Path) -> Result<Self, Failure> {
        Self::from_file(run, model_file(run)?)
    }

    /// Loads the model in a file of a run.
    pub(crate) fn from_file(run: &Path, file: PathBuf) -> Result<Self, Failure> {
        let weights = Weights::read(&file).map_err(|e| {
            if matches!(e, WeightsError::Format { .. }) && file.extension().is_none_or(|end| end != "safetensors") {
                return Failure::usage(format!(
                    "{} is not a model; name a run folder of `eae train`, or a .safetensors file of one",
                    file.display()
                ));
            }
            let way_out = if run.join(CONFIG).exists() { format!("; {}", again(run)) } else { String::new() };
            Failure::usage(format!("{e}{way_out}"))
        })?;
        let model = Autoencoder::load(&file).map_err(Failure::usage)?;
        Ok(Self { run: run.to_path_buf(), file, model, weights })
    }

    /// Returns all samplers: the default one first, then N(0, I), the sphere, and the others in the
    /// file. A damaged sampler is an error.
    pub(crate) fn samplers(&self) -> Result<Vec<Sampler>, Failure> {
        let latent = self.model.latent();
        let best = self.fitted(PREFIX)?.map(|fitted| fitted.best().sampler.clone());
        let mut samplers: Vec<Sampler> = best.into_iter().collect();
        let names = Sampler::NAMES.into_iter().filter(|name| samplers.first().is_none_or(|best| best.name() != *name));
        for name in names.collect::<Vec<_>>() {
            samplers.extend(match name {
                "normal" => Some(Sampler::Normal { latent }),
                "sphere" => Some(Sampler::Sphere { latent }),
                name => self.sampler(name)?,
            });
        }
        Ok(samplers)
    }

    /// Returns the sampler with a name in the file, or `None` if there is none.
    pub(crate) fn sampler(&self, name: &str) -> Result<Option<Sampler>, Failure> {
        let (file, takes) = (self.file.display(), self.model.latent());
        match Sampler::read(PREFIX, name, &self.weights) {
            Ok(sampler) if sampler.latent() == takes => Ok(Some(sampler)),
            Ok(sampler) => {
                let codes = sampler.latent();
                let problem =
                    format!("{file}: the latent dimension of a sampler is {codes}, but that of the model is {takes}");
                Err(Failure::usage(problem))
            }
            Err(sampler::ReadError::NoSampler { .. }) => Ok(None),
            Err(e) => Err(Failure::usage(format!("{file}: {e}"))),
        }
    }

    /// Returns the refinement of draws from N(0, I), or `None` if the file has none.
    pub(crate) fn refinement(&self) -> Result<Option<Refinement>, Failure> {
        Refinement::read(PREFIX, self.model.latent(), &self.weights).map_err(|e| Failure::usage(e).at(&self.file))
    }

    /// Returns the refinement in the file. A model of `eae compare` has none, and the refinement is
    /// then estimated from draws, which takes only the networks.
    pub(crate) fn refined(&self) -> Result<Refinement, Failure> {
        match self.refinement()? {
            Some(refinement) => Ok(refinement),
            None => Refinement::fit(&self.model, 0)
                .map_err(|e| Failure::other(format!("{}: draws cannot be refined: {e}", self.file.display()))),
        }
    }

    /// Returns all samplers, in the order of [`samplers`](Trained::samplers), and refined draws at
    /// the end.
    pub(crate) fn choices(&self) -> Result<Vec<Chosen>, Failure> {
        let refined = self.refinement()?.map(Chosen::from);
        Ok(self.samplers()?.into_iter().map(Chosen::from).chain(refined).collect())
    }

    /// Returns the samplers under a prefix that were fitted to codes, or `None` if there are none.
    pub(crate) fn fitted(&self, prefix: &str) -> Result<Option<Fitted>, Failure> {
        Fitted::read(prefix, self.model.latent(), &self.weights).map_err(|e| Failure::usage(e).at(&self.file))
    }

    /// Returns the classes that have samplers of their own, in the order of their labels: the
    /// label, the name or else the number, and the best sampler.
    pub(crate) fn class_samplers(&self) -> Result<Vec<(u8, String, Sampler)>, Failure> {
        let names = self.class_names();
        let label = |name: &str| name.strip_prefix(CLASS_PREFIX)?.split('.').next()?.parse().ok();
        let labels: BTreeSet<u8> = self.weights.names().filter_map(label).collect();
        let named = |label: u8| names.get(usize::from(label)).cloned().unwrap_or_else(|| label.to_string());
        let mut classes = Vec::new();
        for label in labels {
            let fitted = self.fitted(&class_prefix(label))?;
            classes.extend(fitted.map(|fitted| (label, named(label), fitted.best().sampler.clone())));
        }
        Ok(classes)
    }

    /// Returns the names of the classes in the order of their labels, or nothing if the classes
    /// have no names.
    pub(crate) fn class_names(&self) -> Vec<String> {
        let names = self.weights.metadata.get(CLASSES).and_then(|names| serde_json::from_str(names).ok());
        names.unwrap_or_default()
    }

    /// Returns the data that is `named`, or else the training data. If it is the training data, it
    /// must have the returned fingerprint.
    fn named(&self, named: Option<&Data>) -> Result<(Data, Option<u64>), Failure> {
        let own = data_of(&self.run);
        match (named, own) {
            (None, own) => Ok((own?, self.fingerprint())),
            // A weights file does not name its data.
            (Some(data), Err(_)) => Ok((data.clone(), None)),
            (Some(data), Ok(own)) => {
                let data = data.clone().like(&own);
                let fingerprint = if data.clone().absolute() == own { self.fingerprint() } else { None };
                Ok((data, fingerprint))
            }
        }
    }

    /// Returns the fingerprint of the images on which the model was trained. A model of
    /// `eae compare` has none.
    pub(super) fn fingerprint(&self) -> Option<u64> {
        let mark = self.weights.metadata.get(KEY)?;
        serde_json::from_str(mark).ok().map(|Fingerprint { images }| images)
    }

    /// Returns the warning about data that has changed since the training.
    pub(crate) fn other_data(&self, data: &Data) -> String {
        let file = self.file.display();
        format!("{data} has changed since {file} was trained on it; the results are for the changed data")
    }

    /// Opens the data that is `named`, or else the training data, and returns it with its name and
    /// a warning if it has changed since the training.
    pub(crate) fn data(&self, named: Option<&Data>) -> Result<(Data, Split<f32>, Option<String>), Failure> {
        self.load_data(named).map_err(|problem| self.with_way_out(problem, named))
    }

    fn load_data(&self, named: Option<&Data>) -> Result<(Data, Split<f32>, Option<String>), Failure> {
        let (named, fingerprint) = self.named(named)?;
        let Split { train, test } = named.open_for(&self.model)?;
        let warning = train.differs(fingerprint)?.then(|| self.other_data(&named));
        let train = train.in_memory().map_err(refused_data)?;
        Ok((named, Split { train, test }, warning))
    }

    /// Appends what to do if no data is `named` and the training data is gone.
    fn with_way_out(&self, problem: Failure, named: Option<&Data>) -> Failure {
        match data_of(&self.run) {
            Ok(own) if named.is_none() && own.is_gone() => problem.and(&format!(
                "; if it has moved, name it with --data, or edit `data` in {}",
                self.run.join(CONFIG).display()
            )),
            _ => problem,
        }
    }

    /// Opens a part of the data that is `named`, or else of the training data. The default is all
    /// of the named data, and the `usual` part of the training data. Prints the warnings.
    pub(crate) fn used(&self, named: Option<&Data>, part: Option<Part>, usual: Part) -> Result<Used, Failure> {
        let used = self.open(named, part, usual)?;
        for warning in &used.warnings {
            errln!("warning: {warning}");
        }
        Ok(used)
    }

    /// Opens data as [`used`](Trained::used) does, without printing the warnings: that the training
    /// data has changed, or that vectors are unlike those of the training.
    pub(crate) fn open(&self, named: Option<&Data>, part: Option<Part>, usual: Part) -> Result<Used, Failure> {
        let part = part.unwrap_or(if named.is_some() { Part::All } else { usual });
        let (data, fingerprint) = self.named(named)?;
        let used = Used::new(data, part, &self.model, fingerprint);
        let mut used = used.map_err(|problem| self.with_way_out(problem, named))?;
        if used.changed {
            used.warnings.insert(0, self.other_data(&used.data));
        }
        Ok(used)
    }

    /// Returns the training images for a comparison with `used`, in memory: those of the same data
    /// set for a part, and those of the run for all of a data set. Adds a warning if those of the
    /// run have changed. Returns `None` for a weights file, which does not name its data.
    pub(crate) fn train_beside(&self, used: &Used, warnings: &mut Vec<String>) -> Result<Option<Images<f32>>, Failure> {
        match used.part {
            // These have their warning already.
            Part::Train | Part::Test => Ok(Some(used.data.load_for(&self.model)?.train)),
            Part::All if !self.run.join(CONFIG).exists() => Ok(None),
            Part::All => {
                let (_, data, warning) = self.load_data(None)?;
                warnings.extend(warning);
                Ok(Some(data.train))
            }
        }
    }
}

/// Returns the files that a command with a run folder or a weights file reads, and the training
/// data. No output may replace them.
pub(crate) fn inputs(run: &Path) -> Vec<Input> {
    let (folder, files) = match run.is_dir() {
        true => (run, Vec::from([MODEL, CONFIG, METRICS, CHECKPOINT, BEST].map(|name| run.join(name)))),
        // The training data of a weights file is that of the run folder in which it lies.
        false => (run.parent().unwrap_or(Path::new("")), vec![run.to_path_buf()]),
    };
    let data = data_of(folder).ok();
    let data = Input::data(data.as_ref(), format!("the training data of {}", run.display()));
    let files = files.iter().map(|file| {
        let of_run = if run.is_dir() { format!("a file of the run {}", run.display()) } else { "the model".to_owned() };
        Input::file(file, of_run)
    });
    data.into_iter().chain(files).collect()
}

/// Returns the file of a run's model.
fn model_file(run: &Path) -> Result<PathBuf, Failure> {
    if !run.is_dir() {
        return if run.exists() { Ok(run.to_path_buf()) } else { Err(no_such(run)) };
    }
    let file = run.join(MODEL);
    if file.exists() {
        return Ok(file);
    }
    let folder = run.display();
    Err(Failure::usage(if State::of(run) == State::Unfinished {
        format!(
            "{folder} has no {MODEL} yet; its training is running or was interrupted: resume it with eae train --resume \
             {folder}, or use its last checkpoint, {}",
            run.join(CHECKPOINT).display()
        )
    } else {
        format!("{folder} has no {MODEL}; is it a run folder of `eae train`?")
    }))
}

pub(crate) fn no_such(run: &Path) -> Failure {
    let run = run.display();
    Failure::usage(format!("{run}: no such file or folder; name a run folder of `eae train`, such as runs/digits-1"))
}

/// Reads the training data from the run folder's `config.toml`.
fn data_of(run: &Path) -> Result<Data, Failure> {
    let config = run.join(CONFIG);
    let problem = |e: &dyn std::fmt::Display| Failure::usage(format!("{e}; name the training data with --data"));
    if !config.exists() {
        return Err(problem(&format!("there is no {}", config.display())));
    }
    Ok(Config::read(&config).map_err(|e| problem(&e))?.data)
}
