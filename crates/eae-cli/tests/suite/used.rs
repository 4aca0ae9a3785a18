//! Models on images that they were not trained on: a single image and a folder, with files and
//! labels.

use std::fs::{self, File};
use std::path::Path;

use eae::data::digits;
use eae::picture::write_grid;
use ndarray::{Array2, Axis};
use ndarray_npy::ReadNpyExt;
use serde_json::{Value, json};

use crate::support::model::{data, run};
use crate::support::program::{json as lines, stderr, stdout, succeeds};
use crate::support::transcript::Transcript;

/// Writes digits into the folders of their labels, and an image of noise.
fn make(folder: &Path) -> usize {
    let test = digits::<f32>().test;
    let labels = test.labels.unwrap();
    for (i, image) in test.pixels.outer_iter().take(30).enumerate() {
        let folder = folder.join(format!("digit {}", labels[i]));
        fs::create_dir_all(&folder).unwrap();
        write_grid(folder.join(format!("{i:02}.png")), image.insert_axis(Axis(0)), 1, 1).unwrap();
    }
    let noise = ndarray::Array4::from_shape_fn((1, 28, 28, 1), |(_, y, x, _)| ((7 * y + 3 * x) % 2) as f32);
    write_grid(folder.join("digit 3/noise.png"), noise.view(), 1, 1).unwrap();
    31
}

/// Runs a command on the trained model and returns its JSON.
fn used(folder: &Path, words: &[&str]) -> Value {
    lines(&succeeds(folder, &[&words[..1], &[run()], &words[1..], &["--json"]].concat())).remove(0)
}

fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| line.split(',').map(|field| field.trim_matches('"').to_owned()).collect()).collect()
}

#[test]
fn a_folder_is_used_whole_and_in_order_with_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let count = make(&folder.join("set"));
    let report = used(folder, &["encode", "--data", "images:set", "--out", "codes.csv"]);
    assert_eq!((&report["shape"], &report["part"]), (&json!([count, 4]), &json!("all")));
    let table = rows(&folder.join("codes.csv"));
    assert_eq!(table[0], ["file", "label", "z0", "z1", "z2", "z3"]);
    let files: Vec<&str> = table[1..].iter().map(|row| row[0].as_str()).collect();
    assert!(files.len() == count && files.is_sorted(), "{files:?}");
    assert!(table[1..].iter().all(|row| row[0].starts_with(&row[1])), "each file lies in the folder of its label");

    // The names beside an array are in a separate table.
    let message = stderr(&succeeds(folder, &["encode", run(), "--data", "images:set", "--out", "codes.npy"]));
    assert!(message.contains("--names names.csv"), "{message}");
    used(folder, &["encode", "--data", "images:set", "--out", "codes.npy", "--names", "names.csv"]);
    let codes = Array2::<f32>::read_npy(File::open(folder.join("codes.npy")).unwrap()).unwrap();
    let names = rows(&folder.join("names.csv"));
    for ((row, name), code) in table[1..].iter().zip(&names[1..]).zip(codes.outer_iter()) {
        assert_eq!(row[..2], name[1..]);
        assert!(row[2..].iter().zip(code).all(|(text, number)| text.parse::<f32>().unwrap() == *number));
    }

    // Columns of names are not read as codes or samples.
    used(folder, &["decode", "--codes", "codes.csv", "--out", "one.npy"]);
    used(folder, &["decode", "--codes", "codes.npy", "--out", "other.npy"]);
    assert!(fs::read(folder.join("one.npy")).unwrap() == fs::read(folder.join("other.npy")).unwrap());
    let entropy = |file: &str| lines(&succeeds(folder, &["entropy", file, "--json"])).remove(0)["entropy"].clone();
    let [of_table, of_array] = ["codes.csv", "codes.npy"].map(|file| entropy(file).as_f64().unwrap());
    assert!((of_table - of_array).abs() < 1e-6, "{of_table} {of_array}");

    // A single image file.
    used(folder, &["encode", "--data", "images:set/digit 3/noise.png", "--out", "noise.csv"]);
    let noise = rows(&folder.join("noise.csv"));
    let place = files.iter().position(|file| file.ends_with("noise.png")).unwrap();
    assert_eq!((noise.len(), &noise[1][0], &noise[1][1..]), (2, &"noise.png".to_owned(), &table[1 + place][2..]));
}

