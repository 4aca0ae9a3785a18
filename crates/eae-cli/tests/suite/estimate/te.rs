//! `eae te`: transfer entropy, a scan over delays, information storage.

use std::fs;

use knn_entropy::{ActiveInformationStorage, Condition, Embedding, PermutationTest, TransferEntropy};
use ndarray::{Array2, Axis, s};

use super::{is_near, normal, number, report, same, write};
use crate::support::program::{eae, stderr};
use crate::support::transcript::Transcript;

/// Returns a series x, a series y that follows x after three steps, and a series z that follows y.
fn series() -> Array2<f64> {
    let noise = normal(300, 3, 1);
    let mut series = noise.clone();
    for t in 4..300 {
        series[[t, 1]] = series[[t - 3, 0]] + noise[[t, 1]];
        series[[t, 2]] = series[[t - 1, 1]] + 0.5 * noise[[t, 2]];
    }
    series
}

#[test]
fn a_scan_finds_the_delay() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let series = series();
    write(folder, "s.csv", "x,y,z", &series);
    let (x, y) = (series.slice(s![.., ..1]), series.slice(s![.., 1..2]));
    let found = report(folder, "te s.csv --source x --target y --delay 1..5 --permutations 39 --k 4");
    let expected = TransferEntropy::new(4).scan(x, y, 1..=5, PermutationTest::new(39, 0)).unwrap();
    assert_eq!((&found["best_delay"], &found["surrogates"]), (&3.into(), &"rotate".into()));
    let delays = found["delays"].as_array().unwrap();
    assert_eq!(delays.len(), 5);
    for (found, expected) in delays.iter().zip(expected.delays()) {
        assert_eq!(found["delay"], expected.delay);
        assert!(same(&found["transfer_entropy"], expected.transfer_entropy));
        assert_eq!(
            (number(found, "p_value"), number(found, "corrected_p_value")),
            (expected.p_value, expected.corrected_p_value)
        );
    }
    assert_eq!(number(&found, "corrected_p_value"), 0.025);
    let text =
        eae(folder, &["te", "s.csv", "--source", "x", "--target", "y", "--delay", "1..5", "--permutations", "39"]);
    let lines = String::from_utf8(text.stdout.clone()).unwrap();
    assert!(
        lines.contains("largest at delay 3") && lines.contains("corrected for 5 delays"),
        "{lines} {}",
        stderr(&text)
    );
    assert!(stderr(&text).contains("warning: surrogates: rotate"));
}

#[test]
fn embeddings_conditions_and_storage() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let series = series();
    write(folder, "s.csv", "x,y,z", &series);
    let [x, y, z] = [0, 1, 2].map(|c| series.slice(s![.., c..=c]));
    let found = report(folder, "te s.csv --source x --target y --delay 2 --past 2 --source-past 3 --lag 2 --theiler 3");
    let expected = TransferEntropy::new(3).delay(2).target(Embedding::new(2, 2)).source(Embedding::new(3, 2)).window(3);
    assert!(same(&found["transfer_entropy"], expected.transfer_entropy(x, y).unwrap()));
    assert_eq!((&found["times"][0], &found["n"], &found["theiler"]), (&6.into(), &294.into(), &3.into()));
    // x drives z through y.
    let through = report(folder, "te s.csv --source x --target z --delay 4");
    let given = report(folder, "te s.csv --source x --target z --delay 4 --condition y");
    let library = TransferEntropy::new(3).delay(4);
    assert!(same(&through["transfer_entropy"], library.transfer_entropy(x, z).unwrap()));
    assert!(same(&given["transfer_entropy"], library.given(&[Condition::new(&y)]).transfer_entropy(x, z).unwrap()));
    assert!(number(&through, "transfer_entropy") > number(&given, "transfer_entropy") + 0.2);
    assert_eq!(given["conditional"], true);
    let wide = report(folder, "te s.csv --source x --target y --past 40")["warnings"].to_string();
    assert!(wide.contains("neighbors are not near: in 42 columns"), "{wide}");

    let stored = report(folder, "te s.csv --storage --target y --past 2 --permutations 19 --unit bits");
    let expected = ActiveInformationStorage::new(3).past(Embedding::new(2, 1)).information(y).unwrap();
    is_near(number(&stored, "information_storage") * 2_f64.ln(), expected, 1e-12);
    assert!(number(&stored, "p_value") > 0.0 && stored.get("transfer_entropy").is_none());
    // Without a past of the target, a window leaves independent series independent.
    write(folder, "ind.csv", "", &normal(500, 2, 2));
    is_near(
        number(&report(folder, "te ind.csv --source 0 --target 1 --past 0 --theiler 100"), "transfer_entropy"),
        0.0,
        0.08,
    );
    assert_eq!(
        report(folder, "te s.csv --source x --target y --standardize --period x=1e9")["standardized"],
        serde_json::Value::Bool(true)
    );
}

