//! `eae evaluate` and `eae features`.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::model::run;
use crate::support::program::{eae, json, stderr, stdout, succeeds};

#[test]
fn evaluate_a_run_folder() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let output = succeeds(folder, &["evaluate", run(), "--json"]);
    let report = &json(&output)[0];
    assert!(report["data"].as_str().unwrap().ends_with("digits.npy") && report["codes"]["n"] == 100, "{report}");
    // As many draws as held-out images.
    assert!(report["samples"].as_array().unwrap().iter().all(|s| s["n"] == serde_json::json!([100, 100])), "{report}");
    let names: Vec<_> = report["samples"].as_array().unwrap().iter().map(|s| s["sampler"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["mixture", "normal", "sphere", "gaussian", "gaussianization", "refined"],
        "the default sampler first"
    );
    let frechet = |of: &Value| of["frechet"].as_f64().unwrap();
    assert!(report["samples"].as_array().unwrap().iter().all(|s| frechet(s) > frechet(&report["floor"])));
    let text = stdout(&succeeds(folder, &["evaluate", run()]));
    assert!(
        text.contains("training images") && text.contains("gaussianization: ") && text.contains("\nrefined  "),
        "{text}"
    );
}

/// Runs a command that must fail with exit code 2.
fn refused(folder: &Path, arguments: &[&str]) -> Output {
    let output = eae(folder, arguments);
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    output
}

/// Writes 300 images of 8 x 8 pixels as rows of a table. The label is the brighter half.
fn write_halves(folder: &Path) {
    let pixel = |image: usize, at: usize| {
        let bright = (at % 8 < 4) == image.is_multiple_of(2);
        (if bright { 150 } else { 50 }) + (image * 31 + at * 17) % 97
    };
    let row = |image: usize| {
        let pixels: Vec<_> = (0..64).map(|at| pixel(image, at).to_string()).collect();
        format!("{},{}\n", ["left", "right"][image % 2], pixels.join(","))
    };
    let header: Vec<_> = (0..64).map(|at| format!("p{at}")).collect();
    let rows: String = (0..300).map(row).collect();
    fs::write(folder.join("halves.csv"), format!("half,{}\n{rows}", header.join(","))).unwrap();
}

#[test]
fn a_classifier_is_trained_on_the_labels_of_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_halves(folder);
    let data = ["--data", "csv:halves.csv", "--label", "half", "--shape", "8x8"];
    let train = ["train", "--model", "mlp", "--epochs", "2", "--quiet", "--no-report", "--out", "run"];
    succeeds(folder, &[&train[..], &data].concat());
    let output = succeeds(folder, &["features", "train", "run", "--epochs", "20", "--json"]);
    let report = &json(&output)[0];
    assert_eq!((&report["out"], &report["held_out"]["n"]), (&"features.safetensors".into(), &30.into()), "{report}");
    assert!(report["held_out"]["accuracy"].as_f64().unwrap() > 0.9 && report["warning"].is_null(), "{report}");
    let judged = |features: &str| {
        json(&succeeds(folder, &["evaluate", "run", "--features", features, "--json"]))[0]["features"].clone()
    };
    assert_eq!(judged("features.safetensors"), "64 features of the classifier in features.safetensors");
    assert_eq!(judged("labels"), "64 features of a classifier of the images' own labels");
    assert_eq!(judged("pixels"), "the pixels");
    succeeds(folder, &["report", "run", "--features", "features.safetensors"]);
    let page = fs::read_to_string(folder.join("run/report.html")).unwrap();
    assert!(page.contains("64 features of the classifier in features.safetensors"));
    let wrong = stderr(&refused(folder, &["evaluate", "run", "--features", "digits"]));
    assert!(wrong.contains("[28, 28, 1], but these have shape [8, 8, 1]; use --features pca"), "{wrong}");
    let wrong = stderr(&refused(folder, &["evaluate", "run", "--features", "digit"]));
    assert!(wrong.contains("--features digit: ") && wrong.contains("`labels`, `pca`"), "{wrong}");
}

#[test]
fn labels_that_are_unrelated_to_the_images_cause_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let row = |i: usize| format!("{},{}\n", i % 2, ["7"; 64].join(","));
    fs::write(
        folder.join("same.csv"),
        format!("class,{}\n", (0..64).map(|i| format!("p{i}")).collect::<Vec<_>>().join(","))
            + &(0..200).map(row).collect::<String>(),
    )
    .unwrap();
    let data = ["--data", "csv:same.csv", "--shape", "8x8"];
    let output = succeeds(folder, &[&["features", "train", "--label", "class"], &data[..]].concat());
    assert!(
        stderr(&output).contains("warning: the classifier has an accuracy of 50 % on 20 held-out images"),
        "{}",
        stderr(&output)
    );
    for (label, problem) in
        [(&["--columns", "1-64"][..], "no labels to train"), (&["--label", "p3"], "have the label 7")]
    {
        let message = stderr(&refused(folder, &[&["features", "train"], &data[..], label].concat()));
        assert!(message.contains(problem) && message.contains("--features pca"), "{message}");
    }
}
