//! Trainings on tables of numbers.

use std::f64::consts::TAU;
use std::fs;
use std::path::Path;

use ndarray::{Array1, Array2, ArrayView1};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};
use serde_json::Value;

use crate::support::data::{TRAIN_ROWS, with_rows};
use crate::support::program::{eae, json, stderr, succeeds};
use crate::support::transcript::Transcript;

/// Returns two correlated Gaussian columns and a ring, far from mean 0 and standard deviation 1,
/// and a constant column. They are computed from a low-discrepancy sequence with the Box-Muller
/// transform.
fn rows(n: usize) -> Array2<f64> {
    let along = |step: f64, i: usize| (0.5 + step * i as f64).fract();
    Array2::from_shape_fn((n, 5), |(i, column)| {
        let [u, v, w] = [0.8191725133961645, 0.6710436067037893, 0.5497004779019703].map(|step| along(step, i));
        let radius = (-2.0 * (1.0 - u).ln()).sqrt();
        let [a, b] = [radius * (TAU * v).cos(), radius * (TAU * v).sin()];
        match column {
            0 => 1.7e9 + 4000.0 * a,
            1 => 0.02 * (0.8 * a + 0.6 * b),
            2 => 50.0 + 10.0 * (TAU * w).cos(),
            3 => 10.0 * (TAU * w).sin(),
            _ => 12.5,
        }
    })
}

const NAMES: &str = "time,\"rate, %\",x,y,unit";

fn csv(rows: &Array2<f64>) -> String {
    let lines = rows.outer_iter().map(|row| row.iter().map(f64::to_string).collect::<Vec<_>>().join(",") + "\n");
    [format!("{NAMES}\n")].into_iter().chain(lines).collect()
}

/// Returns mean and standard deviation.
fn moments(column: ArrayView1<'_, f64>) -> [f64; 2] {
    [column.mean().unwrap(), column.std(1.0)]
}

fn read(path: &Path) -> Array2<f64> {
    Array2::read_npy(fs::File::open(path).unwrap()).unwrap()
}

const TRAIN: [&str; 13] = [
    "train",
    "--data",
    "csv:rows.csv",
    "--latent",
    "4",
    "--epochs",
    "40",
    "--batch",
    "150",
    "--lambda",
    "0.1",
    "--draws",
    "1",
];

/// Small networks for the table.
const SMALL: &str = r#"
encoder = ["dense 64", "relu", "dense 64", "relu"]
decoder = ["dense 64", "relu", "dense 64", "relu", "dense 5"]
"#;

#[test]
fn samples_keep_whole_numbers_and_ranges() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // The number of children, and an income that is never negative.
    let line = |i: usize| format!("{},{}\n", (i * i) % 4, ((i * 37) % 101) as f64 / 10.0);
    fs::write(folder.join("rows.csv"), "kids,income\n".to_owned() + &(0..300).map(line).collect::<String>()).unwrap();
    succeeds(folder, &["train", "--data", "csv:rows.csv", "--epochs", "2", "--out", "run", "--no-report"]);
    let sample = |flags: &[&str]| {
        let output = succeeds(folder, &[&["sample", "run", "--n", "400", "--out", "x.csv"], flags].concat());
        let text = fs::read_to_string(folder.join("x.csv")).unwrap();
        let read = |line: &str| -> Vec<f64> { line.split(',').map(|field| field.parse().unwrap()).collect() };
        (text.lines().skip(1).map(read).collect::<Vec<_>>(), text, output)
    };
    let (rows, text, output) = sample(&["--temperature", "3"]);
    assert!(rows.iter().all(|row| [0.0, 1.0].contains(&row[0]) && (0.0..=10.0).contains(&row[1])), "{text}");
    assert!(text.lines().skip(1).all(|line| !line.split_once(',').unwrap().0.contains('.')), "{text}");
    let said = stderr(&output);
    assert!(said.contains("whole numbers in kids; --unrounded writes the decoder's numbers"), "{said}");
    let (raw, _, output) = sample(&["--temperature", "3", "--unrounded"]);
    assert!(raw.iter().any(|row| row[0].fract() != 0.0) && raw.iter().any(|row| row[1] < 0.0));
    assert!(!stderr(&output).contains("whole numbers"));
    let (.., output) = sample(&["--json"]);
    assert_eq!(json(&output)[0]["rounded"], serde_json::json!(["kids"]));
}

#[test]
fn a_model_without_ranges_is_not_said_to_have_them() {
    let folder = tempfile::tempdir().unwrap();
    let old = concat!(env!("CARGO_MANIFEST_DIR"), "/../eae/tests/corpus/safetensors/valid-columns.safetensors");
    let sample = |flags: &[&str]| succeeds(folder.path(), &[&["sample", old, "--out", "x.csv"], flags].concat());
    let said = stderr(&sample(&[]));
    assert!(said.starts_with("wrote 100 samples") && !said.contains("ranges"), "{said}");
    assert_eq!(json(&sample(&["--json"]))[0].get("rounded"), None);
}

