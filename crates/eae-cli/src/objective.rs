//! The settings of the objectives, for messages.

/// The names of `--objective` in files and rows, each with the names of its settings.
const KNOWN: [(&str, &[&str]); 5] = [
    ("ae", &["normalized"]),
    (
        "eae",
        &[
            "lambda", "k", "mean", "marginal", "decoded", "bank", "radius", "draws", "coverage", "moments", "critic",
            "floor",
        ],
    ),
    ("vae", &["beta", "learned_variance"]),
    ("wae", &["weight"]),
    ("rae", &["beta", "decay", "gradient"]),
];

/// Returns the names of the settings of an objective, or none for another kind.
pub(crate) fn settings_of(kind: &str) -> &'static [&'static str] {
    KNOWN.iter().find(|(name, _)| *name == kind).map_or(&[], |(_, settings)| settings)
}

/// Returns the values that a setting takes.
pub(crate) fn takes(setting: &str) -> &'static str {
    match setting {
        "normalized" | "mean" | "marginal" | "learned_variance" => "true or false",
        "k" | "decoded" | "bank" => "a whole number of at least 0",
        _ => "a number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eae::Objective;
    use serde_json::{Map, Value, json};

    fn read(table: Map<String, Value>) -> Result<Objective, serde_json::Error> {
        serde_json::from_value(table.into())
    }

    #[test]
    fn the_settings_are_those_of_the_library() {
        for (kind, settings) in KNOWN {
            let table = |setting: &str, value: Value| {
                Map::from_iter([("kind".to_owned(), kind.into()), (setting.to_owned(), value)])
            };
            for setting in settings {
                let value = if takes(setting) == "true or false" { json!(true) } else { json!(1) };
                assert!(read(table(setting, value)).is_ok(), "{kind} {setting}");
                let fraction = read(table(setting, json!(0.5))).is_ok();
                assert_eq!(fraction, takes(setting) == "a number", "{kind} {setting}");
            }
            // The error of the parser names the unknown setting and each setting in backticks.
            let all = read(table("other", json!(1))).unwrap_err().to_string();
            assert_eq!(all.matches('`').count(), 2 * (settings.len() + 1), "{kind}: {all}");
        }
    }
}
