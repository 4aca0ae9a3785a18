//! The choice of settings that were not given.

use std::collections::BTreeSet;

use eae::Reason;

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
        if !given.has("model") {
            self.model = defaults.preset.into();
        }
        Ok(defaults.apply(&mut self.latent, &mut self.training, |setting| given.has(setting)))
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
