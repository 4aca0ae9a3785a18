//! Compares the Jensen-Shannon divergence with quadrature and with known expectations.
//!
//! The divergences of densities come from `scipy.integrate.quad`, applied to
//! `w p ln(p/m) + (1 - w) q ln(q/m)` with `m = w p + (1 - w) q`. In more dimensions, the integral
//! is along the radius. All given digits are accurate.

use knn_entropy::{Error, JensenShannon, Norm, Ross, Warning};
use ndarray::{Array2, Axis, array, concatenate};
use ndarray_rand::rand::{Rng, SeedableRng};
use ndarray_rand::rand_distr::Exp1;
use rand_chacha::ChaCha8Rng;

use crate::normal;

/// Returns the mean of estimates and the standard error of the mean.
fn mean(replicates: u64, estimate: impl Fn(u64) -> f64) -> (f64, f64) {
    let all: Vec<f64> = (0..replicates).map(estimate).collect();
    let n = replicates as f64;
    let mean = all.iter().sum::<f64>() / n;
    (mean, (all.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n * (n - 1.0))).sqrt())
}

fn shifted(n: usize, d: usize, by: f64, seed: u64) -> Array2<f64> {
    let mut z = normal(n, d, seed);
    z.column_mut(0).mapv_inplace(|x| x + by);
    z
}

fn exponential(n: usize, seed: u64) -> Array2<f64> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    Array2::from_shape_simple_fn((n, 1), || rng.sample(Exp1))
}

#[test]
fn divergence_of_equal_distributions_is_0() {
    for (n, m, d, k) in [(20, 20, 1, 1), (100, 100, 3, 3), (80, 320, 1, 3), (320, 80, 2, 3), (100, 150, 1, 5)] {
        for weight in [0.5, 0.3] {
            let estimator = JensenShannon::new(k).weight(weight);
            let (found, error) = mean(150, |seed| {
                let (p, q) = (normal(n, d, 2 * seed), normal(m, d, 2 * seed + 1));
                estimator.divergence(p.view(), q.view()).unwrap()
            });
            let what = format!("n = {n}, m = {m}, d = {d}, k = {k}, weight {weight}: {found} +- {error}");
            assert!(found.abs() < 4.0 * error && error < 0.02, "{what}");
        }
    }
}

/// Returns the mean error over some draws of an estimate with this weight, and the standard error.
/// To reduce noise, the error is relative to the average for known densities over the samples,
/// computed from the logarithm of `p/q`, and not to the expectation of this average.
fn error_of(
    weight: f64,
    (n, m): (usize, usize),
    truth: f64,
    draw: impl Fn(usize, usize, u64) -> (Array2<f64>, Array2<f64>),
    log_ratio: impl Fn(&[f64]) -> f64,
) -> (f64, f64) {
    let errors = |seed| {
        let (p, q) = draw(n, m, 2 * seed);
        let found = JensenShannon::new(3).weight(weight).estimate(p.view(), q.view()).unwrap();
        let mean = |rows: &Array2<f64>, local: &dyn Fn(f64) -> f64| {
            rows.rows().into_iter().map(|row| local(log_ratio(&row.to_vec()))).sum::<f64>() / rows.nrows() as f64
        };
        let of_p = mean(&p, &|l| -(weight + (1.0 - weight) * (-l).exp()).ln());
        let of_q = mean(&q, &|l| -(weight * l.exp() + 1.0 - weight).ln());
        let known = weight * of_p + (1.0 - weight) * of_q;
        // The truth by quadrature is the expectation of the average for known densities.
        assert!((known - truth).abs() < 0.1, "{known}, expected about {truth}");
        found.value() - known
    };
    mean(6, errors)
}

#[test]
fn normals_at_a_distance() {
    // Unit normals in any number of dimensions, with weight 1/2 and with weights 0.8 and 0.2.
    let truths = [
        (0.5, 0.030_311_300_5, 0.019_599_661_7),
        (1.0, 0.111_421_482_2, 0.073_700_654_2),
        (2.0, 0.336_830_820_3, 0.232_603_034_1),
        (4.0, 0.632_720_193_7, 0.453_603_940_3),
    ];
    for sizes in [(250, 250), (250, 1000), (1000, 250)] {
        for d in [1, 2, 3] {
            for (by, equal, unequal) in truths {
                for (weight, truth) in [(0.5, equal), (0.8, unequal)] {
                    let draw = |n, m, seed| (normal(n, d, seed), shifted(m, d, by, seed + 1));
                    let (off, error) = error_of(weight, sizes, truth, draw, |x| by * by / 2.0 - by * x[0]);
                    let what = format!("{sizes:?}, d = {d}, {by} apart, weight {weight}: {off} +- {error}");
                    assert!(off.abs() < 0.012 + 3.0 * error && error < 0.015, "{what}");
                }
            }
        }
    }
}

