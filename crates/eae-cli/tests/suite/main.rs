//! The program from outside: what it leaves, what it prints, how it ends.

mod device;
mod disk;
mod estimate;
#[cfg(feature = "onnx")]
mod export;
mod images;
mod mistakes;
mod networks;
mod report;
mod resume;
#[cfg(feature = "serve")]
mod serve;
#[cfg(feature = "tensorboard")]
mod tensorboard;
mod trained;
mod vectors;

use std::fs;
use std::path::Path;
use std::process::Output;

use ::eae::data::digits;
use assert_cmd::Command;
use ndarray::{Array3, Array4, s};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};
use serde_json::Value;

/// Runs `eae` with these arguments in a folder.
fn eae(folder: &Path, arguments: &[&str]) -> Output {
    Command::cargo_bin("eae").unwrap().current_dir(folder).args(arguments).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Standard output as JSON lines; panics if anything else is there.
fn json(output: &Output) -> Vec<Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// That these arguments end it with this code and say this, ` ... ` for what is between; and nothing on standard output,
/// whoever reads it.
fn refused(folder: &Path, arguments: &[&str], code: i32, message: &str) {
    let takes_json = !["completions", "man"].contains(&arguments[0]);
    for more in [&[][..], &["--json"]].into_iter().take(1 + usize::from(takes_json)) {
        let output = eae(folder, &[arguments, more].concat());
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        let rest = message.split(" ... ").try_fold(&said[..], |said, part| Some(said.split_once(part)?.1));
        assert!(rest.is_some(), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

/// The first 1000 of the digits as an array, of which the last 100 are held out: as many as the quality of samples needs.
fn write_digits(path: &Path) {
    let pixels = digits::<f32>().train.pixels.slice_move(s![..1000, .., .., ..]);
    let bytes = pixels.permuted_axes([0, 3, 1, 2]).mapv(|x| (255.0 * x).round() as u8);
    bytes.as_standard_layout().write_npy(fs::File::create(path).unwrap()).unwrap();
}

/// A folder with [`write_digits`]' file in it.
fn with_digits() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    write_digits(&folder.path().join("digits.npy"));
    folder
}

/// A quick training, of 36 steps.
const TRAIN: [&str; 12] = [
    "train",
    "--model",
    "mlp",
    "--epochs",
    "2",
    "--batch",
    "50",
    "--latent",
    "4",
    "--no-report",
    "--data",
    "npy:digits.npy",
];

#[test]
fn train_then_sample() {
    let folder = with_digits();
    let folder = folder.path();
    let trained = eae(folder, &[&TRAIN[..], &["--json", "--out", "run"]].concat());
    assert!(trained.status.success(), "{}", stderr(&trained));
    let lines = json(&trained);
    let kinds: Vec<_> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["epoch", "epoch", "result"]);
    let evaluation = &lines[2]["evaluation"];
    assert!(evaluation["reconstruction_error"].as_f64() < evaluation["mean_image_error"].as_f64());
    assert_eq!((&lines[2]["steps"], &lines[2]["interrupted"]), (&36.into(), &false.into()));

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
    assert_eq!(log.lines().count(), 3);

    // An array: the same for the same seed, the beginning of a larger one, another for another seed.
    let sample = |n: &str, seed: &str| {
        let sampled = eae(folder, &["sample", "run", "--n", n, "--seed", seed, "--out", "x.npy", "--json"]);
        assert!(sampled.status.success(), "{}", stderr(&sampled));
        let n: usize = n.parse().unwrap();
        assert_eq!(json(&sampled)[0]["shape"], serde_json::json!([n, 1, 28, 28]));
        Array4::<f32>::read_npy(fs::File::open(folder.join("x.npy")).unwrap()).unwrap()
    };
    for sampler in ["sphere", "gaussian", "gmm", "gaussianisation"] {
        let sampled = eae(folder, &["sample", "run", "--n", "20", "--sampler", sampler, "--out", "x.npy", "--json"]);
        assert!(sampled.status.success(), "{}", stderr(&sampled));
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

    for out in ["missing/x.png", "missing/x.npy"] {
        let failed = eae(folder, &["sample", "run", "--out", out]);
        assert!(failed.status.code() == Some(1) && stderr(&failed).contains(out), "{}", stderr(&failed));
    }
    let sampled = eae(folder, &["sample", "run", "--out", "samples.png", "--columns", "0"]);
    assert_eq!(sampled.status.code(), Some(2));
    let sampled = eae(folder, &["sample", "run", "--out", "samples.png"]);
    assert!(sampled.status.success() && sampled.stdout.is_empty());
    assert_eq!(fs::read(folder.join("samples.png")).unwrap()[..8], *b"\x89PNG\r\n\x1a\n");
}

#[test]
fn the_same_weights_for_every_number_of_threads() {
    let folder = with_digits();
    let weights = |threads: &str| {
        let arguments = [&TRAIN[..], &["--quiet", "--threads", threads, "--out", threads]].concat();
        let trained = eae(folder.path(), &arguments);
        assert!(trained.status.success() && trained.stderr.is_empty(), "{}", stderr(&trained));
        fs::read(folder.path().join(threads).join("model.safetensors")).unwrap()
    };
    assert!(weights("1") == weights("2"));
}

/// Each objective trains, and what it leaves can be sampled from: the model says itself how its encoder ends.
#[test]
fn every_objective() {
    let folder = with_digits();
    let folder = folder.path();
    for objective in ["ae", "bn-ae", "vae", "wae", "rae", "eae"] {
        let more = ["--epochs", "1", "--objective", objective, "--json", "--out", objective];
        let trained = eae(folder, &[&TRAIN[..3], &TRAIN[5..], &more].concat());
        assert!(trained.status.success(), "{}", stderr(&trained));
        let lines = json(&trained);
        // Minus an entropy plus the distance of the radii from chi's: either may be larger after one epoch.
        let penalty = lines[0]["penalty"].as_f64().unwrap();
        let fits = match objective {
            "ae" | "bn-ae" => penalty == 0.0,
            "eae" => penalty != 0.0,
            _ => penalty > 0.0,
        };
        assert!(fits, "{objective}: {penalty}");
        let sampled = eae(folder, &["sample", objective, "--n", "3", "--out", "x.npy"]);
        assert!(sampled.status.success(), "{}", stderr(&sampled));
    }
}

#[test]
fn mistakes_are_named_and_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("full")).unwrap();
    fs::write(folder.join("full/precious"), "x").unwrap();
    fs::write(folder.join("broken.safetensors"), "x").unwrap();
    let huge = "18446744073709551615";
    let few = Array3::<u8>::from_shape_fn((12, 28, 28), |(n, i, j)| (31 * n + 7 * i + j) as u8);
    few.write_npy(fs::File::create(folder.join("few.npy")).unwrap()).unwrap();
    let cases: [(&[&str], &str); 25] = [
        (&["train", "--data", "npy:few.npy", "--batch", "5"], "few.npy: 1 held out"),
        (&["train", "--latent", huge], "it must have from 1 to 65536"),
        (&["train", "--batch", huge], "it must be at most the 9000 images"),
        (&["sample", "full", "--n", huge, "--out", "x.npy"], "it must be from 1 to 1000000"),
        (&["train", "--model", "conv29"], "no network `conv29`; there are mlp, conv28, conv32 and paper32"),
        (&["train", "--data", "mnist:."], " has none of train-images-idx3-ubyte.gz, train-images-idx3-ubyte"),
        (
            &["train", "--data", "cifar"],
            "invalid value 'cifar' for '--data <DATA>': there are `digits`, `mnist:FOLDER`, `cifar10:FOLDER`, `idx:FILE`, `npy:FILE`, `csv:FILE` and `images:FOLDER`",
        ),
        (&["train", "--objective", "vae", "--beta=-1"], "beta is -1, it must be a finite number, 0 or above"),
        (&["train", "--objective", "vae", "--lambda", "1"], "--lambda is not for the objective \"vae\""),
        (&["train", "--resume", "full"], "full/config.toml: "),
        (&["train", "--resume", "full", "--epochs", "3"], "cannot be used with"),
        (&["train", "--patience", "0"], "--patience is 0, it must be at least 1"),
        (&["train", "--keep-every=-1"], "--keep-every is -1"),
        (&["train", "--config", "broken.safetensors"], "broken.safetensors: TOML parse error at line 1"),
        (&["train", "--k", "200"], "batch size is 200, it must be above k, which is 200"),
        (&["train", "--batch", "9001"], "batch size is 9001, it must be at most the 9000 images"),
        (&["train", "--learning-rate", "-1"], "unexpected argument '-1'"),
        (&["train", "--learning-rate=-1"], "learning rate is -1, it must be a finite number above 0"),
        (&["train", "--latent", "0"], "a code of 0 numbers; it must have from 1 to 65536"),
        (&["train", "--threads", "0"], "--threads is 0, it must be from 1 to 1024"),
        (&["train", "--out", "full"], "full is not empty; name a new folder with --out"),
        (&["sample", "nowhere", "--out", "x.png"], "nowhere: "),
        (&["sample", "broken.safetensors", "--out", "x.png"], "broken.safetensors: not a valid safetensors file"),
        (&["sample", "full", "--out", "x.jpg"], "--out is x.jpg, it must end in .png or .npy"),
        (&["sample", "full", "--n", "0", "--out", "x.png"], "--n is 0, it must be from 1 to 1000000"),
    ];
    for (arguments, message) in cases {
        refused(folder, arguments, 2, message);
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), 3, "nothing was made");
    assert_eq!(fs::read_to_string(folder.join("full/precious")).unwrap(), "x");
}