#[test]
fn samples_are_like_the_table() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let data = rows(1500);
    fs::write(folder.join("rows.csv"), csv(&data)).unwrap();
    fs::write(folder.join("small.toml"), SMALL).unwrap();
    let trained = succeeds(folder, &[&TRAIN[..], &["--model", "small.toml", "--json", "--out", "run"]].concat());
    assert!(stderr(&trained).contains("column 4 (\"unit\") is 12.5 in all rows"), "{}", stderr(&trained));
    let lines = json(&trained);
    let result = lines.last().unwrap();
    let evaluation = &result["evaluation"];
    assert_eq!(evaluation["standardized"], true);
    // Four columns of variance 1, and a constant one.
    let mean = evaluation["mean_image_error"].as_f64().unwrap();
    assert!((mean - 4.0).abs() < 0.8, "{mean}");
    assert!(evaluation["reconstruction_error"].as_f64().unwrap() < 0.2 * mean, "{evaluation}");
    assert!(!folder.join("run/samples.png").exists());

    let sample = |out: &str| {
        let output = succeeds(folder, &["sample", "run", "--n", "2000", "--out", out, "--json"]);
        assert_eq!(json(&output)[0]["shape"], serde_json::json!([2000, 5]));
    };
    sample("x.npy");
    sample("x.csv");
    let samples = read(&folder.join("x.npy"));
    let text = fs::read_to_string(folder.join("x.csv")).unwrap();
    assert!(text.starts_with(&format!("{NAMES}\n")), "{}", &text[..60]);
    let first: Vec<f64> = text.lines().nth(1).unwrap().split(',').map(|field| field.parse().unwrap()).collect();
    assert_eq!(samples.row(0).to_vec(), first);
    assert!(samples.column(4).iter().all(|&x| x == 12.5));
    for column in 0..4 {
        let [[mean, sd], [expected, scale]] = [moments(samples.column(column)), moments(data.column(column))];
        assert!((mean - expected).abs() < 0.2 * scale, "column {column}: mean {mean} for {expected}");
        assert!((sd / scale - 1.0).abs() < 0.2, "column {column}: deviation {sd} for {scale}");
    }
    let products = |rows: &Array2<f64>| {
        let [[m, s], [n, t]] = [0, 1].map(|column| moments(rows.column(column)));
        rows.outer_iter().map(|row| (row[0] - m) * (row[1] - n) / (s * t)).sum::<f64>() / rows.nrows() as f64
    };
    assert!((products(&samples) - products(&data)).abs() < 0.15, "{} for {}", products(&samples), products(&data));
    let radii: Vec<f64> = samples.outer_iter().map(|row| (row[2] - 50.0).hypot(row[3])).collect();
    let inside = radii.iter().filter(|&&radius| radius < 5.0).count() as f64 / radii.len() as f64;
    // For a Gaussian with these moments the fraction is 1 - exp(-1/4).
    assert!(inside < 0.11, "{inside} within the ring");

    let mut transcript = Transcript::new(folder);
    transcript.refused(&["sample", "run", "--out", "x.png"], 2);
    transcript.check("vectors as a picture");
}

