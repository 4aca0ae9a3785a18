//! Compares every search with the definition. Neighbors must be equal and distances bit-identical.

use std::sync::Mutex;

use knn_entropy::{
    Auto, Blocked, Boundary, BruteForce, Error, KdTree, Metric, NeighborSearch, Norm, Samples, SearchTask, Sorted,
};
use ndarray::{Array2, Axis, s};
use proptest::prelude::*;

use crate::normal;

const NORMS: [Norm; 3] = [Norm::L1, Norm::L2, Norm::LInf];
const SEARCHES: [&dyn NeighborSearch; 5] = [&BruteForce, &Auto, &KdTree, &Sorted, &Blocked];

/// Draws points that are random, clustered, on a lattice (full of ties), far from the origin, tiny,
/// huge, tiny next to huge, or in clusters that single precision cannot resolve.
fn points() -> impl Strategy<Value = Array2<f64>> {
    let dimension = prop_oneof![Just(1_usize), Just(2), Just(3), 1..12_usize, 12..40_usize];
    (2..400_usize, dimension, any::<u64>(), 0..10_u8).prop_map(|(n, d, seed, kind)| points_of(kind, n, d, seed))
}

/// Returns a random walk, a random walk on a lattice (full of ties), or independent samples.
fn series(kind: u8, n: usize, d: usize, seed: u64) -> Array2<f64> {
    let mut x = normal(n, d, seed);
    if kind == 1 {
        x.mapv_inplace(|x| x.signum() * (x.abs() / 2.0).round());
    }
    if kind < 2 {
        x.accumulate_axis_inplace(Axis(0), |before, x| *x += before);
    }
    x
}

fn points_of(kind: u8, n: usize, d: usize, seed: u64) -> Array2<f64> {
    let x = normal(n, d, seed);
    match kind {
        0 => x,
        1 => Array2::from_shape_fn((n, d), |(i, c)| (i % 3) as f64 * 10.0 + 1e-3 * x[[i, c]]),
        2 => x.mapv(f64::round),
        3 => x + 1e8,
        4 => x * 1e-300,
        5 => x * 1e300,
        6 => Array2::from_shape_fn((n, d), |(i, c)| x[[i, c]] * if i % 2 == 0 { 1e-180 } else { 1.0 }),
        // With tenths, distances that are equal on paper differ by rounding, and different squares
        // have equal roots.
        7 => x.mapv(|x| 0.3 + 0.1 * (5.0 * x).round()),
        8 => Array2::from_shape_fn((n, d), |(i, c)| (i % 5) as f64 + 1e-9 * x[[i, c]]),
        // Few different points, each repeated many times.
        _ => Array2::from_shape_fn((n, d), |(i, c)| x[[i % 4, c]]),
    }
}

/// Number of kinds of metrics in [`metric`].
const METRICS: usize = 18;

fn metric(kind: usize, d: usize) -> Metric<'static> {
    let norm = NORMS[kind % 3];
    // Leaking a few bytes gives the metric a static lifetime, which simplifies the tests.
    let widths: &[usize] = if d > 1 { vec![1, d - 1].leak() } else { &[1] };
    let periods: &[f64] = (0..d).map(|c| 0.5 + c as f64).collect::<Vec<_>>().leak();
    // Every other coordinate is not periodic.
    let some = || (0..d).map(|c| if c % 2 == 0 { periods[c] } else { f64::INFINITY }).collect::<Vec<_>>().leak();
    match kind / 3 {
        0 | 1 => Metric::Norm(norm),
        2 => Metric::Blocks(norm, widths),
        3 => Metric::Torus(norm, periods),
        4 => Metric::Torus(norm, some()),
        _ => Metric::TorusBlocks(norm, widths, some()),
    }
}

