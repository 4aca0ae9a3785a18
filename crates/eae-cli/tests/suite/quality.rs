//! `eae quality`, compared with published implementations.

use std::fs::{self, File};
use std::path::Path;

use ndarray::{Array2, Array3};
use ndarray_npy::WriteNpyExt;
use serde_json::Value;

use crate::support::program::{eae, json, stderr, stdout, succeeds};
use crate::support::transcript::Transcript;

/// `numpy.sin(a * i * j) + b * numpy.cos(c * i + j)` for i and j from 1.
fn features(n: usize, d: usize, [a, b, c]: [f64; 3]) -> Array2<f64> {
    Array2::from_shape_fn((n, d), |(i, j)| {
        let (i, j) = ((i + 1) as f64, (j + 1) as f64);
        (a * i * j).sin() + b * (c * i + j).cos()
    })
}

fn write(folder: &Path, name: &str, rows: &Array2<f64>) {
    rows.write_npy(File::create(folder.join(name)).unwrap()).unwrap();
}

fn quality(folder: &Path, words: &[&str]) -> Value {
    json(&succeeds(folder, &[&["quality"], words, &["--json"]].concat())).remove(0)
}

#[test]
fn scores_match_published_implementations() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    write(folder, "real.npy", &features(200, 8, [0.37, 0.5, 0.11]));
    write(folder, "generated.npy", &(features(200, 8, [0.53, 0.7, 0.29]) + 0.1));
    let report = quality(folder, &["real.npy", "generated.npy"]);
    // Python with numpy 2.4.6 and scipy 1.17.1: the Frechet distance of pytorch-fid (numpy.cov,
    // scipy.linalg.sqrtm), the unbiased kernel distance with the kernel (x.y / d + 1)^3 of
    // Binkowski et al. on all samples, and compute_prdc of clovaai/generative-evaluation-prdc for
    // the fifth neighbor.
    for (name, expected) in [
        ("/frechet/value", 0.19599843226647806),
        ("/kernel/value", 0.02524583198839281),
        ("/precision", 0.905),
        ("/recall", 1.0),
        ("/density", 0.616),
        ("/coverage", 0.995),
    ] {
        let found = report.pointer(name).and_then(Value::as_f64).unwrap();
        assert!((found / expected - 1.0).abs() < 1e-6, "{name}: {found}, not {expected}");
    }
    assert!(report["frechet"]["error"].as_f64().unwrap() > 0.0 && report["sliced_wasserstein"]["value"].is_number());
    assert_eq!((&report["n"], &report["floor"]["n"]), (&serde_json::json!([200, 200]), &serde_json::json!([100, 100])));

    // Other numbers of samples: precision to coverage by the same implementation.
    write(folder, "few.npy", &features(120, 5, [0.37, 0.5, 0.11]));
    write(folder, "fewer.npy", &(features(90, 5, [0.53, 0.7, 0.29]) + 0.1));
    let report = quality(folder, &["npy:few.npy", "npy:fewer.npy"]);
    for (name, expected) in
        [("/frechet/value", 0.10392955715081165), ("/density", 0.9755555555555557), ("/coverage", 119.0 / 120.0)]
    {
        let found = report.pointer(name).and_then(Value::as_f64).unwrap();
        assert!((found / expected - 1.0).abs() < 1e-6, "{name}: {found}, not {expected}");
    }
    let text = stdout(&succeeds(folder, &["quality", "few.npy", "fewer.npy"]));
    assert!(
        text.contains("90 samples of npy:fewer.npy compared with 120 of npy:few.npy") && text.contains("60 with 60"),
        "{text}"
    );
    // With few generated samples, the floor has as few real ones.
    write(folder, "fewest.npy", &features(40, 5, [0.53, 0.7, 0.29]));
    let report = quality(folder, &["npy:few.npy", "npy:fewest.npy"]);
    for comparison in ["floor", "beside_floor"] {
        assert_eq!(report[comparison]["n"], serde_json::json!([40, 40]), "{comparison}");
    }
    let text = stdout(&succeeds(folder, &["quality", "few.npy", "fewest.npy"]));
    assert!(text.contains("  40 with 40") && text.contains("real, 40 with 40"), "{text}");
}

