//! The settings of a new training, from a file and from flags.

use eae::Preset;
use eae::network::Architecture;
use eae::objective::{Criterion, Objective};
use serde_json::{Map, Value};

use super::chosen::Given;
use super::flags::{Arguments, Kind};
use crate::dataset::absolute;
use crate::failure::Failure;
use crate::objective::settings_of;
use crate::run_folder::{Config, Trained};

impl Arguments {
    /// Returns the settings in the file of `--config`, if there is one, overridden by the flags for
    /// which `is_given` is true. Settings that are not given are chosen for the data later.
    pub(super) fn config(&self, is_given: &dyn Fn(&str) -> bool) -> Result<(Config, Given), Failure> {
        let from_file = self.config.as_deref().map(Config::read_with_table).transpose()?;
        let (mut config, table) = from_file.unwrap_or_default();
        let mut given = Given::new(&table, is_given);
        let training = &mut config.training;
        /// Takes the value of a flag if it is given.
        macro_rules! take {
            ($($flag:literal: $to:expr => $from:expr),+ $(,)?) => { $(if is_given($flag) { $to = $from; })+ };
        }
        take! {
            "data": config.data => self.data.clone(),
            "init": config.init => self.init.as_deref().map(absolute),
            "keep_best": config.keep_best => self.keep_best,
            "patience": config.patience => self.patience,
            "tensorboard": config.tensorboard => self.tensorboard,
            "warm_up": training.warm_up => self.warm_up,
            "seed": training.seed => self.common.seed,
            "shards": training.shards => self.shards,
        }
        if let Some(model) = &self.model {
            config.model = model.architecture()?;
        }
        config.latent = self.latent.unwrap_or(config.latent);
        training.epochs = self.epochs.unwrap_or(training.epochs);
        training.batch_size = self.batch.unwrap_or(training.batch_size);
        training.learning_rate = self.learning_rate.unwrap_or(training.learning_rate);
        training.error_unit = self.error_unit.unwrap_or(training.error_unit);
        training.objective = self.objective(&training.objective, is_given)?;
        config.data = config.data.with(&self.images)?.absolute();
        if let Some(init) = &config.init {
            let model = Trained::load(init)?.model;
            if let (Some(architecture), false) = (model.architecture(), given.has("model")) {
                config.model = architecture.clone();
                given.add("model");
            }
            if !given.has("latent") {
                config.latent = model.latent();
                given.add("latent");
            }
        }
        match config.model {
            Architecture::Preset(preset) if given.has("model") => {
                config.data = config.data.brought_to([preset.side(), preset.side(), 3]);
            }
            Architecture::Preset(_) => {
                // Photographs have more detail in color and at the size of the larger preset.
                let side = Preset::Conv32.side();
                config.data = config.data.brought_to([side, side, 3]);
            }
            _ => {}
        }
        Ok((config, given))
    }

    /// Returns the objective with the settings of the given flags. A given `--objective` of another
    /// kind replaces it.
    fn objective(&self, objective: &Objective, is_given: &dyn Fn(&str) -> bool) -> Result<Objective, Failure> {
        let Value::Object(mut settings) = serde_json::to_value(objective).expect("plain data") else {
            unreachable!("an objective is a table")
        };
        if is_given("objective") {
            let (kind, normalized) = self.objective.named();
            if settings["kind"] != kind {
                settings = Map::from_iter([("kind".to_owned(), kind.into())]);
            }
            if kind == "ae" {
                settings.insert("normalized".to_owned(), normalized.into());
            }
        }
        let numbers = [
            ("lambda", self.lambda),
            ("radius", self.radius),
            ("draws", self.draws.unwrap_or_default()),
            ("coverage", self.coverage),
            ("moments", self.moments),
            ("critic", self.critic),
            ("floor", self.floor),
            ("beta", self.beta.unwrap_or_default()),
            ("weight", self.weight),
            ("gradient", self.gradient),
        ];
        let others: [(&str, Value); 5] = [
            ("k", self.k.into()),
            ("mean", self.mean.into()),
            ("marginal", self.marginal.into()),
            ("decoded", self.decoded.into()),
            ("bank", self.bank.into()),
        ];
        // JSON has no NaN and no infinity. Such a number is replaced until the setting is known.
        let replaced = |number: f64| Value::from(if number.is_finite() { number } else { 1.0 });
        let flags = Vec::from_iter(others.into_iter().chain(numbers.map(|(flag, number)| (flag, replaced(number)))));
        for (flag, value) in flags.iter().filter(|(flag, _)| is_given(flag)) {
            settings.insert((*flag).to_owned(), value.clone());
            // Checked one at a time, so that the message names the flag.
            let Ok(read) = serde_json::from_value::<Objective>(settings.clone().into()) else {
                let kind = settings["kind"].as_str().unwrap_or_default();
                let known = settings_of(kind).iter().filter(|name| flags.iter().any(|(flag, _)| flag == *name));
                let known = known.map(|name| format!("--{name}")).collect::<Vec<_>>().join(", ");
                let known = if known.is_empty() { "no such settings" } else { &known };
                return Err(Failure::usage(format!(
                    "--{flag} does not apply to the objective {kind}, which takes {known}; leave it out"
                )));
            };
            if let Some((_, number)) = numbers.iter().find(|(name, number)| name == flag && !number.is_finite()) {
                let setting = read.settings().into_iter().find(|setting| setting.name == *flag).expect("a number");
                return Err(Failure::usage(format!("--{flag} is {number}; it must be {}", setting.must)));
            }
        }
        serde_json::from_value(settings.into()).map_err(Failure::usage)
    }
}

