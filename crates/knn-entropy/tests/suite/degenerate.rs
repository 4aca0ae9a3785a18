//! Tests of samples without an entropy and of orders with infinite variance. They must give errors,
//! and every remedy that an error or a warning names must lead to the right number.

use knn_entropy::*;
use ndarray::{Array2, Axis, concatenate, s};
use ndarray_rand::rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::normal;

/// Entropy of a standard normal variable, `ln(2 pi e) / 2`.
const NORMAL: f64 = 1.418_938_533_204_672_7;

#[test]
fn linear_combinations_are_an_error() {
    let mut x = normal(800, 3, 1);
    let sum = &x.column(0) + &x.column(1);
    x.column_mut(2).assign(&sum);
    let singular = Err(Error::Singular { column: 2 });
    assert_eq!(KozachenkoLeonenko::new(3).entropy(&x), singular);
    assert_eq!(Renyi::new(2.0, 3).entropy(&x), singular);
    let inside = x.mapv(|x| 0.5 + 0.05 * x);
    assert_eq!(Truncated::unit_cube(3).entropy(&inside), singular);
    // Leave the column out, as the error says.
    let entropy = KozachenkoLeonenko::new(3).entropy(x.slice(s![.., ..2])).unwrap();
    assert!((entropy - 2.0 * NORMAL).abs() < 0.1);
    // A column is constant, and its large value hides this from distances.
    x.column_mut(1).fill(1e9);
    assert_eq!(KozachenkoLeonenko::new(3).entropy(&x), Err(Error::Singular { column: 1 }));
    // As many rows as columns always lie in a plane.
    assert!(KozachenkoLeonenko::new(1).entropy(normal(4, 5, 2)).is_ok());
}

/// Each column is one dimension of the estimate, so a column that adds nothing would multiply it.
#[test]
fn divergences_of_samples_in_a_plane_are_an_error() {
    let (p, q) = (normal(2000, 1, 1), normal(2000, 1, 2) + 1.0);
    let estimator = Divergence::new(3);
    // KL(N(0, 1) || N(1, 1)) = 1/2, and the cross-entropy is the entropy plus 1/2.
    assert!((estimator.divergence(&p, &q).unwrap() - 0.5).abs() < 0.1);
    let singular = Error::Singular { column: 1 };
    let wide = |x: &Array2<f64>, second: &dyn Fn(f64) -> f64| concatenate![Axis(1), *x, x.mapv(second)];
    let columns: [fn(f64) -> f64; 3] = [|_| 7.0, |x| x, |x| 2.0 * x + 1.0];
    for second in columns {
        let (flat_p, flat_q) = (wide(&p, &second), wide(&q, &second));
        let (full_p, full_q) =
            (concatenate![Axis(1), p, normal(2000, 1, 3)], concatenate![Axis(1), q, normal(2000, 1, 4)]);
        for (p, q) in [(&flat_p, &flat_q), (&flat_p, &full_q), (&full_p, &flat_q)] {
            assert_eq!(estimator.divergence(p, q), Err(singular.clone()));
            assert_eq!(estimator.divergence_and_gradient(p.view(), q.view()), Err(singular.clone()));
            assert_eq!(estimator.divergence_and_gradients(p.view(), q.view()), Err(singular.clone()));
            // A rule for close points bounds the divergence, and on a torus it stays finite.
            assert!(estimator.close_points(ClosePoints::Floor(1e-6)).divergence(p, q).is_ok());
            assert!(estimator.periods(&[1e3, 1e3]).divergence(p, q).is_ok());
        }
        assert_eq!(estimator.cross_entropy(&full_p, &flat_q), Err(singular.clone()));
    }
    // Only q needs a density for a cross-entropy. Here it is that of N((1, 0), I) at the points (x,
    // 0): ln 2 pi + (1 + 1)/2.
    let flat = wide(&p, &|_| 0.0);
    let full = concatenate![Axis(1), q, normal(2000, 1, 4)];
    let found = estimator.cross_entropy(&flat, &full).unwrap();
    assert!((found - (2.0 * std::f64::consts::PI).ln() - 1.0).abs() < 0.15, "{found}");
}