#[test]
fn normals_of_two_widths() {
    // The standard deviations are 1 and 2.
    for (d, truth) in [(1, 0.092_733_381_7), (2, 0.173_315_350_9), (3, 0.242_890_709_9)] {
        for sizes in [(300, 300), (300, 1200)] {
            let draw = |n, m, seed| (normal(n, d, seed), 2.0 * normal(m, d, seed + 1));
            let log_ratio = |x: &[f64]| d as f64 * 2_f64.ln() - 0.375 * x.iter().map(|x| x * x).sum::<f64>();
            let (off, error) = error_of(0.5, sizes, truth, draw, log_ratio);
            assert!(off.abs() < 0.01 * d as f64 + 3.0 * error && error < 0.015, "{sizes:?}, d = {d}: {off} +- {error}");
        }
    }
}

#[test]
fn exponential_and_shifted_exponential() {
    for (by, truth) in [(0.5, 0.160_704_910_6), (1.0, 0.294_955_348_9)] {
        for sizes in [(300, 300), (1200, 300)] {
            let draw = |n, m, seed| (exponential(n, seed), by + exponential(m, seed + 1));
            // Below the shift the ratio is infinite, but q has no samples there.
            let log_ratio = |x: &[f64]| if x[0] < by { f64::INFINITY } else { -by };
            let (off, error) = error_of(0.5, sizes, truth, draw, log_ratio);
            assert!(off.abs() < 0.012 + 3.0 * error && error < 0.012, "{sizes:?}, {by}: {off} +- {error}");
        }
    }
}

#[test]
fn divergence_of_disjoint_sets_is_ln_2() {
    for (n, m) in [(500, 500), (500, 1700)] {
        let (p, q) = (normal(n, 2, 1), shifted(m, 2, 100.0, 2));
        let found = JensenShannon::new(3).estimate(p.view(), q.view()).unwrap();
        // psi(2 n) - psi(n) = ln 2 + 1/(4 n) + ...
        assert!((found.value() - 2_f64.ln() - 1.0 / (4.0 * 500.0)).abs() < 1e-6, "{}", found.value());
        assert!((found.distance() - found.value().sqrt()).abs() < 1e-15);
        assert!(found.standard_error() < 1e-8);
        assert_eq!((found.p().local().len(), found.q().local().len()), (n, m));
    }
}

#[test]
fn pooled_weight_gives_the_information_of_the_label() {
    let (p, q) = (normal(90, 2, 3), shifted(210, 2, 1.0, 4));
    let pooled = concatenate![Axis(0), p, q];
    let labels: Vec<bool> = (0..300).map(|row| row < 90).collect();
    for norm in [Norm::L1, Norm::L2, Norm::LInf] {
        let expected = Ross::new(4).norm(norm).mutual_information(pooled.view(), &labels).unwrap();
        let found = JensenShannon::new(4).norm(norm).weight(0.3).divergence(p.view(), q.view()).unwrap();
        assert!((found - expected).abs() < 1e-12, "{norm:?}: {found}, expected {expected}");
    }
}

#[test]
fn estimate_is_symmetric_and_independent_of_units() {
    let (p, q) = (normal(100, 2, 5), shifted(370, 2, 1.0, 6));
    let estimator = JensenShannon::new(3).seed(9);
    let found = estimator.estimate(p.view(), q.view()).unwrap();
    let near = |other: f64| assert!((found.value() - other).abs() < 1e-12, "{} and {other}", found.value());
    near(estimator.divergence(q.view(), p.view()).unwrap());
    for unit in [1e-300, 1e-9, 1e300] {
        near(estimator.divergence((unit * &p).view(), (unit * &q).view()).unwrap());
    }
    // Another seed changes the parts, and changes the estimate by less than the standard error.
    let other = estimator.seed(10).divergence(p.view(), q.view()).unwrap();
    assert!(other != found.value() && (other - found.value()).abs() < found.standard_error());
}

#[test]
fn divergence_of_discrete_distributions() {
    // For uniform integers 0 to 3 against 2 to 5, half of each set has values of the other, so JSD
    // = ln 2 / 2.
    let draw = |n: usize, low: i32, seed| {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        Array2::from_shape_simple_fn((n, 1), || f64::from(rng.random_range(low..low + 4)))
    };
    for (low, truth) in [(0, 0.0), (2, 0.5 * 2_f64.ln()), (4, 2_f64.ln())] {
        for m in [300, 900] {
            let (found, error) = mean(30, |seed| {
                let (p, q) = (draw(300, 0, 2 * seed), draw(m, low, 2 * seed + 1));
                JensenShannon::new(3).divergence(p.view(), q.view()).unwrap()
            });
            assert!((found - truth).abs() < 0.001 + 4.0 * error, "{low}, {m}: {found} +- {error}, expected {truth}");
        }
    }
    // Normal samples are rounded to one decimal, so that distances are often equal.
    let (found, error) = mean(60, |seed| {
        let rounded = |seed| normal(200, 2, seed).mapv(|x| (10.0 * x).round());
        JensenShannon::new(3).divergence(rounded(2 * seed).view(), rounded(2 * seed + 1).view()).unwrap()
    });
    assert!(found.abs() < 0.005 + 4.0 * error && error < 0.01, "{found} +- {error}");
}

