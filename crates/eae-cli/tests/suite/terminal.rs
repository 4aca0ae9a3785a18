//! Terminals that go away, disks that are full under a redirection, and terminals that are narrow
//! or dumb.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::data::with_rows;
use crate::support::model::run;
use crate::support::program::{command, start, stderr, stdout, succeeds, wait_for};

const TRAIN: [&str; 14] = [
    "train",
    "--data",
    "csv:rows.csv",
    "--model",
    "net.toml",
    "--latent",
    "2",
    "--batch",
    "45",
    "--epochs",
    "30",
    "--no-report",
    "--out",
    "run",
];

fn is_finished(folder: &Path) -> bool {
    let run = folder.join("run");
    run.join("model.safetensors").exists() && !run.join("checkpoint.safetensors").exists()
}

/// Reads one line, and then nobody reads any more.
fn first_line(stream: impl Read) -> String {
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

#[test]
fn a_training_outlasts_its_readers() {
    let folder = with_rows();
    let folder = folder.path();
    // Standard error, and with --json standard output.
    for json in [false, true] {
        let more: &[&str] = if json { &["--json"] } else { &[] };
        let mut child = start(folder, &[&TRAIN[..], more].concat());
        let line =
            if json { first_line(child.stdout.take().unwrap()) } else { first_line(child.stderr.take().unwrap()) };
        assert!(line.contains("settings"), "{line}");
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(is_finished(folder));
        fs::remove_dir_all(folder.join("run")).unwrap();
    }
}

#[cfg(target_os = "linux")]
mod full {
    use super::*;

    fn full() -> Stdio {
        fs::File::options().write(true).open("/dev/full").unwrap().into()
    }

    #[test]
    fn a_training_outlasts_a_full_disk() {
        let folder = with_rows();
        let folder = folder.path();
        let status = command(folder, &TRAIN).stderr(full()).stdout(Stdio::null()).status().unwrap();
        assert!(status.success() && is_finished(folder), "{status}");
        fs::remove_dir_all(folder.join("run")).unwrap();
        for more in [&[][..], &["--json"]] {
            let output = command(folder, &[&TRAIN[..], more].concat()).stdout(full()).output().unwrap();
            assert_eq!(output.status.code(), Some(1));
            let said = stderr(&output);
            assert!(said.contains("cannot be written to standard output: No space left"), "{said}");
            assert!(said.trim_end().ends_with("the training is finished, in run") && is_finished(folder), "{said}");
            fs::remove_dir_all(folder.join("run")).unwrap();
        }
    }

    /// Whatever prints a result says that it is lost; a closed pipe is nothing to speak of.
    #[test]
    fn results_that_are_lost() {
        let folder = with_rows();
        let (folder, run) = (folder.path(), run());
        let one = "--out=x.png";
        let commands: [&[&str]; 17] = [
            &["entropy", "rows.csv"],
            &["entropy", "rows.csv", "--local"],
            &["mi", "rows.csv", "--x", "0", "--y", "1"],
            &["te", "rows.csv", "--source", "0", "--target", "1"],
            &["divergence", "rows.csv", "rows.csv"],
            &["info", run],
            &["evaluate", run],
            &["reconstruct", run],
            &["sample", run, one, "--json"],
            &["interpolate", run, one, "--json"],
            &["traverse", run, one, "--json"],
            &["completions", "bash"],
            &["man"],
            &["--help"],
            &["--version"],
            &["train", "--help"],
            &["help", "train"],
        ];
        for arguments in commands {
            let takes_json = !arguments.contains(&"--json") && (arguments[0] == "entropy" || arguments.contains(&run));
            for more in [&[][..], &["--json"]].into_iter().take(1 + usize::from(takes_json)) {
                let arguments = &[arguments, more].concat()[..];
                let output = command(folder, arguments).stdout(full()).output().unwrap();
                assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", stderr(&output));
                let said = stderr(&output);
                assert!(said.contains("eae: the result cannot be written to standard output: No space"), "{said}");

                let (reader, writer) = std::io::pipe().unwrap();
                drop(reader);
                let output = command(folder, arguments).stdout(writer).output().unwrap();
                assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
                assert!(!stderr(&output).contains("standard output"), "{}", stderr(&output));
            }
        }
    }
}

/// Sends what a process gets when its terminal closes.
fn hang_up(child: &Child) {
    assert!(Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap().success());
}

#[test]
fn a_terminal_that_closes_ends_a_training_but_for_nohup() {
    let folder = with_rows();
    let folder = folder.path();
    let endless = [&TRAIN[..10], &["100000000", "--no-report", "--out", "run"]].concat();
    let log = folder.join("run/metrics.jsonl");
    let mut child = start(folder, &endless);
    wait_for(&log, &mut child);
    hang_up(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(folder.join("run/checkpoint.safetensors").exists() && folder.join("run/model.safetensors").exists());

    fs::remove_dir_all(folder.join("run")).unwrap();
    let mut under_nohup = Command::new("nohup");
    under_nohup.arg(env!("CARGO_BIN_EXE_eae")).args([&TRAIN[..10], &["2000"], &TRAIN[11..]].concat());
    under_nohup.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = under_nohup.spawn().unwrap();
    wait_for(&log, &mut child);
    hang_up(&child);
    assert!(child.wait().unwrap().success() || !cfg!(target_os = "linux"));
}

/// What is written on a terminal of so many columns.
#[cfg(target_os = "linux")]
fn on_terminal(folder: &Path, columns: usize, term: &str) -> String {
    let program = env!("CARGO_BIN_EXE_eae");
    let typed = format!("stty cols {columns} rows 24; exec {program} {}", TRAIN.join(" "));
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &typed, "/dev/null"]).env("TERM", term).env("SHELL", "/bin/sh");
    let output = script.current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", stdout(&output));
    fs::remove_dir_all(folder.join("run")).unwrap();
    stdout(&output)
}

#[cfg(target_os = "linux")]
#[test]
fn a_bar_that_fits_and_lines_on_a_dumb_terminal() {
    let folder = with_rows();
    let folder = folder.path();
    for columns in [20, 40, 80, 200] {
        let written = on_terminal(folder, columns, "xterm");
        let frames: Vec<&str> = written.split(['\r', '\n']).filter(|frame| frame.contains(" %  ")).collect();
        assert!(!frames.is_empty(), "{written:?}");
        for frame in frames {
            // Without what moves the cursor: escape, bracket, parameters, a letter.
            let pieces = frame.split("\u{1b}[").enumerate();
            let text: String =
                pieces
                    .map(|(i, piece)| {
                        if i == 0 { piece } else { piece.split_once(char::is_alphabetic).map_or("", |(_, rest)| rest) }
                    })
                    .collect();
            assert!(text.trim_end().chars().count() <= columns, "{columns}: {text:?}");
            assert!(text.contains("%  epoch "), "{text:?}");
        }
    }
    let written = on_terminal(folder, 80, "dumb");
    assert!(written.contains("epoch 30/30: mse ") && !written.contains('\u{1b}'), "{written:?}");
    // One that has what it said in a pipe, as in a log file.
    assert!(stderr(&succeeds(folder, &TRAIN)).contains("epoch 30/30: mse "));
}
