//! `eae mi --each`: columns in the order of their information with a target.

use std::fs;

use super::{is_near, number, report};
use crate::support::program::{eae, stderr};
use crate::support::transcript::Transcript;

/// Returns three columns, a continuous target and a label. The references below are computed from
/// the same numbers.
fn features() -> String {
    let mut x = 0.3_f64;
    let mut next = || {
        x = 3.99 * x * (1.0 - x);
        x
    };
    let mut text = "a,b,far,y,class\n".to_owned();
    for _ in 0..200 {
        let [a, _, b, noise] = [next(), next(), next(), next()];
        let class = if a + 0.3 * b > 0.6 { "high" } else { "low" };
        text += &format!("{a},{b},{},{},{class}\n", 0.5 * a + 0.1 * noise, a + 0.2 * b);
    }
    text
}

/// scikit-learn 1.x, `mutual_info_regression(X, y, n_neighbors=3)` and `mutual_info_classif(X,
/// label, n_neighbors=3)`; it adds noise of 1e-10 standard deviations.
const REGRESSION: [(&str, f64); 3] = [("a", 3.250_929_184), ("far", 2.289_412_721), ("b", 1.371_600_953)];
const CLASSIFICATION: [(&str, f64); 3] = [("far", 0.674_438_644), ("a", 0.672_724_359), ("b", 0.013_087_162)];

#[test]
fn columns_rank_as_in_scikit_learn() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("x.csv"), features()).unwrap();
    for (target, expected, estimator) in [("y", REGRESSION, "ksg1"), ("class", CLASSIFICATION, "ross")] {
        let found = report(folder, &format!("mi x.csv --y {target} --each --x a,b,far"));
        let columns = found["columns"].as_array().unwrap();
        assert_eq!(columns.len(), 3);
        for (column, (name, information)) in columns.iter().zip(expected) {
            assert_eq!((&column["name"], &column["estimator"]), (&name.into(), &estimator.into()));
            is_near(number(column, "mutual_information"), information, 1e-6);
            assert!(
                number(column, "standard_error") > 0.0
                    && number(column, "corrected_p_value") >= number(column, "p_value")
            );
        }
        assert_eq!((number(&columns[0], "p_value"), number(&columns[0], "corrected_p_value")), (0.01, 0.01));
        assert_eq!((&found["surrogates"], &found["target"][0]), (&"shuffle".into(), &target.into()));
    }
    let chance = report(folder, "mi x.csv --y class --each --x b,far");
    assert!(number(&chance["columns"][1], "corrected_p_value") > 0.05);
    // By default all columns but the target are ranked. A column of labels has its own estimator.
    let all = report(folder, "mi x.csv --y y --each --permutations 0 --unit bits");
    let columns = all["columns"].as_array().unwrap();
    assert_eq!((columns.len(), &columns[3]["name"], &columns[3]["estimator"]), (4, &"class".into(), &"ross".into()));
    assert!(columns[0].get("p_value").is_none() && all["unit"] == "bits");
    is_near(number(&columns[0], "mutual_information") * 2_f64.ln(), REGRESSION[0].1, 1e-6);
    // The text has a line for each column.
    let text = eae(folder, &["mi", "x.csv", "--y", "y", "--each"]);
    assert!(text.status.success(), "{}", stderr(&text));
    let lines = String::from_utf8(text.stdout).unwrap();
    assert_eq!(lines.lines().filter(|line| line.contains("ksg1") || line.contains("ross")).count(), 4, "{lines}");
}

/// The rows of a sorted table depend on earlier rows, as those of a series do.
#[test]
fn a_table_sorted_by_its_label_is_not_a_series() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let features = features();
    let (header, rows) = features.split_once('\n').unwrap();
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_by_key(|row| row.ends_with("low"));
    fs::write(folder.join("sorted.csv"), format!("{header}\n{}\n", rows.join("\n"))).unwrap();
    let found = transcript.report("mi sorted.csv --y class --each --x a,b,far");
    assert_eq!(found["surrogates"], "shuffle");
    for (column, (name, information)) in found["columns"].as_array().unwrap().iter().zip(CLASSIFICATION) {
        assert_eq!(column["name"], name);
        is_near(number(column, "mutual_information"), information, 1e-6);
    }
    assert_eq!(number(&found["columns"][0], "corrected_p_value"), 0.01);
    assert_eq!(report(folder, "mi sorted.csv --x a --y class --permutations 19")["surrogates"], "shuffle");
    transcript.check("each a table sorted by its label is not a series");
}

#[test]
fn constant_columns_are_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let rows: String =
        (0..50).map(|i| format!("{},7,{}\n", (0.618 * f64::from(i)).fract(), (0.755 * f64::from(i)).fract())).collect();
    fs::write(folder.join("x.csv"), format!("a,same,y\n{rows}")).unwrap();
    let found = transcript.report("mi x.csv --y y --each --permutations 9");
    assert_eq!(found["columns"].as_array().unwrap().len(), 1);
    transcript.error("mi x.csv --y same --each");
    transcript.error("mi x.csv --y same --each --x same");
    transcript.error("mi x.csv --each");
    transcript.check("each constant columns are left out");
}

#[test]
fn a_column_without_an_estimate_does_not_hide_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = features();
    let named =
        rows.lines().enumerate().map(|(i, row)| if i == 0 { format!("id,{row}") } else { format!("u{i},{row}") });
    fs::write(folder.join("x.csv"), named.collect::<Vec<_>>().join("\n")).unwrap();
    let found = report(folder, "mi x.csv --y y --each --x id,a,b,far --permutations 0");
    let names: Vec<&str> = found["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "far", "b"]);
    assert!(found["warnings"][0].as_str().unwrap().starts_with("id: left out, because of an error"), "{found}");
    // The error itself, if no other column is left.
    let refused = stderr(&eae(folder, &["mi", "x.csv", "--y", "y", "--each", "--x", "id"]));
    assert!(refused.contains("100.0 % of its rows have a text that no other row has"), "{refused}");
}
