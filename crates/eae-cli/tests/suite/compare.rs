//! `eae compare`.

use std::fs;

use crate::support::data::with_digits;
use crate::support::program::{eae, json, stderr};
use crate::support::transcript::Transcript;

#[test]
fn compare_writes_a_table_and_reuses_finished_models() {
    let folder = with_digits();
    let folder = folder.path();
    let compare = |rows: &[&str]| {
        let common = ["compare", "--model", "mlp", "--epochs", "1", "--batch", "50", "--latent", "3", "--seeds", "2"];
        let rows: Vec<&str> = rows.iter().flat_map(|row| ["--row", row]).collect();
        let data = ["--data", "npy:digits.npy", "--quiet", "--json", "--out", "table"];
        eae(folder, &[&common[..], &data, &rows].concat())
    };
    let output = compare(&["ae"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let scores = folder.join("table/ae/seed-1/scores.json");
    let first = fs::metadata(&scores).unwrap().modified().unwrap();
    let output = compare(&["ae", "eae lambda=0.5"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(fs::metadata(&scores).unwrap().modified().unwrap(), first, "trained again");

    let report = &json(&output)[0];
    assert_eq!(
        (&report["rows"][1]["row"]["name"], &report["rows"][1]["seeds"][1]),
        (&"eae lambda=0.5".into(), &1.into())
    );
    let frechet = |source: usize| {
        let scores = &report["rows"][1]["scores"][0];
        scores["quality"][source]["frechet"].as_f64().unwrap()
    };
    // Draws are not much closer than the codes, and codes are not closer than other images.
    let floor = report["floor"]["frechet"].as_f64().unwrap();
    assert!(
        floor > 0.0 && frechet(4) > floor && frechet(0) > 0.9 * frechet(4),
        "{} {} {floor}",
        frechet(0),
        frechet(4)
    );
    let table = fs::read_to_string(folder.join("table/comparison.md")).unwrap();
    assert!(table.contains("| eae lambda=0.5 | ") && table.contains(" +- "), "{table}");
    assert!(fs::metadata(folder.join("table/samples.png")).unwrap().len() > 100);

    let mut transcript = Transcript::new(folder);
    // The same folder with another training.
    transcript.refused(&["compare", "--model", "mlp", "--row", "ae", "--out", "table", "--quiet"], 2);
    transcript.refused(&["compare", "--model", "mlp", "--row", "eae beta=1", "--out", "table", "--quiet"], 2);
    transcript.check("rows that are refused");
}
