//! Trainings on a folder of image files.

use std::fs;
use std::path::Path;

use eae::data::digits;
use eae::picture::write_grid;
use ndarray::Axis;

use crate::support::program::{command, eae, json, start, stderr, succeeds, wait_until};
use crate::support::transcript::Transcript;

/// Writes `count` digits, each into the folder of its label.
fn make(folder: &Path, count: usize) {
    let digits = digits::<f32>().test;
    for (i, (image, label)) in digits.pixels.outer_iter().zip(digits.labels.unwrap()).take(count).enumerate() {
        let folder = folder.join(label.to_string());
        fs::create_dir_all(&folder).unwrap();
        write_grid(folder.join(format!("{i}.png")), image.insert_axis(Axis(0)), 1, 1).unwrap();
    }
}

const TRAIN: [&str; 13] = [
    "train",
    "--data",
    "images:set",
    "--model",
    "mlp",
    "--channels",
    "gray",
    "--latent",
    "3",
    "--draws",
    "0",
    "--critic",
    "0",
];

#[test]
fn a_folder_is_decoded_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make(&folder.join("set"), 1000);
    fs::write(folder.join("set/3/notes.png"), "no image").unwrap();
    let trained = |more: &[&str]| eae(folder, &[&TRAIN[..], &["--epochs", "2", "--batch", "100"], more].concat());
    let first = trained(&["--out", "first"]);
    assert!(first.status.success(), "{}", stderr(&first));
    let is_progress = |line: &&str| line.starts_with("read ");
    assert!(stderr(&first).lines().filter(is_progress).count() > 1, "{}", stderr(&first));
    let passed_over = "3/notes.png";
    assert!(stderr(&first).contains(passed_over), "{}", stderr(&first));
    let second = trained(&[]);
    assert!(second.status.success(), "{}", stderr(&second));
    assert!(
        !stderr(&second).lines().any(|line| is_progress(&line)) && stderr(&second).contains(passed_over),
        "{}",
        stderr(&second)
    );
    let model = |run: &str| fs::read(folder.join(run).join("model.safetensors")).unwrap();
    assert!(model("first") == model("runs/set-1"), "the weights differ from those of the first training");
    let config = fs::read_to_string(folder.join("first/config.toml")).unwrap();
    assert!(config.contains("size = 28\nchannels = \"gray\"\nsplit_seed = 0\n"), "{config}");

    // Evaluation uses the images that were held out from the training.
    let evaluated = succeeds(folder, &["evaluate", "first", "--json"]);
    let report = &json(&evaluated)[0];
    assert_eq!(report["codes"]["n"], 100);
    let log = fs::read_to_string(folder.join("first/metrics.jsonl")).unwrap();
    let mut lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let evaluation = lines.find(|line| line["kind"] == "evaluation").unwrap();
    assert_eq!(evaluation["reconstruction_error"], report["reconstruction_error"]);

    let mut transcript = Transcript::new(folder);
    transcript.refused(&[&TRAIN[..], &["--strict", "--out", "third"]].concat(), 2);
    transcript.check("a file that is not an image");
    let another = trained(&["--split-seed", "1", "--quiet", "--out", "fourth"]);
    assert!(another.status.success() && model("fourth") != model("first"), "{}", stderr(&another));
}

/// A training that was killed within an epoch resumes to the same bits, even without the cache.
#[cfg(unix)]
#[test]
fn a_training_on_a_folder_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make(&folder.join("set"), 300);
    let train = [&TRAIN[..], &["--epochs", "8", "--batch", "50", "--keep-every", "0", "--quiet"]].concat();
    succeeds(folder, &[&train[..], &["--out", "whole"]].concat());

    let mut child = start(folder, &[&train[..], &["--out", "killed"]].concat());
    let run = folder.join("killed");
    let epochs = || fs::read_to_string(run.join("metrics.jsonl")).map_or(0, |log| log.lines().count());
    wait_until(&mut child, "two epochs", || epochs() >= 2);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(run.join("checkpoint.safetensors").exists(), "it finished before it was killed");
    fs::remove_dir_all(folder.join("cache")).unwrap();

    // With another image in the folder the training is refused, and without it, it resumes.
    let extra = folder.join("set/0/extra.png");
    fs::copy(fs::read_dir(folder.join("set/1")).unwrap().next().unwrap().unwrap().path(), &extra).unwrap();
    let mut transcript = Transcript::new(folder);
    transcript.refused(&["train", "--resume", "killed", "--quiet"], 2);
    transcript.check("another image in the folder");
    fs::remove_file(extra).unwrap();
    succeeds(folder, &["train", "--resume", "killed", "--quiet"]);
    let model = |run: &str| fs::read(folder.join(run).join("model.safetensors")).unwrap();
    assert!(model("killed") == model("whole"), "the weights differ from an uninterrupted training");
}

#[test]
fn mistakes_with_folders_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir_all(folder.join("empty")).unwrap();
    make(&folder.join("one"), 1);
    make(&folder.join("two"), 2);
    make(&folder.join("set"), 22);
    let one = fs::read_dir(folder.join("one")).unwrap().next().unwrap().unwrap().path();
    let one = fs::read_dir(one).unwrap().next().unwrap().unwrap().path();
    fs::create_dir_all(folder.join("copies")).unwrap();
    for i in 0..40 {
        fs::copy(&one, folder.join(format!("copies/{i}.png"))).unwrap();
    }
    let mut transcript = Transcript::new(folder);
    for typed in [
        "--data images:nowhere",
        "--data images:empty",
        "--data images:one",
        "--data images:two",
        "--data images:copies",
        "--data images:set --size 0",
        "--data images:set --size 28 --model conv32",
        "--data images:set --channels 4",
        "--data images:set --batch 30",
        "--size 28",
    ] {
        let words: Vec<&str> = ["train", "--quiet"].into_iter().chain(typed.split(' ')).collect();
        transcript.refused(&words, 2);
    }
    transcript.check("folders that are refused");
    assert!(!folder.join("runs").exists(), "a run folder was created");
}

#[test]
fn images_are_kept_in_memory_without_a_cache() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make(&folder.join("set"), 30);
    fs::write(folder.join("file"), "").unwrap();
    let words = [&TRAIN[..], &["--epochs", "1", "--batch", "20", "--no-report", "--quiet", "--out"]].concat();
    succeeds(folder, &[&words[..], &["cached"]].concat());
    let typed = [&words[..], &["uncached"]].concat();
    let output = command(folder, &typed).env("EAE_CACHE", folder.join("file")).output().unwrap();
    let message = stderr(&output);
    assert!(output.status.success(), "{message}");
    let model = |run: &str| fs::read(folder.join(run).join("model.safetensors")).unwrap();
    assert!(model("cached") == model("uncached"), "the weights depend on the cache");
    // The name of the cache file is a hash, which depends on the path.
    let cache = message.split("file/").nth(1).and_then(|rest| rest.split(':').next()).expect("a file in the folder");
    let mut transcript = Transcript::new(folder).name(cache, "CACHE");
    transcript.say(&typed, &message);
    transcript.check("a cache that cannot be written");
}
