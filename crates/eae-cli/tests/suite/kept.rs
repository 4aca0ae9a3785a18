//! Outputs that would replace an input of a command or another of its outputs.

use std::fs;

use crate::support::data::{TRAIN_ROWS, with_rows};
use crate::support::program::succeeds;
use crate::support::transcript::Transcript;

#[test]
fn no_output_replaces_an_input_or_another_output() {
    let folder = with_rows();
    let folder = folder.path();
    let quick = ["--epochs", "1", "--draws", "0", "--critic", "0", "--no-report", "--quiet", "--out", "run"];
    succeeds(folder, &[&TRAIN_ROWS[..], &quick].concat());
    fs::copy(folder.join("rows.csv"), folder.join("mine.csv")).unwrap();
    fs::write(folder.join("codes.csv"), "1,2\n3,4\n").unwrap();
    fs::copy(folder.join("run/model.safetensors"), folder.join("encoder.onnx")).unwrap();
    fs::copy(folder.join("run/model.safetensors"), folder.join("model.html")).unwrap();
    let files = || {
        ["rows.csv", "mine.csv", "codes.csv", "encoder.onnx", "model.html", "run/model.safetensors"]
            .map(|name| fs::read(folder.join(name)).unwrap())
    };
    let before = files();
    let mut transcript = Transcript::new(folder);
    for typed in [
        "sample run --out rows.csv",
        "sample run/model.safetensors --out rows.csv",
        "sample run --out s.csv --codes rows.csv",
        "sample run --out s.csv --codes run/../s.csv",
        "reconstruct run --data mine.csv --out mine.csv",
        "reconstruct run --data mine.csv --errors ./mine.csv",
        "reconstruct run --data mine.csv --out rows.csv",
        "reconstruct run --out e.csv --errors e.csv",
        "encode run --data mine.csv --out mine.csv",
        "encode run --data mine.csv --out c.csv --names mine.csv",
        "encode run --out c.csv --names c.csv",
        "encode run --out rows.csv",
        "decode run --codes codes.csv --out codes.csv",
        "decode run --codes codes.csv --out rows.csv",
        "interpolate run --data mine.csv --out mine.csv",
        "interpolate run --out rows.csv",
        "traverse run --data mine.csv --image 0 --out mine.csv",
        "traverse run --out rows.csv",
        "features train --data npy:digits.npy --out digits.npy",
        "features train run --out run/model.safetensors",
        "features train run --out rows.csv",
        "export model.html --html",
    ] {
        transcript.refused(&typed.split(' ').collect::<Vec<_>>(), 2);
    }
    #[cfg(feature = "onnx")]
    transcript.refused(&["export", "encoder.onnx", "--onnx"], 2);
    assert!(files() == before, "an input was replaced");
    transcript.check("outputs that would replace a file");

    // An older output is replaced.
    for _ in 0..2 {
        succeeds(folder, &["sample", "run", "--n", "3", "--out", "s.csv", "--codes", "c.npy"]);
        succeeds(folder, &["decode", "run", "--codes", "c.npy", "--out", "s.csv"]);
        succeeds(folder, &["reconstruct", "run", "--data", "mine.csv", "--out", "s.csv", "--errors", "e.csv"]);
    }
}
