//! Trainings that are interrupted or killed, and resumed.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::support::data::{TRAIN_ROWS, with_digits, with_rows};
#[cfg(unix)]
use crate::support::program::interrupt;
use crate::support::program::{eae, json, start, stderr, succeeds, wait_for, wait_until};
use crate::support::transcript::Transcript;

/// Arguments of a training that writes a checkpoint after every step.
fn train<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&TRAIN_ROWS[..], &["--keep-best", "--keep-every", "0", "--no-report"], more].concat()
}

/// Returns the lines of a run's log without the speed and the date.
fn log(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    // The last line may be incomplete.
    let mut lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for line in &mut lines {
        let line = line.as_object_mut().unwrap();
        line.remove("samples_per_second");
        line.remove("time");
    }
    lines
}

/// A training that is killed at any moment, any number of times, ends with the same bits as an
/// uninterrupted one.
#[test]
fn a_killed_training_resumes_to_the_same_bits() {
    let folder = with_rows();
    let folder = folder.path();
    let train = |out: &'static str| train(&["--quiet", "--epochs", "80", "--bank", "100", "--out", out]);
    succeeds(folder, &train("whole"));

    let run = folder.join("killed");
    let mut child = start(folder, &train("killed"));
    let resume = ["train", "--resume", "killed", "--keep-every", "0", "--no-report", "--quiet"];
    for (epochs, milliseconds) in [(1, 0), (4, 3), (9, 1), (10, 7), (17, 2), (25, 11), (26, 5)] {
        wait_until(&mut child, "epochs in the log", || log(&run).len() >= epochs);
        // Within a step, or while the checkpoint is written.
        sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        assert!(!ended.success(), "it had finished: {ended}");
        child = start(folder, &resume);
    }
    let ended = child.wait().unwrap();
    assert!(ended.success() && !run.join("checkpoint.safetensors").exists(), "it is not finished: {ended}");
    let model = |run: &Path| fs::read(run.join("model.safetensors")).unwrap();
    assert!(model(&run) == model(&folder.join("whole")), "the weights differ from an uninterrupted training");
    assert_eq!(log(&run), log(&folder.join("whole")));
    assert!(!run.join("best.safetensors").exists());
    let mut transcript = Transcript::new(folder);
    transcript.refused(&["train", "--resume", "killed"], 2);
    transcript.check("a training that is finished");
}

/// Ctrl-C ends the training and saves a model to use and a checkpoint to resume from.
#[cfg(unix)]
#[test]
fn an_interrupt_saves_model_and_checkpoint() {
    let folder = with_rows();
    let folder = folder.path();
    let mut child = start(folder, &train(&["--epochs", "100000000", "--json"]));
    let run = folder.join("runs/csv-1");
    // The first epoch is in the log: it is training.
    wait_for(&run.join("metrics.jsonl"), &mut child);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    assert!(stderr(&output).trim_end().ends_with("eae train --resume runs/csv-1"), "{}", stderr(&output));
    assert_eq!(json(&output).last().unwrap()["interrupted"], true);
    succeeds(folder, &["sample", "runs/csv-1", "--out", "x.csv"]);

    let mut transcript = Transcript::new(folder);
    // The settings of a started training cannot be changed.
    let config = run.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("epochs = 100000000", "epochs = 3")).unwrap();
    transcript.refused(&["train", "--resume", "runs/csv-1"], 2);
    fs::write(&config, text).unwrap();
    // A truncated file is named.
    let checkpoint = run.join("checkpoint.safetensors");
    let bytes = fs::read(&checkpoint).unwrap();
    fs::write(&checkpoint, &bytes[..bytes.len() / 2]).unwrap();
    transcript.refused(&["train", "--resume", "runs/csv-1"], 2);
    // A checkpoint or model with a flipped bit is named.
    fs::write(&checkpoint, bytes).unwrap();
    let run_folder = "runs/csv-1";
    for (name, arguments) in [
        ("checkpoint.safetensors", &["train", "--resume", run_folder][..]),
        ("model.safetensors", &["info", run_folder]),
    ] {
        let mut damaged = fs::read(run.join(name)).unwrap();
        let last = damaged.len() - 10;
        damaged[last] ^= 1;
        fs::write(run.join(name), damaged).unwrap();
        let output = eae(folder, arguments);
        assert_eq!(output.status.code(), Some(2));
        let message = stderr(&output);
        assert!(message.contains("the file is damaged: the checksum of its content is "), "{message}");
        assert!(
            message.trim_end().ends_with("train again with: eae train --config runs/csv-1/config.toml"),
            "{message}"
        );
    }
    transcript.check("trainings that cannot be resumed");
}