#[test]
fn evaluate_and_compare() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // The held-out tenth of the rows is enough for the tests of the codes.
    let data = rows(1100);
    data.write_npy(fs::File::create(folder.join("rows.npy")).unwrap()).unwrap();
    fs::write(folder.join("rows.csv"), csv(&data)).unwrap();
    let quick = ["--epochs", "1", "--batch", "100", "--latent", "3", "--quiet"];
    let trained = eae(folder, &[&["train", "--data", "npy:rows.npy", "--out", "run"], &quick[..]].concat());
    assert!(trained.status.success() && trained.stderr.is_empty(), "{}", stderr(&trained));
    let message = String::from_utf8(trained.stdout).unwrap();
    assert!(
        message.contains("on 110 vectors that were held out") && message.contains("reconstruction error, standardized"),
        "{message}"
    );
    let evaluate = |more: &[&str]| eae(folder, &[&["evaluate", "run", "--json"], more].concat());
    let output = evaluate(&[]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report = &json(&output)[0];
    assert_eq!(
        (&report["standardized"], &report["features"], &report["codes"]["n"]),
        (&true.into(), &"the standardized columns".into(), &110.into())
    );
    // The same rows with a header have the same error. Shifted rows are standardized by the columns
    // of the model, so that their error is larger.
    let error = |report: &Value| report["reconstruction_error"].as_f64().unwrap();
    assert_eq!(error(&json(&evaluate(&["--data", "csv:rows.csv", "--part", "test"]))[0]), error(report));
    // All of the data is used if it is not the training data.
    let report_of_all = &json(&evaluate(&["--data", "csv:rows.csv"]))[0];
    assert_eq!((&report_of_all["part"], &report_of_all["n"]), (&"all".into(), &1100.into()));
    fs::write(folder.join("shifted.csv"), csv(&(&data + 1e3))).unwrap();
    assert!(error(&json(&evaluate(&["--data", "csv:shifted.csv"]))[0]) > 10.0 * error(report));
    let mut transcript = Transcript::new(folder);
    transcript.refused(&["evaluate", "run", "--data", "digits"], 2);
    transcript.check("images for a model of vectors");

    let rows = ["--row", "ae", "--row", "vae beta=1"];
    let quick =
        ["--seeds", "1", "--epochs", "1", "--batch", "100", "--latent", "3", "--quiet", "--json", "--out", "table"];
    let output = eae(folder, &[&["compare", "--data", "csv:rows.csv"], &rows[..], &quick[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(json(&output)[0]["standardized"], true);
    let table = fs::read_to_string(folder.join("table/comparison.md")).unwrap();
    assert!(table.contains("held-out vectors, summed over standardized columns"), "{table}");
    assert!(!folder.join("table/samples.png").exists());
}

#[test]
fn flaws_of_a_table_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    for text in
        ["a,b\n1,2\n3,NaN\n5,6\n", "a,b\n1,2\n3,\n5,6\n", "a,b\n1,2\n3,red\n5,6\n", "1,2\n3\n5,6\n", "1,2\n1,2\n1,2\n"]
    {
        fs::write(folder.join("x.csv"), text).unwrap();
        transcript.refused(&["train", "--data", "csv:x.csv"], 2);
    }
    // A tenth of the rows must be more than k.
    for (n, k) in [(1, "1"), (2, "1"), (12, "1"), (19, "1"), (59, "5")] {
        fs::write(folder.join("x.csv"), csv(&rows(n))).unwrap();
        transcript.refused(&["train", "--data", "csv:x.csv", "--k", k], 2);
    }
    fs::write(folder.join("x.csv"), csv(&rows(20))).unwrap();
    let quick = ["train", "--data", "csv:x.csv", "--epochs", "1", "--no-report", "--quiet", "--out", "run"];
    succeeds(folder, &quick);
    fs::remove_dir_all(folder.join("run")).unwrap();
    fs::write(folder.join("x.csv"), csv(&rows(40))).unwrap();
    transcript.refused(&["train", "--data", "csv:x.csv", "--model", "conv28"], 2);
    transcript.check("tables that are refused");
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1, "no files were created");
}

#[test]
fn files_that_are_no_data_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let create = |name: &str| fs::File::create(folder.join(name)).unwrap();
    Array1::<f64>::zeros(300).write_npy(create("v.npy")).unwrap();
    let utf_16: Vec<u8> = "\u{feff}a,b\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let files: [(&str, &[u8]); 4] =
        [("z.npz", b"PK\x03\x04\0\0"), ("empty.csv", b""), ("utf-16.csv", &utf_16), ("latin-1.csv", b"a\n\xe9\n")];
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    let mut transcript = Transcript::new(folder);
    for name in ["v.npy", "z.npz", "empty.csv", "utf-16.csv", "latin-1.csv"] {
        transcript.refused(&["train", "--data", name], 2);
    }
    transcript.check("files that are no data");
}

#[test]
fn messages_are_about_rows() {
    let folder = with_rows();
    let folder = folder.path();
    let train = [&TRAIN_ROWS[..], &["--no-report", "--quiet"]].concat();
    succeeds(folder, &[&train[..], &["--epochs", "1", "--draws", "0", "--critic", "0", "--out", "run"]].concat());
    fs::write(folder.join("codes.csv"), "1,2\n").unwrap();
    fs::write(folder.join("column.csv"), "1\n2\n").unwrap();
    let mut transcript = Transcript::new(folder);
    for typed in [
        "sample run --n 1 --out x.csv",
        "decode run --codes codes.csv --out x.csv",
        "traverse run --dims 0 --out x.csv",
        "traverse run --out x.csv",
        "interpolate run --n 1 --out x.csv",
        "reconstruct run --n 1 --out x.csv --errors e.csv",
    ] {
        let words: Vec<&str> = typed.split(' ').collect();
        transcript.say(&words, &stderr(&succeeds(folder, &words)));
    }
    fs::create_dir(folder.join("full")).unwrap();
    fs::write(folder.join("full/precious"), "x").unwrap();
    for typed in [
        "sample run --out full",
        "interpolate run --from 0 --to 30 --out x.csv",
        "interpolate run --n 50 --out x.csv",
        "encode run --data column.csv --out x.csv",
        "export run --html --out codes.csv",
    ] {
        transcript.refused(&typed.split(' ').collect::<Vec<_>>(), 2);
    }
    // The advice is about the training and not about the data.
    for cause in [["--learning-rate", "1e30"], ["--lambda", "1e300"]] {
        let words = [&train[..], &["--epochs", "2", "--out", cause[1]], &cause].concat();
        let message = stderr(&eae(folder, &words));
        assert!(message.contains("the training diverged: the loss is not finite"), "{message}");
        assert!(!message.contains("leave the row out") && message.contains(cause[1]), "{message}");
    }
    transcript.check("messages about rows");
}
