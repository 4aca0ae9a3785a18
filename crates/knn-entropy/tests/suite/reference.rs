//! Compares estimates with values computed by other programs; see `data/README.md`.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use knn_entropy::{KozachenkoLeonenko, Norm, Renyi};
use ndarray::Array2;
use serde_json::Value;

fn constants() -> Value {
    serde_json::from_str(include_str!("../data/constants.json")).unwrap()
}

fn kozachenko_leonenko() -> Value {
    serde_json::from_str(include_str!("../data/kozachenko_leonenko.json")).unwrap()
}

const NORMS: [(&str, Norm); 3] = [("1", Norm::L1), ("2", Norm::L2), ("inf", Norm::LInf)];

fn norm(name: &Value) -> Norm {
    NORMS.iter().find(|(known, _)| name == known).expect("a known norm").1
}

fn matrix(rows: &Value) -> Array2<f64> {
    let rows = rows.as_array().unwrap();
    let numbers: Vec<f64> = rows.iter().flat_map(|row| row.as_array().unwrap()).map(|x| x.as_f64().unwrap()).collect();
    Array2::from_shape_vec((rows.len(), numbers.len() / rows.len()), numbers).unwrap()
}

#[test]
fn volumes_of_unit_balls() {
    for entry in constants()["log_unit_ball"].as_array().unwrap() {
        let d = entry["d"].as_u64().unwrap() as usize;
        for (name, norm) in NORMS {
            assert_relative_eq!(norm.log_unit_ball(d), entry[name].as_f64().unwrap(), max_relative = 1e-12);
        }
    }
}

#[test]
fn digamma_through_the_estimate() {
    // For two points at distance 1, the entropy is psi(2) - psi(1) + ln 2 = 1 + ln 2. More points
    // and neighbors test more values of psi.
    let table = constants();
    let psi = |x: usize| {
        let entry = table["digamma"].as_array().unwrap().iter().find(|entry| entry["x"] == x).unwrap();
        entry["psi"].as_f64().unwrap()
    };
    for (n, k) in [(2, 1), (3, 2), (5, 3), (10, 5), (100, 10), (1000, 100)] {
        let x = Array2::from_shape_fn((n, 1), |(i, _)| i as f64);
        let local = KozachenkoLeonenko::new(k).local(x.view()).unwrap();
        // The first of evenly spaced points has its k-th neighbor at distance k.
        let expected = psi(n) - psi(k) + std::f64::consts::LN_2 + (k as f64).ln();
        assert_relative_eq!(local[0], expected, max_relative = 1e-12);
    }
}

#[test]
fn entropies() {
    let reference = kozachenko_leonenko();
    let entries = reference["kl"].as_array().unwrap();
    assert_eq!(entries.len(), 45);
    for entry in entries {
        let x = matrix(&reference["datasets"][entry["data"].as_str().unwrap()]);
        let estimator = KozachenkoLeonenko::new(entry["k"].as_u64().unwrap() as usize).norm(norm(&entry["p"]));
        assert_relative_eq!(estimator.entropy(x.view()).unwrap(), entry["h"].as_f64().unwrap(), max_relative = 1e-12);
    }
}

#[test]
fn gradients() {
    let reference = kozachenko_leonenko();
    let entries = reference["grad_kl"].as_array().unwrap();
    assert_eq!(entries.len(), 6);
    for entry in entries {
        let x = matrix(&reference["datasets"][entry["data"].as_str().unwrap()]);
        let estimator = KozachenkoLeonenko::new(entry["k"].as_u64().unwrap() as usize).norm(norm(&entry["p"]));
        let (_, gradient) = estimator.entropy_and_gradient(x.view()).unwrap();
        let expected = matrix(&entry["grad"]);
        let largest = expected.fold(0.0_f64, |m, g| m.max(g.abs()));
        assert_abs_diff_eq!(gradient, expected, epsilon = 1e-12 * largest);
    }
}

#[test]
fn renyi_and_tsallis() {
    let reference: Value = serde_json::from_str(include_str!("../data/renyi_tsallis.json")).unwrap();
    let data = kozachenko_leonenko();
    let entries = reference["renyi_tsallis"].as_array().unwrap();
    assert_eq!(entries.len(), 10);
    for entry in entries {
        let x = matrix(&data["datasets"][entry["data"].as_str().unwrap()]);
        let (q, k) = (entry["q"].as_f64().unwrap(), entry["k"].as_u64().unwrap() as usize);
        let estimator = Renyi::new(q, k);
        let renyi = estimator.entropy(x.view()).unwrap();
        assert_relative_eq!(renyi, entry["renyi_exact_n"].as_f64().unwrap(), max_relative = 1e-12);
        let log_i = entry["log_I_exact_n"].as_f64().unwrap();
        let tsallis = (1.0 - log_i.exp()) / (q - 1.0);
        assert_relative_eq!(estimator.tsallis_entropy(x.view()).unwrap(), tsallis, max_relative = 1e-11);
    }
}
