//! Trainings that are ended, in whatever way, and gone on with.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::support::data::{with_digits, with_rows};
#[cfg(unix)]
use crate::support::program::interrupt;
use crate::support::program::{eae, json, start, stderr, succeeds, wait_for, wait_until};
use crate::support::transcript::Transcript;

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
    "--keep-best",
    "--keep-every",
    "0",
    "--no-report",
    "--quiet",
];

/// The lines of a run's log, but for the speed and the date.
fn log(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("metrics.jsonl")).unwrap_or_default();
    // The last one may be about to be written.
    let mut lines: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for line in &mut lines {
        let line = line.as_object_mut().unwrap();
        line.remove("samples_per_second");
        line.remove("time");
    }
    lines
}

/// Killed at any moment, as often as may be, a training ends with the same bits as if nothing had
/// happened.
#[test]
fn killed_and_gone_on_with() {
    let folder = with_rows();
    let folder = folder.path();
    let train = [&TRAIN[..], &["--epochs", "80", "--bank", "100", "--out"]].concat();
    succeeds(folder, &[&train[..], &["whole"]].concat());

    let run = folder.join("killed");
    let mut child = start(folder, &[&train[..], &["killed"]].concat());
    let resume = ["train", "--resume", "killed", "--keep-every", "0", "--no-report", "--quiet"];
    for (epochs, milliseconds) in [(1, 0), (4, 3), (9, 1), (10, 7), (17, 2), (25, 11), (26, 5)] {
        wait_until(&mut child, "epochs in the log", || log(&run).len() >= epochs);
        // Within a step, or while the checkpoint is written.
        sleep(Duration::from_millis(milliseconds));
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        assert!(!ended.success(), "it was through: {ended}");
        child = start(folder, &resume);
    }
    let ended = child.wait().unwrap();
    assert!(ended.success() && !run.join("checkpoint.safetensors").exists(), "it is not finished: {ended}");
    let model = |run: &Path| fs::read(run.join("model.safetensors")).unwrap();
    assert!(model(&run) == model(&folder.join("whole")), "other bits than without the kills");
    assert_eq!(log(&run), log(&folder.join("whole")));
    assert!(!run.join("best.safetensors").exists());
    let mut transcript = Transcript::new(folder);
    transcript.refused(&["train", "--resume", "killed"], 2);
    transcript.check("a training that is finished");
}

/// Ctrl-C ends the training, and what was learnt so far is there: to be used, and to be gone on
/// with.
#[cfg(unix)]
#[test]
fn an_interrupt_saves() {
    let folder = with_rows();
    let folder = folder.path();
    // Without --quiet, and with --json.
    let mut child = start(folder, &[&TRAIN[..TRAIN.len() - 1], &["--epochs", "100000000", "--json"]].concat());
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
    // What it was begun with cannot be changed on the way.
    let config = run.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("epochs = 100000000", "epochs = 3")).unwrap();
    transcript.refused(&["train", "--resume", "runs/csv-1"], 2);
    fs::write(&config, text).unwrap();
    // A file that was cut short is named.
    let checkpoint = run.join("checkpoint.safetensors");
    let bytes = fs::read(&checkpoint).unwrap();
    fs::write(&checkpoint, &bytes[..bytes.len() / 2]).unwrap();
    transcript.refused(&["train", "--resume", "runs/csv-1"], 2);
    // So is one of which the disk has lost a bit, and so is a model.
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
        let said = stderr(&output);
        assert!(said.contains("the file is damaged: the checksum of its content is "), "{said}");
        assert!(said.trim_end().ends_with("to train again: eae train --config runs/csv-1/config.toml"), "{said}");
    }
    transcript.check("trainings that cannot be gone on with");
}

/// With a learning rate that makes it worse, the first epoch was the best, and a patient training
/// ends early.
#[test]
fn the_best_is_kept_and_patience_ends() {
    let folder = with_digits();
    let folder = folder.path();
    let data = ["train", "--model", "mlp", "--data", "npy:digits.npy", "--batch", "100", "--latent", "4"];
    let more = ["--epochs", "50", "--patience", "2", "--learning-rate", "0.05", "--keep-best", "--draws", "0"];
    let output = succeeds(folder, &[&data[..], &more, &["--no-report", "--json", "--out", "run"]].concat());
    let lines = json(&output);
    let steps = lines.last().unwrap()["steps"].as_u64().unwrap();
    assert!(steps < 50 * 9 && steps.is_multiple_of(9), "{steps}");
    assert_eq!(log(&folder.join("run")).len() as u64, steps / 9 + 2, "each epoch, the evaluation and the end");
}

