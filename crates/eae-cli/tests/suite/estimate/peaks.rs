//! Columns without a density: rounded, discrete, heaped and equally spaced numbers.

use std::fs;

use ndarray::{Array2, Axis, concatenate};

use super::{is_near, normal, number, report, write};
use crate::support::program::{eae, stderr};
use crate::support::transcript::Transcript;

fn rounded(x: &Array2<f64>, step: f64) -> Array2<f64> {
    x.mapv(|x| (x / step).round() * step)
}

/// Returns rows of `x` and of `other` in turn.
fn mixed(x: &Array2<f64>, other: &Array2<f64>) -> Array2<f64> {
    Array2::from_shape_fn(x.raw_dim(), |(i, j)| if i % 2 == 0 { x[[i, j]] } else { other[[i, j]] })
}

#[test]
fn the_jensen_shannon_divergence_dithers_rounded_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let [p, other] = [1, 2].map(|seed| normal(1000, 1, seed).mapv(|z| 45.0 + 15.0 * z));
    let q = normal(1000, 1, 3).mapv(|z| 60.0 + 15.0 * z);
    write(folder, "p.csv", "", &rounded(&p, 1.0));
    write(folder, "other.csv", "", &other);
    write(folder, "q.csv", "", &q);
    let of = |report: serde_json::Value| number(&report, "jensen_shannon");
    is_near(of(transcript.report("divergence p.csv other.csv --jensen-shannon")), 0.0, 0.04);
    // N(0, 1) and N(1, 1), by quadrature.
    is_near(of(transcript.report("divergence p.csv q.csv --jensen-shannon")), 0.111_421_48, 0.04);
    is_near(of(transcript.report("divergence q.csv p.csv --jensen-shannon")), 0.111_421_48, 0.04);
    // The same labels in both files stay labels.
    let label = |z: f64| (z - 44.0).rem_euclid(4.0).floor();
    write(folder, "labels.csv", "", &p.mapv(label));
    write(folder, "more.csv", "", &q.mapv(label));
    let found = report(folder, "divergence labels.csv more.csv --jensen-shannon");
    assert_eq!(found["dither"], serde_json::json!([null, null]));
    is_near(of(found), 0.0, 0.05);
    transcript.check("divergence jensen-shannon dithers rounded numbers");
}

#[test]
fn atoms_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let mut x = normal(1000, 1, 4);
    write(folder, "clipped.csv", "x", &x.mapv(|x| x.clamp(-1.5, 1.5)));
    x.iter_mut().step_by(20).for_each(|x| *x = 0.0);
    write(folder, "zeros.csv", "x", &x);
    let mut x = rounded(&normal(1000, 1, 5), 0.1);
    x.iter_mut().step_by(20).for_each(|x| *x = -999.0);
    write(folder, "marked.csv", "x", &x);
    let noise = normal(1000, 1, 6);
    let labels = Array2::from_shape_fn((1000, 1), |(i, _)| f64::from(u8::from(i % 2 == 0)));
    write(folder, "labels.csv", "x", &labels);
    write(folder, "noisy.csv", "x", &(&labels + &(0.1 * &noise)));
    assert!(transcript.error("entropy zeros.csv").contains("0 occurs 50 times"));
    transcript.error("entropy clipped.csv");
    transcript.error("entropy labels.csv");
    transcript.report("entropy marked.csv");
    // An atom in one of two columns.
    write(folder, "two.csv", "x,y", &concatenate![Axis(1), x, noise]);
    transcript.report("entropy two.csv");
    transcript.error("divergence labels.csv noisy.csv");
    transcript.report("divergence noisy.csv labels.csv");
    // Rows of one kind alone have a density.
    fs::write(folder.join("rest.csv"), fs::read_to_string(folder.join("marked.csv")).unwrap().replace("-999\n", ""))
        .unwrap();
    let found = report(folder, "entropy rest.csv");
    // ln(2 pi e) / 2.
    is_near(number(&found, "entropy"), 1.418_938_5, 0.1);
    transcript.check("entropy atoms are named");
}

#[test]
fn heaps_and_rounded_tails_have_advice_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let z = normal(1000, 1, 7);
    let x = 12.0 * &z;
    for (name, heaped, dither, truth) in [
        ("five.csv", mixed(&rounded(&x, 5.0), &rounded(&x, 0.1)), "5", 1.418_938_5 + 12_f64.ln()),
        ("one.csv", mixed(&rounded(&z, 1.0), &rounded(&z, 0.01)), "1", 1.418_938_5),
    ] {
        write(folder, name, "", &heaped);
        let found = transcript.report(&format!("entropy {name}"));
        assert!(number(&found, "entropy") < truth - 1.0, "{found}");
        let way = format!("--dither {dither}");
        assert!(found["warnings"].to_string().contains(&way), "{found}");
        let found = report(folder, &format!("entropy {name} {way}"));
        is_near(number(&found, "entropy"), truth, 0.12);
        assert!(!found["warnings"].to_string().contains("partly"), "{found}");
    }
    // The entropy of a lognormal distribution is that of its logarithm plus the mean of it.
    write(folder, "tail.csv", "", &rounded(&z.mapv(|z| (3.0 * z).exp()), 0.01));
    let message = transcript.error("entropy tail.csv --k 5");
    assert!(message.contains("use --dither 0.01;"), "{message}");
    let found = report(folder, "entropy tail.csv --k 5 --dither 0.01");
    is_near(number(&found, "entropy"), 1.418_938_5 + 3_f64.ln(), 0.35);
    transcript.check("entropy heaps and rounded tails");
}

#[test]
fn few_rows_and_grids_are_doubtful() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut transcript = Transcript::new(folder);
    let x = normal(9, 2, 8);
    for n in [2, 3, 6, 9] {
        write(folder, "few.csv", "x,y", &x.slice_axis(Axis(0), (..n).into()).to_owned());
        let found = transcript.report("entropy few.csv --k 1 --x x");
        assert!(found["sampling_interval_95"].is_null(), "{found}");
        assert_eq!(found["standard_error"].is_null(), n == 2);
        if n > 2 {
            assert!(report(folder, "mi few.csv --x x --y y --k 1")["sampling_interval_95"].is_null());
        }
    }
    write(folder, "index.csv", "", &Array2::from_shape_fn((1000, 1), |(i, _)| (7 * i % 1000) as f64));
    let found = transcript.report("entropy index.csv");
    assert!(found["warnings"].to_string().contains("equally spaced"), "{found}");
    // The spread of a column is lost beside its size.
    write(folder, "far.csv", "", &concatenate![Axis(1), normal(200, 1, 9), normal(200, 1, 10).mapv(|x| 1e15 + x)]);
    let message = transcript.error("entropy far.csv");
    assert!(message.contains("too small compared with its size"), "{message}");
    write(folder, "far.csv", "", &x);
    let message = stderr(&eae(folder, &["entropy", "far.csv", "--k", "9"]));
    assert!(message.contains("use a smaller --k or more rows"), "{message}");
    fs::write(folder.join("one.csv"), "1\n").unwrap();
    let message = stderr(&eae(folder, &["entropy", "one.csv", "--k", "1"]));
    assert!(message.contains("use more rows") && !message.contains("smaller"), "{message}");
    transcript.check("entropy few rows and grids");
}