impl Kind {
    /// Returns the name in files, and for `ae` whether the code is normalized.
    fn named(self) -> (&'static str, bool) {
        match self {
            Self::Eae => ("eae", false),
            Self::Ae => ("ae", false),
            Self::BnAe => ("ae", true),
            Self::Vae => ("vae", false),
            Self::Wae => ("wae", false),
            Self::Rae => ("rae", false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::parser::ValueSource;
    use clap::{Args, Command, FromArgMatches};
    use eae::Eae;
    use eae::objective::{Ae, Rae, Vae};
    use std::io::Write;

    fn effective(words: &[&str]) -> Result<Config, String> {
        let command = Arguments::augment_args(Command::new("train"));
        let matches = command.try_get_matches_from([&["train"], words].concat()).unwrap();
        let arguments = Arguments::from_arg_matches(&matches).unwrap();
        let is_given = |flag: &str| matches.value_source(flag) == Some(ValueSource::CommandLine);
        arguments.config(&is_given).map(|(config, _)| config).map_err(|e| e.to_string())
    }

    #[test]
    fn flags_override_the_file_and_the_file_the_defaults() {
        assert_eq!(effective(&[]).unwrap(), Config::default());
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "latent = 8\n[training]\nepochs = 3\n[training.objective]\nkind = 'eae'\nlambda = 3.0\n").unwrap();
        let path = file.path().to_str().unwrap();
        let config =
            effective(&["--config", path, "--epochs", "5", "--draws", "0", "--seed", "7", "--shards", "3"]).unwrap();
        let training = &config.training;
        assert_eq!((config.latent, training.epochs, training.seed, training.shards), (8, 5, 7, 3));
        let objective = Objective::Eae(Eae::default().lambda(3.0).draws(0.0));
        assert_eq!(config.training.objective, objective);
        // Another kind of objective replaces that of the file.
        let config = effective(&["--config", path, "--objective", "vae"]).unwrap();
        assert_eq!(config.training.objective, Objective::Vae(Vae::default()));
        // The written settings are read back.
        let mut kept = tempfile::NamedTempFile::new().unwrap();
        write!(kept, "{}", config.to_toml().unwrap()).unwrap();
        assert_eq!(Config::read(kept.path()).unwrap(), config);
    }

    #[test]
    fn the_settings_of_a_folder_of_images_are_kept() {
        let config =
            effective(&["--data", "images:/photos", "--model", "conv32", "--channels", "gray", "--strict"]).unwrap();
        let text = config.to_toml().unwrap();
        let data = "[data]\nimages = \"/photos\"\nsize = 32\nchannels = \"gray\"\nsplit_seed = 0\nstrict = true\n";
        assert!(text.contains(data), "{text}");
        let mut kept = tempfile::NamedTempFile::new().unwrap();
        write!(kept, "{text}").unwrap();
        let path = kept.path().to_str().unwrap();
        assert_eq!(effective(&["--config", path]).unwrap(), config);
        let other = effective(&["--config", path, "--size", "64", "--split-seed", "3"]).unwrap().to_toml().unwrap();
        assert_eq!(other, text.replace("size = 32", "size = 64").replace("split_seed = 0", "split_seed = 3"));

        let mut short = tempfile::NamedTempFile::new().unwrap();
        write!(short, "data = 'images:/photos'\nmodel = 'mlp'\n").unwrap();
        let config = effective(&["--config", short.path().to_str().unwrap()]).unwrap();
        assert!(config.to_toml().unwrap().contains("size = 28\nchannels = \"rgb\"\n"));
        let error = effective(&["--size", "28"]).unwrap_err();
        assert!(error.ends_with("apply to --data images:FOLDER, not to digits"), "{error}");
        let mut wrong = tempfile::NamedTempFile::new().unwrap();
        write!(wrong, "[data]\nimages = '/photos'\nsides = 3\n").unwrap();
        let error = effective(&["--config", wrong.path().to_str().unwrap()]).unwrap_err();
        assert!(error.contains("a table with `images` and any of `size`"), "{error}");
    }

    #[test]
    fn both_spellings_of_gray_are_read() {
        let gray = effective(&["--data", "images:/photos", "--channels", "gray"]).unwrap();
        assert!(gray.to_toml().unwrap().contains("channels = \"gray\"\n"));
        assert_eq!(effective(&["--data", "images:/photos", "--channels", "grey"]).unwrap(), gray);
    }

    #[test]
    fn flags_set_the_objective() {
        let objective = |words: &[&str]| effective(words).map(|config| config.training.objective);
        assert_eq!(objective(&["--objective", "bn-ae"]), Ok(Objective::Ae(Ae::default().normalized(true))));
        let rae = Rae::default().decay(8e-5).beta(0.5).gradient(1.0);
        assert_eq!(objective(&["--objective", "rae", "--beta", "0.5", "--gradient", "1"]), Ok(Objective::Rae(rae)));
        for (words, expected) in [
            (
                &["--objective", "vae", "--lambda", "2"][..],
                "--lambda does not apply to the objective vae, which takes --beta; leave it out",
            ),
            (&["--objective", "bn-ae", "--k", "2"], "does not apply to the objective ae, which takes no such settings"),
            (&["--lambda", "nan"], "lambda is NaN; it must be a finite number, 0 or above"),
            (&["--critic=-inf"], "critic is -inf; it must be a finite number, 0 or above"),
            (&["--floor", "inf"], "floor is inf; it must be a finite number above 0"),
            (&["--objective", "wae", "--weight", "nan"], "weight is NaN; it must be a finite number, 0 or above"),
            (&["--objective", "vae", "--lambda", "nan"], "--lambda does not apply to the objective vae"),
            (&["--beta", "2"], "--beta does not apply to the objective eae, which takes --lambda, --k, "),
            (&["--config", "/nowhere/c.toml"], "/nowhere/c.toml: "),
        ] {
            let error = objective(words).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
