//! The settings that nobody gave, chosen for the data.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use eae::{Defaults, Objective, Reason};

use crate::dataset::TrainingSet;
use crate::failure::Failure;
use crate::run_folder::Config;
use crate::table::refused_data;

/// The settings that can be chosen: the name of the flag, and the path in a file of settings.
const SETTINGS: [(&str, &[&str]); 7] = [
    ("model", &["model"]),
    ("latent", &["latent"]),
    ("batch", &["training", "batch_size"]),
    ("epochs", &["training", "epochs"]),
    ("learning-rate", &["training", "learning_rate"]),
    ("error-unit", &["training", "error_unit"]),
    ("bank", &["training", "objective", "bank"]),
];

/// Names of the settings that the user has given, as a flag or in a file.
#[derive(Debug, Default)]
pub(super) struct Given(BTreeSet<&'static str>);

impl Given {
    /// Finds the settings in the file of `--config`, which has been read before, and those of the
    /// flags that were `said`.
    pub(super) fn new(file: Option<&Path>, said: &dyn Fn(&str) -> bool) -> Self {
        let text = file.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
        let file: toml::Table = toml::from_str(&text).unwrap_or_default();
        let in_file = |path: &[&str]| {
            let mut table = Some(&file);
            let (last, outer) = path.split_last().expect("a path has a name");
            outer.iter().for_each(|name| table = table.and_then(|table| table.get(*name)?.as_table()));
            table.is_some_and(|table| table.contains_key(*last))
        };
        let given = SETTINGS.iter().filter(|(name, path)| said(&name.replace('-', "_")) || in_file(path));
        Self(given.map(|(name, _)| *name).collect())
    }

    /// Adds a setting that follows from another.
    pub(super) fn add(&mut self, setting: &'static str) {
        self.0.insert(setting);
    }

    pub(super) fn has(&self, setting: &str) -> bool {
        self.0.contains(setting)
    }
}

impl Config {
    /// Fills in the settings that were not given, and returns them.
    pub(super) fn suit(&mut self, data: &TrainingSet, given: &Given) -> Result<Vec<Reason>, Failure> {
        let source = data.source();
        let found = match data {
            TrainingSet::Vectors(..) => Defaults::for_vectors(source),
            _ => Defaults::for_images(source),
        };
        let defaults = found.map_err(refused_data)?;
        let mut chosen = Vec::new();
        for mut reason in defaults.reasons.iter().filter(|reason| !given.has(reason.setting)).cloned() {
            let training = &mut self.training;
            match reason.setting {
                "model" => self.model = defaults.preset.into(),
                "latent" => self.latent = defaults.latent,
                "batch" => training.batch_size = defaults.config.batch_size,
                "epochs" => training.epochs = defaults.config.epochs,
                "learning-rate" => {
                    // The batch is before it in the list, given or chosen.
                    training.learning_rate = Defaults::learning_rate(training.batch_size);
                    reason.value = training.learning_rate.to_string();
                    reason.reason = format!("for a batch of {}", training.batch_size);
                }
                "error-unit" => {
                    training.error_unit = defaults.error_unit(&training.objective);
                    if training.error_unit != defaults.config.error_unit {
                        reason.value = training.error_unit.to_string();
                        reason.reason = "the objective has a unit of its own".to_owned();
                    }
                }
                "bank" => match (&mut training.objective, &defaults.config.objective) {
                    (Objective::Eae(eae), Objective::Eae(suited)) => eae.bank = suited.bank,
                    _ => continue,
                },
                setting => unreachable!("{setting} is one of the settings"),
            }
            chosen.push(reason);
        }
        Ok(chosen)
    }
}

/// Writes the chosen settings for a user to read.
pub(super) fn explain(chosen: &[Reason]) -> String {
    let mut text = String::from("settings chosen for the data, each with a flag that overrides it:");
    for Reason { setting, value, reason, .. } in chosen {
        text.push_str(&format!("\n  {:<24} {reason}", format!("--{setting} {value}")));
    }
    text
}
