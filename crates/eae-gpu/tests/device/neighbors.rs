//! Compares neighbors with those of the CPU, which are exact.

use std::time::Duration;

use eae_gpu::{AdapterChoice, Gpu, GpuNeighbors, Limits};
use knn_entropy::{BruteForce, ClosePoints, KozachenkoLeonenko, Metric, NeighborSearch, Norm, Samples, Weighting};
use ndarray::Axis;
use ndarray::{Array2, concatenate};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::Test;
use crate::product::random;

pub(crate) const TESTS: &[Test] = &[
    ("neighbors::match_the_cpu", match_the_cpu),
    ("neighbors::random_sets", random_sets),
    ("neighbors::ties_by_index", ties_by_index),
    ("neighbors::more_than_fit_a_list", more_than_fit_a_list),
    ("neighbors::empty", empty),
    ("neighbors::checked_and_not", checked_and_not),
    ("neighbors::in_pieces", in_pieces),
    ("neighbors::windows", windows),
    ("neighbors::other_metrics_and_errors", other_metrics_and_errors),
    ("neighbors::the_entropy_and_its_gradient", the_entropy_and_its_gradient),
    ("neighbors::values_that_are_not_finite", values_that_are_not_finite),
];

const L2: Metric<'_> = Metric::Norm(Norm::L2);

/// Sets that are hard for single precision and the norm trick: far from the origin, clustered, or
/// with duplicates.
fn sets(n: usize, d: usize) -> Vec<(&'static str, Array2<f64>)> {
    let plain = random(n, d, 1).mapv(f64::from);
    let half = Array2::from_shape_fn((n, d), |(i, _)| if i % 2 == 0 { 1000.0 } else { -1000.0 });
    let mut twice = plain.clone();
    for i in 1..n / 2 {
        let row = twice.row(i - i % 3).to_owned();
        twice.row_mut(i).assign(&row);
    }
    let grid = Array2::from_shape_fn((n, d), |(i, j)| ((i / (j + 1)) % 4) as f64);
    vec![
        ("plain", plain.clone()),
        ("far away", &plain + 1e6),
        ("two clusters", &plain + &half),
        ("duplicates", twice),
        ("a grid", grid),
        ("tiny", &plain * 1e-30),
        ("huge", &plain * 1e30),
        ("narrow", &plain * 1e-9 + 1.0),
        ("one point", Array2::from_elem((n, d), 0.3)),
    ]
}

fn match_the_cpu(gpu: &Gpu) {
    let search = GpuNeighbors::new(gpu.clone());
    for (n, d) in [(70, 1), (130, 3), (200, 16), (90, 35)] {
        for (name, points) in sets(n, d) {
            let samples = Samples::new(points.view()).unwrap();
            for k in [1, 4, 11] {
                let found = search.among(&samples, k, L2, 0).unwrap();
                assert_eq!(found, BruteForce.among(&samples, k, L2, 0).unwrap(), "{name}, {n} x {d}, k = {k}");
            }
            let queries = random(40, d, 2).mapv(f64::from);
            let queries = Samples::new(queries.view()).unwrap();
            let found = search.between(&queries, &samples, 5, L2).unwrap();
            assert_eq!(found, BruteForce.between(&queries, &samples, 5, L2).unwrap(), "{name}, {n} x {d}");
        }
    }
    assert_eq!(search.fault(), None);
}

/// Sets of any size and dimension, in general position, on a grid, and far from the origin.
/// Proptest shows the smallest failure.
fn random_sets(gpu: &Gpu) {
    let search = GpuNeighbors::new(gpu.clone());
    let config = Config { cases: 10, failure_persistence: None, ..Config::default() };
    let sets = (2..150_usize, 1..40_usize, 1..80_usize, 0..3, any::<u64>());
    let property = |(n, d, k, kind, seed): (usize, usize, usize, i32, u64)| {
        let points = random(n, d, seed).mapv(f64::from);
        let points = match kind {
            0 => points,
            1 => points.mapv(|x| (2.0 * x).round()),
            _ => points + 1e5,
        };
        let (samples, k) = (Samples::new(points.view()).unwrap(), k.min(n - 1));
        prop_assert_eq!(search.among(&samples, k, L2, 0).unwrap(), BruteForce.among(&samples, k, L2, 0).unwrap());
        Ok(())
    };
    TestRunner::new(config).run(&sets, property).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(search.fault(), None);
}

/// Results without run-time checks equal those with checks, to the last bit.
fn checked_and_not(gpu: &Gpu) {
    let checked = Gpu::open(&AdapterChoice::default().adapter(&gpu.adapter().name).checked(true)).unwrap();
    for (n, d, k) in [(100, 3, 1), (130, 20, 70), (600, 8, 10)] {
        let points = random(n, d, 3);
        let [here, there] = [gpu, &checked].map(|gpu| gpu.nearest(points.view(), points.view(), k, Some(0)).unwrap());
        assert_eq!(here, there, "{n} x {d}, k = {k}");
    }
}

/// Empty sets give empty results or errors.
fn empty(gpu: &Gpu) {
    let (none, some) = (Array2::zeros((0, 3)), random(4, 3, 1));
    assert_eq!(gpu.nearest(none.view(), some.view(), 2, None).unwrap().indices.dim(), (0, 2));
    let error = gpu.nearest(some.view(), none.view(), 1, None).unwrap_err().to_string();
    assert!(error.contains("k is 1; it must be from 1 to 0"), "{error}");
    // All points without dimensions are equal.
    let found = gpu.nearest(Array2::zeros((5, 0)).view(), Array2::zeros((5, 0)).view(), 2, Some(0)).unwrap();
    assert_eq!(found.indices.row(4).to_vec(), [0, 1]);
}

