//! The commands that estimate: equal numbers from every kind of file, and an error for every flaw.

mod divergence;
mod each;
mod entropy;
mod hints;
mod kinds;
mod mi;
mod peaks;
mod te;

use std::fs;
use std::path::Path;

use ndarray::{Array2, ShapeBuilder};
use ndarray_npy::WriteNpyExt;
use ndarray_rand::RandomExt;
use ndarray_rand::rand::SeedableRng;
use ndarray_rand::rand_distr::StandardNormal;
use rand_chacha::ChaCha8Rng;

use serde_json::Value;

use crate::support::program::{eae, json, stdout, succeeds};
use crate::support::transcript::Transcript;

/// Returns irregular numbers from a chaotic map.
fn table() -> Array2<f64> {
    let mut x = 0.3_f64;
    let mut y = Array2::from_shape_simple_fn((60, 3), || {
        x = 3.99 * x * (1.0 - x);
        x
    });
    // The last column follows the first.
    for i in 0..60 {
        y[[i, 2]] = y[[i, 0]] + 0.1 * y[[i, 2]];
    }
    y
}

fn text(table: &Array2<f64>, separator: &str) -> String {
    let row = |row: ndarray::ArrayView1<'_, f64>| row.iter().map(f64::to_string).collect::<Vec<_>>().join(separator);
    table.rows().into_iter().map(row).collect::<Vec<_>>().join("\n")
}

fn write_npy(path: &Path, table: &Array2<f64>) {
    table.write_npy(fs::File::create(path).unwrap()).unwrap();
}

/// Returns normally distributed numbers.
fn normal(n: usize, d: usize, seed: u64) -> Array2<f64> {
    Array2::random_using((n, d), StandardNormal, &mut ChaCha8Rng::seed_from_u64(seed))
}

/// Writes a table, with a header unless it is empty.
fn write(folder: &Path, name: &str, header: &str, table: &Array2<f64>) {
    let header = if header.is_empty() { String::new() } else { format!("{header}\n") };
    fs::write(folder.join(name), format!("{header}{}\n", text(table, ","))).unwrap();
}

/// Returns the report of a command that must succeed.
fn report(folder: &Path, arguments: &str) -> Value {
    let arguments: Vec<&str> = arguments.split_whitespace().chain(["--json"]).collect();
    json(&succeeds(folder, &arguments))[0].clone()
}

/// Returns a number of a report.
fn number(report: &Value, key: &str) -> f64 {
    report[key].as_f64().unwrap_or_else(|| panic!("{key} of {report}"))
}

fn is_near(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found}, not {expected} within {tolerance}");
}

impl Transcript<'_> {
    /// Returns the report of a command that must succeed, and records its warnings.
    fn report(&mut self, typed: &str) -> Value {
        let report = report(self.folder(), typed);
        let warnings: Vec<&str> = report["warnings"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
        assert!(!warnings.is_empty(), "{typed}: no warnings");
        self.say(&typed.split_whitespace().collect::<Vec<_>>(), &warnings.join("\n"));
        report
    }

    /// Records the error of a command. It must be one sentence that names only flags of the
    /// command, and it must not suggest `--floor` to someone who does not use it.
    fn error(&mut self, typed: &str) -> String {
        let words: Vec<&str> = typed.split_whitespace().collect();
        let message = self.refused(&words, 2);
        if message.starts_with("error: ") {
            // Errors of clap are not checked.
            return message;
        }
        assert_eq!(message.lines().count(), 1, "{typed}: {message}");
        let help = stdout(&eae(self.folder(), &[words[0], "--help"]));
        for flag in message.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).filter(|word| word.starts_with("--"))
        {
            assert!(help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")), "{flag}: {message}");
        }
        let of_library = ["`", "ClosePoints", "Ties::", "SharedRows", "dither`", "sampling_interval"];
        assert!(of_library.iter().all(|word| !message.contains(word)), "{message}");
        assert!(typed.contains("--floor") || !message.contains("--floor"), "{message}");
        message
    }
}

/// Returns true if a number in JSON is the expected one, up to a rounding error of reading it.
fn same(found: &serde_json::Value, expected: f64) -> bool {
    (found.as_f64().unwrap() - expected).abs() <= 1e-14 * (1.0 + expected.abs())
}

#[test]
fn every_kind_of_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table = table();
    write_npy(&folder.join("c.npy"), &table);
    let mut columns_first = Array2::zeros(table.raw_dim().f());
    columns_first.assign(&table);
    write_npy(&folder.join("fortran.npy"), &columns_first);
    fs::write(folder.join("plain.csv"), text(&table, ",")).unwrap();
    fs::write(folder.join("header.csv"), format!("a,b,c\r\n{}\r\n", text(&table, ",").replace('\n', "\r\n"))).unwrap();
    fs::write(folder.join("spaces.txt"), format!("% made up\n# twice\n\n{}\n", text(&table, "  "))).unwrap();
    let expected = knn_entropy::KozachenkoLeonenko::new(4).entropy(table.view()).unwrap();
    for file in ["c.npy", "fortran.npy", "plain.csv", "header.csv", "spaces.txt"] {
        let found = succeeds(folder, &["entropy", file, "--k", "4", "--json"]);
        let report = &json(&found)[0];
        assert!(same(&report["entropy"], expected), "{file}");
        assert_eq!((&report["n"], &report["d"], &report["k"]), (&60.into(), &3.into(), &4.into()));
        assert_eq!((&report["unit"], &report["estimator"]), (&"nats".into(), &"kl".into()));
    }
    // Single precision is widened.
    let single = table.mapv(|x| x as f32);
    single.write_npy(fs::File::create(folder.join("single.npy")).unwrap()).unwrap();
    let expected = knn_entropy::KozachenkoLeonenko::new(3).entropy(single.view()).unwrap();
    assert!(same(&json(&eae(folder, &["entropy", "single.npy", "--json"]))[0]["entropy"], expected));
    // Columns by number and by name.
    let by_number = eae(folder, &["entropy", "plain.csv", "--x", "0,2", "--json"]);
    let by_name = eae(folder, &["entropy", "header.csv", "--x", "a,c", "--json"]);
    assert_eq!(json(&by_number)[0]["entropy"], json(&by_name)[0]["entropy"]);
}

