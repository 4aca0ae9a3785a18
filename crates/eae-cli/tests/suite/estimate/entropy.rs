//! `eae entropy`: rounded numbers, repeated rows, scales, and columns without a density.

use std::fs;

use super::{is_near, normal, number, report, write, write_npy};
use crate::support::program::{command, eae, json, stderr};
use crate::support::transcript::Transcript;

/// The entropy of N(0, 1) is ln(2 pi e) / 2.
const NORMAL: f64 = 1.418_938_533_204_672_7;

#[test]
fn rounded_numbers_are_spread_within_their_step() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    write(folder, "round.csv", "x", &normal(5000, 1, 1).mapv(|x| (100.0 * x).round() / 100.0));
    let found = transcript.report("entropy round.csv");
    is_near(number(&found, "entropy"), NORMAL, 0.04);
    is_near(found["dither"][0].as_f64().unwrap(), 0.01, 1e-12);
    assert!(number(&found, "coinciding_rows") > 4000.0);
    assert_ne!(report(folder, "entropy round.csv --seed 1")["entropy"], found["entropy"]);
    // The advice in the error works.
    transcript.error("entropy round.csv --dither no");
    assert_eq!(report(folder, "entropy round.csv --dither 0.01")["dither"][0], 0.01);
    is_near(number(&report(folder, "entropy round.csv --dither 0.01"), "entropy"), NORMAL, 0.04);
    // With --dither no the library warns, in the unit of the file.
    write(folder, "coarse.csv", "x", &normal(300, 1, 1).mapv(|x| 700.0 + 7.0 * (50.0 * x).round()));
    transcript.report("entropy coarse.csv --dither no --floor 1e-3 --standardize");
    transcript.report("entropy coarse.csv --dither auto");
    assert_eq!(report(folder, "entropy coarse.csv --dither 7 --floor 1e-3")["dither"][0], 7.0);
    // Continuous numbers are left alone.
    write(folder, "x.csv", "", &normal(300, 1, 2));
    assert!(report(folder, "entropy x.csv")["dither"].is_null());
    transcript.error("entropy x.csv --dither 1,2");
    // Numbers rounded to a limit of a box stay in the box.
    write(folder, "unit.csv", "", &(normal(500, 1, 3).mapv(|x| (20.0 * x.abs().fract()).round() / 20.0)));
    is_near(number(&report(folder, "entropy unit.csv --estimator truncated"), "entropy"), 0.0, 0.1);
    transcript.check("entropy rounded numbers are spread within their step");
}

#[test]
fn rows_recorded_twice_are_named_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let once = normal(400, 2, 4);
    write(folder, "once.csv", "a,b", &once);
    write(folder, "twice.csv", "a,b", &ndarray::concatenate![ndarray::Axis(0), once, once]);
    transcript.error("entropy twice.csv --k 1");
    let found = transcript.report("entropy twice.csv --k 1 --drop-duplicates");
    assert_eq!(found["entropy"], report(folder, "entropy once.csv --k 1")["entropy"]);
    assert_eq!(
        (&found["duplicates_dropped"], &found["n"], &found["coinciding_rows"]),
        (&400.into(), &400.into(), &0.into())
    );
    // A floor works, too.
    assert!(report(folder, "entropy twice.csv --k 1 --floor 0.1")["entropy"].is_f64());
    transcript.check("entropy rows recorded twice are named and dropped");
}

#[test]
fn units_and_scales() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let mut x = normal(500, 2, 5);
    x.column_mut(1).mapv_inplace(|x| 1000.0 * x);
    write(folder, "x.csv", "", &x);
    let (nats, bits) = (report(folder, "entropy x.csv --local"), report(folder, "entropy x.csv --local --unit bits"));
    assert_eq!(bits["unit"], "bits");
    let ratio = |a: &serde_json::Value, b: &serde_json::Value| a.as_f64().unwrap() / b.as_f64().unwrap();
    for (a, b) in [
        (&nats["entropy"], &bits["entropy"]),
        (&nats["standard_error"], &bits["standard_error"]),
        (&nats["sampling_interval_95"][0], &bits["sampling_interval_95"][0]),
        (&nats["local"][7], &bits["local"][7]),
    ] {
        is_near(ratio(a, b), 2_f64.ln(), 1e-12);
    }
    // Two normal columns of standard deviations 1 and 1000. Unequal scales make a large error.
    let truth = 2.0 * NORMAL + 1000_f64.ln();
    let scaled = report(folder, "entropy x.csv --standardize --local");
    is_near(number(&scaled, "entropy"), truth, 0.15);
    assert!((number(&nats, "entropy") - truth).abs() > 0.2);
    let local: Vec<f64> = scaled["local"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect();
    is_near(local.iter().sum::<f64>() / 500.0, number(&scaled, "entropy"), 1e-10);
    is_near(
        number(&report(folder, "entropy x.csv --standardize --estimator tsallis --order 1"), "entropy"),
        truth,
        0.15,
    );
    assert_eq!(report(folder, "entropy x.csv --estimator tsallis")["unit"], "none");
    transcript.error("entropy x.csv --estimator tsallis --unit bits");
    // Far from 0, standardizing changes nothing.
    let far = x.column(0).mapv(|x| 1e9 + 1e-3 * x).insert_axis(ndarray::Axis(1));
    write(folder, "far.csv", "", &far);
    let [plain, standard] =
        ["", " --standardize"].map(|more| number(&report(folder, &format!("entropy far.csv{more}")), "entropy"));
    is_near(plain, standard, 1e-9);
    transcript.check("entropy units and scales");
}