/// With a learning rate that makes the model worse, the first epoch is the best, and a training
/// with patience ends early.
#[test]
fn the_best_model_is_kept_and_patience_ends_a_training() {
    let folder = with_digits();
    let folder = folder.path();
    let data = ["train", "--model", "mlp", "--data", "npy:digits.npy", "--batch", "100", "--latent", "4"];
    let more = [
        "--epochs",
        "50",
        "--patience",
        "2",
        "--learning-rate",
        "0.05",
        "--keep-best",
        "--draws",
        "0",
        "--critic",
        "0",
    ];
    let output = succeeds(folder, &[&data[..], &more, &["--no-report", "--json", "--out", "run"]].concat());
    let lines = json(&output);
    let steps = lines.last().unwrap()["steps"].as_u64().unwrap();
    assert!(steps < 50 * 9 && steps.is_multiple_of(9), "{steps}");
    assert_eq!(log(&folder.join("run")).len() as u64, steps / 9 + 2, "each epoch, the evaluation and the end");
}

/// Only one training at a time uses a folder, however it is started. The lock file of a killed
/// training does not block others.
#[test]
fn a_folder_that_is_being_trained_in() {
    let folder = with_rows();
    let folder = folder.path();
    let lock = folder.join("runs/csv-1/training.lock");
    let mut child = start(folder, &train(&["--quiet", "--epochs", "100000000"]));
    wait_for(&folder.join("runs/csv-1/metrics.jsonl"), &mut child);
    let mut transcript = Transcript::new(folder);
    let holder = fs::read_to_string(&lock).unwrap();
    assert!(holder.starts_with(&format!("process {} on ", child.id())), "{holder}");
    transcript = transcript.name(&holder, "process NUMBER on MACHINE");
    transcript.refused(&["train", "--resume", "runs/csv-1"], 1);
    transcript.refused(&train(&["--quiet", "--out", "runs/csv-1"]), 2);
    // The lock does not keep readers out.
    succeeds(folder, &["info", "runs/csv-1"]);
    succeeds(folder, &["sample", "runs/csv-1/checkpoint.safetensors", "--out", "x.csv"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lock.exists());

    transcript.check("a folder that is being trained in");
    let mut child = start(folder, &["train", "--resume", "runs/csv-1", "--quiet"]);
    let number = format!("process {} on ", child.id());
    wait_until(&mut child, "the lock", || fs::read_to_string(&lock).is_ok_and(|holder| holder.starts_with(&number)));
    let message = stderr(&eae(folder, &["train", "--resume", "runs/csv-1"]));
    assert!(message.contains(&number), "{message}");
    child.kill().unwrap();
    child.wait().unwrap();

    // Two comparisons in one folder, and no lock after one has ended.
    let compare = [
        "compare",
        "--data",
        "csv:rows.csv",
        "--latent",
        "2",
        "--batch",
        "45",
        "--seeds",
        "1",
        "--quiet",
        "--out",
        "c",
    ];
    let mut child = start(folder, &[&compare[..], &["--epochs", "100000000"]].concat());
    wait_for(&folder.join("c/training.lock"), &mut child);
    let output = eae(folder, &compare);
    assert!(stderr(&output).contains("is training in c; wait until it ends"), "{}", stderr(&output));
    child.kill().unwrap();
    child.wait().unwrap();
    // The comparison fails because too few samples are held out.
    eae(folder, &[&compare[..], &["--epochs", "1", "--row", "ae"]].concat());
    assert!(!folder.join("c/training.lock").exists());
}

/// If many trainings start in one folder at once, one of them trains.
#[test]
fn only_one_of_many_simultaneous_trainings_runs() {
    let folder = with_rows();
    let folder = folder.path();
    let train = train(&["--quiet", "--epochs", "50", "--out", "run"]);
    let children: Vec<_> = (0..6).map(|_| start(folder, &train)).collect();
    let codes: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap().status.code()).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    let epochs: Vec<_> = log(&folder.join("run")).iter().map(|line| line["epoch"].as_u64()).collect();
    assert_eq!(epochs.len(), 52, "{epochs:?}");
    assert!(!folder.join("run/training.lock").exists());
}

