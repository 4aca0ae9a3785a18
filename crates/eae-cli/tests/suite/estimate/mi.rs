//! `eae mi`: labels, ties and series, and the choice of the estimator.

use std::fs;

use ndarray::{Array2, Axis, concatenate, s};

use super::{is_near, normal, number, report, write};
use crate::support::transcript::Transcript;

/// Normal pairs with a correlation, and their information.
fn pairs(n: usize, correlation: f64, seed: u64) -> (Array2<f64>, f64) {
    let mut table = normal(n, 2, seed);
    for mut row in table.rows_mut() {
        row[1] = correlation * row[0] + (1.0 - correlation * correlation).sqrt() * row[1];
    }
    (table, -0.5 * (-correlation * correlation).ln_1p())
}

#[test]
fn rounded_pairs_have_the_information_of_the_exact_ones_in_any_unit() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let (table, truth) = pairs(2000, 0.9, 1);
    write(folder, "round.csv", "a,b", &table.mapv(|x| (100.0 * x).round() / 100.0));
    write(folder, "cents.csv", "a,b", &table.mapv(|x| (100.0 * x).round()));
    let [found, cents] = ["round", "cents"].map(|name| report(folder, &format!("mi {name}.csv")));
    is_near(number(&found, "mutual_information"), truth, 0.08);
    is_near(number(&cents, "mutual_information"), number(&found, "mutual_information"), 1e-9);
    assert_eq!((&found["estimator"], &found["ties"]["policy"]), (&"ksg1".into(), &"dithered".into()));
    assert!(number(&found["ties"], "share") > 0.5);
    is_near(found["ties"]["steps"][0].as_f64().unwrap(), 0.01, 1e-12);
    transcript.report("mi round.csv");
    // Steps are in the units of the file.
    let scaled = transcript.report("mi cents.csv --standardize");
    is_near(scaled["ties"]["steps"][1].as_f64().unwrap(), 1.0, 1e-9);
    let counted = report(folder, "mi round.csv --ties count");
    assert_eq!((&counted["ties"]["policy"], &counted["ties"]["share"]), (&"counted".into(), &found["ties"]["share"]));
    is_near(number(&counted, "mutual_information"), truth, 0.08);
    is_near(number(&report(folder, "mi round.csv --estimator ksg2"), "mutual_information"), truth, 0.08);
    // Both pieces of advice in the error work.
    transcript.error("mi round.csv --ties error");
    is_near(number(&report(folder, "mi round.csv --ties dither"), "mutual_information"), truth, 0.08);
    // Without ties the rule makes no difference.
    write(folder, "exact.csv", "a,b", &table);
    let exact = report(folder, "mi exact.csv");
    assert_eq!((&exact["ties"]["policy"], &exact["ties"]["share"]), (&"none".into(), &0.0.into()));
    assert_eq!(report(folder, "mi exact.csv --ties count")["mutual_information"], exact["mutual_information"]);
    is_near(number(&exact, "equivalent_correlation"), 0.9, 0.03);
    transcript.check("mi rounded pairs have the information of the exact ones in any unit");
}

#[test]
fn a_label_by_every_estimator() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    // Two normal distributions 2 apart: 0.3368 nats by quadrature.
    let mut z = normal(1000, 1, 2);
    z.iter_mut().enumerate().for_each(|(i, z)| *z += 2.0 * (i % 2) as f64);
    let numbers: Vec<String> = z.iter().enumerate().map(|(i, z)| format!("{z},{}\n", i % 2)).collect();
    fs::write(folder.join("codes.csv"), format!("z,label\n{}", numbers.concat())).unwrap();
    let words: Vec<String> = z.iter().enumerate().map(|(i, z)| format!("{z},{}\n", ["left", "right"][i % 2])).collect();
    fs::write(folder.join("words.csv"), format!("z,label\n{}", words.concat())).unwrap();
    for estimator in ["auto", "ksg1", "ksg2", "gao", "ross", "mesner-shalizi"] {
        for file in ["codes", "words"] {
            let found = report(folder, &format!("mi {file}.csv --estimator {estimator}"));
            assert_eq!(
                found.get("equivalent_correlation").is_some(),
                file == "codes" && !["auto", "ross"].contains(&estimator)
            );
            is_near(number(&found, "mutual_information"), 0.3368, 0.05);
            let expected = if estimator == "auto" { "ross" } else { estimator };
            assert_eq!(found["estimator"], expected);
        }
    }
    let auto = transcript.report("mi codes.csv");
    assert_eq!(report(folder, "mi codes.csv --numeric label")["estimator"], "ksg1");
    assert_eq!(
        report(folder, "mi codes.csv --labels label --x label --y z")["mutual_information"],
        auto["mutual_information"]
    );
    transcript.report("mi words.csv");
    // Rounded numbers, labels given numbers, and labels alone.
    let rounded: Vec<String> =
        z.iter().enumerate().map(|(i, z)| format!("{:.1},{},{}\n", z, ["left", "right"][i % 2], i % 3)).collect();
    fs::write(folder.join("rounded.csv"), format!("z,label,other\n{}", rounded.concat())).unwrap();
    let found = report(folder, "mi rounded.csv --x z --y label");
    assert_eq!((&found["estimator"], &found["ties"]["policy"]), (&"ross".into(), &"dithered".into()));
    is_near(number(&found, "mutual_information"), 0.3368, 0.05);
    let given = report(folder, "mi rounded.csv --x z --y label --z other");
    assert_eq!((&given["estimator"], &given["conditional"]), (&"mesner-shalizi".into(), &true.into()));
    is_near(number(&given, "mutual_information"), 0.3368, 0.08);
    is_near(
        number(&report(folder, "mi rounded.csv --x label --y other --labels other"), "mutual_information"),
        0.0,
        0.01,
    );
    // Text among numbers is a mistake rather than a label.
    fs::write(folder.join("typo.csv"), "a,b\n1,2\n2,3\noops,4\n5,6\n7,1\n").unwrap();
    transcript.error("mi typo.csv --k 1");
    transcript.check("mi a label by every estimator");
}