#[test]
fn entropies_and_gradients_in_a_plane_are_an_error() {
    let x = normal(100, 1, 5);
    let flat = concatenate![Axis(1), x, 2.0 * &x + 1.0];
    let bank = &flat + 0.5;
    let estimator = KozachenkoLeonenko::new(2);
    let singular = Error::Singular { column: 1 };
    assert_eq!(estimator.entropies(&flat), Err(singular.clone()));
    assert_eq!(estimator.entropy_and_gradient(flat.view()), Err(singular.clone()));
    let same = flat.slice(s![..0, ..]);
    assert_eq!(estimator.entropy_and_gradient_with_bank(flat.view(), same), Err(singular));
    // The bank lies in another plane, so both together do not lie in one.
    assert!(estimator.entropy_and_gradient_with_bank(flat.view(), bank.view()).is_ok());
    let floor = estimator.close_points(ClosePoints::Floor(1e-6));
    assert!(floor.entropies(&flat).is_ok() && floor.entropy_and_gradient(flat.view()).is_ok());
}

#[test]
fn orders_with_infinite_variance() {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let x: Vec<f64> = (0..4000).map(|_| rng.random()).collect();
    for (order, k, enough) in [(3.99, 3, 6), (2.5, 3, 4), (2.0, 2, 3), (1.5, 1, 2)] {
        let error = Renyi::new(order, k).entropy(&x).unwrap_err();
        assert_eq!(error, Error::InvalidOrder { order, k });
        assert!(error.to_string().ends_with(&format!("or k of at least {enough}")), "{error}");
        // All entropies of the uniform distribution on 0 to 1 are 0. Three more neighbors reduce
        // the variance.
        assert!(Renyi::new(order, enough).entropy(&x).unwrap().is_finite());
        assert!(Renyi::new(order, enough + 3).entropy(&x).unwrap().abs() < 0.1);
    }
    assert!(Renyi::new(f64::NAN, 3).entropy(&x).unwrap_err().to_string().contains("finite"));
}

#[test]
fn heavy_tails_under_local_gaussians() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    // The entropy of the Cauchy distribution is ln(4 pi). One sample is as far out as one in fifty
    // thousand.
    let mut heavy: Vec<f64> = (0..2000).map(|_| (std::f64::consts::PI * (rng.random::<f64>() - 0.5)).tan()).collect();
    heavy[0] = 1e5;
    let truth = (4.0 * std::f64::consts::PI).ln();
    let gaussians = LombardiPant::new(3, 200).estimate(&heavy).unwrap();
    let [Warning::HeavyTails { nats, .. }] = gaussians.warnings() else { panic!("{gaussians:?}") };
    // The error agrees with the warning, and the suggested estimator is accurate.
    let error = gaussians.value() - truth;
    assert!(error > 0.3 && (error - nats).abs() < 0.5 * error, "{error} {nats}");
    assert!((KozachenkoLeonenko::new(3).entropy(&heavy).unwrap() - truth).abs() < 0.15);
    for (d, p) in [(1, 50), (3, 100), (10, 100)] {
        assert!(LombardiPant::new(3, p).estimate(normal(1000, d, 3)).unwrap().warnings().is_empty(), "{d}");
    }
}

#[test]
fn remedies_for_rounded_numbers_work() {
    let x = normal(5000, 1, 4);
    let rounded = x.mapv(|x| (100.0 * x).round() / 100.0);
    let estimator = KozachenkoLeonenko::new(3);
    assert!(matches!(estimator.entropy(&rounded), Err(Error::Duplicates { .. })));
    // Spread the numbers within the step, as the error says.
    let step = rounding_step(rounded.iter().copied()).unwrap();
    assert!((step - 0.01).abs() < 1e-15);
    let spread = estimator.estimate(dither(&rounded, &[step], 0).unwrap()).unwrap();
    assert!((spread.value() - NORMAL).abs() < 0.05 && spread.warnings().is_empty());
    // Leave out the copies of rows that were recorded twice.
    let twice = ndarray::concatenate![ndarray::Axis(0), x, x.slice(s![..500, ..])];
    assert!(matches!(KozachenkoLeonenko::new(1).entropy(&twice), Err(Error::Duplicates { count: 1000, .. })));
    assert!((KozachenkoLeonenko::new(1).entropy(&x).unwrap() - NORMAL).abs() < 0.06);
    // With a larger k there is no error, but the step is not small compared with the distances.
    let coarse = x.mapv(|x| (20.0 * x).round() / 20.0);
    let estimate = KozachenkoLeonenko::new(200).estimate(&coarse).unwrap();
    assert!(matches!(estimate.warnings(), [Warning::Rounded { column: 0, .. }]));
    assert!(estimator.estimate(&x).unwrap().warnings().is_empty());
    // The step of single precision is small compared with the distances.
    assert!(estimator.estimate(x.mapv(|x| x as f32)).unwrap().warnings().is_empty());
}

