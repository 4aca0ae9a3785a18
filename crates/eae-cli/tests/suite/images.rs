//! Training on a folder of PNG and JPEG files.

use std::fs;
use std::path::Path;
use std::process::{Command as Program, Output};
use std::thread::sleep;
use std::time::Duration;

use assert_cmd::Command;
use eae::data::digits;
use eae::picture::write_grid;
use ndarray::Axis;

use crate::{json, stderr};

/// So many digits, each in the folder of its name.
fn make(folder: &Path, count: usize) {
    let digits = digits::<f32>().test;
    for (i, (image, label)) in digits.pixels.outer_iter().zip(digits.labels.unwrap()).take(count).enumerate() {
        let folder = folder.join(label.to_string());
        fs::create_dir_all(&folder).unwrap();
        write_grid(folder.join(format!("{i}.png")), image.insert_axis(Axis(0)), 1, 1).unwrap();
    }
}

fn eae(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::cargo_bin("eae").unwrap();
    command.current_dir(folder).env("EAE_CACHE", folder.join("cache")).args(arguments).output().unwrap()
}

const TRAIN: [&str; 11] =
    ["train", "--data", "images:set", "--model", "mlp", "--channels", "grey", "--latent", "3", "--draws", "0"];

#[test]
fn a_folder_is_decoded_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make(&folder.join("set"), 1000);
    fs::write(folder.join("set/3/notes.png"), "no image").unwrap();
    let trained = |more: &[&str]| eae(folder, &[&TRAIN[..], &["--epochs", "2", "--batch", "100"], more].concat());
    let first = trained(&["--out", "first"]);
    assert!(first.status.success(), "{}", stderr(&first));
    assert!(stderr(&first).contains("decoded 1001 of 1001 images\n"), "{}", stderr(&first));
    let passed_over = "set: 1 file is no image that can be used: 3/notes.png (";
    assert!(stderr(&first).contains(passed_over), "{}", stderr(&first));
    let second = trained(&["--out", "second"]);
    assert!(second.status.success(), "{}", stderr(&second));
    assert!(!stderr(&second).contains("decoded") && stderr(&second).contains(passed_over), "{}", stderr(&second));
    let model = |run: &str| fs::read(folder.join(run).join("model.safetensors")).unwrap();
    assert!(model("first") == model("second"), "other bits from the cache");
    let config = fs::read_to_string(folder.join("first/config.toml")).unwrap();
    assert!(config.contains("size = 28\nchannels = \"grey\"\nsplit_seed = 0\n"), "{config}");

    // What was held out then is what is held out now.
    let evaluated = eae(folder, &["evaluate", "first", "--json"]);
    assert!(evaluated.status.success(), "{}", stderr(&evaluated));
    let report = &json(&evaluated)[0];
    assert_eq!(report["codes"]["n"], 100);
    let log = fs::read_to_string(folder.join("first/metrics.jsonl")).unwrap();
    let last: serde_json::Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
    assert_eq!(last["reconstruction_error"], report["reconstruction_error"]);

    let strict = trained(&["--strict", "--out", "third"]);
    assert_eq!(strict.status.code(), Some(2));
    assert!(stderr(&strict).contains("set/3/notes.png is no image that can be used: "), "{}", stderr(&strict));
    let another = trained(&["--split-seed", "1", "--quiet", "--out", "fourth"]);
    assert!(another.status.success() && model("fourth") != model("first"), "{}", stderr(&another));
}

/// A training that was stopped within an epoch goes on to the same bits, also where the cache is gone.
#[cfg(unix)]
#[test]
fn a_training_on_a_folder_is_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make(&folder.join("set"), 300);
    let train = [&TRAIN[..], &["--epochs", "8", "--batch", "50", "--keep-every", "0", "--quiet"]].concat();
    let whole = eae(folder, &[&train[..], &["--out", "whole"]].concat());
    assert!(whole.status.success(), "{}", stderr(&whole));

    let mut command = Program::new(assert_cmd::cargo::cargo_bin("eae"));
    command.current_dir(folder).env("EAE_CACHE", folder.join("cache")).args(train);
    let mut child = command.args(["--out", "killed"]).spawn().unwrap();
    let run = folder.join("killed");
    // Some epochs are in the log: it is training.
    while fs::read_to_string(run.join("metrics.jsonl")).map_or(0, |log| log.lines().count()) < 2 {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it was stopped");
        sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(run.join("checkpoint.safetensors").exists(), "it ended before it was stopped");
    fs::remove_dir_all(folder.join("cache")).unwrap();

    // Another image, and it is another training; without it, it goes on.
    let extra = folder.join("set/0/extra.png");
    fs::copy(fs::read_dir(folder.join("set/1")).unwrap().next().unwrap().unwrap().path(), &extra).unwrap();
    let other = eae(folder, &["train", "--resume", "killed", "--quiet"]);
    assert_eq!(other.status.code(), Some(2));
    assert!(stderr(&other).contains("it was begun on other images than images:"), "{}", stderr(&other));
    fs::remove_file(extra).unwrap();
    let resumed = eae(folder, &["train", "--resume", "killed", "--quiet"]);
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    let model = |run: &str| fs::read(folder.join(run).join("model.safetensors")).unwrap();
    assert!(model("killed") == model("whole"), "other bits than in one go");
}

#[test]
fn mistakes_with_folders_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir_all(folder.join("empty")).unwrap();
    make(&folder.join("one"), 1);
    make(&folder.join("set"), 12);
    fs::write(folder.join("file"), "").unwrap();
    let cases: [(&[&str], &str); 8] = [
        (&["--data", "images:nowhere"], "cannot read "),
        (&["--data", "images:empty"], "empty has no images: files that end in .png, .jpg or .jpeg are looked for"),
        (&["--data", "images:one"], "one has 1 images of two at least"),
        (&["--data", "images:set", "--size", "0"], "images of 0 x 0 pixels; a side must be from 1 to 4096"),
        (
            &["--data", "images:set", "--size", "28", "--model", "conv32"],
            "conv32 does not take images of shape [28, 28, 3]",
        ),
        (&["--data", "images:set", "--channels", "4"], "there are `grey` and `rgb`"),
        (&["--data", "images:set", "--batch", "20"], "batch size is 20, it must be at most the 11 images"),
        (&["--size", "28"], "are for --data images:FOLDER, not for digits"),
    ];
    for (arguments, message) in cases {
        let output = eae(folder, &[&["train", "--quiet"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(message), "{arguments:?}: {}", stderr(&output));
    }
    let mut command = Command::cargo_bin("eae").unwrap();
    let command = command.current_dir(folder).env("EAE_CACHE", folder.join("file"));
    let output = command.args(["train", "--data", "images:set", "--quiet"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = stderr(&output);
    assert!(said.contains("cannot keep the decoded images in ") && said.contains("in EAE_CACHE"), "{said}");
    assert!(!folder.join("runs").exists(), "nothing was made");
}