#[test]
fn copies_within_a_label_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let mut z = normal(200, 1, 3);
    for copy in [11, 23, 31] {
        z[[copy, 0]] = z[[3, 0]];
    }
    let rows: Vec<String> =
        z.iter().enumerate().map(|(i, z)| format!("{z},{}\n", ["a", "b", "c", "d"][i % 4])).collect();
    fs::write(folder.join("dup.csv"), format!("value,label\n{}", rows.concat())).unwrap();
    for _ in 0..3 {
        transcript.error("mi dup.csv --estimator ross");
    }
    let found = transcript.report("mi dup.csv");
    assert_eq!(found["estimator"], "mesner-shalizi");
    is_near(number(&found, "mutual_information"), 0.0, 0.1);
    assert_eq!(
        report(folder, "mi dup.csv --estimator mesner-shalizi")["mutual_information"],
        found["mutual_information"]
    );
    transcript.check("mi copies within a label are named");
}

#[test]
fn constant_columns_carry_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let ones = Array2::ones((300, 1));
    write(folder, "continuous.csv", "feature,target", &concatenate![Axis(1), ones, normal(300, 1, 4)]);
    write(
        folder,
        "coin.csv",
        "feature,target",
        &concatenate![Axis(1), ones, normal(300, 1, 4).mapv(|x| f64::from(x > 0.0))],
    );
    for file in ["continuous", "coin"] {
        for estimator in ["auto", "ksg1", "ksg2", "gao", "mesner-shalizi"] {
            let found = transcript.report(&format!("mi {file}.csv --estimator {estimator}"));
            is_near(number(&found, "mutual_information"), 0.0, 0.005);
        }
    }
    transcript.error("mi coin.csv --standardize");
    transcript.check("mi constant columns carry nothing");
}

#[test]
fn a_window_leaves_independent_columns_independent() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "ind.csv", "", &normal(1000, 2, 5));
    for window in [0, 100, 200, 400] {
        is_near(number(&report(folder, &format!("mi ind.csv --theiler {window}")), "mutual_information"), 0.0, 0.06);
    }
}

#[test]
fn saturation_has_no_interval() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let x = normal(500, 1, 6);
    write(folder, "self.csv", "", &concatenate![Axis(1), x, x]);
    let noisy = &x + 1e-6 * &normal(500, 1, 7);
    write(folder, "noisy.csv", "", &concatenate![Axis(1), x, noisy]);
    for file in ["self", "noisy"] {
        let found = transcript.report(&format!("mi {file}.csv"));
        assert!(found["sampling_interval_95"].is_null());
        assert!(found["ties"]["policy"] != "dithered");
    }
    assert!(report(folder, "mi self.csv --x 0 --y 0")["sampling_interval_95"].is_null());
    transcript.check("mi saturation has no interval");
}

#[test]
fn independent_series_are_not_significant() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let mut significant = 0;
    for seed in 0..8 {
        let mut series = normal(600, 2, 10 + seed);
        for t in 1..600 {
            let last = series.slice(s![t - 1, ..]).to_owned();
            series.slice_mut(s![t, ..]).scaled_add(0.95, &last);
        }
        // The first rows depend on the start and are left out.
        write(folder, "ar.csv", "x,y", &series.slice(s![100.., ..]).to_owned());
        let found = transcript.report("mi ar.csv --permutations 39");
        assert_eq!((&found["surrogates"], &found["permutations"]), (&"rotate".into(), &39.into()));
        significant += usize::from(number(&found, "p_value") <= 0.05);
    }
    assert!(significant <= 2, "{significant} of 8");
    // Shuffling a series causes a warning.
    transcript.report("mi ar.csv --permutations 9 --surrogates shuffle");
    let blocks = report(folder, "mi ar.csv --permutations 9 --surrogates blocks");
    assert_eq!(blocks["surrogates"], "blocks");
    // Independent rows are shuffled, or permuted locally with a condition.
    let (pairs, _) = pairs(200, 0.7, 8);
    write(folder, "z.csv", "x,y,z", &concatenate![Axis(1), pairs, normal(200, 1, 9)]);
    let found = transcript.report("mi z.csv --x x --y y --permutations 39");
    assert_eq!((&found["surrogates"], number(&found, "p_value")), (&"shuffle".into(), 0.025));
    let found = transcript.report("mi z.csv --x x --y y --z z --permutations 39");
    assert_eq!((&found["surrogates"], number(&found, "p_value")), (&"local".into(), 0.025));
    // The advice about rotations works.
    let refused = transcript.error("mi z.csv --x x --y y --permutations 999 --surrogates rotate");
    let most = refused.split("use --permutations ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    report(folder, &format!("mi z.csv --x x --y y --permutations {most} --surrogates rotate"));
    transcript.check("mi independent series are not significant");
}

