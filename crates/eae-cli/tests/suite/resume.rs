//! Trainings that are ended, in whatever way, and gone on with.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::{eae, json, stderr, with_digits};

/// Some seconds, if nothing happens.
const TRAIN: [&str; 18] = [
    "train",
    "--model",
    "mlp",
    "--data",
    "npy:digits.npy",
    "--epochs",
    "10",
    "--batch",
    "100",
    "--latent",
    "4",
    "--bank",
    "500",
    "--keep-best",
    "--keep-every",
    "0",
    "--no-report",
    "--quiet",
];

pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Child {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("eae"));
    command.current_dir(folder).args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Until there is a file with something in it.
pub(crate) fn wait_for(file: &Path, child: &mut Child) {
    let start = Instant::now();
    while !fs::metadata(file).is_ok_and(|file| file.len() > 0) {
        assert!(start.elapsed() < Duration::from_secs(120) && child.try_wait().unwrap().is_none(), "no {file:?}");
        sleep(Duration::from_millis(10));
    }
}

/// The epochs in a run's log, but for their speed.
fn epochs(run: &Path) -> Vec<serde_json::Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    let mut lines: Vec<serde_json::Value> = lines.collect();
    for line in &mut lines {
        line.as_object_mut().unwrap().remove("samples_per_second");
    }
    lines
}

/// Killed at any moment, as often as may be, it ends with the same bits as if nothing had happened.
#[test]
fn killed_and_gone_on_with() {
    let folder = with_digits();
    let folder = folder.path();
    let whole = eae(folder, &[&TRAIN[..], &["--out", "whole"]].concat());
    assert!(whole.status.success(), "{}", stderr(&whole));

    let run = folder.join("killed");
    let mut child = start(folder, &[&TRAIN[..], &["--out", "killed"]].concat());
    wait_for(&run.join("checkpoint.safetensors"), &mut child);
    let resume = ["train", "--resume", "killed", "--keep-every", "0", "--no-report", "--quiet"];
    for delay in [300, 700, 500, 1100, 100, 1500, 900] {
        sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        // On a quick machine it may be through before the last of them.
        assert!(ended.code().is_none() || ended.success(), "{ended}");
        if !run.join("checkpoint.safetensors").exists() {
            break;
        }
        child = start(folder, &resume);
    }
    let ended = child.wait().unwrap();
    assert!(!run.join("checkpoint.safetensors").exists(), "it is not finished: {ended}");
    let same = |file: &str| fs::read(run.join(file)).unwrap() == fs::read(folder.join("whole").join(file)).unwrap();
    assert!(same("model.safetensors"), "other bits than without the kills");
    assert!(same("samples.png"));
    assert_eq!(epochs(&run), epochs(&folder.join("whole")));
    for gone in ["checkpoint.safetensors", "best.safetensors"] {
        assert!(!run.join(gone).exists(), "{gone}");
    }
    let again = eae(folder, &["train", "--resume", "killed"]);
    assert_eq!(again.status.code(), Some(2));
    assert!(stderr(&again).contains("no checkpoint.safetensors to go on with: it is finished"), "{}", stderr(&again));
}

/// Ctrl-C ends the training, and what was learnt so far is there: to be used, and to be gone on with.
#[cfg(unix)]
#[test]
fn an_interrupt_saves() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let arguments = ["train", "--model", "mlp", "--epochs", "100000", "--batch", "300", "--draws", "0", "--json"];
    let mut child = start(folder, &arguments);
    let run = folder.join("runs/digits-1");
    // The first epoch is in the log: it is training.
    wait_for(&run.join("metrics.jsonl"), &mut child);
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).contains("go on with: eae train --resume runs/digits-1"), "{}", stderr(&output));
    assert_eq!(json(&output).last().unwrap()["interrupted"], true);
    let sampled = eae(folder, &["sample", "runs/digits-1", "--out", "x.png"]);
    assert!(sampled.status.success(), "{}", stderr(&sampled));

    // What it was begun with cannot be changed on the way.
    let config = run.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("epochs = 100000", "epochs = 3")).unwrap();
    let changed = eae(folder, &["train", "--resume", "runs/digits-1"]);
    assert_eq!(changed.status.code(), Some(2));
    assert!(stderr(&changed).contains("it was begun with other settings than"), "{}", stderr(&changed));
    fs::write(&config, text).unwrap();
    // A file that was cut short is named.
    let checkpoint = run.join("checkpoint.safetensors");
    let bytes = fs::read(&checkpoint).unwrap();
    fs::write(&checkpoint, &bytes[..bytes.len() / 2]).unwrap();
    let cut = eae(folder, &["train", "--resume", "runs/digits-1"]);
    assert_eq!(cut.status.code(), Some(2));
    assert!(stderr(&cut).contains("checkpoint.safetensors: not a valid safetensors file"), "{}", stderr(&cut));
}

/// With a learning rate that makes it worse, the first epoch was the best, and a patient training ends early.
#[test]
fn the_best_is_kept_and_patience_ends() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let more = ["--epochs", "50", "--patience", "2", "--learning-rate", "0.05", "--out", "run"];
    let output = eae(
        folder,
        &[
            &TRAIN[..3],
            &["--batch", "300", "--latent", "4", "--keep-best", "--draws", "0", "--no-report", "--json"],
            &more,
        ]
        .concat(),
    );
    assert!(output.status.success(), "{}", stderr(&output));
    let lines = json(&output);
    let steps = lines.last().unwrap()["steps"].as_u64().unwrap();
    assert!(steps < 50 * 30 && steps.is_multiple_of(30), "{steps}");
    assert_eq!(epochs(&folder.join("run")).len() as u64, steps / 30 + 1, "each epoch and the evaluation");
}
