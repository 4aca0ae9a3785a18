//! `eae mi` of columns of every kind: units, dates, many labels, rounded numbers, zeros and skewed
//! numbers.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use ndarray::Array2;

use super::{is_near, normal, number, report};
use crate::support::transcript::Transcript;

/// Writes the columns x and y.
fn columns<X: Display, Y: Display>(folder: &Path, name: &str, row: impl Fn(usize) -> (X, Y), n: usize) {
    let rows: Vec<String> = (0..n).map(row).map(|(x, y)| format!("{x},{y}\n")).collect();
    fs::write(folder.join(name), format!("x,y\n{}", rows.concat())).unwrap();
}

/// Returns numbers from 0 to `values - 1` that do not depend on each other.
fn draws(n: usize, values: usize, seed: u64) -> Vec<usize> {
    // The fraction of a large multiple of a normal number is uniform.
    normal(n, 1, seed).iter().map(|z| ((z * 1e4).rem_euclid(1.0) * values as f64) as usize).collect()
}

/// Normal pairs with a correlation of 0.6, which have 0.2231 nats.
fn pairs(n: usize, seed: u64) -> Array2<f64> {
    let mut pairs = normal(n, 2, seed);
    pairs.rows_mut().into_iter().for_each(|mut row| row[1] = 0.6 * row[0] + 0.8 * row[1]);
    pairs
}

#[test]
fn texts_that_are_no_labels() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let z = pairs(2000, 1);
    let integer = |i: usize| (40.0 + 10.0 * z[[i, 1]]).round();
    columns(folder, "price.csv", |i| (format!("${:.2}", 155.0 + 30.0 * z[[i, 0]]), integer(i)), 2000);
    columns(folder, "weight.csv", |i| (format!("{:.1} kg", 70.0 + 10.0 * z[[i, 0]]), integer(i)), 2000);
    columns(folder, "share.csv", |i| (format!("{:.1}%", 50.0 + 10.0 * z[[i, 0]]), integer(i)), 2000);
    columns(folder, "day.csv", |i| (format!("2024-{:02}-{:02}", 1 + i % 12, 1 + i % 28), integer(i)), 2000);
    columns(folder, "name.csv", |i| (format!("n{}", i / 2 + i % 2 * 1000), integer(i)), 2000);
    for (file, left_out) in [("price", "$"), ("weight", " kg"), ("share", "%")] {
        transcript.error(&format!("mi {file}.csv"));
        let text = fs::read_to_string(folder.join(format!("{file}.csv"))).unwrap();
        fs::write(folder.join("numbers.csv"), text.replace(left_out, "")).unwrap();
        is_near(number(&report(folder, "mi numbers.csv"), "mutual_information"), 0.2231, 0.06);
    }
    transcript.error("mi day.csv");
    transcript.error("mi name.csv");
    // Labels have no unit.
    let named =
        format!("x,y,z\n{}", (0..2000).map(|i| format!("{},{},n{i}\n", z[[i, 0]], z[[i, 1]])).collect::<String>());
    fs::write(folder.join("named.csv"), named).unwrap();
    let warned = transcript.report("mi named.csv --x x --y y --z z --labels z");
    assert!(!warned["warnings"].to_string().contains("--standardize"));
    // 84 days can be classes, and so can a few doses.
    is_near(number(&report(folder, "mi day.csv --labels x"), "mutual_information"), 0.0, 0.06);
    columns(folder, "dose.csv", |i| (format!("{} mg", 10 * (i % 3)), z[[i, 1]]), 2000);
    assert_eq!(report(folder, "mi dose.csv")["estimator"], "ross");
    transcript.check("mi texts that are no labels");
}

#[test]
fn labels_of_many_classes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let [classes, hundred, five, ages] = [(750, 1), (100, 2), (5, 3), (63, 4)].map(|(k, seed)| draws(3000, k, seed));
    let of = |name: &str| {
        let found = report(folder, name);
        (number(&found, "mutual_information"), found["estimator"].as_str().unwrap().to_owned())
    };
    // Independent: 750 labels and integers, 100 labels and 5 labels, or 5 integers.
    columns(folder, "ages.csv", |i| (format!("c{}", classes[i]), 18 + ages[i]), 3000);
    columns(folder, "five.csv", |i| (format!("c{}", hundred[i]), format!("d{}", five[i])), 3000);
    columns(folder, "counts.csv", |i| (format!("c{}", hundred[i]), five[i]), 3000);
    for (file, expected) in [("ages", "ross"), ("five", "grassberger"), ("counts", "grassberger")] {
        let (found, estimator) = of(&format!("mi {file}.csv"));
        is_near(found, 0.0, 0.03);
        assert_eq!(estimator, expected);
    }
    // 500 labels that determine 5 labels.
    columns(folder, "sure.csv", |i| (format!("c{}", classes[i] % 500), format!("d{}", classes[i] % 5)), 3000);
    is_near(of("mi sure.csv").0, number(&report(folder, "mi sure.csv --x y --y y"), "mutual_information"), 0.001);
    is_near(of("mi sure.csv").0, 5_f64.ln(), 0.01);
    // Hardly any pair of labels repeats, so the estimate means nothing.
    columns(folder, "rare.csv", |i| (format!("c{}", classes[i]), format!("d{}", ages[i])), 3000);
    let rare = transcript.report("mi rare.csv");
    assert!(number(&rare, "mutual_information") > 1.0);
    transcript.error("mi ages.csv --estimator grassberger");
    transcript.error("mi five.csv --estimator grassberger --theiler 3");
    transcript.check("mi labels of many classes");
}

