//! `eae divergence`: shared rows, rounded numbers, and which file an error is about.

use std::fs;

use knn_entropy::JensenShannon;
use ndarray::{Array2, Axis, array, concatenate};

use super::{is_near, normal, number, report, same, write};
use crate::support::transcript::Transcript;

#[test]
fn a_file_does_not_diverge_from_itself() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let p = normal(300, 2, 1);
    write(folder, "p.csv", "a,b", &p);
    // Half of the rows are shared, in other lines.
    write(
        folder,
        "q.csv",
        "",
        &concatenate![Axis(0), normal(10, 2, 2), p.slice_axis(Axis(0), (..150).into()), normal(140, 2, 3)],
    );
    for k in ["1", "3"] {
        let found = transcript.report(&format!("divergence p.csv p.csv --k {k}"));
        assert_eq!(number(&found, "divergence"), 0.0);
    }
    let found = transcript.report("divergence p.csv q.csv");
    is_near(number(&found, "divergence"), 0.0, 0.2);
    // The advice in the error works.
    transcript.error("divergence p.csv q.csv --shared-rows error");
    assert_eq!(report(folder, "divergence p.csv q.csv --shared-rows leave-out")["divergence"], found["divergence"]);
    let bits = report(folder, "divergence p.csv q.csv --unit bits");
    is_near(number(&bits, "cross_entropy") * 2_f64.ln(), number(&found, "cross_entropy"), 1e-12);
    transcript.check("divergence a file does not diverge from itself");
}

#[test]
fn rounded_sets_and_repeated_rows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let (p, q) = (normal(1000, 1, 4), normal(1000, 1, 5).mapv(|x| x + 1.0));
    let rounded = |x: &ndarray::Array2<f64>| x.mapv(|x| (100.0 * x).round() / 100.0);
    write(folder, "p.csv", "", &rounded(&p));
    write(folder, "q.csv", "", &rounded(&q));
    let found = transcript.report("divergence p.csv q.csv");
    // N(0, 1) from N(1, 1): 1/2.
    is_near(number(&found, "divergence"), 0.5, 0.1);
    transcript.error("divergence p.csv q.csv --dither no");
    is_near(number(&report(folder, "divergence p.csv q.csv --dither 0.01"), "divergence"), 0.5, 0.1);
    // Rows recorded twice in P.
    write(folder, "once.csv", "", &p);
    write(folder, "twice.csv", "", &concatenate![Axis(0), p, p]);
    write(folder, "other.csv", "", &q);
    transcript.error("divergence twice.csv other.csv --k 1");
    let dropped = report(folder, "divergence twice.csv other.csv --k 1 --drop-duplicates");
    assert_eq!(dropped["divergence"], report(folder, "divergence once.csv other.csv --k 1")["divergence"]);
    assert_eq!(dropped["duplicates_dropped"], 1000);
    transcript.check("divergence rounded sets and repeated rows");
}

#[test]
fn columns_have_units_and_names() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    // Years and incomes. Both files are standardized by the same factors.
    let units = |x: Array2<f64>, shift: f64| (x + array![shift, 0.0]) * array![10.0, 20_000.0];
    let (p, q) = (units(normal(1000, 2, 20), 4.0), units(normal(1000, 2, 21), 6.0));
    write(folder, "p.csv", "age,income", &p);
    write(folder, "q.csv", "age,income", &q);
    transcript.report("divergence p.csv q.csv");
    transcript.report("divergence p.csv q.csv --jensen-shannon");
    let found = report(folder, "divergence p.csv q.csv --standardize");
    is_near(number(&found, "divergence"), 2.0, 0.3);
    assert!(found["warnings"].as_array().unwrap().is_empty());
    // The difference is the estimate of the entropy of p in its units.
    let entropy = report(folder, "entropy p.csv --standardize");
    let difference = number(&found, "cross_entropy") - number(&found, "divergence");
    is_near(difference, number(&entropy, "entropy"), 0.02);
    is_near(difference, 15.044, 0.2);
    let jensen_shannon = report(folder, "divergence p.csv q.csv --jensen-shannon --standardize");
    is_near(number(&jensen_shannon, "jensen_shannon"), 0.37, 0.03);
    // A shift between the files is not a spread.
    write(folder, "far.csv", "age,income", &units(normal(1000, 2, 22), 100.0));
    let far = report(folder, "divergence p.csv far.csv --standardize");
    let [warning] = &far["warnings"].as_array().unwrap()[..] else { panic!("{far}") };
    assert!(warning.as_str().unwrap().starts_with("100.0 % of the rows of the first file lie outside"), "{far}");
    for period in [1.0, 2.0, 24.0] {
        let angles = |seed| normal(300, 2, seed).mapv(|x| x.rem_euclid(period));
        write(folder, "a.csv", "a,b", &angles(23));
        write(folder, "b.csv", "a,b", &angles(24));
        report(folder, &format!("divergence a.csv b.csv --standardize --period a={period}"));
    }
    // Columns are matched by name, unless --x chooses an order.
    let swapped = q.select(Axis(1), &[1, 0]);
    write(folder, "swapped.csv", "income,age", &swapped);
    write(folder, "other.csv", "money,years", &swapped);
    let found = report(folder, "divergence p.csv swapped.csv --standardize");
    is_near(number(&found, "divergence"), 2.0, 0.3);
    transcript.report("divergence p.csv swapped.csv --x 0,1");
    transcript.report("divergence p.csv other.csv");
    transcript.check("divergence columns have units and names");
}

#[test]
fn jensen_shannon() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let (p, q) = (normal(300, 2, 6), normal(500, 2, 7).mapv(|x| x + 1.0));
    write(folder, "p.csv", "", &p);
    write(folder, "q.csv", "", &q);
    let found = report(folder, "divergence p.csv q.csv --jensen-shannon");
    let expected = JensenShannon::new(3).estimate(p.view(), q.view()).unwrap();
    assert!(same(&found["jensen_shannon"], expected.value()) && same(&found["distance"], expected.distance()));
    assert!(same(&found["standard_error"], expected.standard_error()) && found.get("divergence").is_none());
    transcript.report("divergence p.csv p.csv --jensen-shannon");
    transcript.error("divergence p.csv p.csv --jensen-shannon --shared-rows error");
    transcript.check("divergence jensen shannon");
}

#[test]
fn errors_are_about_the_right_file() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    write(folder, "p.csv", "a,b", &normal(20, 2, 8));
    fs::write(folder.join("gap.csv"), "a,b\n1,2\n3,\n4,5\n").unwrap();
    fs::write(folder.join("few.csv"), "a,b\n1,2\n3,4.5\n").unwrap();
    for arguments in ["divergence p.csv gap.csv", "divergence gap.csv p.csv"] {
        transcript.error(arguments);
    }
    let found = report(folder, "divergence p.csv gap.csv --k 2 --drop-missing");
    assert_eq!((&found["m"], &found["other_dropped"], &found["dropped"]), (&2.into(), &1.into(), &0.into()));
    transcript.error("divergence p.csv few.csv");
    transcript.error("divergence few.csv p.csv");
    // A constant of q, but not of p.
    fs::write(folder.join("constant.csv"), "a,b\n1,2\n3,2\n4,2\n5.5,2\n").unwrap();
    transcript.error("divergence p.csv constant.csv");
    report(folder, "divergence p.csv constant.csv --jensen-shannon");
    transcript.check("divergence errors are about the right file");
}