#[test]
fn a_scan_says_once_what_holds_for_many_delays() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "s.csv", "x,y,z", &series());
    let warnings = |flags: &str| {
        let report = report(folder, &format!("te s.csv --source x --target y {flags}"));
        report["warnings"].as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let found = warnings("--delay 1..290");
    let expected =
        "the largest delay, 290, leaves only 10 of 299 time steps for every delay; use a smaller range of delays";
    assert!(found.iter().any(|warning| warning == expected), "{found:?}");
    assert!(found.len() < 10, "{found:?}");
    assert!(!warnings("--delay 1..20").iter().any(|warning| warning.contains("leaves only")));
}

#[test]
fn times_are_in_order_and_complete() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let series = series();
    let warnings = |rows: &[usize]| {
        let line = |row: &usize| format!("{},{},{}\n", 2000 + 5 * row, series[[*row, 0]], series[[*row, 1]]);
        let text = "time,x,y\n".to_owned() + &rows.iter().map(line).collect::<String>();
        fs::write(folder.join("t.csv"), text).unwrap();
        report(folder, "te t.csv --source x --target y")["warnings"].to_string()
    };
    let all: Vec<usize> = (0..300).collect();
    assert_eq!(warnings(&all), "[]");
    let backward: Vec<usize> = (0..300).rev().collect();
    assert!(warnings(&backward).contains("they do not increase from row to row"));
    let some: Vec<usize> = (0..300).filter(|row| row % 7 != 3).collect();
    assert!(warnings(&some).contains("some are missing: 43 of 256 steps are longer"), "{}", warnings(&some));
}

#[test]
fn a_file_can_hold_several_series() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // The rows of three patients alternate. A fourth has a single row.
    let series = series();
    let line = |row: usize| format!("{},{},{}", ["b", "a", "c"][row % 3], series[[row, 0]], series[[row, 1]]);
    let lines: Vec<String> = (0..300).map(line).collect();
    std::fs::write(folder.join("p.csv"), format!("who,x,y\n{}\nd,0,0\n", lines.join("\n"))).unwrap();
    let rows: Vec<usize> = (0..3).flat_map(|patient| (patient..300).step_by(3)).collect();
    let sorted = series.select(Axis(0), &rows);
    let expected = TransferEntropy::new(3).trials(&[100; 3]);
    let expected = expected.transfer_entropy(sorted.slice(s![.., ..1]), sorted.slice(s![.., 1..2])).unwrap();
    let found = report(folder, "te p.csv --source x --target y --group who --permutations 19");
    is_near(number(&found, "transfer_entropy"), expected, 1e-12);
    assert_eq!((&found["series"], &found["n"], found.get("times")), (&3.into(), &297.into(), None));
    assert!(found["warnings"].to_string().contains("1 of 4 series is too short"), "{}", found["warnings"]);
    // A name that is the same in adjacent rows is noticed.
    let who = |row: usize| ["b", "a", "c"][row / 100];
    let line = |row: usize| format!("{},{},{}", who(row), series[[row, 0]], series[[row, 1]]);
    let lines: Vec<String> = (0..300).map(line).collect();
    std::fs::write(folder.join("a.csv"), format!("who,x,y\n{}\n", lines.join("\n"))).unwrap();
    let noticed = report(folder, "te a.csv --source x --target y")["warnings"].to_string();
    assert!(noticed.contains("use --group who"), "{noticed}");
    // A missing value ends a series with --drop-missing.
    let gap = "x,y\n1,2\n3,1\n4,4\n2,7\n,5\n2,8\n7,4\n4,4.5\n9,1.5\n5,3\n";
    std::fs::write(folder.join("gap.csv"), gap).unwrap();
    let found = report(folder, "te gap.csv --source x --target y --k 1 --drop-missing");
    assert_eq!((&found["series"], &found["n"], &found["dropped"]), (&2.into(), &7.into(), &1.into()));
}