#[test]
fn mixed_ksg_and_ross_warn_of_ties() {
    // Normal pairs of correlation 0.9, rounded to tenths, have 0.827 nats.
    let x = normal(2000, 2, 6);
    let tenth = |x: f64| (10.0 * x).round() / 10.0;
    let (a, b): (Vec<f64>, Vec<f64>) =
        x.rows().into_iter().map(|x| (tenth(x[0]), tenth(0.9 * x[0] + 0.19_f64.sqrt() * x[1]))).unzip();
    for k in [3, 5, 10] {
        let gao = MixedKsg::new(k).estimate(&a, &b).unwrap();
        assert!(matches!(gao.warnings(), [Warning::Ties { .. }]), "{k}");
        let mixed = MesnerShalizi::new(k).mutual_information(&a, &b).unwrap();
        assert!((mixed - 0.827).abs() < 0.08, "{k}: {mixed}");
    }
    // The label is the sign of a normal number plus noise. The number is rounded so that neighbors
    // tie.
    let label: Vec<bool> = x.rows().into_iter().map(|x| x[0] + 0.5 * x[1] > 0.0).collect();
    let plain = Ross::new(20).estimate(x.column(0), &label).unwrap();
    let rounded = Ross::new(20).estimate(x.column(0).mapv(|x| (500.0 * x).round() / 500.0), &label).unwrap();
    assert!((plain.value() - rounded.value()).abs() < 0.03, "{} {}", plain.value(), rounded.value());
    assert!(plain.warnings().is_empty() && matches!(rounded.warnings(), [Warning::Ties { .. }]));
}

#[test]
fn accepts_arrays_vectors_and_slices_of_both_types() {
    let x = normal(1000, 2, 7);
    let (first, second) = (x.column(0), x.column(1));
    let single: Vec<f32> = first.iter().map(|x| *x as f32).collect();
    let widened: Vec<f64> = single.iter().map(|x| f64::from(*x)).collect();
    let ksg = Ksg::new(3);
    let mixed = ksg.mutual_information(&single, second).unwrap();
    assert_eq!(mixed, ksg.mutual_information(&widened[..], second.to_owned()).unwrap());
    assert_eq!(mixed, ksg.estimate(&[&single as &dyn ToSamples, &second]).unwrap().value());
    assert_eq!(ksg.conditional(&single, second, Array2::<f64>::zeros((1000, 0))).unwrap(), mixed);
    let transfer = TransferEntropy::new(3).transfer_entropy(&single, second).unwrap();
    assert!(transfer.is_finite());
    assert_eq!(ksg.significance(&single, second, PermutationTest::new(19, 0)).unwrap().surrogates().len(), 19);
    // A normal variable and the sum of it and another with the same variance.
    let estimate = ksg.estimate(&[&widened, &widened.iter().zip(second).map(|(a, b)| a + b).collect()]).unwrap();
    assert!((estimate.correlation() - 0.5_f64.sqrt()).abs() < 0.05);
}

#[test]
fn repeated_rows_cause_a_warning() {
    let x = normal(600, 2, 8);
    let twice = ndarray::concatenate![ndarray::Axis(0), x, x];
    let (a, b) = (twice.column(0), twice.column(1));
    let repeated = Warning::Repeated { copies: 600, rows: 1200 };
    let has = |estimate: Estimate| estimate.warnings().contains(&repeated);
    assert!(has(KozachenkoLeonenko::new(3).estimate(&twice).unwrap()));
    assert!(has(LombardiPant::new(3, 40).estimate(&twice).unwrap()));
    assert!(has(Ksg::new(3).estimate(&[a, b]).unwrap()));
    assert!(has(Ksg::new(3).variant(KsgVariant::Two).estimate(&[a, b]).unwrap()));
    assert!(has(Divergence::new(3).estimate(&twice, normal(500, 2, 9)).unwrap()));
    assert!(has(Divergence::new(3).estimate(normal(500, 2, 9), &twice).unwrap()));
    assert!(has(Truncated::unit_cube(3).estimate(twice.mapv(|x| 0.5 + 0.05 * x)).unwrap()));
    assert!(matches!(Renyi::new(2.0, 3).entropy(&twice), Err(Error::Duplicates { k: 1, .. })));
    // Without the copies, there is no warning.
    assert!(Ksg::new(3).estimate(&[x.column(0), x.column(1)]).unwrap().warnings().is_empty());
    // Rounded numbers coincide without having been recorded twice.
    let coarse = x.mapv(|x| (5.0 * x).round());
    let ties = Ksg::new(3).estimate(&[coarse.column(0), coarse.column(1)]).unwrap();
    assert!(matches!(ties.warnings(), [Warning::Ties { .. }]));
    // Codes also coincide, whether they have two values or more without a common step.
    for codes in [&[0.0, 1.0][..], &[1.3, 2.97, 7.771, 10.1234, 25.0 / 3.0]] {
        let code = |i: usize, by: usize| codes[i / by % codes.len()];
        let [a, b] = [1, 7].map(|by| (0..600).map(|i| code(i, by)).collect::<Vec<_>>());
        let warnings = Ksg::new(3).estimate(&[a, b]).unwrap().warnings().to_vec();
        assert!(!warnings.iter().any(|warning| matches!(warning, Warning::Repeated { .. })), "{warnings:?}");
    }
}

