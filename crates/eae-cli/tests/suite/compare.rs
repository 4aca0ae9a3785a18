//! `eae compare`.

use std::fs;

use serde_json::Value;

use crate::support::data::with_digits;
use crate::support::program::{eae, json, stderr};
use crate::support::transcript::Transcript;

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

    // Scores of an earlier version, without the column for refined draws, are computed again.
    let new = fs::read_to_string(&scores).unwrap();
    let mut old: Value = serde_json::from_str(&new).unwrap();
    old["scores"]["quality"].as_array_mut().unwrap().remove(1);
    fs::write(&scores, old.to_string()).unwrap();
    let output = compare(&["ae"], &[]);
    let said = stderr(&output);
    assert!(said.contains("seed-1/scores.json lacks a column of the table; computing the scores again"), "{said}");
    assert_eq!(said.lines().count(), 1, "no other model is scored, and none is trained: {said}");
    assert_eq!(fs::read_to_string(&scores).unwrap(), new);

    let mut transcript = Transcript::new(folder);
    // The same folder with another training.
    transcript.refused(&["compare", "--model", "mlp", "--row", "ae", "--out", "table", "--quiet"], 2);
    transcript.refused(&["compare", "--model", "mlp", "--row", "eae beta=1", "--out", "table", "--quiet"], 2);
    transcript.check("rows that are refused");
}
