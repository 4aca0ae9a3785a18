//! The settings that a training begins with: those of a file, changed by flags.

use std::path::{Path, PathBuf};

use eae::Preset;
use eae::network::Architecture;
use eae::objective::Objective;
use serde_json::{Map, Value};

use super::chosen::Given;
use super::flags::{Arguments, Kind};
use crate::failure::Failure;
use crate::run_folder::{Config, Trained};

impl Arguments {
    /// Returns the settings in the file of `--config`, if there is one, and over them those of the
    /// flags that the user has `said`. The settings that are not given are still to be chosen
    /// for the data.
    pub(super) fn config(&self, said: &dyn Fn(&str) -> bool) -> Result<(Config, Given), Failure> {
        let mut config = self.config.as_deref().map_or_else(|| Ok(Config::default()), Config::read)?;
        let mut given = Given::new(self.config.as_deref(), said);
        let training = &mut config.training;
        /// Takes a flag's value if it was said.
        macro_rules! take {
            ($($flag:literal: $to:expr => $from:expr),+ $(,)?) => { $(if said($flag) { $to = $from; })+ };
        }
        take! {
            "data": config.data => self.data.clone(),
            "init": config.init => self.init.as_deref().map(absolute),
            "keep_best": config.keep_best => self.keep_best,
            "patience": config.patience => self.patience,
            "tensorboard": config.tensorboard => self.tensorboard,
            "warm_up": training.warm_up => self.warm_up,
            "seed": training.seed => self.common.seed,
        }
        if let Some(model) = &self.model {
            config.model = model.architecture()?;
        }
        config.latent = self.latent.unwrap_or(config.latent);
        training.epochs = self.epochs.unwrap_or(training.epochs);
        training.batch_size = self.batch.unwrap_or(training.batch_size);
        training.learning_rate = self.learning_rate.unwrap_or(training.learning_rate);
        training.error_unit = self.error_unit.unwrap_or(training.error_unit);
        training.objective = self.objective(&training.objective, said)?;
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
                // Photographs say more in color, and at the size of the larger preset.
                let side = Preset::Conv32.side();
                config.data = config.data.brought_to([side, side, 3]);
            }
            _ => {}
        }
        Ok((config, given))
    }

    /// The objective that was there, or a new one of the kind that was said, with the settings that
    /// were said.
    fn objective(&self, objective: &Objective, said: &dyn Fn(&str) -> bool) -> Result<Objective, Failure> {
        let Value::Object(mut settings) = serde_json::to_value(objective).expect("plain data") else {
            unreachable!("an objective is a table")
        };
        if said("objective") {
            let (kind, normalised) = self.objective.named();
            if settings["kind"] != kind {
                settings = Map::from_iter([("kind".to_owned(), kind.into())]);
            }
            if kind == "ae" {
                settings.insert("normalised".to_owned(), normalised.into());
            }
        }
        let flags: [(&str, Value); 12] = [
            ("lambda", self.lambda.into()),
            ("k", self.k.into()),
            ("mean", self.mean.into()),
            ("marginal", self.marginal.into()),
            ("decoded", self.decoded.into()),
            ("bank", self.bank.into()),
            ("radius", self.radius.into()),
            ("draws", self.draws.into()),
            ("floor", self.floor.into()),
            ("beta", self.beta.into()),
            ("weight", self.weight.into()),
            ("gradient", self.gradient.into()),
        ];
        for (flag, value) in flags {
            if !said(flag) {
                continue;
            }
            settings.insert(flag.to_owned(), value);
            // One at a time, so that the message names the flag.
            if let Err(e) = serde_json::from_value::<Objective>(settings.clone().into()) {
                let kind = &settings["kind"];
                return Err(Failure::usage(format!("--{flag} is not for the objective {kind}: {e}")));
            }
        }
        serde_json::from_value(settings.into()).map_err(Failure::usage)
    }
}

/// Makes a path that leads to the same file from any folder.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

impl Kind {
    /// What it is called in files, and for `ae` whether the code is normalised.
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
        let said = |flag: &str| matches.value_source(flag) == Some(ValueSource::CommandLine);
        arguments.config(&said).map(|(config, _)| config).map_err(|e| e.to_string())
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_defaults() {
        assert_eq!(effective(&[]).unwrap(), Config::default());
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "latent = 8\n[training]\nepochs = 3\n[training.objective]\nkind = 'eae'\nlambda = 3.0\n").unwrap();
        let path = file.path().to_str().unwrap();
        let config = effective(&["--config", path, "--epochs", "5", "--draws", "0", "--seed", "7"]).unwrap();
        assert_eq!((config.latent, config.training.epochs, config.training.seed), (8, 5, 7));
        let objective = Objective::Eae(Eae::default().lambda(3.0).draws(0.0));
        assert_eq!(config.training.objective, objective);
        // Another kind begins anew.
        let config = effective(&["--config", path, "--objective", "vae"]).unwrap();
        assert_eq!(config.training.objective, Objective::Vae(Vae::default()));
        // What is kept is what is read.
        let mut kept = tempfile::NamedTempFile::new().unwrap();
        write!(kept, "{}", config.to_toml().unwrap()).unwrap();
        assert_eq!(Config::read(kept.path()).unwrap(), config);
    }

    #[test]
    fn a_folder_of_images_is_kept_with_its_settings() {
        let config =
            effective(&["--data", "images:/photos", "--model", "conv32", "--channels", "grey", "--strict"]).unwrap();
        let text = config.to_toml().unwrap();
        let data = "[data]\nimages = \"/photos\"\nsize = 32\nchannels = \"grey\"\nsplit_seed = 0\nstrict = true\n";
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
        assert!(error.ends_with("are for --data images:FOLDER, not for digits"), "{error}");
        let mut wrong = tempfile::NamedTempFile::new().unwrap();
        write!(wrong, "[data]\nimages = '/photos'\nsides = 3\n").unwrap();
        let error = effective(&["--config", wrong.path().to_str().unwrap()]).unwrap_err();
        assert!(error.contains("a table with `images` and any of `size`"), "{error}");
    }

    #[test]
    fn kinds_and_their_settings() {
        let objective = |words: &[&str]| effective(words).map(|config| config.training.objective);
        assert_eq!(objective(&["--objective", "bn-ae"]), Ok(Objective::Ae(Ae::default().normalised(true))));
        let rae = Rae::default().decay(8e-5).beta(0.5).gradient(1.0);
        assert_eq!(objective(&["--objective", "rae", "--beta", "0.5", "--gradient", "1"]), Ok(Objective::Rae(rae)));
        for (words, expected) in [
            (&["--objective", "vae", "--lambda", "2"][..], "--lambda is not for the objective \"vae\""),
            (&["--beta", "2"], "--beta is not for the objective \"eae\""),
            (&["--config", "/nowhere/c.toml"], "/nowhere/c.toml: "),
        ] {
            let error = objective(words).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