#[test]
fn orders_above_the_limit_take_more_neighbors() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    // Uniform on 0 to 1, all Renyi entropies are 0.
    write(folder, "u.csv", "", &normal(2000, 1, 9).mapv(|x| (1e4 * x).rem_euclid(1.0)));
    transcript.error("entropy u.csv --estimator renyi --order 3.99");
    is_near(number(&report(folder, "entropy u.csv --estimator renyi --order 3.99 --k 6"), "entropy"), 0.0, 0.2);
    is_near(number(&report(folder, "entropy u.csv --estimator renyi --order 2.4"), "entropy"), 0.0, 0.2);
    is_near(number(&report(folder, "entropy u.csv --estimator renyi --order -1"), "entropy"), 0.0, 0.2);
    transcript.check("entropy orders above the limit take more neighbors");
}

#[test]
fn a_sum_of_the_others_has_no_density() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let two = normal(400, 2, 6);
    let sum = (&two.column(0) + &two.column(1)).insert_axis(ndarray::Axis(1));
    write(folder, "sum.csv", "a,b,total", &ndarray::concatenate![ndarray::Axis(1), two, sum]);
    for more in ["", " --standardize", " --estimator weighted", " --estimator renyi"] {
        transcript.error(&format!("entropy sum.csv{more}"));
    }
    is_near(number(&report(folder, "entropy sum.csv --x 0,1"), "entropy"), 2.0 * NORMAL, 0.15);
    fs::write(folder.join("constant.csv"), "1,2\n3,2\n4,2\n7,2\n").unwrap();
    transcript.error("entropy constant.csv --k 1");
    transcript.check("entropy a sum of the others has no density");
}

#[test]
fn heavy_tails_and_periods() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let ratio = normal(2000, 2, 7);
    write(folder, "cauchy.csv", "", &(&ratio.column(0) / &ratio.column(1)).insert_axis(ndarray::Axis(1)));
    transcript.report("entropy cauchy.csv --estimator kpn");
    // The entropy of the Cauchy distribution is ln(4 pi).
    is_near(number(&report(folder, "entropy cauchy.csv --estimator kl"), "entropy"), 2.531_024, 0.1);
    // Uniform on the circle, in degrees; at the seam neighbors are across it.
    let angle = normal(400, 1, 8).mapv(|x| (1e4 * x).rem_euclid(360.0));
    write(folder, "angle.csv", "angle", &angle);
    let periodic = report(folder, "entropy angle.csv --period angle=360");
    is_near(number(&periodic, "entropy"), 360_f64.ln(), 0.1);
    assert_ne!(periodic["entropy"], report(folder, "entropy angle.csv")["entropy"]);
    let scaled = report(folder, "entropy angle.csv --period angle=360 --standardize");
    is_near(number(&scaled, "entropy"), number(&periodic, "entropy"), 1e-9);
    for flag in ["angle", "angle=x", "angle=0", "b=1"] {
        transcript.error(&format!("entropy angle.csv --period {flag}"));
    }
    transcript.error("entropy angle.csv --period angle=360 --estimator kpn");
    transcript.check("entropy heavy tails and periods");
}

