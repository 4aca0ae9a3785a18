//! Trainings, and samples of their models.

use std::fs;

use ndarray::Array4;
use ndarray_npy::ReadNpyExt;

use crate::support::data::with_digits;
use crate::support::model::TRAIN;
use crate::support::program::{eae, json, stderr, succeeds};

#[test]
fn train_then_sample() {
    let folder = with_digits();
    let folder = folder.path();
    let trained = succeeds(folder, &[&TRAIN[..], &["--json", "--out", "run"]].concat());
    let lines = json(&trained);
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["settings", "epoch", "epoch", "result"]);
    let evaluation = &lines[3]["evaluation"];
    assert!(evaluation["reconstruction_error"].as_f64() < evaluation["mean_image_error"].as_f64());
    assert_eq!((&lines[3]["steps"], &lines[3]["interrupted"]), (&36.into(), &false.into()));

    let run = folder.join("run");
    for file in [
        "model.safetensors",
        "config.toml",
        "metrics.jsonl",
        "samples.png",
        "reconstructions.png",
        "interpolations.png",
    ] {
        assert!(fs::metadata(run.join(file)).unwrap().len() > 100, "{file}");
    }
    let config: toml::Value = toml::from_str(&fs::read_to_string(run.join("config.toml")).unwrap()).unwrap();
    assert_eq!(config["model"].as_str(), Some("mlp"));
    assert_eq!(config["training"]["batch_size"].as_integer(), Some(50));
    assert_eq!(config["training"]["objective"]["lambda"].as_float(), Some(1.0));
    let log = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    assert_eq!(log.lines().count(), 4, "two epochs, the evaluation and the end");

    // The same seed gives the same array, which begins a larger one. Another seed gives another.
    let sample = |n: &str, seed: &str| {
        let sampled = succeeds(folder, &["sample", "run", "--n", n, "--seed", seed, "--out", "x.npy", "--json"]);
        let n: usize = n.parse().unwrap();
        assert_eq!(json(&sampled)[0]["shape"], serde_json::json!([n, 1, 28, 28]));
        Array4::<f32>::read_npy(fs::File::open(folder.join("x.npy")).unwrap()).unwrap()
    };
    for sampler in ["sphere", "gaussian", "gmm", "gaussianization", "refined"] {
        let more = ["--n", "20", "--sampler", sampler, "--out", "x.npy", "--json"];
        let sampled = succeeds(folder, &[&["sample", "run"], &more[..]].concat());
        assert_eq!(json(&sampled)[0]["sampler"], sampler);
        let images = Array4::<f32>::read_npy(fs::File::open(folder.join("x.npy")).unwrap()).unwrap();
        assert!(images.dim() == (20, 1, 28, 28) && images.iter().all(|x| (0.0..=1.0).contains(x)), "{sampler}");
    }
    let (three, five) = (sample("3", "1"), sample("5", "1"));
    assert_eq!(three.shape(), [3, 1, 28, 28]);
    assert!(five.iter().all(|x| (0.0..=1.0).contains(x)));
    let head = five.slice_axis(ndarray::Axis(0), (..3).into());
    assert!((&head - &three).iter().all(|e| e.abs() < 1e-6));
    assert_ne!(sample("3", "2"), three);

    let sampled = eae(folder, &["sample", "run", "--out", "samples.png", "--columns", "0"]);
    assert_eq!(sampled.status.code(), Some(2));
    assert!(succeeds(folder, &["sample", "run", "--out", "samples.png"]).stdout.is_empty());
    assert_eq!(fs::read(folder.join("samples.png")).unwrap()[..8], *b"\x89PNG\r\n\x1a\n");
}

#[test]
fn the_number_of_threads_does_not_change_the_weights() {
    let folder = with_digits();
    let weights = |threads: &str| {
        let arguments = [&TRAIN[..], &["--quiet", "--threads", threads, "--out", threads]].concat();
        let trained = succeeds(folder.path(), &arguments);
        assert!(trained.stderr.is_empty(), "{}", stderr(&trained));
        fs::read(folder.path().join(threads).join("model.safetensors")).unwrap()
    };
    assert!(weights("1") == weights("2"));
}

