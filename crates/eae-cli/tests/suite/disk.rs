//! Disks that are full or not to be written to: before a training, and in the middle of one.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::Duration;

use nn_layers::Weights;

use crate::resume::{start, wait_for};
use crate::{eae, stderr};

/// A training of a moment, whose model takes one kilobyte, which with what Adam remembers becomes more than two.
const TRAIN: [&str; 16] = [
    "train",
    "--data",
    "csv:rows.csv",
    "--model",
    "net.toml",
    "--latent",
    "2",
    "--batch",
    "45",
    "--objective",
    "bn-ae",
    "--keep-every",
    "0",
    "--no-report",
    "--out",
    "run",
];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: usize| format!("{},{},{}\n", (i as f64).sin(), (1.7 * i as f64).cos(), i % 7);
    fs::write(folder.path().join("rows.csv"), (0..300).map(row).collect::<String>()).unwrap();
    fs::write(folder.path().join("net.toml"), "encoder = ['dense 4', 'tanh']\ndecoder = ['dense 3']\n").unwrap();
    folder
}

/// The same where no file can have more than so many kilobytes.
fn eae_within(folder: &Path, kilobytes: &str, arguments: &[&str]) -> Output {
    let script = r#"trap '' XFSZ; ulimit -f "$0"; exec "$@""#;
    let program = assert_cmd::cargo::cargo_bin("eae");
    let mut command = Command::new("bash");
    command.current_dir(folder).args(["-c", script, kilobytes]).arg(program).args(arguments).output().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_full_disk_is_known_before_the_training() {
    let folder = folder();
    let folder = folder.path();
    for (kilobytes, file) in [("0", "run/config.toml"), ("1", "run/checkpoint.safetensors")] {
        for more in [&["--json"][..], &[]] {
            let output = eae_within(folder, kilobytes, &[&TRAIN[..], more].concat());
            assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
            let said = format!(
                "eae: {file}: File too large (os error 27); nothing has been trained: make room there, or name a folder \
                 elsewhere with --out\n"
            );
            assert!(stderr(&output) == said && output.stdout.is_empty(), "{}", stderr(&output));
            // What is left is a folder that can be named again.
            assert!(names(&folder.join("run")).is_empty(), "{:?}", names(&folder.join("run")));
        }
    }
}

#[test]
fn what_is_no_folder_is_named() {
    let folder = folder();
    let folder = folder.path();
    fs::write(folder.join("runs"), "a file").unwrap();
    let before = names(folder);
    for (arguments, code, message) in [
        (&["--out", "rows.csv"][..], 2, "cannot use rows.csv as run folder: "),
        (&["--out", "rows.csv/run"], 2, "cannot use rows.csv/run as run folder: "),
        (&["--out", "/proc/run"], 2, "cannot use /proc/run as run folder: "),
        (&[], 1, "cannot make a folder in runs: "),
    ] {
        for more in [&["--json"][..], &[]] {
            let output = eae(folder, &[&TRAIN[..TRAIN.len() - 2], arguments, more].concat());
            let said = stderr(&output);
            assert_eq!(output.status.code(), Some(code), "{said}");
            assert!(said.contains(message) && said.contains("--out") && output.stdout.is_empty(), "{said}");
        }
    }
    assert_eq!(names(folder), before, "nothing was made");
}

/// It goes on to its end, and what did not fit is made later.
#[test]
fn a_disk_that_fills_up_ends_no_training() {
    let folder = folder();
    let folder = folder.path();
    let train = [&TRAIN[..TRAIN.len() - 1], &["--epochs", "3", "--keep-best", "--quiet"]].concat();
    let [whole, train] = ["whole", "run"].map(|out| {
        let mut train = train.clone();
        train.insert(TRAIN.len() - 1, out);
        train
    });
    let undisturbed = eae(folder, &whole);
    assert!(undisturbed.status.success() && stderr(&undisturbed).is_empty(), "{}", stderr(&undisturbed));

    let run = folder.join("run");
    let output = eae_within(folder, "2", &train);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let said = stderr(&output);
    let [complaint, end] = said.lines().collect::<Vec<_>>()[..] else { panic!("{said}") };
    assert!(complaint.contains("goes on, but cannot be kept: run/checkpoint.safetensors: File too large"), "{said}");
    assert!(end.contains("run/model.safetensors: File too large"), "{said}");
    assert!(end.ends_with("go on with: eae train --resume run") && output.stdout.is_empty(), "{said}");
    assert_eq!(fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines().count(), 3, "epochs");
    let whole_files = names(&run).iter().all(|name| !name.ends_with(".unfinished"));
    assert!(whole_files && Weights::read(run.join("checkpoint.safetensors")).is_ok(), "{:?}", names(&run));

    let resumed = eae(folder, &["train", "--resume", "run", "--no-report", "--quiet"]);
    assert!(resumed.status.success() && stderr(&resumed).is_empty(), "{}", stderr(&resumed));
    assert_eq!(names(&run), names(&folder.join("whole")));
    let model = |run: &str| fs::read(folder.join(run).join("model.safetensors")).unwrap();
    assert!(model("run") == model("whole"), "other bits than with room");
}

#[test]
fn a_folder_that_is_away_for_a_while_ends_no_training() {
    let folder = folder();
    let folder = folder.path();
    let (run, away) = (folder.join("run"), folder.join("away"));
    let mut child = start(folder, &[&TRAIN[..], &["--epochs", "100000000", "--quiet"]].concat());
    wait_for(&run.join("metrics.jsonl"), &mut child);
    fs::rename(&run, &away).unwrap();
    fs::write(&run, "a file in its place").unwrap();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    let mut complaint = String::new();
    said.read_line(&mut complaint).unwrap();
    assert!(complaint.starts_with("eae: the training goes on, but cannot be kept: run/"), "{complaint}");
    let steps = |run: &Path| {
        let weights = Weights::read(run.join("checkpoint.safetensors")).unwrap();
        let training: serde_json::Value = serde_json::from_str(&weights.metadata["training"]).unwrap();
        training["progress"]["steps"].as_u64().unwrap()
    };
    let last_good = steps(&away);

    fs::remove_file(&run).unwrap();
    fs::rename(&away, &run).unwrap();
    for _ in 0.. {
        assert!(child.try_wait().unwrap().is_none(), "it ended");
        if steps(&run) > last_good {
            break;
        }
        sleep(Duration::from_millis(10));
    }
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with("eae: interrupted; kept after") && rest.lines().count() == 1, "{rest}");
    assert!(run.join("model.safetensors").exists());
}