/// One training at a time in a folder, whichever way it is begun. What a killed one has left is in
/// nobody's way.
#[test]
fn a_folder_that_is_being_trained_in() {
    let folder = with_rows();
    let folder = folder.path();
    let lock = folder.join("runs/csv-1/training.lock");
    let mut child = start(folder, &[&TRAIN[..], &["--epochs", "100000000"]].concat());
    wait_for(&folder.join("runs/csv-1/metrics.jsonl"), &mut child);
    let mut transcript = Transcript::new(folder);
    let holder = fs::read_to_string(&lock).unwrap();
    assert!(holder.starts_with(&format!("process {} on ", child.id())), "{holder}");
    transcript = transcript.name(&holder, "process NUMBER on MACHINE");
    transcript.refused(&["train", "--resume", "runs/csv-1"], 1);
    transcript.refused(&[&TRAIN[..], &["--out", "runs/csv-1"]].concat(), 2);
    // Whoever only reads is not kept out.
    succeeds(folder, &["info", "runs/csv-1"]);
    succeeds(folder, &["sample", "runs/csv-1/checkpoint.safetensors", "--out", "x.csv"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lock.exists());

    transcript.check("a folder that is being trained in");
    let mut child = start(folder, &["train", "--resume", "runs/csv-1", "--quiet"]);
    let number = format!("process {} on ", child.id());
    wait_until(&mut child, "the lock", || fs::read_to_string(&lock).is_ok_and(|holder| holder.starts_with(&number)));
    let said = stderr(&eae(folder, &["train", "--resume", "runs/csv-1"]));
    assert!(said.contains(&number), "{said}");
    child.kill().unwrap();
    child.wait().unwrap();

    // Two comparisons in one folder, and no lock where one is through.
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
    assert!(stderr(&output).contains("is training in c: wait until it ends"), "{}", stderr(&output));
    child.kill().unwrap();
    child.wait().unwrap();
    // It fails, because few samples are held out.
    eae(folder, &[&compare[..], &["--epochs", "1", "--row", "ae"]].concat());
    assert!(!folder.join("c/training.lock").exists());
}

/// Of many that begin in one folder at once, one trains.
#[test]
fn many_that_begin_at_once() {
    let folder = with_rows();
    let folder = folder.path();
    let train = [&TRAIN[..], &["--epochs", "50", "--out", "run"]].concat();
    let children: Vec<_> = (0..6).map(|_| start(folder, &train)).collect();
    let codes: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap().status.code()).collect();
    assert_eq!(codes.iter().filter(|code| **code == Some(0)).count(), 1, "{codes:?}");
    let epochs: Vec<_> = log(&folder.join("run")).iter().map(|line| line["epoch"].as_u64()).collect();
    assert_eq!(epochs.len(), 52, "{epochs:?}");
    assert!(!folder.join("run/training.lock").exists());
}

/// Returns how many epochs the log has, and how many the settings say.
fn epochs(run: &Path) -> (usize, String) {
    let made = log(run).iter().filter(|line| line["kind"] == "epoch").count();
    let config = fs::read_to_string(run.join("config.toml")).unwrap();
    (made, config.lines().find(|line| line.starts_with("epochs = ")).unwrap().to_owned())
}