/// Each objective trains a model that can be sampled from. The file of the model records how its
/// encoder ends.
#[test]
fn every_objective_trains() {
    let folder = with_digits();
    let folder = folder.path();
    for objective in ["ae", "bn-ae", "vae", "wae", "rae", "eae"] {
        let more = ["--epochs", "1", "--objective", objective, "--json", "--out", objective];
        let trained = succeeds(folder, &[&TRAIN[..3], &TRAIN[5..], &more].concat());
        let lines = json(&trained);
        // The penalty of eae is a difference, which can have either sign after one epoch.
        let penalty = lines[1]["penalty"].as_f64().unwrap();
        let fits = match objective {
            "ae" | "bn-ae" => penalty == 0.0,
            "eae" => penalty != 0.0,
            _ => penalty > 0.0,
        };
        assert!(fits, "{objective}: {penalty}");
        succeeds(folder, &["sample", objective, "--n", "3", "--out", "x.npy"]);
    }
}

/// The default settings suit the data, so that the model reconstructs it well.
#[test]
fn default_settings_suit_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Three columns of two factors, in two large classes, one with few rows and one with very few.
    let row = |i: usize| {
        let [a, b] = [(i as f64 * 0.7).sin(), (i as f64 * 1.3).cos()];
        format!(
            "{},{},{},{}\n",
            170.0 + 10.0 * a,
            70.0 + 8.0 * a + 3.0 * b,
            40.0 + 12.0 * b,
            match i {
                ..5 => "lone",
                _ if i.is_multiple_of(13) => "rare",
                _ if a > 0.0 => "tall",
                _ => "short",
            }
        )
    };
    let rows: String = (0..300).map(row).collect();
    fs::write(folder.join("people.csv"), format!("height,weight,age,kind\n{rows}")).unwrap();
    let arguments = ["train", "--data", "csv:people.csv", "--label", "kind", "--epochs", "60", "--no-report", "--json"];
    let lines = json(&succeeds(folder, &[&arguments[..], &["--out", "run"]].concat()));
    let chosen = lines[0]["chosen"].as_array().unwrap();
    let value = |setting: &str| chosen.iter().find(|c| c["setting"] == setting).map(|c| c["value"].as_str().unwrap());
    assert_eq!([value("model"), value("latent"), value("batch")], [Some("mlp"), Some("2"), Some("27")]);
    assert_eq!(value("epochs"), None, "the number of epochs was given");
    let evaluation = &lines.last().unwrap()["evaluation"];
    let [error, mean] = ["reconstruction_error", "mean_image_error"].map(|key| evaluation[key].as_f64().unwrap());
    assert!(error < 0.2 * mean, "{error} of {mean}");

    // Each class has a density, which is named by the class.
    let sampled = |label: &str| {
        succeeds(folder, &["sample", "run", "--label", label, "--n", "200", "--out", "x.csv"]);
        let text = fs::read_to_string(folder.join("x.csv")).unwrap();
        let heights = text.lines().skip(1).map(|row| row.split(',').next().unwrap().parse::<f64>().unwrap());
        heights.sum::<f64>() / 200.0
    };
    let [tall, short] = ["tall", "short"].map(sampled);
    assert!(tall > 174.0 && short < 166.0, "{tall} {short}");
    let refused = eae(folder, &["sample", "run", "--label", "young", "--out", "x.csv"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        stderr(&refused).contains("--label is young, but the model has only the classes rare, short, tall; use"),
        "{}",
        stderr(&refused)
    );
    let refused = stderr(&eae(folder, &["sample", "run", "--label", "lone", "--out", "x.csv"]));
    assert!(refused.contains("--label is lone, but this class had fewer than 20 training images or rows"), "{refused}");
    sampled("rare");
    let message = stderr(&succeeds(folder, &["sample", "run", "--out", "x.csv"]));
    assert!(message.contains("the highest likelihood of held-out codes"), "{message}");
}