#[test]
fn help_shows_an_example() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in
        [&["--help"][..], &["train", "--help"], &["sample", "--help"], &["export", "--help"], &["report", "--help"]]
    {
        let output = eae(folder.path(), arguments);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("Example"), "{arguments:?}");
    }
}

#[test]
fn compare_makes_a_table_and_does_nothing_twice() {
    let folder = with_digits();
    let folder = folder.path();
    let compare = |rows: &[&str]| {
        let common = ["compare", "--model", "mlp", "--epochs", "1", "--batch", "50", "--latent", "3", "--seeds", "2"];
        let rows: Vec<&str> = rows.iter().flat_map(|row| ["--row", row]).collect();
        let data = ["--data", "npy:digits.npy", "--quiet", "--json", "--out", "table"];
        eae(folder, &[&common[..], &data, &rows].concat())
    };
    let output = compare(&["ae"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let scores = folder.join("table/ae/seed-1/scores.json");
    let first = fs::metadata(&scores).unwrap().modified().unwrap();
    let output = compare(&["ae", "eae lambda=0.5"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(fs::metadata(&scores).unwrap().modified().unwrap(), first, "trained again");

    let report = &json(&output)[0];
    assert_eq!(
        (&report["rows"][1]["row"]["name"], &report["rows"][1]["seeds"][1]),
        (&"eae lambda=0.5".into(), &1.into())
    );
    let frechet = |source: usize| {
        let scores = &report["rows"][1]["scores"][0];
        scores["quality"][source]["frechet"].as_f64().unwrap()
    };
    // No draws come closer than the codes themselves by much, nor these than other images.
    let floor = report["floor"]["frechet"].as_f64().unwrap();
    assert!(
        floor > 0.0 && frechet(4) > floor && frechet(0) > 0.9 * frechet(4),
        "{} {} {floor}",
        frechet(0),
        frechet(4)
    );
    let table = fs::read_to_string(folder.join("table/comparison.md")).unwrap();
    assert!(table.contains("| eae lambda=0.5 | ") && table.contains(" +- "), "{table}");
    assert!(fs::metadata(folder.join("table/samples.png")).unwrap().len() > 100);

    // The same folder, another training.
    let output = eae(folder, &["compare", "--model", "mlp", "--row", "ae", "--out", "table", "--quiet"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("is of other settings"), "{}", stderr(&output));
    let output = compare(&["ae", "eae beta=1"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("unknown field `beta`"), "{}", stderr(&output));
}

#[test]
fn evaluate_a_run_folder() {
    let folder = with_digits();
    let folder = folder.path();
    let trained = eae(folder, &[&TRAIN[..], &["--quiet", "--out", "run"]].concat());
    assert!(trained.status.success(), "{}", stderr(&trained));
    let output = eae(folder, &["evaluate", "run", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report = &json(&output)[0];
    assert!(report["data"].as_str().unwrap().ends_with("digits.npy") && report["codes"]["n"] == 100, "{report}");
    // As many draws as held-out images.
    assert!(report["samples"].as_array().unwrap().iter().all(|s| s["n"] == serde_json::json!([100, 100])), "{report}");
    let names: Vec<_> = report["samples"].as_array().unwrap().iter().map(|s| s["sampler"].as_str().unwrap()).collect();
    assert_eq!(names, ["normal", "sphere", "gaussian", "mixture", "gaussianisation"]);
    let frechet = |of: &Value| of["frechet"].as_f64().unwrap();
    assert!(report["samples"].as_array().unwrap().iter().all(|s| frechet(s) > frechet(&report["floor"])));
    let text = String::from_utf8(eae(folder, &["evaluate", "run"]).stdout).unwrap();
    assert!(text.contains("training images") && text.contains("gaussianisation: "), "{text}");

    let alone = eae(folder, &["evaluate", "run/model.safetensors"]);
    assert_eq!(alone.status.code(), Some(2));
    assert!(stderr(&alone).contains("say with --data what the model was trained on"), "{}", stderr(&alone));
}