#[test]
fn angles_are_near_across_the_seam() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // An angle, and the angle with noise, both within a period.
    let noise = normal(500, 2, 12);
    let angle = noise.column(0).mapv(|x| (1e4 * x).rem_euclid(360.0));
    let other = (&angle + &noise.column(1).mapv(|x| 20.0 * x)).mapv(|x| x.rem_euclid(360.0));
    write(folder, "angles.csv", "a,b", &concatenate![Axis(1), angle.insert_axis(Axis(1)), other.insert_axis(Axis(1))]);
    // ln 360 less the entropy of the noise.
    let truth = 360_f64.ln() - 1.418_938_5 - 20_f64.ln();
    let periodic = report(folder, "mi angles.csv --period a=360 --period b=360");
    is_near(number(&periodic, "mutual_information"), truth, 0.1);
    let scaled = report(folder, "mi angles.csv --period a,b=360 --standardize");
    is_near(number(&scaled, "mutual_information"), number(&periodic, "mutual_information"), 1e-9);
    assert_ne!(report(folder, "mi angles.csv")["mutual_information"], periodic["mutual_information"]);
}

#[test]
fn steps_of_dithering() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    // A chaotic sequence and one that follows it, in hundredths.
    let mut x = 0.3_f64;
    let mut next = || {
        x = 3.99 * x * (1.0 - x);
        (100.0 * x).round() / 100.0
    };
    let rows: Vec<String> = (0..600).map(|_| next()).map(|x| format!("{x},{:.2}", x * x)).collect();
    fs::write(folder.join("x.csv"), rows.join("\n")).unwrap();
    let of = |more: &str| report(folder, &format!("mi x.csv --estimator ksg1 {more}"));
    let detected = of("--dither auto");
    assert_eq!(detected["ties"]["policy"], "dithered");
    assert_eq!(detected["mutual_information"], of("--ties dither")["mutual_information"]);
    let given = of("--dither 0.01,0.01");
    let difference = given["mutual_information"].as_f64().unwrap() - detected["mutual_information"].as_f64().unwrap();
    assert!(difference.abs() < 1e-9);
    assert_eq!(of("--dither 0.01")["mutual_information"], given["mutual_information"]);
    assert_eq!(of("--dither no")["mutual_information"], of("--ties count")["mutual_information"]);
    transcript.error("mi x.csv --dither 0.1,0.1,0.1");
    transcript.check("mi steps of dithering");
}

#[test]
fn copies_units_and_codes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let (table, information) = pairs(800, 0.8, 21);
    write(folder, "twice.csv", "x,y", &concatenate![Axis(0), table, table]);
    transcript.report("mi twice.csv");
    is_near(number(&report(folder, "mi twice.csv --drop-duplicates"), "mutual_information"), information, 0.1);
    let mut scaled = table.clone();
    scaled.column_mut(1).mapv_inplace(|y| 1000.0 * y);
    write(folder, "scaled.csv", "x,y", &scaled);
    transcript.report("mi scaled.csv");
    is_near(number(&report(folder, "mi scaled.csv --standardize"), "mutual_information"), information, 0.1);
    // The unit of a code does not matter.
    for unit in [1.0, 0.01, 1e-4] {
        let mut coded = table.clone();
        coded.column_mut(1).mapv_inplace(|y| f64::from(u8::from(y > 0.0)) * unit);
        write(folder, "coded.csv", "x,code", &coded);
        assert_eq!(report(folder, "mi coded.csv")["estimator"], "ross", "{unit}");
    }
    transcript.check("mi copies units and codes");
}

#[test]
fn two_columns_of_codes_are_labels() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // q is p or p + 1 modulo 3, so the information is ln 3 - ln 2.
    let rows = |n: usize| (0..n).map(|i| format!("{},{}\n", i % 3, (i % 3 + i / 3 % 2) % 3)).collect::<String>();
    fs::write(folder.join("codes.csv"), format!("p,q\n{}", rows(600))).unwrap();
    let found = report(folder, "mi codes.csv");
    is_near(number(&found, "mutual_information"), 1.5_f64.ln(), 0.01);
    assert_eq!(found["warnings"].as_array().unwrap().len(), 2, "{found}");
    assert_eq!(report(folder, "mi codes.csv --labels p,q")["mutual_information"], found["mutual_information"]);
    // Few rows for each pair can be rounded numbers.
    fs::write(folder.join("few.csv"), format!("p,q\n{}", rows(84))).unwrap();
    assert_eq!(report(folder, "mi few.csv")["estimator"], "ksg1");
}
