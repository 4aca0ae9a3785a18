//! The rows of the table, as they are written on the command line.

use std::collections::BTreeMap;

use eae::{Autoencoder, Criterion, Defaults, ModelError, Objective, Preset, TrainConfig};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::dataset::TrainingSet;
use crate::objective::{settings_of, takes};

/// A row: an objective and the settings of its training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The text of the row, with single spaces.
    pub(crate) name: String,
    pub(crate) model: Preset,
    pub(crate) latent: usize,
    /// The settings of the training without the seed.
    pub(crate) training: TrainConfig,
}

/// The default rows: published objectives for drawing from N(0, I) with their usual weights, and
/// the entropic autoencoder as published and with the additions of this library.
pub(crate) const ROWS: [&str; 10] = [
    "ae",
    "ae normalized=true",
    "vae beta=1",
    "vae beta=0.5",
    "vae beta=0.3",
    "wae weight=10",
    "rae",
    "eae lambda=1 bank=0 radius=0 draws=0 critic=0",
    "eae lambda=2 bank=0 radius=0 draws=0 critic=0",
    "eae",
];

/// The settings of all objectives.
const OF_ALL: &str = "model, latent, epochs, batch, learning-rate or warm-up";

/// Reads an objective with settings. Returns `None` if the objective does not take them.
fn read(settings: &Map<String, Value>) -> Option<Objective> {
    serde_json::from_value(settings.clone().into()).ok()
}

