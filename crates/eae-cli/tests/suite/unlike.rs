//! Tables that are not of the kind on which a model was trained, and tables with gaps and text.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::data::{TRAIN_ROWS, with_rows};
use crate::support::program::{eae, json, stderr, succeeds};

const QUICK: [&str; 8] = ["--epochs", "1", "--quiet", "--no-report", "--draws", "0", "--critic", "0"];

/// Trains a model on columns x, y and n, and returns its folder.
fn trained() -> tempfile::TempDir {
    let folder = with_rows();
    let rows = fs::read_to_string(folder.path().join("rows.csv")).unwrap();
    fs::write(folder.path().join("rows.csv"), format!("x,y,n\n{rows}")).unwrap();
    succeeds(folder.path(), &[&TRAIN_ROWS[..], &QUICK, &["--out", "run"]].concat());
    folder
}

/// Writes the training rows with changed fields.
fn write(folder: &Path, name: &str, header: &str, change: impl Fn(&[&str]) -> String) {
    let rows = fs::read_to_string(folder.join("rows.csv")).unwrap();
    let lines = rows.lines().skip(1).map(|line| change(&line.split(',').collect::<Vec<_>>()) + "\n");
    fs::write(folder.join(name), header.to_owned() + &lines.collect::<String>()).unwrap();
}

fn report(folder: &Path, command: &str, data: &str) -> Value {
    json(&succeeds(folder, &[command, "run", "--data", data, "--json"])).remove(0)
}

#[test]
fn other_units_and_orders_have_warnings() {
    let folder = trained();
    let folder = folder.path();
    let number = |text: &str| text.parse::<f64>().unwrap();
    write(folder, "units.csv", "x,y,n\n", |row| format!("{},{},{}", row[0], row[1], 1000.0 * number(row[2])));
    write(folder, "shifted.csv", "", |row| format!("{},{},{}", number(row[0]) + 50.0, row[1], row[2]));
    let unlike = |warnings: &Value| -> Vec<String> {
        let warnings = warnings.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned());
        warnings.filter(|text| text.contains("is unlike the training data")).collect()
    };
    for (data, column) in
        [("units.csv", "units.csv: column 2 (\"n\")"), ("shifted.csv", "shifted.csv: column 0 (\"x\")")]
    {
        let found = report(folder, "reconstruct", data);
        let said = unlike(&found["warnings"]);
        assert!(said.len() == 1 && said[0].starts_with(column), "{said:?}");
        // The warning is also printed.
        let output = succeeds(folder, &["encode", "run", "--data", data, "--out", "codes.csv"]);
        assert!(stderr(&output).contains(&said[0]), "{}", stderr(&output));
        let found = report(folder, "evaluate", data);
        assert_eq!(unlike(&found["warnings"]), said);
        assert!(found["samples"].as_array().unwrap().iter().all(|sample| sample["memorization"].is_null()));
        assert!(found["warnings"].to_string().contains("were not searched for copies"), "{}", found["warnings"]);
    }
    // The mean of i % 7 over the training rows is near 3, and 1000 times that is near 3000.
    let said = unlike(&report(folder, "reconstruct", "units.csv")["warnings"]).remove(0);
    assert!(said.contains("its mean is 29") && said.contains("(from 0 to 6000)"), "{said}");
    let found = report(folder, "evaluate", "rows.csv");
    assert_eq!(unlike(&found["warnings"]), [""; 0]);
    assert!(found["samples"].as_array().unwrap().iter().all(|sample| sample["memorization"].is_object()));
}

#[test]
fn missing_and_doubled_columns_are_named() {
    let folder = trained();
    let folder = folder.path();
    write(folder, "less.csv", "x,n\n", |row| format!("{},{}", row[0], row[2]));
    write(folder, "renamed.csv", "x,y,m\n", |row| row.join(","));
    write(folder, "twice.csv", "x,y,n,x\n", |row| format!("{},{}", row.join(","), row[0]));
    for (data, problem) in [
        ("less.csv", "less.csv lacks \"y\", on which the model was trained; "),
        ("renamed.csv", "renamed.csv lacks \"n\", on which the model was trained, and has \"m\" instead; "),
        ("twice.csv", "twice.csv: columns 0 and 3 are both called \"x\"; "),
    ] {
        let output = eae(folder, &["encode", "run", "--data", data, "--out", "codes.csv"]);
        assert_eq!((output.status.code(), stderr(&output).contains(problem)), (Some(2), true), "{}", stderr(&output));
    }
}

#[test]
fn gaps_are_left_out_and_texts_are_named() {
    let folder = with_rows();
    let folder = folder.path();
    let rows = fs::read_to_string(folder.join("rows.csv")).unwrap();
    let gaps =
        rows.lines().enumerate().map(|(i, line)| if i % 100 == 7 { "1,,2\n".to_owned() } else { format!("{line}\n") });
    fs::write(folder.join("gaps.csv"), gaps.collect::<String>()).unwrap();
    let train =
        |data: &str, more: &[&str]| eae(folder, &[&["train", "--data", data], &TRAIN_ROWS[3..], &QUICK, more].concat());
    let output = train("gaps.csv", &[]);
    assert!(
        stderr(&output).contains("line 8, column 1") && stderr(&output).contains("--drop-missing"),
        "{}",
        stderr(&output)
    );
    let output = train("gaps.csv", &["--drop-missing", "--out", "run", "--json"]);
    let lines = json(&output);
    let said = lines.last().unwrap()["warnings"].to_string();
    assert!(said.contains("gaps.csv: 3 of 300 rows lack a value and were left out"), "{said}");
    let encoded = succeeds(folder, &["encode", "run", "--out", "codes.csv", "--json"]);
    assert_eq!(json(&encoded)[0]["shape"], serde_json::json!([297, 2]));
    assert!(json(&encoded)[0]["warnings"].to_string().contains("3 of 300 rows"));
    // A resumed training and other commands leave out the same rows.
    let resumed = succeeds(folder, &["train", "--resume", "run", "--epochs", "2", "--quiet", "--no-report"]);
    assert!(String::from_utf8(resumed.stdout).unwrap().contains("3 of 300 rows"));
    let texts =
        rows.lines().enumerate().map(|(i, line)| format!("{line},{},{}\n", ["a", "b"][i % 2], ["c", "d"][i % 2]));
    fs::write(folder.join("texts.csv"), format!("x,y,n,kind,city\n{}", texts.collect::<String>())).unwrap();
    let output = train("texts.csv", &[]);
    let message = stderr(&output);
    assert!(message.contains("column 3 (\"kind\"), column 4 (\"city\") have text"), "{message}");
    assert!(message.contains("--columns x,y,n"), "{message}");
    assert!(train("texts.csv", &["--columns", "x,y,n", "--label", "kind", "--out", "labeled"]).status.success());
    // A class with too few rows exists.
    let rare =
        rows.lines().enumerate().map(|(i, line)| format!("{line},{}\n", if i % 30 == 0 { "bad" } else { "good" }));
    fs::write(folder.join("rare.csv"), format!("x,y,n,kind\n{}", rare.collect::<String>())).unwrap();
    assert!(train("rare.csv", &["--label", "kind", "--out", "rare"]).status.success());
    let message = stderr(&eae(folder, &["sample", "rare", "--label", "bad", "--out", "s.csv"]));
    assert!(message.contains("this class had fewer than 20 training images or rows; use one of good"), "{message}");
}