#[test]
fn images_few_samples_and_mistakes() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, n, side) in [("real.npy", 40, 9), ("generated.npy", 30, 9), ("small.npy", 30, 8)] {
        let images =
            Array3::from_shape_fn((n, side, side), |(n, y, x)| ((n * n * 31 + 7 * y * n + 13 * x * x) % 256) as u8);
        images.write_npy(File::create(folder.join(name)).unwrap()).unwrap();
    }
    let report = quality(folder, &["real.npy", "generated.npy"]);
    assert!(report["features"].as_str().unwrap().contains("principal components"), "{report}");
    assert_eq!(report["frechet"]["error"], Value::Null);
    assert!(report["warnings"][0].as_str().unwrap().starts_with("standard errors were not estimated"), "{report}");
    write(folder, "few.npy", &features(7, 3, [0.37, 0.5, 0.11]));
    write(folder, "five.npy", &features(5, 3, [0.37, 0.5, 0.11]));
    write(folder, "wide.npy", &features(7, 4, [0.37, 0.5, 0.11]));
    let report = quality(folder, &["few.npy", "few.npy"]);
    assert_eq!((&report["floor"], &report["precision"]), (&Value::Null, &1.0.into()));
    fs::write(folder.join("odd.csv"), "a,b,c\n1,2,3\n1,nan,3\n").unwrap();
    let mut transcript = Transcript::new(folder);
    for words in [
        &["quality", "few.npy"][..],
        &["quality", "few.npy", "five.npy"],
        &["quality", "few.npy", "wide.npy"],
        &["quality", "few.npy", "real.npy"],
        &["quality", "real.npy", "small.npy"],
        &["quality", "few.npy", "odd.csv"],
        &["quality", "few.npy", "few.npy", "--features", "x.safetensors"],
        &["quality", "few.npy", "few.npy", "--k", "0"],
        &["quality", "real.npy", "generated.npy", "--standardize"],
        &["quality", "few.npy", "nowhere.npy"],
    ] {
        transcript.refused(words, 2);
    }
    transcript.check("samples that cannot be compared");
}

#[test]
fn a_table_is_compared_without_its_text_column() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let rows = features(60, 3, [0.37, 0.5, 0.11]);
    write(folder, "rows.npy", &rows);
    let row = |(i, row): (usize, ndarray::ArrayView1<'_, f64>)| {
        format!("{},{},{},{}\n", row[0], ["a", "b"][i % 2], row[1], row[2])
    };
    let text: String = rows.outer_iter().enumerate().map(row).collect();
    fs::write(folder.join("rows.csv"), format!("x,kind,y,z\n{text}")).unwrap();
    // The label is left out. The flags apply to the table alone.
    for flags in [["--label", "kind"], ["--columns", "x,y,z"]] {
        let report = quality(folder, &[&["rows.npy", "rows.csv"][..], &flags].concat());
        let distance = report["frechet"]["value"].as_f64().unwrap();
        assert!(distance.abs() < 1e-9 && report["dimensions"] == 3, "{report}");
    }
    let refused = eae(folder, &["quality", "rows.npy", "rows.csv"]);
    let message = stderr(&refused);
    assert!(refused.status.code() == Some(2) && message.contains("--columns"), "{message}");
}

#[test]
fn columns_with_different_units_are_standardized() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let [real, generated] = [features(200, 3, [0.37, 0.5, 0.11]), features(150, 3, [0.53, 0.7, 0.29])];
    let in_units = |rows: &Array2<f64>, units: [f64; 3]| {
        Array2::from_shape_fn((rows.nrows(), 4), |(i, j)| if j == 3 { 0.1 } else { units[j] * rows[[i, j]] })
    };
    for (name, units) in [("one", [1.0, 1.0, 1.0]), ("two", [1.0, 1e6, 1e-3])] {
        write(folder, &format!("real-{name}.npy"), &in_units(&real, units));
        write(folder, &format!("generated-{name}.npy"), &in_units(&generated, units));
    }
    let found = |name: &str, flags: &[&str]| {
        quality(folder, &[&[&*format!("real-{name}.npy"), &*format!("generated-{name}.npy")][..], flags].concat())
    };
    // The distances do not depend on the units, and a constant column adds nothing.
    let [one, two] = ["one", "two"].map(|name| found(name, &["--standardize"]));
    for name in ["/frechet/value", "/kernel/value", "/sliced_wasserstein/value", "/precision", "/coverage"] {
        let [one, two] = [&one, &two].map(|report| report.pointer(name).and_then(Value::as_f64).unwrap());
        assert!((one / two - 1.0).abs() < 1e-6, "{name}: {one} and {two}");
    }
    assert_eq!((&two["standardized"], &found("one", &[])["standardized"]), (&true.into(), &false.into()));
    assert!(!two["warnings"].to_string().contains("--standardize"), "{two}");
    let raw = found("two", &[])["warnings"].to_string();
    assert!(raw.contains("times the smallest") && raw.contains("use --standardize"), "{raw}");
}

#[test]
fn columns_of_tables_are_matched_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let table = |names: &str, order: [usize; 2]| {
        let rows = (0..60_usize).map(|i| {
            let row = [(i * 37 % 60) as f64 / 60.0, 100.0 + (i * 23 % 60) as f64];
            format!("{},{}\n", row[order[0]], row[order[1]])
        });
        format!("{names}\n{}", rows.collect::<String>())
    };
    fs::write(folder.join("real.csv"), table("height,weight", [0, 1])).unwrap();
    fs::write(folder.join("swapped.csv"), table("weight,height", [1, 0])).unwrap();
    fs::write(folder.join("other.csv"), table("a,b", [1, 0])).unwrap();
    let found = quality(folder, &["real.csv", "swapped.csv"]);
    assert!(found["frechet"]["value"].as_f64().unwrap().abs() < 1e-6, "{found}");
    let found = quality(folder, &["real.csv", "other.csv"]);
    assert!(found["frechet"]["value"].as_f64().unwrap() > 1e3, "{found}");
    assert!(found["warnings"].to_string().contains("different names"), "{found}");
}
