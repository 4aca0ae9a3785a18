//! Tests of Theiler windows. For independent samples, the mean of estimates must be the truth for
//! windows up to a third of the rows. This requires constants that use the number of rows outside
//! the window; constants that ignore the window would be off by up to `ln 3`.

use knn_entropy::*;
use ndarray::Array2;
use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

const ONES: [f64; 4] = [1.0; 4];
const WINDOWS: [usize; 3] = [1, 9, 20];
const ROWS: usize = 60;

fn uniform(n: usize, d: usize, rng: &mut ChaCha8Rng) -> Array2<f64> {
    Array2::from_shape_simple_fn((n, d), || rng.random())
}

/// Asserts that the mean of an estimate is the truth for all windows, within four standard errors.
fn unbiased(truth: f64, what: &str, replicates: usize, estimate: impl Fn(usize, &mut ChaCha8Rng) -> f64) {
    for window in WINDOWS {
        let mut rng = ChaCha8Rng::seed_from_u64(what.bytes().map(u64::from).sum::<u64>() + window as u64);
        let values: Vec<f64> = (0..replicates).map(|_| estimate(window, &mut rng)).collect();
        let mean = values.iter().sum::<f64>() / replicates as f64;
        let variance = values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (replicates - 1) as f64;
        let error = (variance / replicates as f64).sqrt();
        assert!(
            (mean - truth).abs() < 4.0 * error,
            "{what}, window {window}: {mean:.4} +- {error:.4}, expected {truth}"
        );
        // The largest window excludes more than half of the rows. A wrong constant would be off by
        // 0.5 nats or more.
        assert!(error < 0.02, "{what}: standard error {error}");
    }
}

#[test]
fn entropies() {
    unbiased(0.0, "entropy", 1500, |window, rng| {
        KozachenkoLeonenko::new(2).periods(&ONES[..1]).window(window).entropy(uniform(ROWS, 1, rng)).unwrap()
    });
    unbiased(0.0, "weighted entropy", 1500, |window, rng| {
        let estimator = KozachenkoLeonenko::new(3).weighting(Weighting::Mean).periods(&ONES[..1]);
        estimator.window(window).entropy(uniform(ROWS, 1, rng)).unwrap()
    });
    unbiased(0.0, "truncated entropy", 1500, |window, rng| {
        Truncated::unit_cube(2).window(window).entropy(uniform(ROWS, 2, rng)).unwrap()
    });
    for order in [0.5, 1.0, 1.6] {
        unbiased(0.0, "Tsallis entropy", 1500, |window, rng| {
            Renyi::new(order, 3).periods(&ONES[..1]).window(window).tsallis_entropy(uniform(ROWS, 1, rng)).unwrap()
        });
    }
}

#[test]
fn divergence() {
    unbiased(0.0, "divergence", 2000, |window, rng| {
        let estimator = Divergence::new(2).periods(&ONES[..1]).window(window);
        estimator.divergence(uniform(ROWS, 1, rng), uniform(40, 1, rng)).unwrap()
    });
}

#[test]
fn gaussian_neighborhoods() {
    // The Gaussians of 20 neighbors have a bias, with and without a window.
    let mean = |window: usize, rows: usize| {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let estimator = LombardiPant::new(3, 20).window(window);
        (0..200).map(|_| estimator.entropy(uniform(rows, 1, &mut rng)).unwrap()).sum::<f64>() / 200.0
    };
    // Rows in the middle have about as many usable rows as without a window.
    assert!((mean(30, 150) - mean(0, 100)).abs() < 0.05);
}

#[test]
fn information() {
    for variant in [KsgVariant::One, KsgVariant::Two] {
        unbiased(0.0, "mutual information", 1000, |window, rng| {
            let ksg = Ksg::new(3).variant(variant).window(window);
            ksg.mutual_information(uniform(ROWS, 1, rng), uniform(ROWS, 1, rng)).unwrap()
        });
        unbiased(0.0, "multi-information", 1000, |window, rng| {
            let ksg = Ksg::new(3).variant(variant).window(window);
            ksg.estimate(&[0; 3].map(|_| uniform(90, 1, rng))).unwrap().value()
        });
    }
    unbiased(0.0, "mixed information", 1000, |window, rng| {
        // The formula has ln n instead of psi(n), which adds 1/(2 n) for n usable rows.
        let excess = |i: usize| 0.5 / (ROWS - window.min(i) - window.min(ROWS - 1 - i)) as f64;
        let excess = (0..ROWS).map(excess).sum::<f64>() / ROWS as f64;
        let mixed = MixedKsg::new(3).window(window);
        mixed.mutual_information(uniform(ROWS, 1, rng), uniform(ROWS, 1, rng)).unwrap() - excess
    });
    unbiased(0.0, "information with a label", 1000, |window, rng| {
        let labels: Vec<u8> = (0..150).map(|_| rng.random_range(0..2)).collect();
        Ross::new(3).window(window).mutual_information(uniform(150, 1, rng), &labels).unwrap()
    });
}

#[test]
fn transfer_entropy() {
    for variant in [KsgVariant::One, KsgVariant::Two] {
        unbiased(0.0, "without a past", 1000, |window, rng| {
            let transfer = TransferEntropy::new(3).target(Embedding::new(0, 1)).variant(variant).window(window);
            transfer.transfer_entropy(uniform(ROWS, 1, rng).view(), uniform(ROWS, 1, rng).view()).unwrap()
        });
    }
    unbiased(0.0, "with a past", 1000, |window, rng| {
        let transfer = TransferEntropy::new(3).window(window);
        transfer.transfer_entropy(uniform(ROWS, 1, rng).view(), uniform(ROWS, 1, rng).view()).unwrap()
    });
}
