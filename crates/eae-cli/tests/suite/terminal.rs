//! Terminals that close, standard output redirected to a full disk, and terminals that are narrow
//! or dumb.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::support::data::{TRAIN_ROWS, with_rows};
use crate::support::model::run;
use crate::support::program::{command, start, stderr, stdout, succeeds, wait_for};

/// Arguments of a training into the folder `run`.
fn train<'a>(epochs: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&TRAIN_ROWS[..], &["--epochs", epochs, "--no-report", "--out", "run"], more].concat()
}

fn is_finished(folder: &Path) -> bool {
    let run = folder.join("run");
    run.join("model.safetensors").exists() && !run.join("checkpoint.safetensors").exists()
}

/// Reads one line and closes the stream.
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
        let mut child = start(folder, &train("30", more));
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
        let status = command(folder, &train("30", &[])).stderr(full()).stdout(Stdio::null()).status().unwrap();
        assert!(status.success() && is_finished(folder), "{status}");
        fs::remove_dir_all(folder.join("run")).unwrap();
        for more in [&[][..], &["--json"]] {
            let output = command(folder, &train("30", more)).stdout(full()).output().unwrap();
            assert_eq!(output.status.code(), Some(1));
            let message = stderr(&output);
            assert!(message.contains("cannot be written to standard output: No space left"), "{message}");
            assert!(
                message.trim_end().ends_with("the finished training is in run") && is_finished(folder),
                "{message}"
            );
            fs::remove_dir_all(folder.join("run")).unwrap();
        }
    }

    /// Every command that prints a result fails if the result cannot be written, but a closed pipe
    /// is not an error.
    #[test]
    fn a_result_that_cannot_be_written_is_an_error() {
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
                let message = stderr(&output);
                assert!(
                    message.contains("eae: the result cannot be written to standard output: No space"),
                    "{message}"
                );

                let (reader, writer) = std::io::pipe().unwrap();
                drop(reader);
                let output = command(folder, arguments).stdout(writer).output().unwrap();
                assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
                assert!(!stderr(&output).contains("standard output"), "{}", stderr(&output));
            }
        }
    }
}

/// Sends the signal that a process receives when its terminal closes.
fn hang_up(child: &Child) {
    assert!(Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap().success());
}

/// Starts a training by way of another program, and without readers of its output.
fn start_by(launcher: &[&str], folder: &Path, epochs: &str) -> Child {
    let mut command = Command::new(launcher[0]);
    command.args(&launcher[1..]).arg(env!("CARGO_BIN_EXE_eae")).args(train(epochs, &[]));
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn a_training_ends_with_its_terminal_unless_under_nohup() {
    let folder = with_rows();
    let folder = folder.path();
    let log = folder.join("run/metrics.jsonl");
    // Tests that run under nohup themselves pass on that the signal is ignored.
    let with_signal = if cfg!(target_os = "linux") { &["env", "--default-signal=HUP"][..] } else { &["env"] };
    let mut child = start_by(with_signal, folder, "100000000");
    wait_for(&log, &mut child);
    hang_up(&child);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(folder.join("run/checkpoint.safetensors").exists() && folder.join("run/model.safetensors").exists());

    fs::remove_dir_all(folder.join("run")).unwrap();
    let mut child = start_by(&["nohup"], folder, "2000");
    wait_for(&log, &mut child);
    hang_up(&child);
    assert!(child.wait().unwrap().success() || !cfg!(target_os = "linux"));
}

/// Returns the output of a training on a terminal of this width.
#[cfg(target_os = "linux")]
fn on_terminal(folder: &Path, columns: usize, term: &str) -> String {
    let program = env!("CARGO_BIN_EXE_eae");
    let typed = format!("stty cols {columns} rows 24; exec {program} {}", train("30", &[]).join(" "));
    let mut script = Command::new("script");
    script.args(["--quiet", "--return", "--command", &typed, "/dev/null"]).env("TERM", term).env("SHELL", "/bin/sh");
    let output = script.current_dir(folder).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", stdout(&output));
    fs::remove_dir_all(folder.join("run")).unwrap();
    stdout(&output)
}

#[cfg(target_os = "linux")]
#[test]
fn the_progress_bar_fits_and_a_dumb_terminal_gets_lines() {
    let folder = with_rows();
    let folder = folder.path();
    for columns in [20, 40, 80, 200] {
        let written = on_terminal(folder, columns, "xterm");
        let frames: Vec<&str> = written.split(['\r', '\n']).filter(|frame| frame.contains(" %  ")).collect();
        assert!(!frames.is_empty(), "{written:?}");
        for frame in frames {
            // Without the sequences that move the cursor: escape, bracket, parameters and a letter.
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
    // Standard error into a pipe, as for a log file.
    assert!(stderr(&succeeds(folder, &train("30", &[]))).contains("epoch 30/30: mse "));
}