#[test]
fn ranks_undo_increasing_maps() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // An autoregression of two series, and increasing functions of both.
    let noise = normal(2000, 2, 3);
    let mut plain = noise.clone();
    for t in 1..2000 {
        plain[[t, 1]] = 0.5 * plain[[t - 1, 1]] + 0.8 * plain[[t - 1, 0]] + noise[[t, 1]];
    }
    write(folder, "plain.csv", "x,y", &plain);
    write(folder, "skewed.csv", "x,y", &plain.mapv(|x| (2.0 * x).exp()));
    // 1/2 ln(1 + 0.64).
    let truth = 0.5 * 1.64_f64.ln();
    let of = |file: &str, flags: &str| report(folder, &format!("te {file} --source x --target y {flags}"));
    is_near(number(&of("plain.csv", ""), "transfer_entropy"), truth, 0.05);
    let ranked = of("skewed.csv", "--ranks");
    is_near(number(&ranked, "transfer_entropy"), truth, 0.05);
    assert!(ranked["ranks"] == true && !ranked["warnings"].to_string().contains("skewed"), "{ranked}");
    let skewed = of("skewed.csv", "");
    assert!(number(&skewed, "transfer_entropy") < truth - 0.05, "{skewed}");
    assert!(skewed["warnings"].to_string().contains("column x is strongly skewed"), "{skewed}");
    assert!(!of("plain.csv", "")["warnings"].to_string().contains("skewed"));
}

#[test]
fn series_that_do_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    write(folder, "s.csv", "x,y,z", &series());
    transcript.error("te s.csv --source x --target y --past 300");
    for flags in
        ["--source x --target y --source-past 0", "--storage --target y --past 0", "--source x --target y --lag 0"]
    {
        transcript.error(&format!("te s.csv {flags}"));
    }
    for flags in [
        "--source y --target y",
        "--source x,y --target y,z",
        "--source x --target y --condition x",
        "--source x --target y --condition z,y",
        "--source x --target y --condition-past 3",
        "--storage --target y --condition-past 3",
    ] {
        transcript.error(&format!("te s.csv {flags}"));
    }
    for flags in ["--target y", "--storage --source x --target y", "--source x --target y --delay 5..3"] {
        transcript.error(&format!("te s.csv {flags}"));
    }
    // A series with a gap is refused, and so are bad names of a group.
    std::fs::write(folder.join("gap.csv"), "x,y,who\n1,2,a\n3,1,a\n,5,\n2,8,a\n7,4,b\n4,4.5,b\n9,1.5,b\n").unwrap();
    transcript.error("te gap.csv --source x --target y --k 1");
    for group in ["who", "x", "x,who"] {
        transcript.error(&format!("te gap.csv --source x --target y --k 1 --drop-missing --group {group}"));
    }
    transcript.error("te gap.csv --source x --target y --k 1 --past 5 --drop-missing");
    transcript.check("te series that do not fit");
}
