//! Tables with an index, labels and text, tables of images, and the ways to name data.

use std::fs::{self, File};
use std::path::Path;

use ndarray::Array2;
use ndarray_npy::WriteNpyExt;

use crate::support::program::{eae, json, stderr, succeeds};
use crate::support::transcript::Transcript;

/// Writes an index, two correlated numbers, the kind on which they depend, and a text.
fn write_trees(path: &Path, rows: usize) {
    let row = |i: usize| {
        let kind = i * 7 % 3;
        let x = (i as f64 * 0.7).sin() + kind as f64;
        format!("{i},{},{x},{},note {i}\n", ["oak", "elm", "ash"][kind], 2.0 * x + (i as f64).cos())
    };
    fs::write(path, "id,kind,height,girth,note\n".to_owned() + &(0..rows).map(row).collect::<String>()).unwrap();
}

const QUICK: [&str; 14] = [
    "--model",
    "net.toml",
    "--latent",
    "2",
    "--epochs",
    "1",
    "--batch",
    "20",
    "--quiet",
    "--no-report",
    "--draws",
    "0",
    "--critic",
    "0",
];

const NET: &str = "encoder = ['dense 4', 'tanh']\ndecoder = ['dense 2']\n";

#[test]
fn chosen_columns_and_a_label_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_trees(&folder.join("trees.csv"), 120);
    fs::write(folder.join("net.toml"), NET).unwrap();
    let more = ["--data", "trees.csv", "--columns", "height,girth", "--label", "kind", "--out", "run"];
    succeeds(folder, &[&["train"], &more[..], &QUICK].concat());
    let config = fs::read_to_string(folder.join("run/config.toml")).unwrap();
    assert!(config.contains("columns = \"height,girth\"\nlabel = \"kind\"\n"), "{config}");

    succeeds(folder, &["encode", "run", "--out", "codes.csv"]);
    let text = fs::read_to_string(folder.join("codes.csv")).unwrap();
    let labels: Vec<&str> = text.lines().skip(1).map(|line| line.split(',').next().unwrap()).collect();
    assert!(text.starts_with("label,z0,z1\n") && labels[..4] == ["oak", "elm", "ash", "oak"], "{text}");
    // Another table, with its columns elsewhere and others between them.
    fs::write(folder.join("more.csv"), "girth,what,kind,height\n1,a,elm,2\n3,b,yew,4\n").unwrap();
    let report = &json(&succeeds(folder, &["reconstruct", "run", "--data", "more.csv", "--json"]))[0];
    assert_eq!((&report["n"], &report["labels"]), (&2.into(), &serde_json::json!(["elm", "yew"])));
    let report = &json(&succeeds(folder, &["evaluate", "run", "--json"]))[0];
    assert_eq!((&report["part"], &report["n"]), (&"test".into(), &12.into()));

    // The index causes a remark.
    let told: Vec<_> = QUICK.into_iter().filter(|word| *word != "--quiet").collect();
    let more = ["--data", "trees.csv", "--columns", "id,height", "--out", "second"];
    let message = stderr(&succeeds(folder, &[&["train"], &more[..], &told].concat()));
    assert!(message.contains("column 0 (\"id\") numbers the rows; if it is an index"), "{message}");
    let mut transcript = Transcript::new(folder);
    for words in [
        &["train", "--data", "trees.csv"][..],
        &["train", "--data", "trees.csv", "--columns", "height,grith"],
        &["train", "--data", "trees.csv", "--label", "kind,note"],
        &["train", "--data", "trees.csv", "--columns", "height,girth", "--label", "hieght"],
        &["train", "--columns", "height"],
        &["train", "--resume", "run", "--label", "kind"],
        &["reconstruct", "run", "--data", "csv:trees.tsv"],
    ] {
        transcript.refused(words, 2);
    }
    transcript.check("columns and labels");
}

#[test]
fn rows_are_read_as_images() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = Array2::from_shape_fn((60, 784), |(n, i)| ((37 * n + 11 * i) % 256) as u8);
    rows.write_npy(File::create(folder.join("rows.npy")).unwrap()).unwrap();
    let quick = [
        "--model",
        "mlp",
        "--latent",
        "2",
        "--epochs",
        "1",
        "--batch",
        "20",
        "--no-report",
        "--draws",
        "0",
        "--critic",
        "0",
    ];
    let train = |more: &[&str]| succeeds(folder, &[&["train", "--data", "rows.npy"], more, &quick].concat());
    let message = stderr(&train(&["--out", "vectors"]));
    assert!(message.contains("if they are images of 28x28 pixels, use --shape 28x28"), "{message}");
    train(&["--shape", "28x28", "--out", "images", "--quiet"]);
    let config = fs::read_to_string(folder.join("images/config.toml")).unwrap();
    assert!(config.contains("shape = \"28x28\""), "{config}");
    // The shape is stored with the model.
    let report = &json(&succeeds(folder, &["reconstruct", "images", "--data", "rows.npy", "--json"]))[0];
    assert_eq!(report["shape"], serde_json::json!([60, 1, 28, 28]));
    // The same images as a table with a label.
    let line = |n: usize| {
        let pixels = rows.row(n).iter().map(u8::to_string).collect::<Vec<_>>().join(",");
        format!("{},{pixels}\n", n % 10)
    };
    let head = "label,".to_owned() + &(0..784).map(|i| format!("pixel{i}")).collect::<Vec<_>>().join(",") + "\n";
    fs::write(folder.join("rows.csv"), head + &(0..60).map(line).collect::<String>()).unwrap();
    let more = ["train", "--data", "rows.csv", "--label", "label", "--shape", "28x28", "--out", "csv", "--quiet"];
    succeeds(folder, &[&more[..], &quick].concat());
    let model = |run: &str| fs::read(folder.join(run).join("model.safetensors")).unwrap();
    assert!(model("csv") == model("images"), "the same images");
    let report = &json(&succeeds(folder, &["reconstruct", "csv", "--part", "all", "--worst", "1", "--json"]))[0];
    let worst = &report["worst"][0];
    let label = (worst["image"].as_u64().unwrap() % 10).to_string();
    assert_eq!(worst["label"].as_str(), Some(&*label));
    let mut transcript = Transcript::new(folder);
    transcript.refused(&["train", "--data", "rows.npy", "--shape", "28"], 2);
    transcript.refused(&["train", "--data", "rows.npy", "--shape", "32x32"], 2);
    transcript.refused(&["train", "--data", "rows.npy", "--shape", "28x28", "--model", "conv32"], 2);
    transcript.check("rows of another shape");
}

#[test]
fn data_is_named_by_a_path_and_typos_get_suggestions() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write_trees(&folder.join("trees.csv"), 60);
    fs::write(folder.join("net.toml"), NET).unwrap();
    let more = ["--data", "./trees.csv", "--columns", "2,3", "--out", "run"];
    succeeds(folder, &[&["train"], &more[..], &QUICK].concat());
    // Shells do not expand a tilde within a word.
    fs::create_dir(folder.join("photos")).unwrap();
    let home = crate::support::program::command(folder, &["train", "--data", "images:~/photos"]);
    let message = stderr(&{ home }.env("HOME", folder).output().unwrap());
    assert!(message.contains(&format!("{}/photos has no images", folder.display())), "{message}");
    assert_eq!(eae(folder, &["train", "--data", "photos"]).status.code(), Some(2));
    let mut transcript = Transcript::new(folder);
    for data in ["digit", "image:photos", "nowhere/photos", "run", "photos", "images:"] {
        transcript.refused(&["train", "--data", data], 2);
    }
    transcript.check("data that are not there");
}
