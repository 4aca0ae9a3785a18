//! `eae compare`.

use std::fs;
use std::path::Path;

use crate::support::data::with_digits;
use crate::support::program::{eae, json, stderr, succeeds};
use crate::support::transcript::Transcript;

/// Writes a table of three columns.
fn write_rows(path: &Path, n: usize) {
    let row = |i: usize| format!("{},{},{}\n", (i as f64).sin(), (1.7 * i as f64).cos(), i % 7);
    fs::write(path, (0..n).map(row).collect::<String>()).unwrap();
}

#[test]
fn small_tables_and_data_that_has_changed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let compare = "compare --data csv:rows.csv --model mlp --epochs 1 --batch 20 --latent 2 --seeds 1 --row ae --quiet --out table";
    let compare: Vec<&str> = compare.split(' ').collect();
    write_rows(&folder.join("rows.csv"), 80);
    let report = &json(&succeeds(folder, &[&compare[..], &["--json"]].concat()))[0];
    let scores = &report["rows"][0]["scores"][0];
    assert!(scores["quality"][3]["frechet"].is_number() && scores["quality"][4].is_null(), "{scores}");
    assert!(scores["components"].is_null() && scores["memorization"].is_null(), "{scores}");
    let table = fs::read_to_string(folder.join("table/comparison.md")).unwrap();
    let reason =
        "`GMM chosen`, `components` and `close` are empty, because 222 training samples are needed, but there are 72";
    let few = "only 8 samples are held out, so the scores are rough; use at least 1000 rows or images";
    assert!(table.contains(&format!("Warnings:\n\n- {few}\n- {reason}\n")), "{table}");
    assert_eq!(report["warnings"], serde_json::json!([few, reason]));

    let mut transcript = Transcript::new(folder);
    let text = fs::read_to_string(folder.join("rows.csv")).unwrap();
    // A number of a row to train on, and then one of a row that is held out.
    let last = text.lines().last().unwrap();
    for changed in [text.replacen("0,1,0\n", "0.5,1,0\n", 1), text.replace(last, "0.5,0.5,3")] {
        assert_ne!(changed, text);
        fs::write(folder.join("rows.csv"), changed).unwrap();
        transcript.refused(&compare, 2);
    }
    write_rows(&folder.join("rows.csv"), 40);
    transcript.refused(&compare, 2);
    transcript.refused(&[&compare[..], &["--row", "eae k=7 lambda=1"]].concat(), 2);
    transcript.check("data that is not compared");
}

#[test]
fn compare_writes_a_table_and_reuses_finished_models() {
    let folder = with_digits();
    let folder = folder.path();
    let compare = |rows: &[&str], more: &[&str]| {
        let common = ["compare", "--model", "mlp", "--epochs", "1", "--batch", "50", "--latent", "3", "--seeds", "2"];
        let rows: Vec<&str> = rows.iter().flat_map(|row| ["--row", row]).collect();
        let data = ["--data", "npy:digits.npy", "--json", "--out", "table"];
        eae(folder, &[&common[..], &data, &rows, more].concat())
    };
    let output = compare(&["ae"], &["--quiet"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let scores = folder.join("table/ae/seed-1/scores.json");
    let first = fs::metadata(&scores).unwrap().modified().unwrap();
    let output = compare(&["ae", "eae lambda=0.5"], &["--quiet"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(fs::metadata(&scores).unwrap().modified().unwrap(), first, "trained again");

    let report = &json(&output)[0];
    assert_eq!(
        (&report["rows"][1]["row"]["name"], &report["rows"][1]["seeds"][1]),
        (&"eae lambda=0.5".into(), &1.into())
    );
    let table = fs::read_to_string(folder.join("table/comparison.md")).unwrap();
    assert!(table.contains("| eae lambda=0.5 | ") && table.contains(" +- "), "{table}");
    assert!(table.contains("| error | N(0, I) | refined | Gaussianization | GMM-10 | "), "{table}");
    let frechet = |source: usize| {
        let scores = &report["rows"][1]["scores"][0];
        scores["quality"][source]["frechet"].as_f64().unwrap()
    };
    // Draws are not much closer than the codes, and codes are not closer than other images.
    let floor = report["floor"]["frechet"].as_f64().unwrap();
    assert!(
        floor > 0.0 && frechet(5) > floor && frechet(0) > 0.9 * frechet(5),
        "{} {} {floor}",
        frechet(0),
        frechet(5)
    );
    assert!(fs::metadata(folder.join("table/samples.png")).unwrap().len() > 100);

    let mut transcript = Transcript::new(folder);
    // The same folder with another training.
    transcript.refused(&["compare", "--model", "mlp", "--row", "ae", "--out", "table", "--quiet"], 2);
    transcript.refused(&["compare", "--model", "mlp", "--row", "eae beta=1", "--out", "table", "--quiet"], 2);
    transcript.check("rows that are refused");
}
