//! Compares every gradient with finite differences of the estimate, and checks identities that hold
//! to within rounding.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use knn_entropy::{ClosePoints, Divergence, KozachenkoLeonenko, Norm, Result, Truncated, Weighting};
use ndarray::{Array2, ArrayView2, Axis, array};
use proptest::prelude::*;

use crate::normal;

const NORMS: [Norm; 3] = [Norm::L1, Norm::L2, Norm::LInf];
const PERIODS: [f64; 3] = [12.0, 13.0, 14.0];

/// Computes the gradient by central differences. For samples in general position, a step of 1e-6 is
/// far below the differences of distances, so the differences do not cross a kink.
fn differences(x: &Array2<f64>, f: impl Fn(ArrayView2<'_, f64>) -> f64) -> Array2<f64> {
    Array2::from_shape_fn(x.dim(), |place| {
        let at = |step: f64| {
            let mut x = x.clone();
            x[place] += step;
            f(x.view())
        };
        (at(1e-6) - at(-1e-6)) / 2e-6
    })
}

fn check(x: &Array2<f64>, f: impl Fn(ArrayView2<'_, f64>) -> Result<(f64, Array2<f64>)>) {
    let (_, gradient) = f(x.view()).unwrap();
    let expected = differences(x, |x| f(x).unwrap().0);
    let scale = expected.fold(0.0_f64, |most, g| most.max(g.abs()));
    assert_abs_diff_eq!(gradient, expected, epsilon = 1e-6 * scale);
}

fn estimators() -> Vec<KozachenkoLeonenko<'static>> {
    let mut all = Vec::new();
    for norm in NORMS {
        let plain = KozachenkoLeonenko::new(3).norm(norm);
        all.push(plain);
        all.push(plain.weighting(Weighting::Mean));
        all.push(plain.close_points(ClosePoints::Soft(0.3)));
        all.push(plain.close_points(ClosePoints::Floor(0.8)).weighting(Weighting::Mean));
        all.push(plain.periods(&PERIODS));
        all.push(plain.window(2));
    }
    all
}

#[test]
fn entropy() {
    let x = normal(25, 3, 1);
    for estimator in estimators() {
        check(&x, |x| estimator.entropy_and_gradient(x));
        let bank = normal(10, 3, 2);
        check(&x, |x| estimator.entropy_and_gradient_with_bank(x, bank.view()));
    }
    let efficient = KozachenkoLeonenko::new(8).weighting(Weighting::Efficient { bound: 50.0 });
    check(&normal(30, 5, 3), |x| efficient.entropy_and_gradient(x));
}

#[test]
fn truncated() {
    let x = normal(25, 2, 4).mapv(|x| 1.0 / (1.0 + (-x).exp()));
    for k in [1, 4, 20] {
        check(&x, |x| Truncated::unit_cube(k).entropy_and_gradient(x));
        check(&x, |x| Truncated::unit_cube(k).close_points(ClosePoints::Soft(0.1)).entropy_and_gradient(x));
        check(&x, |x| Truncated::unit_cube(k).close_points(ClosePoints::Floor(0.1)).entropy_and_gradient(x));
    }
}

#[test]
fn divergence() {
    let (p, q) = (normal(20, 3, 5), 1.0 + normal(15, 3, 6));
    for norm in NORMS {
        for estimator in [Divergence::new(2), Divergence::new(3).k_across(1), Divergence::new(1).periods(&PERIODS)] {
            let estimator = estimator.norm(norm);
            check(&p, |p| estimator.divergence_and_gradients(p, q.view()).map(|found| (found.divergence, found.p)));
            check(&q, |q| estimator.divergence_and_gradients(p.view(), q).map(|found| (found.divergence, found.q)));
            let both = estimator.divergence_and_gradients(p.view(), q.view()).unwrap();
            let alone = estimator.divergence_and_gradient(p.view(), q.view()).unwrap();
            assert_eq!(alone, (both.divergence, both.p));
        }
    }
}

proptest! {
    #[test]
    fn shift_and_scale_identities(seed: u64, n in 12..40_usize, d in 1..4_usize, which in 0..18_usize) {
        let estimator = estimators()[which];
        // Keep the samples of the torus, which has three dimensions, away from the ends of the
        // periods.
        let x = if which % 6 == 4 { 0.4 * normal(n, 3, seed) } else { normal(n, d, seed) };
        let (_, g) = estimator.entropy_and_gradient(x.view()).unwrap();
        let scale = g.fold(0.0_f64, |most, g| most.max(g.abs()));
        // A shift does not change the entropy.
        for sum in g.sum_axis(Axis(0)) {
            prop_assert!(sum.abs() <= 1e-12 * scale * n as f64);
        }
        // Scaling adds d ln a, except on a torus of fixed size and with softened distances.
        if matches!(which % 6, 0 | 1 | 5) {
            prop_assert!(((&x * &g).sum() - x.ncols() as f64).abs() < 1e-9 * (1.0 + scale));
        }
    }

    #[test]
    fn bounds_of_the_gradient(seed: u64, n in 5..30_usize, exponent in -12..0_i32) {
        // The points of each pair are far closer than the floor.
        let near = 10_f64.powi(exponent);
        let centers = normal(n, 2, seed);
        let x = Array2::from_shape_fn((2 * n, 2), |(i, c)| centers[[i / 2, c]] + near * 1e-3 * (i % 2) as f64);
        for rule in [ClosePoints::Floor(near), ClosePoints::Soft(near)] {
            let (_, g) = KozachenkoLeonenko::new(1).close_points(rule).entropy_and_gradient(x.view()).unwrap();
            // In the plane and in general position, no point is the nearest neighbor of more than 6
            // others.
            let bound = 7.0 * 2.0 / (2 * n) as f64 / near;
            for row in g.rows() {
                prop_assert!(row.dot(&row).sqrt() <= bound * (1.0 + 1e-9));
            }
        }
    }

    #[test]
    fn divergence_is_unchanged_if_both_sets_move(seed: u64, n in 5..30_usize, m in 4..30_usize, norm in 0..3_usize) {
        let (p, q) = (normal(n, 2, seed), normal(m, 2, !seed));
        let found = Divergence::new(2).norm(NORMS[norm]).divergence_and_gradients(p.view(), q.view()).unwrap();
        let scale = found.p.iter().chain(&found.q).fold(1.0_f64, |most, g| most.max(g.abs())) * (n + m) as f64;
        for sum in found.p.sum_axis(Axis(0)) + found.q.sum_axis(Axis(0)) {
            prop_assert!(sum.abs() < 1e-12 * scale);
        }
        let along = (&p * &found.p).sum() + (&q * &found.q).sum();
        prop_assert!(along.abs() < 1e-11 * scale);
    }
}

#[test]
fn coinciding_points_have_no_gradient() {
    let x = array![[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]];
    for rule in [ClosePoints::Floor(0.5), ClosePoints::Soft(0.5)] {
        let (h, g) = KozachenkoLeonenko::new(1).close_points(rule).entropy_and_gradient(x.view()).unwrap();
        assert!(h.is_finite());
        // Only the third point has a gradient. Its neighbor is the first of two equally near
        // points.
        let push = if rule == ClosePoints::Floor(0.5) { 2.0 / 3.0 } else { 2.0 / 3.0 / 1.5 };
        assert_relative_eq!(g, array![[-push, 0.0], [0.0, 0.0], [push, 0.0]], max_relative = 1e-14);
    }
}