#[test]
fn estimators_metrics_and_local_values() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("x.csv"), text(&table(), ",")).unwrap();
    for estimator in ["kl", "truncated", "weighted", "renyi", "tsallis", "kpn"] {
        let high: &[&str] = if estimator == "truncated" { &["--high", "2"] } else { &[] };
        let found = succeeds(folder, &[&["entropy", "x.csv", "--estimator", estimator, "--json"][..], high].concat());
        assert_eq!(json(&found)[0]["estimator"], estimator);
        assert!(json(&found)[0]["entropy"].is_f64());
    }
    let entropies = ["l1", "l2", "linf"].map(|metric| {
        json(&eae(folder, &["entropy", "x.csv", "--metric", metric, "--json"]))[0]["entropy"].as_f64().unwrap()
    });
    assert!(entropies[0] != entropies[1] && entropies[1] != entropies[2]);
    // Local values are in the JSON, or alone on standard output.
    let report = &json(&eae(folder, &["entropy", "x.csv", "--local", "--json"]))[0];
    let local: Vec<f64> = report["local"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    assert!((local.iter().sum::<f64>() / 60.0 - report["entropy"].as_f64().unwrap()).abs() < 1e-12);
    let lines = eae(folder, &["entropy", "x.csv", "--local"]);
    let lines: Vec<f64> = std::str::from_utf8(&lines.stdout).unwrap().lines().map(|x| x.parse().unwrap()).collect();
    // Reading JSON can be off by a rounding.
    assert!(lines.iter().zip(&local).all(|(a, b)| (a - b).abs() < 1e-14 * a.abs()) && lines.len() == local.len());
}

#[test]
fn information_and_divergence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table = table();
    fs::write(folder.join("x.csv"), text(&table, ",")).unwrap();
    let of = |more: &[&str]| {
        let found = succeeds(folder, &[&["mi", "x.csv", "--x", "0", "--y", "2", "--json"], more].concat());
        json(&found)[0].clone()
    };
    let [x, z, y] = [0, 1, 2].map(|c| table.slice_axis(ndarray::Axis(1), (c..c + 1).into()).to_owned());
    let ksg = knn_entropy::Ksg::new(3);
    assert!(same(&of(&[])["mutual_information"], ksg.mutual_information(x.view(), y.view()).unwrap()));
    let given = of(&["--z", "1", "--theiler", "2", "--estimator", "ksg2"]);
    let second = ksg.variant(knn_entropy::KsgVariant::Two).window(2);
    assert!(same(&given["mutual_information"], second.conditional(x.view(), y.view(), z.view()).unwrap()));
    assert_eq!(of(&["--permutations", "19"])["p_value"], 0.05);
    // Standardized with the divisor n - 1.
    let standard = knn_entropy::correct(x.view(), &[knn_entropy::Correction::Standardize]).unwrap().samples;
    let other = knn_entropy::correct(y.view(), &[knn_entropy::Correction::Standardize]).unwrap().samples;
    let expected = ksg.mutual_information(standard.view(), other.view()).unwrap();
    assert!(same(&of(&["--standardize"])["mutual_information"], expected));

    let moved = table.mapv(|x| x + 0.5);
    write_npy(&folder.join("moved.npy"), &moved);
    let found = json(&eae(folder, &["divergence", "x.csv", "moved.npy", "--json"]))[0].clone();
    let expected = knn_entropy::Divergence::new(3).divergence(table.view(), moved.view()).unwrap();
    assert!(same(&found["divergence"], expected));
    assert!(found["cross_entropy"].as_f64().unwrap() > expected - 10.0);
}

#[test]
fn a_benchmark_prints_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let quick = ["--model", "mlp", "--batch", "20", "--latent", "2", "--steps", "2", "--warmup", "0"];
    let found = succeeds(folder.path(), &[&["bench", "step"][..], &quick].concat());
    let [line] = &json(&found)[..] else { panic!("one line") };
    assert_eq!((&line["model"], &line["batch"], &line["latent"]), (&"mlp".into(), &20.into(), &2.into()));
    let found = eae(folder.path(), &["bench", "knn", "--n", "500", "--d", "2", "--k", "3", "--threads", "2"]);
    let line = &json(&found)[0];
    assert_eq!((&line["n"], &line["d"], &line["k"], &line["threads"]), (&500.into(), &2.into(), &3.into(), &2.into()));
    assert!(line["min_ms"].as_f64().unwrap() > 0.0 && line["mean_log_r"].is_f64());
}
