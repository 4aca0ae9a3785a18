//! Tests of transformations that must not change the estimate, or must change it in a known way.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use knn_entropy::{ClosePoints, KozachenkoLeonenko, Norm};
use ndarray::{Array2, Axis};
use proptest::prelude::*;

use crate::normal;

const NORMS: [Norm; 3] = [Norm::L1, Norm::L2, Norm::LInf];

/// Draws an estimator and samples for it.
fn case() -> impl Strategy<Value = (KozachenkoLeonenko<'static>, Array2<f64>)> {
    (2..40_usize, 1..6_usize, 0..3_usize, any::<u64>(), any::<prop::sample::Index>()).prop_map(
        |(n, d, norm, seed, k)| (KozachenkoLeonenko::new(1 + k.index(n - 1)).norm(NORMS[norm]), normal(n, d, seed)),
    )
}

/// Returns a rotation of d dimensions, by Gram-Schmidt orthogonalization of normal rows.
fn orthogonal(d: usize, seed: u64) -> Array2<f64> {
    let mut q = normal(d, d, seed);
    for i in 0..d {
        for j in 0..i {
            let projection = q.row(i).dot(&q.row(j));
            let other = q.row(j).to_owned();
            q.row_mut(i).scaled_add(-projection, &other);
        }
        let norm = q.row(i).dot(&q.row(i)).sqrt();
        q.row_mut(i).mapv_inplace(|x| x / norm);
    }
    q
}

proptest! {
    #[test]
    fn translation_and_scale((estimator, x) in case(), shift in -1e3..1e3_f64, exponent in -300..300_i32) {
        let h = estimator.entropy(x.view()).unwrap();
        assert_relative_eq!(estimator.entropy((&x + shift).view()).unwrap(), h, epsilon = 1e-8);
        // Scaling by a power of two does not round.
        let scale = 2_f64.powi(exponent);
        let scaled = estimator.entropy((&x * scale).view()).unwrap();
        assert_relative_eq!(scaled, h + x.ncols() as f64 * scale.ln(), max_relative = 1e-11, epsilon = 1e-11);
    }

    #[test]
    fn order_of_samples_and_of_coordinates((estimator, x) in case()) {
        let h = estimator.entropy(x.view()).unwrap();
        let mut reversed = x.clone();
        reversed.invert_axis(Axis(0));
        assert_relative_eq!(estimator.entropy(reversed.view()).unwrap(), h, max_relative = 1e-13);
        let mut mirrored = x.clone();
        mirrored.invert_axis(Axis(1));
        assert_relative_eq!(estimator.entropy((-mirrored).view()).unwrap(), h, max_relative = 1e-12, epsilon = 1e-12);
    }

    #[test]
    fn rotation_in_the_euclidean_norm((estimator, x) in case(), seed: u64) {
        let estimator = estimator.norm(Norm::L2);
        let rotated = x.dot(&orthogonal(x.ncols(), seed));
        let (h, g) = estimator.entropy_and_gradient(x.view()).unwrap();
        assert_relative_eq!(estimator.entropy(rotated.view()).unwrap(), h, max_relative = 1e-9, epsilon = 1e-9);
        // Rotating all samples in the plane of two coordinates does not change the entropy, so x^T
        // g is symmetric.
        let moment = x.t().dot(&g);
        assert_abs_diff_eq!(moment, moment.t().to_owned(), epsilon = 1e-9 * (1.0 + g.fold(0.0, |m: f64, g| m.max(g.abs()))));
    }

    #[test]
    fn gradient_equals_difference_quotients((estimator, x) in case(), i: prop::sample::Index, c: prop::sample::Index) {
        let (i, c) = (i.index(x.nrows()), c.index(x.ncols()));
        let (_, g) = estimator.entropy_and_gradient(x.view()).unwrap();
        let quotient = |h: f64| {
            let at = |t: f64| {
                let mut x = x.clone();
                x[[i, c]] += t;
                estimator.entropy(x.view()).unwrap()
            };
            (at(h) - at(-h)) / (2.0 * h)
        };
        // If a neighbor changes within the step, there is a kink and the two quotients disagree.
        // Skip such samples.
        let (coarse, fine) = (quotient(2e-6), quotient(1e-6));
        prop_assume!((coarse - fine).abs() < 1e-6 * (1.0 + fine.abs()));
        assert_relative_eq!(g[[i, c]], fine, max_relative = 1e-4, epsilon = 1e-5);
    }

    #[test]
    fn mean_of_local_values_is_the_entropy((estimator, x) in case()) {
        let local = estimator.local(x.view()).unwrap();
        assert_relative_eq!(local.mean().unwrap(), estimator.entropy(x.view()).unwrap(), max_relative = 1e-12, epsilon = 1e-12);
        let (h, _) = estimator.entropy_and_gradient(x.view()).unwrap();
        prop_assert_eq!(h, estimator.entropy(x.view()).unwrap());
    }

    #[test]
    fn single_precision_gives_the_estimate_of_the_widened_samples((estimator, x) in case()) {
        let single = x.mapv(|x| x as f32);
        let double = single.mapv(f64::from);
        let (h32, g32) = estimator.entropy_and_gradient(single.view()).unwrap();
        let (h64, g64) = estimator.entropy_and_gradient(double.view()).unwrap();
        prop_assert_eq!(h32, h64);
        prop_assert_eq!(g32, g64.mapv(|g| g as f32));
    }

    #[test]
    fn floor_below_all_distances_has_no_effect((estimator, x) in case()) {
        let floored = estimator.close_points(ClosePoints::Floor(1e-12));
        prop_assert_eq!(floored.entropy_and_gradient(x.view()).unwrap(), estimator.entropy_and_gradient(x.view()).unwrap());
    }

    #[test]
    fn floor_above_all_distances_replaces_them((estimator, x) in case()) {
        let floored = |floor| estimator.close_points(ClosePoints::Floor(floor)).entropy_and_gradient(x.view()).unwrap();
        let ((h, g), (higher, _)) = (floored(1e6), floored(1e7));
        prop_assert!(g.iter().all(|&g| g == 0.0));
        // Every radius equals the floor, so ten times the floor adds d ln 10.
        assert_relative_eq!(higher - h, x.ncols() as f64 * 10_f64.ln(), max_relative = 1e-12);
    }
}

#[test]
fn smaller_index_wins_a_tie() {
    // Point 1 is equally far from points 0 and 2, and is the neighbor of both. The pairs are (0,
    // 1), (1, 0) and (2, 1), of which the first two contribute to point 0.
    let x = ndarray::array![[-1.0], [0.0], [1.0]];
    for norm in NORMS {
        let (_, g) = KozachenkoLeonenko::new(1).norm(norm).entropy_and_gradient(x.view()).unwrap();
        assert_abs_diff_eq!(g, ndarray::array![[-2.0], [1.0], [1.0]] / 3.0, epsilon = 1e-15);
    }
}

#[test]
fn results_are_bit_identical_for_every_number_of_threads() {
    let x = normal(700, 3, 1);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| KozachenkoLeonenko::new(4).entropy_and_gradient(x.view()).unwrap())
    };
    assert!(run(1) == run(2) && run(1) == run(3));
}