/// Tests the device itself with whole numbers, which are exact in single precision.
fn ties_by_index(gpu: &Gpu) {
    for d in [2, 8, 20] {
        let points = Array2::from_shape_fn((600, d), |(i, j)| ((i * 7 + j * 3) % 5) as f32);
        let exact = points.mapv(f64::from);
        let samples = Samples::new(exact.view()).unwrap();
        for k in [1, 5, 40] {
            let found = gpu.nearest(points.view(), points.view(), k, Some(0)).unwrap();
            let expected = BruteForce.among(&samples, k, L2, 0).unwrap();
            assert_eq!(found.indices, expected.indices, "{d} columns, k = {k}");
            assert_eq!(found.squared.mapv(|x| f64::from(x).sqrt()), expected.distances);
        }
    }
}

fn more_than_fit_a_list(gpu: &Gpu) {
    let points = random(300, 5, 4).mapv(f64::from);
    let samples = Samples::new(points.view()).unwrap();
    let search = GpuNeighbors::new(gpu.clone());
    for k in [64, 65, 150, 299] {
        let found = search.among(&samples, k, L2, 0).unwrap();
        assert_eq!(found, BruteForce.among(&samples, k, L2, 0).unwrap(), "k = {k}");
    }
    assert_eq!(search.fault(), None);
}

/// Queries and references of which a kernel can access only a part.
fn in_pieces(gpu: &Gpu) {
    let narrow = gpu.with_limits(Limits { binding: 8192 * 4, ..gpu.limits() }, Duration::from_secs(60));
    let points = random(1000, 16, 4).mapv(f64::from);
    let samples = Samples::new(points.view()).unwrap();
    let search = GpuNeighbors::new(narrow);
    for k in [3, 70] {
        assert_eq!(search.among(&samples, k, L2, 2).unwrap(), BruteForce.among(&samples, k, L2, 2).unwrap(), "k = {k}");
    }
    assert_eq!(search.fault(), None);
}

fn windows(gpu: &Gpu) {
    let points = Array2::from_shape_fn((150, 2), |(i, j)| (i as f64 / 9.0 + j as f64).sin());
    let samples = Samples::new(points.view()).unwrap();
    let search = GpuNeighbors::new(gpu.clone());
    for window in [1, 10, 70] {
        let found = search.among(&samples, 2, L2, window).unwrap();
        assert_eq!(found, BruteForce.among(&samples, 2, L2, window).unwrap(), "{window}");
    }
}

fn other_metrics_and_errors(gpu: &Gpu) {
    // Use separate counters.
    let gpu = &gpu.with_limits(gpu.limits(), Duration::from_secs(60));
    let points = random(50, 3, 4).mapv(f64::from);
    let samples = Samples::new(points.view()).unwrap();
    let search = GpuNeighbors::new(gpu.clone());
    let before = gpu.counts();
    for metric in [Metric::Norm(Norm::L1), Metric::Norm(Norm::LInf)] {
        let found = search.among(&samples, 4, metric, 0).unwrap();
        assert_eq!(found, BruteForce.among(&samples, 4, metric, 0).unwrap());
    }
    assert_eq!(search.among(&samples, 0, L2, 0), Err(knn_entropy::Error::ZeroK));
    assert_eq!(search.among(&samples, 50, L2, 0), Err(knn_entropy::Error::KTooLarge { k: 50, others: 49 }));
    let other = random(50, 2, 4).mapv(f64::from);
    assert!(search.between(&Samples::new(other.view()).unwrap(), &samples, 1, L2).is_err());
    assert_eq!(gpu.counts().since(&before).submissions, 0, "the device must not be used");
}

fn the_entropy_and_its_gradient(gpu: &Gpu) {
    let search = GpuNeighbors::new(gpu.clone());
    let codes = random(200, 16, 8);
    let same = concatenate![Axis(0), codes.view(), codes.slice_axis(Axis(0), ndarray::Slice::from(..20))];
    for codes in [codes, same + 100.0] {
        for (k, weighting) in [(1, Weighting::Kth), (5, Weighting::Mean)] {
            let estimator = KozachenkoLeonenko::new(k).weighting(weighting).close_points(ClosePoints::Floor(1e-6));
            let expected = estimator.entropy_and_gradient(codes.view()).unwrap();
            assert_eq!(estimator.search(&search).entropy_and_gradient(codes.view()).unwrap(), expected, "k = {k}");
        }
    }
    assert_eq!(search.fault(), None);
}

/// Values that are not finite are infinitely far away, and a list that needs one reports it.
fn values_that_are_not_finite(gpu: &Gpu) {
    let mut points = random(100, 4, 4);
    points[[7, 1]] = f32::NAN;
    points[[9, 0]] = f32::INFINITY;
    let queries = points.select(Axis(0), &(10..100).collect::<Vec<_>>());
    let found = gpu.nearest(queries.view(), points.view(), 98, None).unwrap();
    assert!(found.indices.iter().all(|&other| other != 7 && other != 9));
    for (queries, k) in [(&queries, 99), (&points, 1)] {
        let error = gpu.nearest(queries.view(), points.view(), k, None).unwrap_err();
        assert!(error.to_string().contains("infinitely far"), "{error}");
    }
}
