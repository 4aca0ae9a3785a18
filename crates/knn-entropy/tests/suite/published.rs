//! Compares information estimates with published values of other programs; see `data/README.md`.

use approx::assert_abs_diff_eq;
use knn_entropy::{Correction, Embedding, Ksg, KsgVariant, TransferEntropy, correct};
use ndarray::{Array2, Axis};
use serde_json::Value;

fn table() -> Value {
    serde_json::from_str(include_str!("../data/published/values.json")).unwrap()
}

/// Reads and standardizes columns of a file. Returns `None` for files that are too large for the
/// repository, unless the folder `KNN_ENTROPY_PUBLISHED` has them.
fn columns(file: &Value, columns: &[usize]) -> Option<Array2<f64>> {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/published");
    let elsewhere = std::env::var("KNN_ENTROPY_PUBLISHED").unwrap_or_default();
    let path = |folder: &str| format!("{folder}/{}.txt", file.as_str().unwrap());
    let text = [here, &elsewhere].iter().find_map(|folder| std::fs::read_to_string(path(folder)).ok())?;
    let lines = text.lines().filter(|line| !line.starts_with('%') && !line.trim().is_empty());
    let rows: Vec<Vec<f64>> = lines.map(|line| line.split_whitespace().map(|x| x.parse().unwrap()).collect()).collect();
    let all = Array2::from_shape_fn((rows.len(), columns.len()), |(i, c)| rows[i][columns[c]]);
    Some(correct(all.view(), &[Correction::Standardize]).unwrap().samples)
}

fn number(value: &Value) -> usize {
    value.as_u64().unwrap() as usize
}

#[test]
fn multi_information_equals_that_of_the_authors() {
    let table = table();
    let mut compared = 0;
    for entry in table["multi_information"].as_array().unwrap() {
        let blocks = entry["blocks"].as_array().unwrap().iter().map(|block| {
            let block: Vec<usize> = block.as_array().unwrap().iter().map(number).collect();
            columns(&entry["file"], &block)
        });
        let Some(blocks) = blocks.collect::<Option<Vec<_>>>() else { continue };
        let views: Vec<_> = blocks.iter().map(|block| block.view()).collect();
        let ksg = Ksg::new(number(&entry["k"])).variant(KsgVariant::Two);
        let expected = entry["value"].as_f64().unwrap();
        // Eight digits were printed.
        assert_abs_diff_eq!(ksg.estimate(&views).unwrap().value(), expected, epsilon = 1e-8);
        if let [x, y] = views[..] {
            assert_abs_diff_eq!(
                ksg.conditional(x, y, x.slice_axis(Axis(1), (0..0).into())).unwrap(),
                expected,
                epsilon = 1e-8
            );
        }
        compared += 1;
    }
    assert!(compared >= 56, "{compared} compared");
}

#[test]
fn transfer_entropies_equal_those_of_trentool() {
    let table = table();
    for entry in table["transfer_entropy"].as_array().unwrap() {
        let series = |key: &str| columns(&entry["file"], &[number(&entry[key])]).unwrap();
        let past = Embedding::new(number(&entry["length"]), 1);
        let estimator = TransferEntropy::new(number(&entry["k"])).source(past).target(past);
        let estimator = estimator.window(number(&entry["window"]));
        let found = estimator.transfer_entropy(series("source_column").view(), series("target_column").view());
        // Six or seven digits were printed.
        assert_abs_diff_eq!(found.unwrap(), entry["value"].as_f64().unwrap(), epsilon = 1e-6);
    }
}