#[test]
fn the_worst_reconstructions_are_outliers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let count = make(&folder.join("set"));
    let words = ["reconstruct", "--data", "images:set", "--worst", "3", "--errors", "e.csv", "--out", "worst.npy"];
    let report = used(folder, &words);
    assert_eq!((&report["n"], &report["shape"]), (&json!(count), &json!([3, 1, 28, 28])));
    let worst = report["worst"].as_array().unwrap();
    assert_eq!(
        (worst.len(), &worst[0]["file"], &worst[0]["label"]),
        (3, &"digit 3/noise.png".into(), &"digit 3".into())
    );
    let errors: Vec<f64> = report["errors"].as_array().unwrap().iter().map(|e| e.as_f64().unwrap()).collect();
    let mut sorted = errors.clone();
    sorted.sort_by(|a, b| b.total_cmp(a));
    assert_eq!(worst.iter().map(|w| w["error"].as_f64().unwrap()).collect::<Vec<_>>(), sorted[..3]);
    for (row, error) in rows(&folder.join("e.csv"))[1..].iter().zip(&errors) {
        assert_eq!(row[3].parse::<f64>().unwrap(), *error);
    }
    let text = stdout(&succeeds(folder, &["reconstruct", run(), "--data", "images:set", "--worst", "1"]));
    assert!(text.contains("digit 3/noise.png, label digit 3"), "{text}");
}

#[test]
fn evaluate_works_on_few_images() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make(&folder.join("set"));
    let known = |report: &Value| (report["codes"].is_object(), report["samples"].is_array());
    for (data, n, expected) in [
        ("images:set/digit 3/noise.png", 1, (false, false)),
        ("images:set/digit 3", fs::read_dir(folder.join("set/digit 3")).unwrap().count(), (true, false)),
        ("images:set", 31, (true, true)),
    ] {
        let report = used(folder, &["evaluate", "--data", data]);
        assert_eq!((&report["n"], known(&report)), (&n.into(), expected), "{report}");
        assert!(report["reconstruction_error"].is_number() && !report["warnings"].as_array().unwrap().is_empty());
    }
    let text = stdout(&succeeds(folder, &["evaluate", run(), "--data", "images:set"]));
    assert!(text.contains("the similarity of samples to training images is not known"), "{text}");
    let mut transcript = Transcript::new(folder).name(run(), "RUN").name(data().to_str().unwrap(), "DATA");
    transcript.refused(&["encode", run(), "--out", "x.csv", "--names", "x.txt"], 2);
    transcript.refused(&["encode", run(), "--out", "x.npy", "--names", "x.csv"], 2);
    transcript.refused(&["encode", run(), "--data", "images:set", "--part", "some", "--out", "x.npy"], 2);
    transcript.refused(&["reconstruct", run(), "--data", "images:set", "--worst", "0"], 2);
    transcript.check("a model that is used");
}

#[test]
fn skipped_files_are_in_the_reports() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    make(&folder.join("set"));
    fs::write(folder.join("set/digit 3/broken.png"), "no image").unwrap();
    for (command, key) in [("reconstruct", "warnings"), ("evaluate", "warnings"), ("encode", "warnings")] {
        let out: &[&str] = if command == "encode" { &["--out", "codes.npy"] } else { &[] };
        let report = used(folder, &[&[command, "--data", "images:set"], out].concat());
        assert_eq!(report["skipped"], json!(["digit 3/broken.png"]), "{command}");
        let said = report[key].to_string();
        assert!(said.contains("images:set: 1 file cannot be used as an image: digit 3/broken.png ("), "{said}");
    }
}