#[test]
fn equal_sets_have_a_negative_divergence_and_distance_0() {
    let p = normal(400, 2, 7);
    let found = JensenShannon::new(3).estimate(p.view(), p.view()).unwrap();
    // The expected value is psi(2 n) - psi(n) + psi(3) - psi(7), where psi(3) - psi(7) = -(1/3 +
    // 1/4 + 1/5 + 1/6).
    let expected = 2_f64.ln() + 1.0 / 1600.0 - (1.0 / 3.0 + 0.25 + 0.2 + 1.0 / 6.0);
    assert!((found.value() - expected).abs() < 1e-6, "{}, expected {expected}", found.value());
    assert_eq!(found.distance(), 0.0);
}

#[test]
fn unusable_settings_and_samples_are_errors() {
    let (p, q) = (normal(20, 1, 8), normal(30, 1, 9));
    let of = |k, weight| JensenShannon::new(k).weight(weight).divergence(p.view(), q.view());
    for weight in [0.0, 1.0, -0.5, f64::INFINITY] {
        assert_eq!(of(3, weight), Err(Error::InvalidWeight(weight)));
    }
    assert!(matches!(of(3, f64::NAN), Err(Error::InvalidWeight(weight)) if weight.is_nan()));
    assert_eq!(of(0, 0.5), Err(Error::ZeroK));
    assert_eq!(of(20, 0.5), Err(Error::KTooLarge { k: 20, others: 19 }));
    // With this weight, one part would have a single sample.
    assert_eq!(of(1, 0.99), Err(Error::KTooLarge { k: 1, others: 0 }));
    let wide = normal(20, 2, 10);
    let found = JensenShannon::new(1).divergence(p.view(), wide.view());
    assert_eq!(found, Err(Error::DimensionMismatch { queries: 1, references: 2 }));
    let far = array![[-1.7e308], [1.7e308]];
    let found = JensenShannon::new(1).divergence(array![[0.0], [1.0]].view(), far.view());
    assert_eq!(found, Err(Error::DistanceOverflow { first: 2, second: 3 }));
}

#[test]
fn copied_rows_and_different_units_are_warnings() {
    let estimator = JensenShannon::new(3);
    let (p, q) = (normal(200, 2, 90), normal(200, 2, 91));
    let equal = estimator.estimate(&p, &p).unwrap();
    // psi(3) + ln 2 - psi(7), with psi(7) - psi(3) = 1/3 + 1/4 + 1/5 + 1/6.
    assert!((equal.value() - (2_f64.ln() - 0.95)).abs() < 2e-3, "{equal:?}");
    assert_eq!(equal.warnings(), [Warning::Repeated { copies: 200, rows: 400 }]);
    // The remedy is to leave out the copies.
    let half = concatenate![Axis(0), q, p.slice(ndarray::s![..100, ..])];
    assert_eq!(estimator.estimate(&p, &half).unwrap().warnings(), [Warning::Repeated { copies: 100, rows: 500 }]);
    let apart = estimator.estimate(p.slice(ndarray::s![100.., ..]), &half).unwrap();
    assert!(apart.warnings().is_empty() && apart.value().abs() < 4.0 * apart.standard_error(), "{apart:?}");
    let scale = array![[1.0, 1e3]];
    let scaled = estimator.estimate(&p * &scale, &q * &scale).unwrap();
    assert!(matches!(scaled.warnings(), [Warning::Scales { ratio }] if (ratio - 1e3).abs() < 200.0), "{scaled:?}");
    // Discrete and rounded numbers repeat by themselves.
    let mut rng = ChaCha8Rng::seed_from_u64(92);
    let mut codes = || Array2::from_shape_simple_fn((200, 2), || f64::from(rng.random_range(0..4)));
    assert!(estimator.estimate(codes(), codes()).unwrap().warnings().is_empty());
    for seed in 0..40 {
        let (p, q) = (normal(60, 1, seed), normal(90, 1, 100 + seed));
        let (e, f) = (exponential(60, seed), exponential(90, 100 + seed));
        let u = (p.mapv(|x| x.fract().abs()), q.mapv(|x| x.fract().abs()));
        for (p, q) in [(p, q), (e, f), u] {
            assert!(estimator.estimate(&p, &q).unwrap().warnings().is_empty());
            let (p, q) = (p.mapv(|x| (100.0 * x).round()), q.mapv(|x| (100.0 * x).round()));
            assert!(estimator.estimate(&p, &q).unwrap().warnings().is_empty());
        }
    }
}