#[test]
fn a_label_and_rounded_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let (z, label) = (normal(10_000, 1, 5), draws(10_000, 5, 6));
    columns(
        folder,
        "x.csv",
        |i| (["a", "b", "c", "d", "e"][label[i]], format!("{:.2}", label[i] as f64 + z[[i, 0]])),
        10_000,
    );
    // Five normal distributions at 0 to 4, by quadrature.
    let truth = 0.5364;
    let auto = transcript.report("mi x.csv");
    is_near(number(&auto, "mutual_information"), truth, 0.025);
    for more in ["ross", "ross --dither 0.01", "ross --ties dither", "mesner-shalizi --dither auto"] {
        let found = report(folder, &format!("mi x.csv --estimator {more}"));
        is_near(number(&found, "mutual_information"), truth, 0.025);
        assert_eq!(found["ties"]["policy"], "dithered", "{more}");
    }
    assert_eq!(report(folder, "mi x.csv --ties count")["estimator"], "mesner-shalizi");
    transcript.error("mi x.csv --estimator ross --ties count");
    transcript.check("mi a label and rounded numbers");
}

#[test]
fn zeros_among_continuous_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let (z, zero) = (pairs(10_000, 7), draws(10_000, 2, 8));
    columns(folder, "x.csv", |i| (z[[i, 0]], if zero[i] == 0 { 0.0 } else { z[[i, 1]] }), 10_000);
    let found = transcript.report("mi x.csv");
    assert_eq!(found["estimator"], "mesner-shalizi");
    // Half of the rows have the information of normal pairs, the others none.
    is_near(number(&found, "mutual_information"), 0.1116, 0.025);
    // Numbers with six decimals hardly repeat, and the zeros are not dithered.
    let six = |x: f64| format!("{x:.6}");
    columns(folder, "six.csv", |i| (six(z[[i, 0]]), six(if zero[i] == 0 { 0.0 } else { z[[i, 1]] })), 10_000);
    let six = report(folder, "mi six.csv");
    assert_eq!((&six["estimator"], &six["ties"]["policy"]), (&"mesner-shalizi".into(), &"counted".into()));
    is_near(number(&six, "mutual_information"), number(&found, "mutual_information"), 0.002);
    transcript.check("mi zeros among continuous numbers");
}

#[test]
fn skewed_columns_need_ranks() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let z = pairs(3000, 9);
    columns(folder, "both.csv", |i| ((3.0 * z[[i, 0]]).exp(), (3.0 * z[[i, 1]]).exp()), 3000);
    columns(folder, "one.csv", |i| ((3.0 * z[[i, 0]]).exp(), z[[i, 1]]), 3000);
    columns(folder, "plain.csv", |i| (z[[i, 0]], z[[i, 1]]), 3000);
    for file in ["both", "one"] {
        let warned = transcript.report(&format!("mi {file}.csv"));
        assert!(!warned["warnings"].to_string().contains("--standardize"));
        let found = report(folder, &format!("mi {file}.csv --ranks"));
        is_near(number(&found, "mutual_information"), 0.2231, 0.045);
        assert!(found["warnings"].as_array().unwrap().is_empty() && found["ranks"] == true, "{found}");
        // Increasing maps do not change ranks.
        assert_eq!(found["mutual_information"], report(folder, "mi plain.csv --ranks")["mutual_information"]);
    }
    assert!(report(folder, "mi plain.csv")["warnings"].as_array().unwrap().is_empty());
    transcript.report("mi one.csv --standardize");
    let each = report(folder, "mi both.csv --y y --each --ranks --permutations 0");
    assert_eq!(each["standardized"], false);
    is_near(number(&each["columns"][0], "mutual_information"), 0.2231, 0.045);
    // Rounded numbers are dithered before they are ranked.
    columns(folder, "cents.csv", |i| (format!("{:.1}", z[[i, 0]]), format!("{:.1}", z[[i, 1]])), 3000);
    let cents = report(folder, "mi cents.csv --ranks --ties dither");
    is_near(number(&cents, "mutual_information"), 0.2231, 0.045);
    assert_eq!(cents["ties"]["policy"], "dithered");
    transcript.check("mi skewed columns need ranks");
}