/// Returns the number of epochs in the log, and the line of the settings with the number of epochs.
fn epochs(run: &Path) -> (usize, String) {
    let made = log(run).iter().filter(|line| line["kind"] == "epoch").count();
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    (made, config.lines().find(|line| line.starts_with("epochs = ")).unwrap().to_owned())
}

/// A finished training and a killed one continue for more epochs.
#[test]
fn trainings_continue_for_more_epochs() {
    let folder = with_rows();
    let folder = folder.path();
    let train = [&TRAIN_ROWS[..], &["--keep-every", "0", "--no-report", "--out", "run", "--epochs"]].concat();
    let run = folder.join("run");
    let model = || fs::read(run.join("model.safetensors")).unwrap();
    succeeds(folder, &[&train[..], &["5"]].concat());
    let first = model();
    let mut transcript = Transcript::new(folder);
    let resume = ["train", "--resume", "run", "--no-report", "--keep-every", "0"];
    transcript.refused(&resume[..3], 2);
    transcript.refused(&[&resume[..3], &["--epochs", "5"]].concat(), 2);
    assert!(model() == first && epochs(&run) == (5, "epochs = 5".to_owned()), "the run has changed");

    let output = succeeds(folder, &[&resume[..], &["--epochs", "8"]].concat());
    let message = stderr(&output);
    assert!(
        message.starts_with("resuming after 5 of 8 epochs; the learning rate is on the schedule of 8 epochs, "),
        "{message}"
    );
    assert!(
        message.lines().next().unwrap().ends_with(" and almost 0 at the end; the state of Adam is new"),
        "{message}"
    );
    assert_eq!(epochs(&run), (8, "epochs = 8".to_owned()));
    assert!(model() != first && !run.join("checkpoint.safetensors").exists());
    let rates: Vec<f64> = log(&run).iter().filter_map(|line| line["learning_rate"].as_f64()).collect();
    assert!(rates[4] < 1e-3 * rates[5] && rates[7] < 1e-3 * rates[5], "{rates:?}");

    // Resumed with more epochs, killed, and resumed with another number of epochs.
    let mut child = start(folder, &[&resume[..], &["--epochs", "1000000"]].concat());
    wait_until(&mut child, "epochs in the log", || epochs(&run).0 >= 12);
    child.kill().unwrap();
    child.wait().unwrap();
    let made = epochs(&run).0;
    let message = stderr(&eae(folder, &[&resume[..3], &["--epochs", "3"]].concat()));
    assert!(message.contains("--epochs is 3, but run already has 1"), "{message}");
    let more = (made + 20).to_string();
    let output = succeeds(folder, &[&resume[..], &["--epochs", &more]].concat());
    assert!(!stderr(&output).contains("Adam"), "{}", stderr(&output));
    assert_eq!(epochs(&run), (made + 20, format!("epochs = {more}")));
    transcript.check("trainings without more epochs");

    // A training is not resumed on other data.
    let rows = fs::read_to_string(folder.join("rows.csv")).unwrap();
    fs::write(folder.join("rows.csv"), rows.replace("0,", "1,")).unwrap();
    let message = stderr(&eae(folder, &[&resume[..], &["--epochs", "1000"]].concat()));
    assert!(
        message.contains("was trained on it; start a new training") && message.contains("eae train --init run"),
        "{message}"
    );
}

