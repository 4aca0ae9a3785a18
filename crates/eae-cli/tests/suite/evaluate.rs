//! How good a trained model is.

use serde_json::Value;

use crate::support::model::run;
use crate::support::program::{json, stdout, succeeds};

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
    assert_eq!(names, ["mixture", "normal", "sphere", "gaussian", "gaussianisation"], "the default sampler first");
    let frechet = |of: &Value| of["frechet"].as_f64().unwrap();
    assert!(report["samples"].as_array().unwrap().iter().all(|s| frechet(s) > frechet(&report["floor"])));
    let text = stdout(&succeeds(folder, &["evaluate", run()]));
    assert!(text.contains("training images") && text.contains("gaussianisation: "), "{text}");
}
