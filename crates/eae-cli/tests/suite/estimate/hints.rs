//! Errors that other tests do not cover. Each is one sentence and names only flags of the command.

use std::fs;

use super::{normal, report, table, text, write};
use crate::support::transcript::Transcript;

#[test]
fn errors_are_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("x.csv"), text(&table(), ",")).unwrap();
    fs::write(folder.join("twice.csv"), "1,2\n1,2\n3,4\n").unwrap();
    fs::write(folder.join("nan.csv"), "1,2\n3,nan\n4,5\n").unwrap();
    fs::write(folder.join("inf.csv"), "1,2\n3,inf\n4,5\n").unwrap();
    fs::write(folder.join("word.csv"), "1,2\n3,four\n").unwrap();
    fs::write(folder.join("constant.csv"), "1,2\n3,2\n4,2\n").unwrap();
    fs::write(folder.join("empty.csv"), "").unwrap();
    let mut transcript = Transcript::new(folder);
    for typed in [
        "entropy nowhere.csv",
        "entropy empty.csv",
        "entropy word.csv",
        "entropy nan.csv --k 1",
        "entropy inf.csv --k 1",
        "entropy twice.csv --k 1",
        "entropy x.csv --k 60",
        "entropy x.csv --k 0",
        "entropy x.csv --x 7",
        "entropy x.csv --estimator truncated --high 0.5",
        "entropy x.csv --estimator truncated --low 2",
        "entropy x.csv --estimator renyi --order 9",
        "entropy x.csv --estimator weighted --bound 0.5",
        "entropy x.csv --estimator kpn --p 3",
        "entropy x.csv --floor=-1",
        "entropy constant.csv --standardize --k 1",
        "mi x.csv --x 0",
        "divergence x.csv twice.csv",
        "divergence - -",
    ] {
        transcript.error(typed);
    }
    transcript.check("hints errors are one sentence");
}

#[test]
fn errors_name_flags_of_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "x.csv", "a,b,c", &normal(60, 3, 1));
    write(folder, "round.csv", "a,b", &normal(60, 2, 2).mapv(|x| x.round()));
    fs::write(folder.join("few.csv"), "a,b\n1,2\n1,2\n3,4\n3,7\n").unwrap();
    fs::write(folder.join("huge.csv"), "a,b\n1.7e308,2\n-1.7e308,3.5\n3,4\n").unwrap();
    fs::write(folder.join("labels.csv"), "a,b\n1,x\n1,x\n1,x\n3,y\n4,y\n5,y\n").unwrap();
    fs::write(folder.join("names.csv"), "a,b\n1,x\n2,y\n3,z\n").unwrap();
    fs::write(folder.join("gap.csv"), "a,b\n1,2\n,3\n3,4\n").unwrap();
    fs::write(folder.join("dirty.csv"), "a,b\n1,2\n2,3\nerror,4\n5,6\n7,1\n").unwrap();
    let mut transcript = Transcript::new(folder);
    for arguments in [
        "entropy few.csv --k 1 --dither no",
        "entropy few.csv --estimator kpn --k 1 --dither no",
        "entropy few.csv --estimator kpn --floor 1",
        "entropy x.csv --theiler 59",
        "entropy huge.csv --k 2 --dither no",
        "entropy gap.csv --k 1",
        "entropy x.csv --period a=0.1 --k 20",
        "entropy x.csv --estimator tsallis --order 3",
        "mi round.csv --ties error",
        "mi x.csv --x a --y b --k 60",
        "mi x.csv --x a --y b --k 60 --theiler 5",
        "mi labels.csv --estimator ross --k 2 --ties count",
        "mi names.csv",
        "mi x.csv --x a --y b --estimator ross",
        "mi x.csv --x a --y b --z c --estimator gao",
        "mi x.csv --x a --y b --permutations 99 --surrogates rotate",
        "mi x.csv --x a --y b --permutations 99 --surrogates local",
        "mi x.csv --x a --y b --ties dither --labels a",
        "mi dirty.csv",
        "mi gap.csv",
        "mi x.csv --each",
        "mi x.csv --each --y a --local",
        "mi huge.csv --k 2 --ties count",
        "te x.csv --source a --target b --permutations 99 --surrogates rotate",
        "te x.csv --source a --target b --past 60",
        "te x.csv --target b --storage --past 60",
        "te x.csv --source a --target b --lag 0",
        "te round.csv --source a --target b --ties error",
        "te x.csv --source a --target b --k 99",
        "divergence few.csv few.csv --k 1 --dither no",
        "divergence x.csv x.csv --shared-rows error",
        "divergence x.csv x.csv --k 60",
        "divergence x.csv x.csv --jensen-shannon --shared-rows error",
        "divergence x.csv x.csv --jensen-shannon --theiler 2",
        "divergence huge.csv x.csv --x a,b --k 2 --dither no",
        "divergence gap.csv few.csv",
    ] {
        transcript.error(arguments);
    }
    transcript.check("hints errors name flags of the command");
}

#[test]
fn settings_that_hide_the_data_cause_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "x.csv", "a,b", &normal(40, 2, 1));
    for (arguments, warning) in [
        ("entropy x.csv --k 39", "--k is 39, at least half of 40 rows"),
        ("mi x.csv --k 20", "--k is 20, at least half of 40 rows"),
        ("entropy x.csv --floor 100", "no distance is above --floor 100"),
    ] {
        let found = report(folder, arguments);
        assert!(found["warnings"].to_string().contains(warning), "{found}");
    }
    assert!(report(folder, "entropy x.csv --floor 0.01")["warnings"].as_array().unwrap().is_empty());
    // Even distances are no floor, labels have no distances, and q has few rows.
    let degrees = ndarray::Array2::from_shape_fn((360, 1), |(i, _)| i as f64);
    write(folder, "degrees.csv", "a", &degrees);
    let found = report(folder, "entropy degrees.csv --period a=360 --floor 0.001 --dither no");
    assert!(!found["warnings"].to_string().contains("--floor"), "{found}");
    fs::write(folder.join("labels.csv"), "a,b\nx,u\ny,v\nx,u\ny,v\nx,v\ny,u\n").unwrap();
    assert!(!report(folder, "mi labels.csv")["warnings"].to_string().contains("--k"));
    write(folder, "q.csv", "a,b", &normal(6, 2, 2));
    let found = report(folder, "divergence x.csv q.csv --k 5");
    assert!(found["warnings"].to_string().contains("--k is 5, at least half of 6 rows"), "{found}");
}

#[test]
fn settings_of_another_estimator_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    write(folder, "x.csv", "a,b", &normal(40, 2, 1));
    for flag in ["--order 0.5", "--bound 3", "--p 20", "--low 0", "--high 2"] {
        transcript.error(&format!("entropy x.csv {flag}"));
    }
    transcript.error("entropy x.csv --estimator truncated --low -inf --high 5");
    assert_eq!(report(folder, "entropy x.csv --estimator renyi --order 0.5")["order"], 0.5);
    transcript.check("hints settings of another estimator");
}