#[test]
fn different_scales_cause_a_warning_for_entropies_and_divergences() {
    let (p, q) = (normal(1000, 2, 30), normal(1000, 2, 31) + &ndarray::arr1(&[2.0, 0.0]));
    let scale = ndarray::arr1(&[1.0, 2000.0]);
    let (entropy, divergence) = (KozachenkoLeonenko::new(3), Divergence::new(3));
    let [of_entropy, of_divergence] =
        [entropy.estimate(&p * &scale), divergence.estimate(&p * &scale, &q * &scale)].map(Result::unwrap);
    let truths = [2.0 * NORMAL + 2000_f64.ln(), 2.0];
    for (found, truth) in [&of_entropy, &of_divergence].into_iter().zip(truths) {
        assert!((found.value() - truth).abs() > 1.0, "{} without a reason to warn", found.value());
        assert!(matches!(found.warnings(), [Warning::Scales { ratio }] if *ratio > 1800.0), "{:?}", found.warnings());
    }
    // Standardize, as the warning says. A divergence needs the same factors for both sets.
    let standard = correct(&p * &scale, &[Correction::Standardize]).unwrap();
    let found = entropy.estimate(&standard.samples).unwrap();
    assert!((found.value() + standard.term() - truths[0]).abs() < 0.1 && found.warnings().is_empty());
    let found = divergence.estimate(&p, &q).unwrap();
    assert!((found.value() - truths[1]).abs() < 0.3 && found.warnings().is_empty(), "{}", found.value());
}

#[test]
fn different_scales_and_unique_labels_cause_a_warning() {
    let x = normal(1000, 2, 10);
    let (a, b) = (x.column(0), x.mapv(|x| 0.6 * x));
    let related = &a.mapv(|x| 0.8 * x) + &b.column(1);
    let ksg = Ksg::new(3);
    let truth = -0.5 * (1.0_f64 - 0.64).ln();
    assert!((ksg.mutual_information(a, &related).unwrap() - truth).abs() < 0.1);
    let scaled = related.mapv(|y| 1000.0 * y);
    let estimate = ksg.estimate(&[&a as &dyn ToSamples, &scaled]).unwrap();
    assert!(matches!(estimate.warnings(), [Warning::Scales { ratio }] if *ratio > 900.0));
    // Standardize the columns, as the warning says.
    let standard = |x: &dyn ToSamples| correct(x, &[Correction::Standardize]).unwrap().samples;
    let estimate = ksg.estimate(&[standard(&a), standard(&scaled)]).unwrap();
    assert!((estimate.value() - truth).abs() < 0.1 && estimate.warnings().is_empty());
    // The ratio itself is out of range.
    let [large, small] = [1e200, 1e-200].map(|scale| related.mapv(|y| scale * y));
    let estimate = ksg.estimate(&[&large as &dyn ToSamples, &small]).unwrap();
    assert!(estimate.warnings().contains(&Warning::Scales { ratio: f64::MAX }), "{:?}", estimate.warnings());
    // Samples with a unique label are left out.
    let labels: Vec<usize> = (0..1000).map(|i| if i < 50 { 1000 + i } else { i % 2 }).collect();
    let left_out = Ross::new(3).estimate(a, &labels).unwrap();
    assert_eq!(left_out.warnings(), [Warning::LeftOut { count: 50, rows: 1000 }]);
    for estimate in [MesnerShalizi::new(3).estimate(a, a).unwrap(), MixedKsg::new(3).estimate(a, a).unwrap()] {
        assert!(estimate.warnings().iter().any(|warning| matches!(warning, Warning::Saturated { .. })));
    }
}