/// More epochs for a training that is finished, and for one that was killed.
#[test]
fn more_epochs() {
    let folder = with_rows();
    let folder = folder.path();
    let train = [&TRAIN[..9], &["--keep-every", "0", "--no-report", "--out", "run", "--epochs"]].concat();
    let run = folder.join("run");
    let model = || fs::read(run.join("model.safetensors")).unwrap();
    succeeds(folder, &[&train[..], &["5"]].concat());
    let first = model();
    let mut transcript = Transcript::new(folder);
    let resume = ["train", "--resume", "run", "--no-report", "--keep-every", "0"];
    transcript.refused(&resume[..3], 2);
    transcript.refused(&[&resume[..3], &["--epochs", "5"]].concat(), 2);
    assert!(model() == first && epochs(&run) == (5, "epochs = 5".to_owned()), "nothing was changed");

    let output = succeeds(folder, &[&resume[..], &["--epochs", "8"]].concat());
    let said = stderr(&output);
    assert!(
        said.starts_with("going on after 5 of 8 epochs: the learning rate is that of a training of 8 epochs, "),
        "{said}"
    );
    assert!(said.lines().next().unwrap().ends_with(" and almost 0 at the end; Adam begins anew"), "{said}");
    assert_eq!(epochs(&run), (8, "epochs = 8".to_owned()));
    assert!(model() != first && !run.join("checkpoint.safetensors").exists());
    let rates: Vec<f64> = log(&run).iter().filter_map(|line| line["learning_rate"].as_f64()).collect();
    assert!(rates[4] < 1e-3 * rates[5] && rates[7] < 1e-3 * rates[5], "{rates:?}");

    // Killed, told to make more, killed again, and gone on with as it was told.
    let mut child = start(folder, &[&resume[..], &["--epochs", "1000000"]].concat());
    wait_until(&mut child, "epochs in the log", || epochs(&run).0 >= 12);
    child.kill().unwrap();
    child.wait().unwrap();
    let made = epochs(&run).0;
    let said = stderr(&eae(folder, &[&resume[..3], &["--epochs", "3"]].concat()));
    assert!(said.contains("--epochs is 3, and 1"), "{said}");
    let more = (made + 20).to_string();
    let output = succeeds(folder, &[&resume[..], &["--epochs", &more]].concat());
    assert!(!stderr(&output).contains("anew"), "{}", stderr(&output));
    assert_eq!(epochs(&run), (made + 20, format!("epochs = {more}")));
    transcript.check("trainings without more epochs");

    // On other data the model is no longer what it was made from.
    let rows = fs::read_to_string(folder.join("rows.csv")).unwrap();
    fs::write(folder.join("rows.csv"), rows.replace("0,", "1,")).unwrap();
    let said = stderr(&eae(folder, &[&resume[..], &["--epochs", "1000"]].concat()));
    assert!(said.contains("it was trained on other images than ") && said.contains("eae train --init run"), "{said}");
}

/// The best model of before is what more epochs must be better than.
#[test]
fn more_epochs_do_not_forget_the_best() {
    let folder = with_digits();
    let folder = folder.path();
    let data =
        ["train", "--model", "mlp", "--data", "npy:digits.npy", "--batch", "100", "--latent", "4", "--lambda", "1"];
    let more = ["--learning-rate", "0.05", "--keep-best", "--draws", "0", "--no-report", "--quiet", "--out", "run"];
    succeeds(folder, &[&data[..], &more, &["--epochs", "1"]].concat());
    let model = || fs::read(folder.join("run/model.safetensors")).unwrap();
    let first = model();
    let output = succeeds(folder, &["train", "--resume", "run", "--epochs", "3", "--no-report", "--quiet"]);
    assert!(output.stderr.is_empty(), "{}", stderr(&output));
    assert_eq!(epochs(&folder.join("run")).0, 3);
    assert!(model() == first && !folder.join("run/best.safetensors").exists(), "a worse model");
}

#[test]
fn a_training_that_begins_with_weights() {
    let folder = with_rows();
    let folder = folder.path();
    let data = ["train", "--data", "csv:rows.csv", "--batch", "45", "--objective", "bn-ae", "--no-report", "--quiet"];
    let net = ["--model", "net.toml", "--latent", "2"];
    succeeds(folder, &[&data[..], &net, &["--epochs", "200", "--out", "first"]].concat());
    // Networks and latent dimension are those of the run, and the first epoch is better than one from
    // random weights.
    let loss = |run: &str| log(&folder.join(run))[0]["mse"].as_f64().unwrap();
    succeeds(folder, &[&data[..], &["--init", "first", "--epochs", "1", "--out", "second"]].concat());
    succeeds(folder, &[&data[..], &net, &["--epochs", "1", "--out", "random"]].concat());
    assert!(loss("second") < 0.8 * loss("random"), "{} and {}", loss("second"), loss("random"));
    // What was kept is enough to do it again, and a file will do.
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
    transcript.check("weights that cannot be begun with");
}
