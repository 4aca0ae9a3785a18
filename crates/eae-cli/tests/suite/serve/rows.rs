//! Tests of the explorer for a model of rows of a table.

use std::fmt::Write;
use std::fs;

use serde_json::{Value, json};

use crate::support::program::succeeds;
use crate::support::server::Explorer;

fn rows(answer: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(answer["rows"].clone()).unwrap()
}

/// Rows are in the units of the table and equal those of the other commands.
#[test]
fn rows_of_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut text = "height,age\n".to_owned();
    for i in 0..100_u32 {
        writeln!(text, "{},{}", 150 + i * 7 % 50, 20.5 + f64::from(i * 13 % 60)).unwrap();
    }
    fs::write(folder.join("people.csv"), &text).unwrap();
    let flags = ["--objective", "bn-ae", "--epochs", "2", "--batch", "30", "--latent", "2", "--no-report", "--quiet"];
    succeeds(folder, &[&["train", "--data", "csv:people.csv", "--out", "run"], &flags[..]].concat());
    let explorer = Explorer::start(folder, &["run"]);
    let model = explorer.get("/model.json").json();
    assert_eq!((&model["report"], &model["held_out"]), (&Value::Null, &10.into()));
    let column = &model["columns"][0];
    assert_eq!(column["name"], "height");
    for (key, expected) in [("least", 150.0), ("most", 199.0)] {
        assert!((column[key].as_f64().unwrap() - expected).abs() < 1e-3, "{column}");
    }

    // The last tenth is held out.
    let held_out = rows(&explorer.get("/images?first=0&n=10").json());
    let lines = text.lines().skip(91).map(|line| line.split(',').map(|x| x.parse().unwrap()).collect::<Vec<f64>>());
    for (found, expected) in held_out.iter().zip(lines) {
        assert!(found.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-3), "{found:?} {expected:?}");
    }
    let code = explorer.post("/encode", json!({ "row": held_out[4] })).json();
    let kept = explorer.get("/codes.json?first=4&n=1").json();
    let numbers = |codes: &Value| serde_json::from_value::<Vec<f64>>(codes["codes"][0].clone()).unwrap();
    let code = numbers(&code);
    assert!(code.iter().zip(numbers(&kept)).all(|(a, b)| (a - b).abs() < 1e-3), "{code:?} {kept}");
    let decoded = rows(&explorer.post("/decode", json!({ "codes": [code] })).json());
    fs::write(folder.join("code.csv"), format!("{},{}\n", code[0], code[1])).unwrap();
    succeeds(folder, &["decode", "run", "--codes", "code.csv", "--out", "row.csv"]);
    let row = fs::read_to_string(folder.join("row.csv")).unwrap();
    let row: Vec<f64> = row.lines().nth(1).unwrap().split(',').map(|x| x.parse().unwrap()).collect();
    assert!(row.iter().zip(&decoded[0]).all(|(a, b)| (a - b).abs() < 1e-3), "{row:?} {decoded:?}");

    for (body, said) in [
        ("{\"row\": [170]}", "the length of the row is 1; the model takes rows of length 2"),
        ("{\"row\": [170, 1e300]}", "the row is too far from the training data to have a code"),
        ("{\"row\": [170, null]}", "the body is not the expected JSON"),
    ] {
        let (status, message) = explorer.post("/encode", body).said();
        assert!(status == 400 && message.starts_with(said), "{body}: {status} {message}");
    }
}