/// Moves the points onto the torus if the metric is periodic.
fn moved(x: &Array2<f64>, metric: Metric<'_>) -> Array2<f64> {
    match metric {
        Metric::Torus(_, periods) | Metric::TorusBlocks(_, _, periods) => Array2::from_shape_fn(x.dim(), |(i, c)| {
            if periods[c] == f64::INFINITY {
                return x[[i, c]];
            }
            let around = x[[i, c]].rem_euclid(periods[c]);
            if around < periods[c] { around } else { 0.0 }
        }),
        _ => x.clone(),
    }
}

/// Returns all distances with indices, sorted by distance and then by index.
fn sorted(x: &Samples<'_>, y: &Samples<'_>, i: usize, metric: Metric<'_>, skip: Option<usize>) -> Vec<(f64, usize)> {
    let others = (0..y.len()).filter(|&j| skip.is_none_or(|window| i.abs_diff(j) > window));
    let mut all: Vec<_> = others.map(|j| (metric.distance(x.point(i), y.point(j)), j)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn neighbors_among_one_set(x in points(), kind in 0..METRICS, k: prop::sample::Index, small: bool, window in 0..4_usize) {
        let metric = metric(kind, x.ncols());
        let window = if x.nrows() > 2 * window + 1 { window } else { 0 };
        let others = x.nrows() - 2 * window - 1;
        let k = 1 + k.index(if small { others.min(12) } else { others });
        let on = moved(&x, metric);
        let (x, on) = (Samples::new(x.view()).unwrap(), Samples::new(on.view()).unwrap());
        let expected: Vec<_> = (0..x.len()).map(|i| sorted(&on, &on, i, metric, Some(window))).collect();
        for search in SEARCHES {
            let found = search.among(&x, k, metric, window).unwrap();
            for (i, expected) in expected.iter().enumerate() {
                let row: Vec<_> = (0..k).map(|j| (found.distances[[i, j]], found.indices[[i, j]])).collect();
                prop_assert_eq!(&row[..], &expected[..k], "{:?}, {:?}, point {}", search, metric, i);
            }
        }
    }

    #[test]
    fn neighbors_between_two_sets(x in points(), m in 1..100_usize, kind in 0..METRICS, k: prop::sample::Index) {
        let metric = metric(kind, x.ncols());
        let m = m.min(x.nrows() - 1);
        let (y, x) = (x.slice(ndarray::s![..m, ..]).to_owned(), x.slice(ndarray::s![m.., ..]).to_owned());
        let k = 1 + k.index(y.nrows());
        let (on_x, on_y) = (moved(&x, metric), moved(&y, metric));
        let [x, y, on_x, on_y] = [&x, &y, &on_x, &on_y].map(|x| Samples::new(x.view()).unwrap());
        for search in SEARCHES {
            let found = search.between(&x, &y, k, metric).unwrap();
            for i in 0..x.len() {
                let row: Vec<_> = (0..k).map(|j| (found.distances[[i, j]], found.indices[[i, j]])).collect();
                prop_assert_eq!(&row[..], &sorted(&on_x, &on_y, i, metric, None)[..k], "{:?}, {:?}", search, metric);
            }
        }
    }

    #[test]
    fn counts_within_radii(x in points(), kind in 0..METRICS, window in 0..4_usize, k: prop::sample::Index, seed: u64) {
        let metric = metric(kind, x.ncols());
        let on = moved(&x, metric);
        let (x, on) = (Samples::new(x.view()).unwrap(), Samples::new(on.view()).unwrap());
        // Most radii are distances, so that the boundary matters. Others are arbitrary or extreme.
        let radii: Vec<f64> = (0..x.len()).map(|i| match (i as u64 ^ seed) % 8 {
            0 => 0.0,
            1 => 1.5,
            2 => f64::INFINITY,
            3 => 1e-160,
            _ => {
                let all = sorted(&on, &on, i, metric, Some(0));
                all[k.index(all.len())].0
            }
        }).collect();
        for boundary in [Boundary::Open, Boundary::Closed] {
            let counts = Auto.count_among(&x, &radii, boundary, metric, window).unwrap();
            for i in 0..x.len() {
                let within = |&&(r, _): &&(f64, usize)| if boundary == Boundary::Open { r < radii[i] } else { r <= radii[i] };
                let expected = sorted(&on, &on, i, metric, Some(window)).iter().filter(within).count();
                prop_assert_eq!(counts[i], expected, "{:?}, {:?}, point {}, radius {}", boundary, metric, i, radii[i]);
            }
        }
    }

    #[test]
    fn counts_in_shells(x in points(), kind in 0..METRICS, window in 0..4_usize, k: prop::sample::Index, seed: u64) {
        let metric = metric(kind, x.ncols());
        let on = moved(&x, metric);
        let (x, on) = (Samples::new(x.view()).unwrap(), Samples::new(on.view()).unwrap());
        let sorted: Vec<_> = (0..x.len()).map(|i| sorted(&on, &on, i, metric, Some(window))).collect();
        // Most pairs of radii closely enclose a distance, so that the boundaries matter. Some are
        // nested the wrong way, and some are invalid.
        let (inner, outer): (Vec<f64>, Vec<f64>) = sorted.iter().enumerate().map(|(i, all)| {
            let r = if all.is_empty() { 1.0 } else { all[k.index(all.len())].0 };
            match (i as u64 ^ seed) % 10 {
                0 => (0.0, r),
                1 => (1e-200, 1.5),
                2 => (r, f64::INFINITY),
                3 => (2.0 * r, 0.5 * r),
                4 => (-1.0, 0.0),
                5 => (f64::NAN, r.next_up()),
                6 => (0.3 * r, 1.7 * r),
                7 => (r, r),
                _ => (r * (1.0 - 1e-15), r * (1.0 + 1e-15)),
            }
        }).unzip();
        let shells = Auto.count_shells(&x, &inner, &outer, metric, window).unwrap();
        for (i, all) in sorted.iter().enumerate() {
            let nearer = all.iter().filter(|(r, _)| *r < inner[i]).count();
            let within = all.iter().filter(|(r, _)| *r <= outer[i]).count();
            prop_assert_eq!(shells[i], (nearer, within), "{:?}, point {}, {} {}", metric, i, inner[i], outer[i]);
        }
    }

    #[test]
    fn windows_of_series(
        n in 4..250_usize,
        d in prop_oneof![Just(1_usize), Just(2), Just(3), Just(7)],
        seed: u64,
        kind in 0..3_u8,
        of_metric in 0..METRICS,
        window: prop::sample::Index,
        k: prop::sample::Index,
        small: bool,
    ) {
        let x = series(kind, n, d, seed);
        let metric = metric(of_metric, d);
        let window = window.index(n / 3 + 1);
        let others = n - 2 * window - 1;
        let k = 1 + k.index(if small { others.min(12) } else { others });
        let on = moved(&x, metric);
        let (x, on) = (Samples::new(x.view()).unwrap(), Samples::new(on.view()).unwrap());
        let sorted: Vec<_> = (0..n).map(|i| sorted(&on, &on, i, metric, Some(window))).collect();
        for search in SEARCHES {
            let found = search.among(&x, k, metric, window).unwrap();
            for (i, expected) in sorted.iter().enumerate() {
                let row: Vec<_> = (0..k).map(|j| (found.distances[[i, j]], found.indices[[i, j]])).collect();
                prop_assert_eq!(&row[..], &expected[..k], "{:?}, {:?}, point {}", search, metric, i);
            }
        }
        let radii: Vec<f64> = sorted.iter().map(|all| all[k - 1].0).collect();
        let wider: Vec<f64> = radii.iter().map(|r| r * (1.0 + 1e-15)).collect();
        let shells = Auto.count_shells(&x, &radii, &wider, metric, window).unwrap();
        for (i, all) in sorted.iter().enumerate() {
            let nearer = all.iter().filter(|(r, _)| *r < radii[i]).count();
            let within = all.iter().filter(|(r, _)| *r <= wider[i]).count();
            prop_assert_eq!(shells[i], (nearer, within), "{:?}, point {}", metric, i);
        }
    }

    #[test]
    fn visits_every_row_once(x in points(), kind in 0..METRICS, k: prop::sample::Index, window in 0..4_usize) {
        let metric = metric(kind, x.ncols());
        let window = if x.nrows() > 2 * window + 1 { window } else { 0 };
        let k = 1 + k.index((x.nrows() - 2 * window - 1).min(40));
        let x = Samples::new(x.view()).unwrap();
        for search in SEARCHES {
            let expected = search.among(&x, k, metric, window).unwrap();
            let rows = Mutex::new(vec![None; x.len()]);
            search.find_each(&SearchTask::among(&x, k, metric, window).unwrap(), &|row, indices, distances| {
                let before = rows.lock().unwrap()[row].replace((indices.to_vec(), distances.to_vec()));
                assert!(before.is_none(), "row {row} was visited twice");
            });
            for (i, row) in rows.into_inner().unwrap().into_iter().enumerate() {
                let expected = (expected.indices.row(i).to_vec(), expected.distances.row(i).to_vec());
                prop_assert_eq!(row, Some(expected), "{:?}, {:?}", search, metric);
            }
        }
    }
}

#[test]
fn thousands_of_points() {
    // The sets are large enough for many blocks, leaves and threads. Brute force was tested above
    // and serves as the definition.
    for (n, d, kind) in
        [(3000, 2, 0), (3000, 3, 2), (2000, 24, 0), (1500, 64, 7), (1500, 30, 8), (2500, 1, 7), (1800, 20, 3)]
    {
        let x = points_of(kind, n, d, 1);
        let x = Samples::new(x.view()).unwrap();
        for k in [1, 4, 40] {
            let expected = BruteForce.among(&x, k, Norm::L2.into(), 0).unwrap();
            for search in SEARCHES {
                assert!(
                    search.among(&x, k, Norm::L2.into(), 0).unwrap() == expected,
                    "{search:?}, n = {n}, d = {d}, k = {k}"
                );
            }
        }
    }
}

#[test]
fn long_series() {
    // The series are long enough for many chunks, nodes and threads.
    for (kind, d) in [(0, 1), (0, 2), (0, 3), (1, 1), (1, 2), (2, 3)] {
        let x = series(kind, 3000, d, 1);
        let x = Samples::new(x.view()).unwrap();
        for window in [3, 40, 400, 1000] {
            let expected = BruteForce.among(&x, 4, Norm::L2.into(), window).unwrap();
            for search in [&Auto as &dyn NeighborSearch, &KdTree] {
                assert!(search.among(&x, 4, Norm::L2.into(), window).unwrap() == expected, "{search:?}, {kind}, {d}");
            }
        }
    }
}

#[test]
fn results_are_bit_identical_for_every_number_of_threads() {
    for d in [1, 3, 24] {
        let x = normal(5000, d, 1);
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Auto.among(&Samples::new(x.view()).unwrap(), 4, Norm::L2.into(), 0).unwrap())
        };
        assert!(run(1) == run(2) && run(1) == run(5));
    }
}

