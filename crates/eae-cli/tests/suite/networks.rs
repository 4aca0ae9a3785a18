//! Networks from files.

use std::fs;

use nn_layers::Weights;

use crate::support::data::with_digits;
use crate::support::model::TRAIN;
use crate::support::program::{json, succeeds};
use crate::support::transcript::Transcript;

/// The preset `mlp` as a file.
const MLP: &str = r#"
encoder = ["dense 512", "relu", "dense 256", "relu"]
decoder = ["dense 256", "relu", "dense 512", "relu", "dense 784", "sigmoid"]
"#;

#[test]
fn a_preset_as_a_file_trains_to_the_same_bits() {
    let folder = with_digits();
    let folder = folder.path();
    fs::write(folder.join("mlp.toml"), MLP).unwrap();
    let config = "data = 'npy:digits.npy'\nlatent = 4\n[training]\nepochs = 2\nbatch_size = 50\n[model]\n";
    let config = format!("{config}{MLP}");
    fs::write(folder.join("config.toml"), config).unwrap();
    let trained = |arguments: &[&str], out: &str| {
        succeeds(folder, &[arguments, &["--quiet", "--out", out]].concat());
        Weights::read(folder.join(out).join("model.safetensors")).unwrap()
    };
    let preset = trained(&TRAIN, "preset");
    let by_flag = [&["train", "--model", "mlp.toml"], &TRAIN[3..]].concat();
    for (arguments, out) in [(&by_flag[..], "flag"), (&["train", "--config", "config.toml", "--no-report"], "config")] {
        let own = trained(arguments, out);
        assert!(own.names().eq(preset.names()));
        let counts = |name: &&str| name.ends_with("num_batches_tracked") || *name == "sampler.normal.latent";
        for name in preset.names().filter(|name| !counts(name)) {
            let shape = preset.shape(name).unwrap();
            let [a, b] = [&own, &preset].map(|weights| weights.get::<f64>(name, shape).unwrap());
            assert!(a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits()), "{out}: {name}");
        }
    }
    // The run folder has the whole description, so that the model is loaded without net.toml.
    let kept = fs::read_to_string(folder.join("flag/config.toml")).unwrap();
    let kept: toml::Value = toml::from_str(&kept).unwrap();
    assert_eq!(kept["model"]["encoder"][0].as_str(), Some("dense 512"));
    fs::remove_file(folder.join("mlp.toml")).unwrap();
    let sampled = succeeds(folder, &["sample", "flag", "--n", "3", "--out", "x.npy", "--json"]);
    assert_eq!(json(&sampled)[0]["shape"], serde_json::json!([3, 1, 28, 28]));
}

#[test]
fn the_examples_train() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/networks");
    let folder = with_digits();
    let digits = format!("{examples}/digits.toml");
    let quick = [
        "--epochs",
        "1",
        "--batch",
        "90",
        "--quiet",
        "--no-report",
        "--draws",
        "0",
        "--critic",
        "0",
        "--data",
        "npy:digits.npy",
    ];
    succeeds(folder.path(), &[&["train", "--model", &digits, "--out", "digits"], &quick[..]].concat());
    let rows: String = (0..60).map(|i| format!("{},{},{},{},{}\n", i, i % 7, i % 5, i * i % 11, i % 3)).collect();
    fs::write(folder.path().join("rows.csv"), rows).unwrap();
    let vectors = format!("{examples}/vectors.toml");
    let quick = ["--epochs", "1", "--batch", "50", "--quiet", "--no-report", "--data", "csv:rows.csv"];
    succeeds(folder.path(), &[&["train", "--config", &vectors, "--out", "vectors"], &quick[..]].concat());
}

#[test]
fn errors_show_the_layers_or_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    for text in [
        "encoder = ['conv 8 kernel=4 stride=2', 'relu', 'conv 8 kernel=14']\ndecoder = []",
        "encoder = []\ndecoder = ['dense 700']",
        "encoder = [\n  'dense 8',\n  'rulu',\n]\ndecoder = []",
        "encoder = []",
        "[model]\nencoder = []",
    ] {
        fs::write(folder.join("net.toml"), text).unwrap();
        transcript.refused(&["train", "--model", "net.toml"], 2);
    }
    transcript.refused(&["train", "--model", "none.toml"], 2);
    transcript.check("networks that are refused");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "no files were created");
}
