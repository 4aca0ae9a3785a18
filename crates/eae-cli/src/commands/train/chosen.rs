//! The choice of settings that were not given.

use std::collections::BTreeSet;

use eae::{Defaults, Objective, Reason};

use crate::dataset::TrainingSet;
use crate::failure::Failure;
use crate::run_folder::Config;
use crate::table::refused_data;

/// The settings that are chosen for the data: the name of the flag, and the path in a file.
const SETTINGS: [(&str, &[&str]); 8] = [
    ("model", &["model"]),
    ("latent", &["latent"]),
    ("batch", &["training", "batch_size"]),
    ("epochs", &["training", "epochs"]),
    ("learning-rate", &["training", "learning_rate"]),
    ("error-unit", &["training", "error_unit"]),
    ("bank", &["training", "objective", "bank"]),
    ("draws", &["training", "objective", "draws"]),
];

/// The names of the settings that the user has given, as a flag or in a file.
#[derive(Debug, Default)]
pub(super) struct Given(BTreeSet<&'static str>);

impl Given {
    /// Collects the settings in the table of a file and those of the flags for which `is_given` is
    /// true.
    pub(super) fn new(file: &toml::Table, is_given: &dyn Fn(&str) -> bool) -> Self {
        let in_file = |path: &[&str]| {
            let mut table = Some(file);
            let (last, outer) = path.split_last().expect("a path has a name");
            outer.iter().for_each(|name| table = table.and_then(|table| table.get(*name)?.as_table()));
            table.is_some_and(|table| table.contains_key(*last))
        };
        let given = SETTINGS.iter().filter(|(name, path)| is_given(&name.replace('-', "_")) || in_file(path));
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
    /// Chooses the settings that were not given, and returns them.
    pub(super) fn suit(&mut self, data: &TrainingSet, given: &Given) -> Result<Vec<Reason>, Failure> {
        let defaults = data.defaults().map_err(refused_data)?;
        let mut chosen = Vec::new();
        for mut reason in defaults.reasons.iter().filter(|reason| !given.has(reason.setting)).cloned() {
            let training = &mut self.training;
            match reason.setting {
                "model" => self.model = defaults.preset.into(),
                "latent" => self.latent = defaults.latent,
                "batch" => training.batch_size = defaults.config.batch_size,
                "epochs" => training.epochs = defaults.config.epochs,
                "learning-rate" => {
                    // The batch size precedes it in the list, so it is known here.
                    training.learning_rate = Defaults::learning_rate(training.batch_size);
                    reason.value = training.learning_rate.to_string();
                    reason.reason = format!("for a batch size of {}", training.batch_size);
                }
                "error-unit" => {
                    training.error_unit = defaults.error_unit(&training.objective);
                    if training.error_unit != defaults.config.error_unit {
                        reason.value = training.error_unit.to_string();
                        reason.reason = "the unit of the objective".to_owned();
                    }
                }
                "bank" => match (&mut training.objective, &defaults.config.objective) {
                    (Objective::Eae(eae), Objective::Eae(suited)) => eae.bank = suited.bank,
                    _ => continue,
                },
                // The weight depends on the latent dimension, which may be given. See below.
                "draws" => continue,
                setting => unreachable!("{setting} is one of the settings"),
            }
            chosen.push(reason);
        }
        if let (Objective::Eae(eae), Some((weight, reason))) =
            (&mut self.training.objective, Defaults::draws(self.latent))
            && !given.has("draws")
        {
            eae.draws = weight;
            chosen.push(reason);
        }
        Ok(chosen)
    }
}

/// Returns the chosen settings and their reasons as text.
pub(super) fn explain(chosen: &[Reason]) -> String {
    let mut text = String::from("settings chosen for the data (each flag overrides one):");
    for Reason { setting, value, reason, .. } in chosen {
        text.push_str(&format!("\n  {:<24} {reason}", format!("--{setting} {value}")));
    }
    text
}