impl Row {
    /// Parses the name of an objective, followed by settings as `key=value`. Other settings are
    /// those of `like`.
    pub(crate) fn parse(text: &str, like: &Self) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let kind = words.next().ok_or("a row must begin with ae, eae, vae, wae or rae")?;
        let mut objective = Map::from_iter([("kind".to_owned(), Value::from(kind))]);
        if read(&objective).is_none() {
            return Err(format!("`{kind}` in row `{text}` is not an objective; use ae, eae, vae, wae or rae"));
        }
        let mut row = Self { name: text.split_whitespace().collect::<Vec<_>>().join(" "), ..like.clone() };
        for word in words {
            let (key, value) =
                word.split_once('=').ok_or_else(|| format!("`{word}` in row `{text}` must have the form key=value"))?;
            let wrong = |e: &dyn std::fmt::Display| format!("`{word}` in row `{text}`: {e}");
            match key {
                "model" => row.model = value.parse().map_err(|e| wrong(&e))?,
                "latent" => row.latent = value.parse().map_err(|e| wrong(&e))?,
                "epochs" => row.training.epochs = value.parse().map_err(|e| wrong(&e))?,
                "batch" => row.training.batch_size = value.parse().map_err(|e| wrong(&e))?,
                "learning-rate" => row.training.learning_rate = value.parse().map_err(|e| wrong(&e))?,
                "warm-up" => row.training.warm_up = value.parse().map_err(|e| wrong(&e))?,
                _ => {
                    let value = serde_json::from_str(value);
                    let value = value.map_err(|_| wrong(&"expected a finite number, true or false"))?;
                    if objective.insert(key.to_owned(), value).is_some() {
                        return Err(wrong(&"given twice"));
                    }
                    // Checked one at a time, so that the message names the setting.
                    if read(&objective).is_none() {
                        let known = settings_of(kind);
                        return Err(wrong(&match known.contains(&key) {
                            true => format!("expected {}", takes(key)),
                            false => format!("{kind} has no such setting; use {}, {OF_ALL}", known.join(", ")),
                        }));
                    }
                }
            }
        }
        row.training.objective = read(&objective).expect("it was read before");
        Ok(row)
    }

    /// Chooses the settings that neither the row nor a flag gives, as `eae train` does.
    pub(crate) fn suit(&mut self, defaults: &Defaults, flag: &dyn Fn(&str) -> bool) {
        let Self { name, model, latent, training } = self;
        let in_row = |setting: &str| name.split(' ').any(|word| word.split('=').next() == Some(setting));
        let is_given = |setting: &str| flag(setting) || in_row(setting);
        if !is_given("model") {
            *model = defaults.preset;
        }
        defaults.apply(latent, training, is_given);
    }

    /// Returns an untrained model.
    pub(crate) fn untrained(&self, data: &TrainingSet, seed: u64) -> Result<Autoencoder<f32>, ModelError> {
        data.model(self.model, self.latent, self.training.objective.ending(), seed)
    }

    /// Returns all settings under the keys of the text form.
    pub(crate) fn settings(&self) -> BTreeMap<String, Value> {
        let TrainConfig { epochs, batch_size, learning_rate, warm_up, .. } = self.training;
        let own = serde_json::json!({
            "model": self.model, "latent": self.latent, "epochs": epochs, "batch": batch_size,
            "learning-rate": learning_rate, "warm-up": warm_up,
        });
        let objective = serde_json::to_value(&self.training.objective).expect("plain data");
        [own, objective].into_iter().flat_map(|all| all.as_object().expect("a struct").clone()).collect()
    }

    /// Returns the text of the row without one setting.
    pub(crate) fn without(&self, key: &str) -> String {
        let others = self.name.split(' ').filter(|word| word.split('=').next() != Some(key));
        others.collect::<Vec<_>>().join(" ")
    }

    /// Returns the name of the folder for the row.
    pub(crate) fn folder(&self) -> String {
        self.name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::Eae;
    use eae::objective::{Ae, Vae};
    use ndarray::Array4;

    fn like() -> Row {
        Row { name: String::new(), model: Preset::Conv28, latent: 16, training: TrainConfig::default() }
    }

    #[test]
    fn the_default_rows_are_valid() {
        let rows = ROWS.map(|text| Row::parse(text, &like()).unwrap());
        assert_eq!(rows[1].training.objective, Objective::Ae(Ae::default().normalized(true)));
        assert_eq!(rows[4].training.objective, Objective::Vae(Vae::default().beta(0.3)));
        assert!(rows.iter().all(|row| row.training.objective.settings().iter().all(|setting| setting.fits)));
        let mut folders = rows.map(|row| row.folder());
        folders.sort();
        assert!(folders.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn keys_set_the_training_and_the_objective() {
        let row =
            Row::parse("eae  lambda=4 latent=8 batch=50 epochs=3 learning-rate=2e-3 model=mlp warm-up=0", &like());
        let row = row.unwrap();
        assert_eq!(row.name, "eae lambda=4 latent=8 batch=50 epochs=3 learning-rate=2e-3 model=mlp warm-up=0");
        assert_eq!((row.latent, row.model, row.training.batch_size, row.training.epochs), (8, Preset::Mlp, 50, 3));
        assert_eq!((row.training.learning_rate, row.training.warm_up), (2e-3, 0.0));
        assert_eq!(row.training.objective, Objective::Eae(Eae::default().lambda(4.0)));
    }

    #[test]
    fn settings_that_are_not_given_suit_the_data() {
        // The variance is 2.5, and a quarter of the images are 40.
        let images = Array4::from_shape_fn((160, 2, 5, 1), |(i, ..)| (i % 2) as f32);
        let defaults = Defaults::for_images(&images.view()).unwrap();
        let suited = |text: &str, flag: &str| {
            let mut row = Row::parse(text, &like()).unwrap();
            row.suit(&defaults, &|setting| setting == flag);
            row
        };
        for (text, bank) in [("eae", 40), ("eae bank=300", 300)] {
            let training = suited(text, "").training;
            assert!((training.error_unit - 0.05).abs() < 0.001, "{}", training.error_unit);
            assert_eq!(training.objective, Objective::Eae(Eae::default().bank(bank)));
        }
        let row = suited("ae", "");
        assert_eq!((row.model, row.latent), (defaults.preset, defaults.latent));
        assert_eq!(row.training.epochs, defaults.config.epochs);
        assert_eq!(row.training.learning_rate, defaults.config.learning_rate);
        // Without a rate, it suits the batch size of the row.
        let row = suited("ae batch=25 epochs=3 latent=5", "");
        assert_eq!((row.training.batch_size, row.training.epochs, row.latent), (25, 3, 5));
        assert_eq!(row.training.learning_rate, 1.5e-3);
        // Flags are in the row already.
        let like = like();
        assert_eq!(suited("vae", "error-unit").training.error_unit, like.training.error_unit);
        assert_eq!(suited("vae", "learning-rate").training.learning_rate, like.training.learning_rate);
        assert_eq!(suited("vae", "epochs").training.epochs, like.training.epochs);
        assert_eq!(suited("vae", "model").model, like.model);
    }

    #[test]
    fn errors_name_the_mistake() {
        for (text, expected) in [
            ("", "a row must begin with ae, eae, vae, wae or rae"),
            ("gan", "`gan` in row `gan` is not an objective; use ae, eae, vae, wae or rae"),
            ("eae lambda", "`lambda` in row `eae lambda` must have the form key=value"),
            ("eae lambda=x", "expected a finite number, true or false"),
            ("eae lambda=1 lambda=2", "given twice"),
            (
                "vae foo=1",
                "`foo=1` in row `vae foo=1`: vae has no such setting; use beta, learned_variance, model, latent",
            ),
            ("eae k=true", "`k=true` in row `eae k=true`: expected a whole number of at least 0"),
            ("eae lambda=nan", "expected a finite number, true or false"),
            ("eae latent=-1", "`latent=-1` in row"),
        ] {
            let error = Row::parse(text, &like()).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
