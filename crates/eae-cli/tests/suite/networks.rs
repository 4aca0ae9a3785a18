//! Networks that are described in files.

use std::fs;

use nn_layers::Weights;

use crate::{TRAIN, eae, json, stderr, with_digits};

/// The preset `mlp`, as a user would write it.
const MLP: &str = r#"
encoder = ["dense 512", "relu", "dense 256", "relu"]
decoder = ["dense 256", "relu", "dense 512", "relu", "dense 784", "sigmoid"]
"#;

#[test]
fn a_preset_written_out_trains_to_the_same_bits() {
    let folder = with_digits();
    let folder = folder.path();
    fs::write(folder.join("mlp.toml"), MLP).unwrap();
    let config = "data = 'npy:digits.npy'\nlatent = 4\n[training]\nepochs = 2\nbatch_size = 50\n[model]\n";
    let config = format!("{config}{MLP}");
    fs::write(folder.join("config.toml"), config).unwrap();
    let trained = |arguments: &[&str], out: &str| {
        let output = eae(folder, &[arguments, &["--quiet", "--out", out]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        Weights::read(folder.join(out).join("model.safetensors")).unwrap()
    };
    let preset = trained(&TRAIN, "preset");
    let by_flag = [&["train", "--model", "mlp.toml"], &TRAIN[3..]].concat();
    for (arguments, out) in [(&by_flag[..], "flag"), (&["train", "--config", "config.toml"], "config")] {
        let own = trained(arguments, out);
        assert!(own.names().eq(preset.names()));
        for name in preset.names().filter(|name| !name.ends_with("num_batches_tracked")) {
            let shape = preset.shape(name).unwrap();
            let [a, b] = [&own, &preset].map(|weights| weights.get::<f64>(name, shape).unwrap());
            assert!(a.iter().zip(&b).all(|(a, b)| a.to_bits() == b.to_bits()), "{out}: {name}");
        }
    }
    // The run folder says all of it, and the model is loaded from its file alone.
    let kept = fs::read_to_string(folder.join("flag/config.toml")).unwrap();
    let kept: toml::Value = toml::from_str(&kept).unwrap();
    assert_eq!(kept["model"]["encoder"][0].as_str(), Some("dense 512"));
    fs::remove_file(folder.join("mlp.toml")).unwrap();
    let sampled = eae(folder, &["sample", "flag", "--n", "3", "--out", "x.npy", "--json"]);
    assert!(sampled.status.success(), "{}", stderr(&sampled));
    assert_eq!(json(&sampled)[0]["shape"], serde_json::json!([3, 1, 28, 28]));
}

#[test]
fn the_examples_train() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/networks");
    let folder = with_digits();
    let digits = format!("{examples}/digits.toml");
    let quick = ["--epochs", "1", "--batch", "90", "--quiet", "--draws", "0", "--data", "npy:digits.npy"];
    let output = eae(folder.path(), &[&["train", "--model", &digits, "--out", "digits"], &quick[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let rows: String = (0..60).map(|i| format!("{},{},{},{},{}\n", i, i % 7, i % 5, i * i % 11, i % 3)).collect();
    fs::write(folder.path().join("rows.csv"), rows).unwrap();
    let vectors = format!("{examples}/vectors.toml");
    let quick = ["--epochs", "1", "--batch", "50", "--quiet", "--data", "csv:rows.csv"];
    let output = eae(folder.path(), &[&["train", "--config", &vectors, "--out", "vectors"], &quick[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn mistakes_show_the_layers_or_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (text, expected) in [
        (
            "encoder = ['conv 8 kernel=4 stride=2', 'relu', 'conv 8 kernel=14']\ndecoder = []",
            &[
                "`conv 8 kernel=14 stride=1 padding=0` of the encoder",
                "image   ",
                "[28, 28, 1]\n",
                "[13, 13, 8]\n",
                "does not fit",
            ][..],
        ),
        (
            "encoder = []\ndecoder = ['dense 700']",
            &[
                "the described network does not take images of shape [28, 28, 1]",
                "`dense 784` makes them",
                "\n  dense 700  [700]",
            ],
        ),
        (
            "encoder = [\n  'dense 8',\n  'rulu',\n]\ndecoder = []",
            &["net.toml: TOML parse error at line", "`rulu` is no layer: there are"],
        ),
        ("encoder = []", &["missing field `decoder`"]),
        ("[model]\nencoder = []", &["unknown field `model`"]),
    ] {
        fs::write(folder.join("net.toml"), text).unwrap();
        let output = eae(folder, &["train", "--model", "net.toml"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(expected.iter().all(|part| said.contains(part)), "{said}");
    }
    let output = eae(folder, &["train", "--model", "none.toml"]);
    assert!(output.status.code() == Some(2) && stderr(&output).contains("none.toml: "), "{}", stderr(&output));
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "nothing was made");
}