#[test]
fn headers_missing_values_and_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let rows = "1.5,2.25\n2.5,-3\n-0.5,1.5\n0.25,4\n3.5,0.5\n7,1\n";
    fs::write(folder.join("years.csv"), format!("2019,2020\n{rows}")).unwrap();
    fs::write(folder.join("rows.csv"), rows).unwrap();
    let plain = report(folder, "entropy rows.csv --k 1");
    let named = report(folder, "entropy years.csv --k 1 --header yes");
    assert_eq!((&named["n"], &named["entropy"]), (&6.into(), &plain["entropy"]));
    let auto = transcript.report("entropy years.csv --k 1");
    assert_eq!(auto["n"], 7);
    assert_eq!(report(folder, "entropy rows.csv --k 1 --header yes")["n"], 5);
    assert_eq!(report(folder, "entropy years.csv --k 1 --header yes --x 2019")["d"], 1);

    fs::write(
        folder.join("gaps.csv"),
        format!("# made up\nheight,age\n{}", rows.replace("2.5,-3", "2.5,-3\nNA,1\n4,")),
    )
    .unwrap();
    transcript.error("entropy gaps.csv --k 1");
    let found = transcript.report("entropy gaps.csv --k 1 --drop-missing");
    assert_eq!((&found["dropped"], &found["n"], &found["entropy"]), (&2.into(), &6.into(), &plain["entropy"]));
    // Only used columns count.
    assert_eq!(report(folder, "entropy gaps.csv --k 1 --drop-missing --x age")["dropped"], 1);

    // The line of a row counts rows that were left out.
    fs::write(folder.join("repeated.csv"), "a,b\n1,2\nNA,3\n\n1,2\n1,2\n5,6\n7,9\n").unwrap();
    transcript.error("entropy repeated.csv --k 1 --drop-missing --dither no");

    fs::write(folder.join("piped"), rows).unwrap();
    let piped = fs::File::open(folder.join("piped")).unwrap();
    let found = command(folder, &["entropy", "-", "--k", "1", "--json"]).stdin(piped).output().unwrap();
    assert!(found.status.success(), "{}", stderr(&found));
    assert_eq!(json(&found)[0]["entropy"], plain["entropy"]);
    // Without --json warnings are on standard error.
    let found = eae(folder, &["entropy", "gaps.csv", "--k", "1", "--drop-missing"]);
    assert!(stderr(&found).starts_with("warning: gaps.csv: 2 of 8"), "{}", stderr(&found));
    let text = String::from_utf8(found.stdout).unwrap();
    assert!(text.starts_with("entropy ") && text.contains(" (standard error "), "{text}");
    assert!(!text.contains("interval"), "{text}");
    transcript.check("entropy headers missing values and standard input");
}

#[test]
fn text_is_not_a_number() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    fs::write(folder.join("first.csv"), "share,x,y\n50%,1,2\n40%,2,3\n").unwrap();
    fs::write(folder.join("mid.csv"), "1,50%,3\n2,40%,5\n4,10%,9\n").unwrap();
    transcript.error("entropy first.csv --k 1");
    transcript.error("entropy mid.csv --k 1");
    assert_eq!(report(folder, "entropy mid.csv --k 1 --x 0,2")["d"], 2);
    transcript.check("entropy text is not a number");
}

#[test]
fn rows_larger_than_memory_are_divided_into_parts() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let x = normal(40_000, 3, 5);
    write_npy(&folder.join("x.npy"), &x);
    let whole = report(folder, "entropy x.npy --k 4");
    let parts = report(folder, "entropy x.npy --k 4 --memory 23M --scratch .");
    assert!(whole["parts"].is_null() && parts["parts"].as_u64().unwrap() > 1);
    // JSON has all digits, so equal numbers have equal bits.
    for key in ["entropy", "standard_error", "n", "d", "k", "warnings"] {
        assert_eq!(whole[key], parts[key], "{key}");
    }
    assert_eq!(report(folder, "entropy x.npy --k 4 --memory 1G"), whole);
    // Only the file is left.
    assert_eq!(fs::read_dir(folder).unwrap().count(), 1);
    fs::write(folder.join("x.csv"), "1\n2\n").unwrap();
    let mut broken = x;
    broken[[2000, 1]] = f64::NAN;
    write_npy(&folder.join("nan.npy"), &broken);
    for (arguments, message) in [
        ("entropy x.npy --memory 23M --theiler 3", "--theiler needs all of them at once"),
        ("entropy x.npy --memory 1M", "--memory is too little for 40000 rows; use --memory 2"),
        ("entropy x.npy --memory lots", "expected a number of bytes such as 500M or 4G"),
        ("entropy x.csv --memory 1G", "--memory needs a .npy file"),
        ("entropy nan.npy --memory 23M", "row 2000, column 1 (from 0) is NaN"),
        ("entropy x.npy --memory 23M --scratch missing", "--scratch sets the folder"),
    ] {
        let output = eae(folder, &arguments.split(' ').collect::<Vec<_>>());
        assert!(!output.status.success() && stderr(&output).contains(message), "{arguments}: {}", stderr(&output));
    }
}
