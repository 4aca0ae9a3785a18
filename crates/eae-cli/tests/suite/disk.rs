//! Disks that are full or read-only, before and during a training.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output};

use nn_layers::Weights;

use crate::support::data::{TRAIN_ROWS, with_rows};
use crate::support::program::{interrupt, start, stderr, succeeds, wait_for, wait_until};
use crate::support::transcript::Transcript;

/// Arguments of a training that writes a checkpoint after every step.
fn train<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&TRAIN_ROWS[..], &["--objective", "bn-ae", "--keep-every", "0", "--no-report"], more].concat()
}

/// Runs `eae` with a limit on the size of files, in kilobytes.
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
fn a_full_disk_is_reported_before_the_training() {
    let folder = with_rows();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    // No room for the settings, and none for the checkpoint.
    for kilobytes in ["0", "1"] {
        for more in [&["--json"][..], &[]] {
            let train = train(&[&["--out", "run"], more].concat());
            let output = eae_within(folder, kilobytes, &train);
            assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
            assert!(output.stdout.is_empty());
            transcript.say(&train, &stderr(&output));
            // The folder is left empty, so that it can be used again.
            assert!(names(&folder.join("run")).is_empty(), "{:?}", names(&folder.join("run")));
        }
    }
    transcript.check("a disk that is full");
}

#[test]
fn a_run_folder_that_cannot_be_created_is_named() {
    let folder = with_rows();
    let folder = folder.path();
    fs::write(folder.join("runs"), "a file").unwrap();
    let before = names(folder);
    let mut transcript = Transcript::new(folder);
    for (arguments, code) in
        [(&["--out", "rows.csv"][..], 2), (&["--out", "rows.csv/run"], 2), (&["--out", "/dev/null/run"], 2), (&[], 1)]
    {
        transcript.refused(&train(arguments), code);
    }
    transcript.check("folders that cannot be made");
    assert_eq!(names(folder), before, "no files were created");
}

/// The training continues to its end, and --resume writes the missing files.
#[test]
fn a_training_outlasts_a_disk_that_fills_up() {
    let folder = with_rows();
    let folder = folder.path();
    let [whole, train] = ["whole", "run"].map(|out| train(&["--out", out, "--epochs", "3", "--keep-best", "--quiet"]));
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
    assert!(model("run") == model("whole"), "the weights differ from those of a training with room");
}

#[test]
fn a_training_outlasts_a_missing_run_folder() {
    let folder = with_rows();
    let folder = folder.path();
    let (run, away) = (folder.join("run"), folder.join("away"));
    let mut child = start(folder, &train(&["--out", "run", "--epochs", "100000000", "--quiet"]));
    wait_for(&run.join("metrics.jsonl"), &mut child);
    fs::rename(&run, &away).unwrap();
    fs::write(&run, "a file in its place").unwrap();
    let mut message = BufReader::new(child.stderr.take().unwrap());
    let mut complaint = String::new();
    message.read_line(&mut complaint).unwrap();
    assert!(complaint.starts_with("warning: the training continues, but cannot be saved: run/"), "{complaint}");
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
    message.read_to_string(&mut rest).unwrap();
    assert!(rest.starts_with("eae: interrupted after") && rest.lines().count() == 1, "{rest}");
    assert!(run.join("model.safetensors").exists());
}
