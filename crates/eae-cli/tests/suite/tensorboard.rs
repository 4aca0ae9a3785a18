//! Event files for TensorBoard.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use prost::Message;

use crate::support::data::with_digits;
use crate::support::program::{json, start, succeeds, wait_until};

/// The fields of an event that the test reads.
#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(int64, tag = "2")]
    step: i64,
    #[prost(message, optional, tag = "5")]
    summary: Option<Summary>,
    #[prost(message, optional, tag = "7")]
    session: Option<Session>,
}

#[derive(Clone, PartialEq, Message)]
struct Session {}

#[derive(Clone, PartialEq, Message)]
struct Summary {
    #[prost(message, repeated, tag = "1")]
    values: Vec<Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(string, tag = "1")]
    tag: String,
    #[prost(float, optional, tag = "2")]
    number: Option<f32>,
}

/// Returns the event files in the order of their creation.
fn events(run: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(run) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = names.filter(|path| path.to_str().unwrap().contains("events.out.tfevents.")).collect();
    files.sort();
    files
}

/// Returns the size of all event files. Ten steps take about 200 bytes.
fn size(run: &Path) -> u64 {
    events(run).iter().map(|file| fs::metadata(file).unwrap().len()).sum()
}

/// Reads the points of each tag. As in TensorBoard, the start of a session discards earlier points
/// of its step and later steps.
fn scalars(run: &Path) -> BTreeMap<String, Vec<(i64, Option<f32>)>> {
    let mut all = BTreeMap::<String, Vec<_>>::new();
    for file in events(run) {
        let bytes = fs::read(file).unwrap();
        let mut rest = &bytes[..];
        // A length of 8 bytes and its checksum of 4 bytes, then the message and its checksum. The
        // last record may be incomplete.
        while let Some((head, after)) = rest.split_first_chunk::<12>() {
            let length = u64::from_le_bytes(head[..8].try_into().unwrap()) as usize;
            let Some(message) = after.get(..length + 4) else { break };
            let event = Event::decode(&message[..length]).unwrap();
            if event.session.is_some() {
                all.values_mut().for_each(|points| points.retain(|&(step, _)| step < event.step));
            }
            for value in event.summary.unwrap_or_default().values {
                all.entry(value.tag).or_default().push((event.step, value.number));
            }
            rest = &after[length + 4..];
        }
    }
    all.remove("epoch/samples_per_second").expect("the speed of epochs");
    all
}

/// Arguments of a training of 90 steps.
const TRAIN: [&str; 21] = [
    "train",
    "--no-report",
    "--data",
    "npy:digits.npy",
    "--model",
    "small.toml",
    "--epochs",
    "3",
    "--batch",
    "30",
    "--latent",
    "4",
    "--draws",
    "0",
    "--critic",
    "0",
    "--error-unit",
    "1",
    "--keep-every",
    "0",
    "--tensorboard",
];

const SMALL: &str = "encoder = ['dense 32', 'relu']\ndecoder = ['dense 784', 'sigmoid']\n";

#[test]
fn event_files_of_a_killed_training_are_complete() {
    let folder = with_digits();
    let folder = folder.path();
    fs::write(folder.join("small.toml"), SMALL).unwrap();
    let whole = succeeds(folder, &[&TRAIN[..], &["--out", "whole", "--json"]].concat());
    let expected = scalars(&folder.join("whole"));
    let names = ["mse", "entropy", "normal_entropy", "penalty", "share", "lambda", "learning_rate"];
    let tags = ["epoch", "step"].into_iter().flat_map(|group| names.map(|name| format!("{group}/{name}")));
    let mut tags: Vec<_> =
        tags.chain(["epoch/held_out_mse", "samples", "reconstructions"].map(str::to_owned)).collect();
    tags.sort();
    assert_eq!(expected.keys().cloned().collect::<Vec<_>>(), tags);
    let steps: Vec<_> = expected["step/mse"].iter().map(|&(step, _)| step).collect();
    assert_eq!(steps, [10, 20, 30, 40, 50, 60, 70, 80, 90]);
    assert_eq!(expected["samples"], [(90, None)]);
    // The same losses as the program prints.
    let lines = json(&whole);
    let epochs = lines.iter().filter(|line| line["kind"] == "epoch");
    for (line, &(step, mse)) in epochs.zip(&expected["epoch/mse"]) {
        assert_eq!((line["epoch"].as_i64().unwrap() * 30, line["mse"].as_f64().unwrap() as f32), (step, mse.unwrap()));
    }
    // The weight of the entropy rises from 0 to lambda, which is 1.
    assert!(expected["step/lambda"][0].1 < Some(0.5) && expected["step/lambda"][8].1 == Some(1.0));

    // Killed, resumed from its last checkpoint, killed again after steps without a checkpoint, and
    // resumed.
    let run = folder.join("killed");
    let mut child = start(folder, &[&TRAIN[..], &["--out", "killed", "--quiet"]].concat());
    let kill_at = |child: &mut Child, bytes: u64| {
        wait_until(child, "bytes of events", || size(&run) >= bytes);
        child.kill().unwrap();
        child.wait().unwrap();
    };
    kill_at(&mut child, 700);
    let mut child = start(folder, &["train", "--resume", "killed", "--keep-every", "1000", "--no-report", "--quiet"]);
    kill_at(&mut child, size(&run) + 700);
    succeeds(folder, &["train", "--resume", "killed", "--no-report", "--quiet"]);
    assert_eq!(events(&run).len(), 3);
    assert_eq!(scalars(&run), expected);
}