/// A worse model from further epochs does not replace the best model of the earlier ones.
#[test]
fn more_epochs_keep_the_best_model() {
    let folder = with_digits();
    let folder = folder.path();
    let data =
        ["train", "--model", "mlp", "--data", "npy:digits.npy", "--batch", "100", "--latent", "4", "--lambda", "1"];
    let more = [
        "--learning-rate",
        "0.05",
        "--keep-best",
        "--draws",
        "0",
        "--critic",
        "0",
        "--no-report",
        "--quiet",
        "--out",
        "run",
    ];
    succeeds(folder, &[&data[..], &more, &["--epochs", "1"]].concat());
    let model = || fs::read(folder.join("run/model.safetensors")).unwrap();
    let first = model();
    let output = succeeds(folder, &["train", "--resume", "run", "--epochs", "3", "--no-report", "--quiet"]);
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    assert_eq!(epochs(&folder.join("run")).0, 3);
    assert!(model() == first && !folder.join("run/best.safetensors").exists(), "a worse model replaced the best one");
}

#[test]
fn a_training_starts_from_weights() {
    let folder = with_rows();
    let folder = folder.path();
    let data = ["train", "--data", "csv:rows.csv", "--batch", "45", "--objective", "bn-ae", "--no-report", "--quiet"];
    let net = ["--model", "net.toml", "--latent", "2"];
    succeeds(folder, &[&data[..], &net, &["--epochs", "200", "--out", "first"]].concat());
    // Networks and latent dimension are those of the run, and the first epoch has a lower loss than
    // from random weights.
    let loss = |run: &str| log(&folder.join(run))[0]["mse"].as_f64().unwrap();
    succeeds(folder, &[&data[..], &["--init", "first", "--epochs", "1", "--out", "second"]].concat());
    succeeds(folder, &[&data[..], &net, &["--epochs", "1", "--out", "random"]].concat());
    assert!(loss("second") < 0.8 * loss("random"), "{} and {}", loss("second"), loss("random"));
    // The config.toml repeats the training, and --init takes a weights file, too.
    succeeds(folder, &["train", "--config", "second/config.toml", "--no-report", "--quiet", "--out", "again"]);
    let file = "first/model.safetensors";
    succeeds(folder, &[&data[..], &["--init", file, "--epochs", "1", "--out", "file"]].concat());
    for run in ["again", "file"] {
        assert_eq!(log(&folder.join(run)), log(&folder.join("second")), "{run}");
    }

    let mut transcript = Transcript::new(folder);
    fs::write(folder.join("wide.csv"), (0..300).map(|i| format!("{i},{},1,2\n", i * i % 17)).collect::<String>())
        .unwrap();
    fs::write(folder.join("a.csv"), format!("a,b,c\n{}", fs::read_to_string(folder.join("rows.csv")).unwrap()))
        .unwrap();
    fs::write(folder.join("d.csv"), format!("a,b,d\n{}", fs::read_to_string(folder.join("rows.csv")).unwrap()))
        .unwrap();
    succeeds(
        folder,
        &[
            "train",
            "--data",
            "csv:a.csv",
            "--epochs",
            "1",
            "--batch",
            "45",
            "--latent",
            "2",
            "--out",
            "named",
            "--no-report",
            "--quiet",
        ],
    );
    for arguments in [
        &["--init", "nowhere"][..],
        &["--init", "rows.csv"],
        &["--init", "first", "--latent", "3"],
        &["--init", "first", "--model", "mlp"],
        &["--init", "first", "--objective", "vae"],
        &["--init", "first", "--data", "digits", "--model", "mlp"],
        &["--init", "first", "--data", "csv:wide.csv"],
        &["--init", "named", "--data", "csv:d.csv"],
    ] {
        let data = if arguments.contains(&"--data") { &["train", "--batch", "45"][..] } else { &data[..5] };
        transcript.refused(&[data, arguments].concat(), 2);
    }
    transcript.check("weights that do not fit");
}