#[test]
fn coinciding_points_are_found_quickly() {
    // With 100 000 points at two places, a search that compares all equally near points would take
    // minutes.
    for d in [1, 2, 3] {
        let x = Array2::from_shape_fn((100_000, d), |(i, _)| (i % 2) as f64);
        let x = Samples::new(x.view()).unwrap();
        let found = Auto.among(&x, 3, Norm::L2.into(), 0).unwrap();
        assert_eq!(found.indices.row(50_001).to_vec(), [1, 3, 5]);
        assert!(found.distances.iter().all(|&r| r == 0.0));
        // The neighbors are the first three coinciding points outside the window.
        let found = Auto.among(&x, 3, Norm::L2.into(), 30_000).unwrap();
        assert_eq!(found.indices.row(10_001).to_vec(), [40_003, 40_005, 40_007]);
        assert_eq!(found.indices.row(50_001).to_vec(), [1, 3, 5]);
        assert!(found.distances.iter().all(|&r| r == 0.0));
    }
}

#[test]
fn invalid_arguments_are_errors() {
    let (one, two) = (normal(3, 1, 1), normal(3, 2, 1));
    let (one, two) = (Samples::new(one.view()).unwrap(), Samples::new(two.view()).unwrap());
    for search in SEARCHES {
        let l2 = Metric::Norm(Norm::L2);
        assert_eq!(search.among(&one, 0, l2, 0), Err(Error::ZeroK));
        assert_eq!(search.among(&one, 3, l2, 0), Err(Error::KTooLarge { k: 3, others: 2 }));
        assert_eq!(search.among(&one, 1, l2, 1), Err(Error::KTooLarge { k: 1, others: 0 }));
        assert_eq!(search.among(&one, 1, l2, usize::MAX), Err(Error::KTooLarge { k: 1, others: 0 }));
        assert_eq!(search.between(&one, &one, 4, l2), Err(Error::KTooLarge { k: 4, others: 3 }));
        assert!(search.between(&one, &one, 3, l2).is_ok());
        assert_eq!(search.between(&one, &two, 1, l2), Err(Error::DimensionMismatch { queries: 1, references: 2 }));
        let blocks = Metric::Blocks(Norm::L2, &[1, 2]);
        assert_eq!(search.among(&two, 1, blocks, 0), Err(Error::BlockMismatch { widths: vec![1, 2], dimension: 2 }));
        let torus = Metric::Torus(Norm::L2, &[1.0]);
        assert_eq!(search.among(&two, 1, torus, 0), Err(Error::PeriodMismatch { periods: 1, dimension: 2 }));
        let torus = Metric::Torus(Norm::L2, &[1.0, 0.0]);
        assert_eq!(search.among(&two, 1, torus, 0), Err(Error::InvalidPeriod { column: 1, period: 0.0 }));
        for period in [f64::NEG_INFINITY, -1.0, 5e-324] {
            let periods = [f64::INFINITY, period];
            for torus in [Metric::Torus(Norm::L2, &periods), Metric::TorusBlocks(Norm::L2, &[1, 1], &periods)] {
                assert_eq!(search.among(&two, 1, torus, 0), Err(Error::InvalidPeriod { column: 1, period }));
            }
        }
        let blocks = Metric::TorusBlocks(Norm::L2, &[3], &[1.0; 2]);
        assert_eq!(search.among(&two, 1, blocks, 0), Err(Error::BlockMismatch { widths: vec![3], dimension: 2 }));
        let blocks = Metric::TorusBlocks(Norm::L2, &[2], &[1.0; 3]);
        assert_eq!(search.among(&two, 1, blocks, 0), Err(Error::PeriodMismatch { periods: 3, dimension: 2 }));
        let lengths = Err(Error::RowMismatch { one: 3, other: 1 });
        assert_eq!(search.count_among(&one, &[1.0], Boundary::Open, l2, 0), lengths);
        let lengths = Err(Error::RowMismatch { one: 3, other: 2 });
        assert_eq!(search.count_shells(&one, &[1.0; 3], &[1.0; 2], l2, 0), lengths);
    }
}

#[test]
fn radii_must_be_numbers_of_at_least_0() {
    let x = normal(5, 2, 1);
    let line = x.slice(s![.., ..1]);
    for points in [Samples::new(x.view()).unwrap(), Samples::new(line).unwrap()] {
        for radius in [f64::NAN, -1.0] {
            let radii = [1.0, 0.0, f64::INFINITY, radius, 1.0];
            let counts = Auto.count_among(&points, &radii, Boundary::Closed, Norm::L2.into(), 0);
            assert!(matches!(counts, Err(Error::InvalidRadius { row: 3, .. })), "{counts:?}");
        }
        let counts =
            Auto.count_among(&points, &[0.0, 0.0, f64::INFINITY, 0.0, 0.0], Boundary::Closed, Norm::L2.into(), 0);
        assert_eq!(counts, Ok(vec![0, 0, 4, 0, 0]));
    }
}
