//! Disks that are full or not to be written to: before a training, and in the middle of one.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output};

use nn_layers::Weights;

use crate::support::data::with_rows;
use crate::support::program::{interrupt, start, stderr, succeeds, wait_for, wait_until};
use crate::support::transcript::Transcript;

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

/// Runs `eae` where no file can have more than so many kilobytes.
fn eae_within(folder: &Path, kilobytes: &str, arguments: &[&str]) -> Output {
    let script = r#"trap '' XFSZ; ulimit -f "$0"; exec "$@""#;
    let program = env!("CARGO_BIN_EXE_eae");
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
    let folder = with_rows();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    // No room for the settings, and none for the checkpoint.
    for kilobytes in ["0", "1"] {
        for more in [&["--json"][..], &[]] {
            let output = eae_within(folder, kilobytes, &[&TRAIN[..], more].concat());
            assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
            assert!(output.stdout.is_empty());
            transcript.say(&[&TRAIN[..], more].concat(), &stderr(&output));
            // What is left is a folder that can be named again.
            assert!(names(&folder.join("run")).is_empty(), "{:?}", names(&folder.join("run")));
        }
    }
    transcript.check("a disk that is full");
}

#[test]
fn what_is_no_folder_is_named() {
    let folder = with_rows();
    let folder = folder.path();
    fs::write(folder.join("runs"), "a file").unwrap();
    let before = names(folder);
    let mut transcript = Transcript::new(folder);
    for (arguments, code) in
        [(&["--out", "rows.csv"][..], 2), (&["--out", "rows.csv/run"], 2), (&["--out", "/dev/null/run"], 2), (&[], 1)]
    {
        transcript.refused(&[&TRAIN[..TRAIN.len() - 2], arguments].concat(), code);
    }
    transcript.check("folders that cannot be made");
    assert_eq!(names(folder), before, "nothing was made");
}

/// It goes on to its end, and what did not fit is made later.
#[test]
fn a_disk_that_fills_up_ends_no_training() {
    let folder = with_rows();
    let folder = folder.path();
    let train = [&TRAIN[..TRAIN.len() - 1], &["--epochs", "3", "--keep-best", "--quiet"]].concat();
    let [whole, train] = ["whole", "run"].map(|out| {
        let mut train = train.clone();
        train.insert(TRAIN.len() - 1, out);
        train
    });
    let undisturbed = succeeds(folder, &whole);
    assert!(undisturbed.stderr.is_empty(), "{}", stderr(&undisturbed));

    let run = folder.join("run");
    let output = eae_within(folder, "2", &train);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(output.stdout.is_empty());
    let mut transcript = Transcript::new(folder);
    transcript.say(&train, &stderr(&output));
    transcript.check("a disk that fills up");
    assert_eq!(fs::read_to_string(run.join("metrics.jsonl")).unwrap().lines().count(), 3, "epochs");
    let whole_files = names(&run).iter().all(|name| !name.ends_with(".unfinished"));
    assert!(whole_files && Weights::read(run.join("checkpoint.safetensors")).is_ok(), "{:?}", names(&run));

    let resumed = succeeds(folder, &["train", "--resume", "run", "--no-report", "--quiet"]);
    assert!(resumed.stderr.is_empty(), "{}", stderr(&resumed));
    assert_eq!(names(&run), names(&folder.join("whole")));
    let model = |run: &str| fs::read(folder.join(run).join("model.safetensors")).unwrap();
    assert!(model("run") == model("whole"), "other bits than with room");
}

#[test]
fn a_folder_that_is_away_for_a_while_ends_no_training() {
    let folder = with_rows();
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
    wait_until(&mut child, "a later checkpoint", || steps(&run) > last_good);
    interrupt(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut rest = String::new();
    said.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with("eae: interrupted; kept after") && rest.lines().count() == 1, "{rest}");
    assert!(run.join("model.safetensors").exists());
}
